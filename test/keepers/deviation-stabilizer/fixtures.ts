import type {
  Allowance,
  DecideConfig,
  Observation,
  PoolObservation,
} from "../../../keepers/deviation-stabilizer/types.js";

export const POOL_A = "0xa000000000000000000000000000000000000000";
export const POOL_B = "0xB000000000000000000000000000000000000000";
export const BASE = "0x1000000000000000000000000000000000000000";
export const QUOTE = "0x2000000000000000000000000000000000000000";
export const NO_FAILURE = "0x00000000";

/** A pool that stands 5 bps above its anchor, may act, and is worth 10 ounces of input. */
export function poolObservation(
  change: Partial<Omit<PoolObservation, "allowance">> & { allowance?: Partial<Allowance> } = {},
): PoolObservation {
  const { allowance, ...rest } = change;
  return {
    pool: POOL_A,
    readable: true,
    failure: NO_FAILURE,
    anchorFailure: NO_FAILURE,
    baseToken: BASE,
    quoteToken: QUOTE,
    baseReserve: 1_000_000_000_000n,
    quoteReserve: 1_000_000_000_000n,
    anchorNew: 10n ** 18n,
    anchorPrevious: 10n ** 18n,
    spotRatioWad: 10n ** 18n + 5n * 10n ** 14n,
    blockEndRatiosWad: [10n ** 18n + 5n * 10n ** 14n, 10n ** 18n + 4n * 10n ** 14n, 10n ** 18n],
    thresholdWad: 3n * 10n ** 14n,
    fastThresholdWad: 8n * 10n ** 14n,
    confirmations: 2n,
    minBlocks: 3n,
    rewardShareWad: 10n ** 17n,
    maxAmountInXauWei: 10n * 10n ** 18n,
    ...rest,
    allowance: {
      reason: 0,
      sellBase: true,
      tokenIn: BASE,
      tokenOut: QUOTE,
      maxAmountIn: 40_000_000_000n,
      minAmountIn: 1_000_000_000n,
      fullCloseIn: 50_000_000_000n,
      blockEndDeviationWad: 5n * 10n ** 14n,
      averageDeviationWad: 4n * 10n ** 14n,
      spotDeviationWad: 5n * 10n ** 14n,
      readyAtBlock: 90n,
      ...allowance,
    },
  };
}

export function observation(change: Partial<Observation> = {}): Observation {
  return {
    blockNumber: 100n,
    timestamp: 1_000n,
    parentHash: `0x${"11".repeat(32)}`,
    maxGasPriceWei: 50n * 10n ** 9n,
    globalCapXauWei: 1_000n * 10n ** 18n,
    nativePriceXauWei: 10n ** 15n,
    pools: [poolObservation()],
    gasPriceWei: 2n * 10n ** 9n,
    inFlight: 0,
    backoffUntilBlock: new Map(),
    ...change,
  };
}

export const CONFIG: DecideConfig = {
  sizeHeadroomBps: 5_000,
  maxOrders: 8,
  gasPerOrder: 600_000,
  gasBase: 100_000,
  economics: "off",
};
