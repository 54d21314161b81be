/** One look and what it remembers, put together as the settings say: for the running keeper and for a rehearsal. */
import type { Counters } from "../kit/counters.js";
import type { EncodeAction } from "../kit/policy/action.js";
import type { Policy } from "../kit/policy/types.js";
import type { RecordSink } from "../kit/record.js";
import { OUTBOX_WINDOW } from "../kit/runtime.js";
import type { Submitter } from "../kit/submitter.js";
import { decideConfigOf } from "./config.js";
import { depthOf, type Connection } from "./connect.js";
import { actionOf } from "./encode.js";
import { Notices } from "./notices.js";
import { SETTLE_EVERY_MS } from "./settling.js";
import type { RescueSite } from "./site.js";
import type { RescueStore } from "./store.js";
import { RescueTick, type TickParts } from "./tick.js";
import { Watchlist } from "./watchlist.js";

export interface OpenTickParts extends Pick<TickParts, "desk" | "heldUnits" | "nowMs"> {
  readonly connection: Connection;
  readonly site: RescueSite;
  readonly policy: Policy;
  readonly encode: EncodeAction;
  readonly account: string;
  /** undefined: a dry run. */
  readonly store: RescueStore | undefined;
  readonly submitter: Submitter;
  readonly counters: Counters;
  readonly record: RecordSink;
  /** So long a block waits for answers about rescues that are being settled. */
  readonly settlePatienceMs: number;
}

const MS_PER_SECOND = 1_000;

export function openTick({ connection, policy, settlePatienceMs, ...parts }: OpenTickParts): {
  readonly tick: RescueTick;
  readonly watchlist: Watchlist;
} {
  const { config, client, log } = connection;
  const { site, store, counters, record } = parts;
  const { operators, urgency, feeShareBps: stakeShareBps, maxFeePerGasWei, validBlocks, cooldownMs } = config;
  const depth = BigInt(depthOf(config));
  const watchlist = new Watchlist({ protocol: site.protocol, operators, store, depth, counters, log });
  const attemptMs = config.replaceAfterBlocks * config.network.blockMs;
  const tick = new RescueTick({
    ...parts,
    ...{ fees: config, watchlist, client, log },
    decide: decideConfigOf(config, site.token.address),
    config: {
      ...{ maxFeePerGasWei, stakeShareBps, validBlocks, cooldownMs },
      ...{ settleEveryMs: SETTLE_EVERY_MS, settlePatienceMs },
      secondsPerAttempt: BigInt(Math.max(1, Math.ceil(attemptMs / MS_PER_SECOND))),
    },
    notices: new Notices({ urgency, counters, record, log }),
    window: OUTBOX_WINDOW,
    typed: (call) => actionOf(policy, call),
  });
  return { tick, watchlist };
}
