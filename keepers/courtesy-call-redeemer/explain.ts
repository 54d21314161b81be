/** Skips as sentences for an operator: what stands against acting, and what would have to change. */
import type { Skip, SkipReason } from "./types.js";

const SENTENCES: Readonly<Record<SkipReason, string>> = {
  "foreign-operator": "none of its operators is looked after",
  "not-redeemable": "it is being set up, settled or liquidated, or over: nothing can be rescued",
  "in-flight": "a rescue of it is on its way",
  "put-aside": "policy or guard refused a rescue of it lately; it is tried again some blocks later",
  unreadable:
    "what stands at its address says what cannot be true of a position: the log (rescue.unreadable) has the error",
  "health-unknown": "the protocol has no price: nobody knows whether it is in danger",
  "price-stale": "the protocol goes by a price that is too old: nothing is spent that rests on it",
  healthy: "it is well collateralised{now}{needed}",
  "watch-only": "it is in danger, and the mode only watches",
  mode: "it is in danger, and what could be done is more than the mode allows",
  "no-option": "the protocol has no way to rescue it that this wallet could take",
  "bounty-too-small": "the bounty does not cover the highest cost and the least margin{now}{needed}",
  "not-worth-it": "what is at stake, times its chance, is not more than the cost{now}{needed}",
  "other-token": "its rescue costs another token",
  "over-token-budget": "there is not enough of the token{now}{needed}",
  "over-native-budget": "there is not enough for gas{now}{needed}",
  "over-budget": "what is more urgent, or worth more, has taken the means{needed}",
};

const UNITS = { bps: "basis points", wei: "wei", "token-units": "units of the token" } as const;

/** One sentence, without a full stop. */
export function explain({ reason, now, needed, unit }: Skip): string {
  const name = unit === undefined ? "" : ` ${UNITS[unit]}`;
  return SENTENCES[reason]
    .replace("{now}", now === undefined ? "" : `; there are ${String(now)}${name}`)
    .replace("{needed}", needed === undefined ? "" : `; the limit is ${String(needed)}${name}`);
}
