import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

import { importWalls } from "./scripts/checks/importWalls.ts";
import { noSecretLogging } from "./scripts/checks/secretLogging.ts";

/** Reads of the environment outside the files made for it. */
const environment = [
  {
    object: "process",
    property: "env",
    message: "Read the environment in config.ts, env.ts or main.ts and pass it on.",
  },
];
/** A test that is switched off must say why. */
const skippedTests = ["describe", "it", "context"].flatMap((object) => [
  { object, property: "skip", message: "Gate with describeWith, which says why." },
  { object, property: "only", message: "Select with --grep instead." },
]);

export default defineConfig(
  globalIgnores([
    "artifacts/",
    "cache/",
    "coverage/",
    "data/",
    "protocol/generated/",
    "protocol/solana/idl/",
    "reports/",
    "target/",
  ]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { cantilever: { rules: { "import-walls": importWalls, "no-secret-logging": noSecretLogging } } },
    rules: {
      "cantilever/import-walls": "error",
      "cantilever/no-secret-logging": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowNever: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // A parameter property needs its default when another optional parameter follows.
      "@typescript-eslint/no-useless-default-assignment": "off",
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      "no-restricted-properties": ["error", ...environment],
      "no-restricted-imports": [
        "error",
        { paths: [{ name: "node:process", message: "Use the global process, whose uses are checked." }] },
      ],
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  {
    files: ["**/*.{js,mjs,cjs}"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
  },
  {
    files: ["**/config.ts", "**/env.ts", "**/main.ts", "scripts/**", "hardhat.config.ts"],
    rules: { "no-restricted-properties": "off" },
  },
  {
    files: ["keepers/**", "service/**", "protocol/**", "db/**"],
    rules: { "no-console": "error" },
  },
  {
    files: ["keepers/*/decide.ts", "keepers/*/strategies/**", "keepers/*/bitcoin/followUp.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        "Date",
        "process",
        "performance",
        "fetch",
        "setTimeout",
        "setInterval",
        "crypto",
      ],
      "no-restricted-properties": ["error", ...environment, { object: "Math", property: "random" }],
    },
  },
  {
    files: ["service/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [
            {
              name: "ethers",
              importNames: ["Wallet", "HDNodeWallet", "BaseWallet", "NonceManager", "SigningKey", "AbstractSigner"],
              message: "The service holds no key.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["test/**"],
    rules: {
      // chai's assertions are property reads, and mocha runs suites whose promises nobody awaits.
      "@typescript-eslint/no-unused-expressions": "off",
      // Made-up secrets are shown on purpose; a value of class Secret is refused here, too.
      "cantilever/no-secret-logging": ["error", { names: false }],
      "no-restricted-properties": ["error", ...skippedTests],
    },
  },
  { files: ["test/helpers/describeWith.ts"], rules: { "no-restricted-properties": "off" } },
);
