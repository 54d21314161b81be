/**
 * The type of programs/prebuilt/collateral_vault.json, with the names in camelCase that @anchor-lang/core gives to TypeScript. Written by
 * `npm run build:programs`; the IDL itself is that file.
 */
export type CollateralVault = {
  "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ",
  "metadata": {
    "name": "collateralVault",
    "version": "0.1.0",
    "spec": "0.1.0",
    "description": "Non-custodial collateral vaults for a perpetual-futures exchange."
  },
  "instructions": [
    {
      "name": "version",
      "docs": [
        "Says which version of the program answers."
      ],
      "discriminator": [
        118,
        65,
        195,
        198,
        129,
        216,
        252,
        192
      ],
      "accounts": [],
      "args": []
    }
  ]
};
