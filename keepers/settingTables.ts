/** Writes the table of settings into each keeper's README: `npm run generate`. The settings themselves are its only source. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { attestorSettings } from "./bridge-attestor/config.js";
import { crankSettings } from "./collateral-crank/config.js";
import { monitorSettings } from "./collateral-monitor/config.js";
import { bitcoinSettings } from "./courtesy-call-redeemer/bitcoin/config.js";
import { redeemerSettings } from "./courtesy-call-redeemer/config.js";
import { arbitrageSettings } from "./cross-chain-arbitrage/config.js";
import { stabilizerSettings } from "./deviation-stabilizer/config.js";
import { kitSettings } from "./kit/config.js";
import { settingsTable, type Settings } from "./kit/env.js";
import { metricsTable } from "./kit/insight/metrics.js";
import { solanaSettings } from "./kit/solana/settings.js";
import { reporterSettings } from "./price-reporter/config.js";

const BEGIN = "<!-- settings: begin -->";
const END = "<!-- settings: end -->";
/** Read outside the settings, because they depend on the network or must not become part of a configuration. */
const COMMON_ROWS = [
  "| `<NETWORK>_RPC_URL` | localhost: `http://127.0.0.1:8545`, localhost651940: `http://127.0.0.1:8546` | Nodes of the network, comma-separated: http, https, ws, wss, or a unix socket (`ipc:/path`, `/path.ipc`). `CHAIN138_RPC_URL`, `ALLTRA_RPC_URL`, `LOCALHOST_RPC_URL`, `LOCALHOST651940_RPC_URL`. |",
  "| `KEEPER_KEYSTORE_FILE` | – | Encrypted JSON keystore with the keeper's key. Without it only dry runs, except on localhost, where the parameters name a public development key. |",
  "| `KEEPER_KEYSTORE_PASSPHRASE` | – | Opens the keystore. Never logged, never part of the configuration. |",
  "| `KEEPER_KMS_KEY_ID` | – | Instead of a keystore: a key of AWS KMS (`ECC_SECG_P256K1`) that signs and never leaves it. Credentials come from the AWS SDK's own chain. |",
  "| `KEEPER_KMS_REGION`, `KEEPER_KMS_ENDPOINT` | – | Where that KMS is; the endpoint only when it is not the region's own. |",
  "| `KEEPER_MNEMONIC_ENVELOPE_FILE` | – | Instead of both, the weakest source: a mnemonic under a data key of the KMS, see docs/keeper-runtime.md. |",
  "| `KEEPER_ADDRESS` | – | Whose key it must be; required with a KMS key. |",
];

/** The same for keepers on a Solana cluster that hold no key. */
const SOLANA_ROWS = [
  "| `<NETWORK>_RPC_URL` | the parameters' `rpcUrl` | JSON-RPC address of a node: `SOLANA_LOCALNET_RPC_URL`. |",
];

/** For keepers on a Solana cluster that sign. */
const SOLANA_KEY_ROWS = [
  ...SOLANA_ROWS,
  "| `KEEPER_KEYSTORE_FILE` | – | Encrypted JSON keystore whose secret is the Ed25519 seed. Without it only dry runs, except on solana-localnet, where a published key is used. |",
  "| `KEEPER_KEYSTORE_PASSPHRASE` | – | Opens the keystore. Never logged, never part of the configuration. |",
  "| `KEEPER_ADDRESS` | – | Whose key it must be. |",
];

/** Beside these, for the keeper whose predecessor had names of its own. */
const REDEEMER_ROWS = [
  ...COMMON_ROWS,
  "| `MAINNET_RPC_URL` | – | Nodes of Ethereum, like the other networks' variables. |",
  "| `BTC_CHILD_KEYSTORE_FILE`, `BTC_CHILD_KEYSTORE_PASSPHRASE` | – | Encrypted JSON keystore with the key of the destination, which then must be P2WPKH: pays for a stuck payment by a child. Without it the operator is told what to sign. |",
  "| `BTC_CHILD_KMS_KEY_ID`, `BTC_CHILD_KMS_REGION`, `BTC_CHILD_KMS_ENDPOINT`, `BTC_CHILD_ADDRESS` | – | The same key in AWS KMS; the address is that which the key would have on Ethereum. |",
  "| `REDEEMER_BTC_KEYSTORE_FILE` | – | For minting: encrypted JSON keystore with the key of `BTC_WALLET_PUBLIC_KEY`, which then is its P2WPKH. |",
  "| `REDEEMER_BTC_KEYSTORE_PASSPHRASE` | – | Opens that keystore. Never logged, never part of the configuration. |",
  "| `INFURA_PROJECT_ID`, `INFURA_NETWORK` | –, `mainnet` | One more node behind those of `MAINNET_RPC_URL`. |",
];

/** Both have a `network`: the names here are nobody's. */
const REDEEMER_SETTINGS: Settings = Object.fromEntries(
  [...Object.values({ ...kitSettings, ...redeemerSettings }), ...Object.values(bitcoinSettings)].map((one) => [
    one.env,
    one,
  ]),
);

/** Keepers with a generated table. */
const READMES: Readonly<Record<string, { readonly settings: Settings; readonly rows: readonly string[] }>> = {
  "deviation-stabilizer": { settings: { ...kitSettings, ...stabilizerSettings }, rows: COMMON_ROWS },
  "price-reporter": { settings: { ...kitSettings, ...reporterSettings }, rows: COMMON_ROWS },
  "bridge-attestor": { settings: { ...kitSettings, ...attestorSettings }, rows: COMMON_ROWS },
  "courtesy-call-redeemer": { settings: REDEEMER_SETTINGS, rows: REDEEMER_ROWS },
  "cross-chain-arbitrage": { settings: { ...kitSettings, ...arbitrageSettings }, rows: COMMON_ROWS },
  "collateral-crank": { settings: { ...solanaSettings, ...crankSettings }, rows: SOLANA_KEY_ROWS },
  "collateral-monitor": { settings: { ...solanaSettings, ...monitorSettings }, rows: SOLANA_ROWS },
};

/** The README with its table replaced. Throws when the markers are missing. */
export function withTable(readme: string, settings: Settings, rows: readonly string[] = COMMON_ROWS): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the README lacks ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${[settingsTable(settings), ...rows].join("\n")}\n\n${END}${after}`;
}

const RUNTIME_DOC = new URL("../docs/keeper-runtime.md", import.meta.url);

/** The text with the table of metrics replaced. Throws when the markers are missing. */
export function withMetrics(text: string): string {
  const begin = "<!-- metrics: begin -->";
  const end = "<!-- metrics: end -->";
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`the text lacks ${begin} … ${end}`);
  return `${before}${begin}\n\n${metricsTable()}\n\n${end}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [keeper, { settings, rows }] of Object.entries(READMES)) {
    await rewrite(new URL(`./${keeper}/README.md`, import.meta.url), (text) => withTable(text, settings, rows));
  }
  await rewrite(RUNTIME_DOC, withMetrics);
}

async function rewrite(file: URL, change: (text: string) => string): Promise<void> {
  const { format, resolveConfig } = await import("prettier");
  const options = await resolveConfig(file);
  writeFileSync(file, await format(change(readFileSync(file, "utf8")), { ...options, parser: "markdown" }));
}
