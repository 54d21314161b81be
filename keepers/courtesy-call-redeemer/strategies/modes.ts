/**
 * What a mode allows, for whom, and for which fee. Pure.
 *
 *                    called   may be called   below the own threshold
 * watch              alerts   alerts          alerts
 * courtesy           rescue   –               –
 * self-courtesy      rescue   call + rescue   –
 * preemptive         rescue   call + rescue   rescue
 * service-provider   rescue   call + rescue   –                          for a bounty only
 *
 * Instant danger changes the order and never the mode. Nothing that harms an operator is allowed by any mode.
 */
import { UsageError } from "../../../protocol/errors.js";
import type { Action, Effect, Mode, Reading, Skip } from "../types.js";

const ADDRESS = /^0x[0-9a-f]{40}$/;
const EVERYBODY = "*";

/** Whose positions are looked after. */
export type Operators =
  | { readonly kind: "own"; readonly addresses: ReadonlySet<string> }
  /** Everybody's, for a fee: least that the bounty must be above the cost. */
  | { readonly kind: "service"; readonly minMarginWei: bigint };

/**
 * Reads operators separated by commas; `*` alone means everybody. Case does not matter: checksummed and plain addresses are the same.
 * @throws UsageError OPERATORS_EMPTY, OPERATOR_NOT_AN_ADDRESS (with the place in the list), OPERATORS_MIXED.
 */
export function parseOperators(text: string, minMarginWei: bigint): Operators {
  const words = text.split(",").map((word) => word.trim().toLowerCase());
  const given = words.filter((word) => word !== "");
  if (given.length === 0)
    throw new UsageError("OPERATORS_EMPTY", "no operator is named", "name addresses, or * for all");
  if (given.includes(EVERYBODY)) {
    if (given.length > 1)
      throw new UsageError("OPERATORS_MIXED", "* stands beside addresses", "name either addresses or * alone");
    return { kind: "service", minMarginWei };
  }
  const wrong = words.findIndex((word) => word !== "" && !ADDRESS.test(word));
  if (wrong >= 0)
    throw new UsageError(
      "OPERATOR_NOT_AN_ADDRESS",
      `operator ${String(wrong + 1)} is not an address`,
      "write 0x and 40 hex digits",
    );
  return { kind: "own", addresses: new Set(given) };
}

/** How many of a position's operators are looked after. */
export function ownMembers(operators: readonly string[], set: Operators): number {
  if (set.kind === "service") return operators.length;
  return operators.filter((operator) => set.addresses.has(operator.toLowerCase())).length;
}

/** What may be done about a position, by its stage and health alone; or why nothing may. */
export function allowedEffects(
  reading: Reading,
  mode: Mode,
  set: Operators,
  preemptBelowBps: bigint,
): { readonly effects: readonly [Effect, ...Effect[]] } | Skip {
  const { position, stage, healthBps, thresholds, priced } = reading;
  const about = position.id;
  if (ownMembers(position.operators, set) === 0) return { about, reason: "foreign-operator" };
  if (stage !== "open" && stage !== "called") return { about, reason: "not-redeemable" };
  if (stage === "called") return mode === "watch" ? { about, reason: "watch-only" } : { effects: ["rescue"] };
  if (healthBps === undefined) return { about, reason: priced?.isStale === true ? "price-stale" : "health-unknown" };
  const callable = healthBps < thresholds.callBelowBps;
  if (!callable && healthBps >= preemptBelowBps)
    return { about, reason: "healthy", now: healthBps, needed: preemptBelowBps, unit: "bps" };
  switch (mode) {
    case "watch":
      return { about, reason: "watch-only" };
    case "courtesy":
      return { about, reason: "mode" };
    case "self-courtesy":
    case "service-provider":
      return callable ? { effects: ["call-and-rescue"] } : { about, reason: "mode" };
    case "preemptive":
      return { effects: callable ? ["call-and-rescue", "rescue"] : ["rescue"] };
  }
}

/** Of what the protocol offers, what is allowed. */
export function allowedActions(options: readonly Action[], effects: readonly Effect[]): readonly Action[] {
  return options.filter(({ effect }) => effect !== "liquidate" && effects.includes(effect));
}

/** For others nothing is spent before the bounty covers the cost and the least margin. Wei. */
export function bountySkip(about: string, bountyWei: bigint, costWei: bigint, set: Operators): Skip | undefined {
  if (set.kind === "own" || bountyWei - costWei >= set.minMarginWei) return undefined;
  return { about, reason: "bounty-too-small", now: bountyWei, needed: costWei + set.minMarginWei, unit: "wei" };
}
