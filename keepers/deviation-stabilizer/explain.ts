/** Skips as sentences for an operator: what stands against acting, and what would have to change. */
import { formatUnits } from "ethers";

import { formatWad, formatWadAsBps } from "../../protocol/units.js";
import type { PoolSkip, SkipReason } from "./types.js";

const SENTENCES: Readonly<Record<SkipReason, string>> = {
  "not-registered": "the pool is not registered with StabilizerLimits",
  paused: "the stabilizer is paused; the guardian or the timelock must unpause it",
  "inside-band": "the newest block end deviates {now}; it must exceed {needed}",
  "not-sustained": "outside the band for {now} block ends; {needed} in a row, and the average, must be",
  "spot-disagrees": "spot deviates {now} but the newest block end {needed}; both must lie on one side",
  cooldown: "block {now}; the cooldown ends with block {needed}",
  "gas-price": "gas costs {now}; the limit for executions is {needed}",
  "oracle-unavailable": "the oracle has doubts{detail}; its feeds must be fresh and agree",
  "anchor-disagrees": "the oracle and the pool's fixed anchor lie too far apart",
  "cap-exhausted": "the volume cap of this block is used up",
  "bucket-exhausted": "the volume bucket is empty; it refills block by block",
  "no-inventory": "the stabilizer holds none of the token to sell; it must be settled or refilled",
  "below-minimum": "{now} would be allowed; an execution needs at least {needed}",
  "wrong-direction": "the named tokens do not match the direction of the deviation",
  slippage: "the price for the allowed size is worse than the accepted slippage",
  "would-lose": "the execution would leave the inventory lower",
  "history-unavailable": "the pool does not have enough block ends yet",
  "execution-failed": "the execution failed for a reason of its own (a token that refuses, too little gas)",
  "peg-halted": "a token of the pool is HALTED: it has lost its peg, and its peg manager has not seen enough calm yet",
  "price-outside-guard": "the oracle prices a token of the pool outside its guard: it has lost its peg",
  "pool-unreadable": "the pool cannot be read{detail}",
  "unknown-reason": "the chain gave a reason this keeper does not know{detail}; update the keeper",
  "in-flight": "{now} transaction of this keeper is not settled yet",
  "fee-ceiling": "the base fee is above KEEPER_MAX_FEE_GWEI",
  backoff: "its simulation failed; block {now}, next attempt in block {needed}",
  "simulate-revert": "the simulation of the very bytes failed{detail}",
  unprofitable: "would earn {now} for gas worth {needed}",
  "global-cap": "other pools use the global cap of the block: {now} left, {needed} needed",
  "batch-full": "{now} pools want to act, one transaction takes {needed}",
  "not-submitted": "the transaction was not taken{detail}",
};

/** One sentence; numbers with their unit. */
export function explain(skip: PoolSkip): string {
  return SENTENCES[skip.reason]
    .replace("{now}", shown(skip.now, skip.unit))
    .replace("{needed}", shown(skip.needed, skip.unit))
    .replace("{detail}", skip.detail === undefined ? "" : ` (${skip.detail})`);
}

function shown(value: bigint | undefined, unit: PoolSkip["unit"]): string {
  if (value === undefined) return "?";
  switch (unit) {
    case "wad":
      return `${formatWadAsBps(value)} bps`;
    case "wei-per-gas":
      return `${formatUnits(value, "gwei")} gwei`;
    case "xau-wei":
      return `${formatWad(value)} XAU`;
    case "token-units":
      return `${value.toString()} units`;
    case "block":
    case "count":
    case undefined:
      return value.toString();
  }
}
