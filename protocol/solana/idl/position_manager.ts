/**
 * The type of programs/prebuilt/position_manager.json, with the names in camelCase that @anchor-lang/core gives to TypeScript. Written by
 * `npm run build:programs`; the IDL itself is that file.
 */
export type PositionManager = {
  "address": "FnWyXSmct2W35V3HJGEN54ohYUscotR5bLiBeADpUA1c",
  "metadata": {
    "name": "positionManager",
    "version": "0.1.0",
    "spec": "0.1.0",
    "description": "One perpetual market whose collateral lies in collateral vaults."
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
