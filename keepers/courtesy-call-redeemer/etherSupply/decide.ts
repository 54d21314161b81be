/**
 * Whether ether is bought, how much of the token that takes, and at what least price. Pure.
 *
 *   floor = max(setting, what rescues and other routines may need at the highest fee)      have ≥ floor: nothing
 *   missing = max(target, floor + gas of the swap) − have
 *   urgent: there is less than rescues can use now. Then what they may want of the token later is not kept, and where they may want some,
 *           missing = what they can use now + gas of the swap − have
 *   most = min(limit of a swap, what is left of the day, what is there − kept − spoken for)
 *   amount = what brings the missing by the lowest quote for `most`, once more by that for what came out, rounded up, never above `most`
 *   least out = the lowest quote for the amount less the slippage, rounded up; no quote may be further than the deviation from another
 */
import { maxBigint, minBigint, mulDivUp } from "../../../protocol/math.js";
import type { Quote, SupplyFacts, SupplyPolicy, Swap, SwapSkip } from "./types.js";

export const ALL_BPS = 10_000n;
/** Fewer sources than this are none. */
const LEAST_SOURCES = 2;

export interface Skipped {
  readonly skip: SwapSkip;
  readonly detail?: string;
}

export interface Wanted {
  readonly missingWei: bigint;
  readonly mostUnits: bigint;
}

/** @param ownUnits of an open swap: they count against the day already */
export function wanted(facts: SupplyFacts, policy: SupplyPolicy, ownUnits = 0n): Wanted | Skipped {
  const { nativeWei, needs, gasWei } = facts;
  if (needs === undefined) return { skip: "needs-unknown" };
  const floorWei = maxBigint(policy.floorWei, needs.nativeWei + policy.otherNeedsWei);
  if (nativeWei >= floorWei) return { skip: "enough" };
  if (nativeWei < gasWei) return { skip: "gas-short" };
  if (facts.failedToday >= policy.maxFailed) return { skip: "failed-lately" };
  // Tokens for which there is no gas rescue nobody: what may be needed later yields to what can be done now, as far as that takes.
  const laterUnits = policy.isRescueToken ? needs.laterUnits : 0n;
  const isUrgent = nativeWei < needs.nativeWei;
  const neededUnits = (policy.isRescueToken ? needs.tokenUnits : 0n) + (isUrgent ? 0n : laterUnits);
  const spokenFor = policy.keepUnits + neededUnits;
  // The gas of the swap is gone when the ether comes.
  const leastWei = (isUrgent && laterUnits > 0n ? needs.nativeWei : floorWei) + gasWei;
  const upToWei = isUrgent && laterUnits > 0n ? leastWei : maxBigint(policy.targetWei, leastWei);
  const freeUnits = facts.tokenUnits - spokenFor;
  if (freeUnits <= 0n) return { skip: "tokens-needed" };
  const dayUnits = policy.mostUnitsPerDay - facts.committedUnits + ownUnits;
  if (dayUnits <= 0n) return { skip: "day-limit" };
  return {
    missingWei: upToWei - nativeWei,
    mostUnits: [policy.mostUnits, dayUnits].reduce(minBigint, freeUnits),
  };
}

/** What to sell, by quotes for `units`: a smaller amount has a better price, so that asking again comes nearer from above. */
export function amountFor(
  { missingWei, mostUnits }: Wanted,
  units: bigint,
  quotes: readonly Quote[],
): bigint | Skipped {
  const outs = outsOf(quotes);
  if ("skip" in outs) return outs;
  const { worstWei } = outs;
  return worstWei === 0n ? { skip: "rate-too-low" } : minBigint(mostUnits, mulDivUp(units, missingWei, worstWei));
}

/** The least that the amount must bring; `quotes` are for exactly that amount. */
export function leastOut(
  amountUnits: bigint,
  quotes: readonly Quote[],
  policy: SupplyPolicy,
  gasWei: bigint,
): { readonly leastOutWei: bigint } | Skipped {
  const outs = outsOf(quotes);
  if ("skip" in outs) return outs;
  const { worstWei, bestWei } = outs;
  if ((bestWei - worstWei) * ALL_BPS > bestWei * policy.maxDeviationBps) {
    return { skip: "quotes-disagree", detail: quotes.map(shown).join(", ") };
  }
  const leastOutWei = mulDivUp(worstWei, ALL_BPS - policy.maxSlippageBps, ALL_BPS);
  if (leastOutWei * 10n ** BigInt(policy.decimals) < amountUnits * policy.leastRateWei) return { skip: "rate-too-low" };
  if (leastOutWei <= gasWei) return { skip: "not-worth-it" };
  return { leastOutWei };
}

export type SwapDuty =
  | { readonly do: "end"; readonly as: "swapped" | "failed" | "cancelled" }
  | { readonly do: "wait"; readonly why: "in-flight" | "unexpected" }
  /** Nothing of it is on its way: decide anew whether it goes on. */
  | { readonly do: "go-on" };

/** What an open swap needs next, as the outbox says. A restart needs nothing else. */
export function swapDuty({ states }: Pick<Swap, "states">): SwapDuty {
  const { clear, approve, swap } = states;
  const before = [clear, approve];
  // An account that somebody else uses signs nothing more, and nobody knows what became of it.
  if (swap === "foreign" || before.includes("foreign")) return { do: "wait", why: "unexpected" };
  if (swap === "final") return { do: "end", as: "swapped" };
  if (swap === "reverted" || before.includes("reverted")) return { do: "end", as: "failed" };
  if (swap === "cancelled" || (swap === undefined && before.includes("cancelled"))) {
    return { do: "end", as: "cancelled" };
  }
  if (swap !== undefined || before.includes("assigned") || before.includes("signed")) {
    return { do: "wait", why: "in-flight" };
  }
  // An approval in a block is enough: were it unwound, the swap would fail and move nothing.
  return { do: "go-on" };
}

function outsOf(quotes: readonly Quote[]): { readonly worstWei: bigint; readonly bestWei: bigint } | Skipped {
  const outs = quotes.flatMap((quote) => ("outWei" in quote ? [quote.outWei] : []));
  const [first, ...others] = outs;
  if (first === undefined || outs.length < LEAST_SOURCES || outs.length < quotes.length) {
    return { skip: "quote-missing", detail: quotes.map(shown).join(", ") };
  }
  return { worstWei: others.reduce(minBigint, first), bestWei: others.reduce(maxBigint, first) };
}

function shown(quote: Quote): string {
  return `${quote.source} ${"outWei" in quote ? String(quote.outWei) : quote.reason}`;
}
