import { loadKeeperConfig, type KeeperConfig } from "../kit/config.js";
import { integer, oneOf, setting, type Env, type Settings } from "../kit/env.js";

/** Settings of this keeper beside those of the kit. Keys carry the unit of the parsed value. */
export const stabilizerSettings = {
  gasPerOrder: setting({
    env: "STABILIZER_GAS_PER_ORDER",
    schema: integer(100_000, 5_000_000),
    default: "600000",
    doc: "Gas limit for each pool of a transaction; what is not used is not paid. An execution with both legs uses about half of it.",
  }),
  gasBase: setting({
    env: "STABILIZER_GAS_BASE",
    schema: integer(21_000, 1_000_000),
    default: "100000",
    doc: "Gas limit of a transaction beside its pools.",
  }),
  sizeHeadroomBps: setting({
    env: "STABILIZER_SIZE_HEADROOM_BPS",
    schema: integer(0, 100_000),
    default: "5000",
    doc: "How much more than the allowed input an order may use, when trades of the same block push the pool further. The contract never allows more than it computes itself.",
  }),
  maxOrders: setting({
    env: "STABILIZER_MAX_ORDERS",
    schema: integer(1, 32),
    default: "8",
    doc: "Most pools in one transaction; the worst ones first.",
  }),
  validBlocks: setting({
    env: "STABILIZER_VALID_BLOCKS",
    schema: integer(2, 1_000),
    default: "10",
    doc: "Blocks after which a transaction that was not mined is cancelled.",
  }),
  economics: setting({
    env: "STABILIZER_ECONOMICS",
    schema: oneOf(["off", "reward", "gain"]),
    default: "off",
    doc: "`off`: the peg comes first. `reward`: act only when the caller's expected reward covers the gas. `gain`: only when the expected gain of the inventory does. Gas is valued at the chain's own price of its coin.",
  }),
  backoffBlocks: setting({
    env: "STABILIZER_BACKOFF_BLOCKS",
    schema: integer(1, 100),
    default: "1",
    doc: "Blocks a pool is left alone after its simulation failed; doubles with each further failure up to 16 times this.",
  }),
} as const satisfies Settings;

/** Prefix of this keeper's own variables. */
const PREFIX = "STABILIZER_";

export type StabilizerConfig = KeeperConfig<typeof stabilizerSettings>;

/** Reads the configuration. @throws ConfigError listing every problem; UsageError UNKNOWN_NETWORK. */
export function loadConfig(networkName: string, env: Env): StabilizerConfig {
  return loadKeeperConfig(stabilizerSettings, PREFIX, networkName, env);
}
