/**
 * A decision as evidence: everything that `decide` saw, what it said, and the bytes made of it. Written and read here, so that a record
 * of any age means one thing. Amounts are decimal text.
 */
import { z } from "zod";

import type { Facts } from "../kit/logger.js";
import { malformedDecision } from "../kit/replay.js";
import type { DecideConfig, Decision, Observation } from "./types.js";

const whole = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);

const allowance = z.strictObject({
  reason: z.int(),
  sellBase: z.boolean(),
  tokenIn: z.string(),
  tokenOut: z.string(),
  maxAmountIn: whole,
  minAmountIn: whole,
  fullCloseIn: whole,
  blockEndDeviationWad: whole,
  averageDeviationWad: whole,
  spotDeviationWad: whole,
  readyAtBlock: whole,
});

const pool = z.strictObject({
  pool: z.string(),
  readable: z.boolean(),
  failure: z.string(),
  anchorFailure: z.string(),
  baseToken: z.string(),
  quoteToken: z.string(),
  baseReserve: whole,
  quoteReserve: whole,
  anchorNew: whole,
  anchorPrevious: whole,
  spotRatioWad: whole,
  blockEndRatiosWad: z.array(whole),
  thresholdWad: whole,
  fastThresholdWad: whole,
  confirmations: whole,
  minBlocks: whole,
  rewardShareWad: whole,
  maxAmountInXauWei: whole,
  allowance,
});

const observationSchema = z.strictObject({
  blockNumber: whole,
  timestamp: whole,
  parentHash: z.string(),
  maxGasPriceWei: whole,
  globalCapXauWei: whole,
  nativePriceXauWei: whole,
  pools: z.array(pool),
  gasPriceWei: whole.nullable().transform((value) => value ?? undefined),
  inFlight: z.int(),
  backoffUntilBlock: z.record(z.string(), whole).transform((blocks) => new Map(Object.entries(blocks))),
});

const configSchema = z.strictObject({
  sizeHeadroomBps: z.int(),
  maxOrders: z.int(),
  gasPerOrder: z.int(),
  gasBase: z.int(),
  economics: z.enum(["off", "reward", "gain"]),
});

const entrySchema = z.object({
  observation: observationSchema,
  config: configSchema,
  decision: z.unknown(),
  data: z.string().nullable(),
});

/** What was written down. `decision` as JSON, to be compared as text. */
export interface RecordedDecision {
  readonly observation: Observation;
  readonly config: DecideConfig;
  readonly decision: unknown;
  readonly data: string | null;
}

/** `data`: the calldata of a plan. Only what `decide` sees of the configuration: the rest may carry addresses with keys. */
export function decisionFacts(
  observation: Observation,
  { sizeHeadroomBps, maxOrders, gasPerOrder, gasBase, economics }: DecideConfig,
  decision: Decision,
  data: string | null,
): Facts {
  const { gasPriceWei, backoffUntilBlock, pools, ...rest } = observation;
  const blocks = Object.fromEntries([...backoffUntilBlock].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    observation: {
      ...rest,
      pools: pools.map((seen) => ({ ...seen, allowance: { ...seen.allowance } })),
      gasPriceWei: gasPriceWei ?? null,
      backoffUntilBlock: blocks,
    },
    config: { sizeHeadroomBps, maxOrders, gasPerOrder, gasBase, economics },
    decision: factsOf(decision),
    data,
  };
}

/** The decision as facts: the same for what was decided and what is decided again. */
export function factsOf(decision: Decision): Facts {
  const skips = decision.skips.map((skip) => ({ ...skip }));
  return decision.kind === "plan"
    ? { ...decision, skips, orders: decision.orders.map((order) => ({ ...order })) }
    : { ...decision, skips };
}

/** @throws PermanentError REPLAY_MALFORMED when the entry was not written by `decisionFacts`, naming what is wrong. */
export function readDecision(entry: unknown): RecordedDecision {
  const parsed = entrySchema.safeParse(entry);
  if (parsed.success) return parsed.data;
  throw malformedDecision(parsed.error);
}
