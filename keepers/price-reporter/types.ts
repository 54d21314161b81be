/** What the reporter knows, decides and answers. Answers are USD per whole token with the feed's decimals. */

/** The newest round of a feed on one chain. */
export interface LastRound {
  readonly roundId: bigint;
  readonly answer: bigint;
  /** Unix seconds, the reporters' clock. */
  readonly observedAt: bigint;
  readonly arrivedInBlock: bigint;
}

/** A feed on one chain as a transaction of the next block will meet it. */
export interface ChainState {
  /** Unknown before the first round. */
  readonly last: LastRound | undefined;
  /** The newest block; a report sent now arrives in the next one at the earliest. */
  readonly blockNumber: bigint;
  /** Unix seconds of the newest block. An observation after it might lie in the future of the block that carries it. */
  readonly blockTimestamp: bigint;
}

/** When a feed is reported and what its contract accepts. The contract's own limits come from the chain. */
export interface ReportSettings {
  /** Report when the outside price is at least this far from the last answer; 1e18 = 100 %, so 5 bps = 5e14. */
  readonly deviationWad: bigint;
  /** Report when the last round is at least this old. */
  readonly heartbeatSeconds: bigint;
  readonly minGapBlocks: bigint;
  readonly minAnswer: bigint;
  readonly maxAnswer: bigint;
}

export interface ReportInput {
  /** What the reporter sees outside. */
  readonly outsideAnswer: bigint;
  /** Unix seconds at which it looked. */
  readonly observedAt: bigint;
  readonly chain: ChainState;
  readonly settings: ReportSettings;
}

/** Why a round is sent: due by itself, or together with another chain, so that both keep the same rounds. */
export type ReportCause = "first" | "deviation" | "heartbeat" | "together";

export interface Report {
  readonly kind: "report";
  readonly cause: ReportCause;
  readonly answer: bigint;
  readonly observedAt: bigint;
}

/** Why none is sent; each is a log event `skip.<reason>`. */
export type SkipReason =
  /** Neither far enough nor old enough. */
  | "inside-band"
  /** Due, but the feed would answer RoundTooSoon. */
  | "min-gap"
  /** Due, but the observation is not after the last round, or after the newest block. */
  | "clock"
  /** The outside price lies outside the feed's hard bounds: a person has to look. */
  | "outside-bounds";

export interface Skip {
  readonly kind: "skip";
  readonly reason: SkipReason;
}
