/** Skips as sentences for an operator: what stands against acting, and what would have to change. */
import { formatWad, formatWadAsBps } from "../../protocol/units.js";
import type { ActReason, ActSkip, Skip, SkipReason } from "./types.js";

const SENTENCES: Readonly<Record<SkipReason, string>> = {
  "chain-unreadable": "a chain cannot be read{detail}; nothing is done on half a picture",
  "snapshot-skew": "the blocks of the two chains lie {now} apart; at most {needed} may",
  "pending-unreadable": "what is on its way is not known: a leg, a transfer or the books cannot be read",
  "bridge-held": "the guardian holds deliveries of the bridge{detail}",
  "loss-limit":
    "of the {needed} that a day may lose {now} are left, counting what open trades may lose: too little for a trade",
  "pool-unreadable": "the pool cannot be read or is empty{detail}",
  "anchor-unknown": "the oracle has doubts{detail}; its feeds must be fresh and agree",
  "token-paused": "a token is paused{detail}",
  "peg-halted": "a token has lost its peg{detail}",
  "feed-missing": "the chains do not have the same feeds{detail}",
  "rounds-disagree": "one round has two answers{detail}: the chains do not carry the same signed rounds",
  "oracle-gap": "one chain is {now} of price rounds behind the other; at most {needed} may be missing",
  "trade-open": "a trade of the pair is open",
  cooldown: "the last trade began {now} ago; the next may begin after {needed}",
  "fee-ceiling": "the base fee is above KEEPER_MAX_FEE_GWEI{detail}",
  "inside-threshold": "the prices are {now} apart; the rule holds below {needed}, and no size pays its fees",
  unprofitable: "would earn {now}; the least gain is {needed}",
  "defence-too-dear": "closing the gap costs {now}; it may cost {needed}",
  "no-inventory": "there is nothing to pay a leg with{detail}",
  "below-minimum": "{now} would be possible; at least {needed} must be",
  "leg-unsettled": "a leg has no outcome yet",
  "broken-leg-waits": "ending the broken trade costs {now}; {needed} is taken at once, more after some patience",
  "broken-leg-stuck":
    "ending the broken trade costs {now}, and {needed} is the most that is taken by rule: a person must decide",
  balanced: "this side has {now}; the bridge is used below {needed}",
  "lane-unreadable": "the bridge does not carry the token, or its lane cannot be read",
  "lane-limit": "the lane lets {now} pass; the smallest transfer is {needed}",
  "bridge-fee": "the bridge asks {now}; a transfer may cost {needed}",
  "transfers-in-flight": "{now} transfers are on their way; at most {needed} may be",
};

const ACT_SENTENCES: Readonly<Record<ActReason, string>> = {
  "allowance-missing": "an allowance has to be given first{detail}",
  "simulate-revert": "it would fail in the next block{detail}",
  "not-stored": "it could not be written down{detail}",
  "not-submitted": "the outbox did not take it{detail}",
};

/** Why a decision was not carried out. */
export function explainAct({ reason, detail }: ActSkip): string {
  return ACT_SENTENCES[reason].replace("{detail}", detail === undefined ? "" : ` (${detail})`);
}

/** One sentence; numbers with their unit. */
export function explain(skip: Skip): string {
  return SENTENCES[skip.reason]
    .replace("{now}", shown(skip.now, skip.unit))
    .replace("{needed}", shown(skip.needed, skip.unit))
    .replace("{detail}", skip.detail === undefined ? "" : ` (${skip.detail})`);
}

function shown(value: bigint | undefined, unit: Skip["unit"]): string {
  if (value === undefined) return "?";
  switch (unit) {
    case "rate":
      return `${formatWadAsBps(value)} bps`;
    case "xau-wei":
      return `${formatWad(value)} XAU`;
    case "token-units":
      return `${value.toString()} units`;
    case "seconds":
      return `${value.toString()} s`;
    case "rounds":
    case "count":
    case undefined:
      return value.toString();
  }
}
