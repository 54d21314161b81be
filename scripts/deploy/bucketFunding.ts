/** What the first funding puts into the recorded buckets. */
import { ICapitalBuckets__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import type { TokenName } from "../../protocol/params/schema.js";
import type { Blueprint } from "./blueprint.js";
import { tokenUnitsOf } from "./referencePrices.js";
import type { StepContext } from "./types.js";

/** ICapitalBuckets.Bucket. */
export const BUCKET = { publicLiquidity: 0n, stabilization: 1n, flash: 2n, crossChain: 3n, reserve: 4n } as const;

/** What C, D and E of a token get, base units. */
export function bucketStart(plan: Blueprint, name: TokenName): Record<"flash" | "crossChain" | "reserve", bigint> {
  if (plan.params.funding.source === "none") return { flash: 0n, crossChain: 0n, reserve: 0n };
  const { flashUsd, crossChainUsd, reserveUsd } = plan.params.reserves.buckets.start;
  return {
    flash: tokenUnitsOf(plan, name, flashUsd),
    crossChain: tokenUnitsOf(plan, name, crossChainUsd),
    reserve: tokenUnitsOf(plan, name, reserveUsd),
  };
}

/** The three together. */
export function startTotal(plan: Blueprint, name: TokenName): bigint {
  const { flash, crossChain, reserve } = bucketStart(plan, name);
  return flash + crossChain + reserve;
}

/** What they lack of it together. */
export async function unfundedBuckets(context: StepContext, name: TokenName): Promise<bigint> {
  const wanted = startTotal(context.plan, name);
  const { address } = context.plan.reserves.buckets;
  if (wanted === 0n || !(await context.hasCode(address))) return wanted;
  const buckets = contractAt(ICapitalBuckets__factory, address, context.provider);
  const token = context.plan.tokens[name].address;
  const held = await Promise.all(
    (["flash", "crossChain", "reserve"] as const).map((bucket) => buckets.bucketUnits(BUCKET[bucket], token)),
  );
  const missing = wanted - held.reduce((sum, units) => sum + units, 0n);
  return missing > 0n ? missing : 0n;
}
