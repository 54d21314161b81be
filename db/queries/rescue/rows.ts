import type { OutboxState } from "../outbox/rows.js";

/** What a rescue is written down with; columns are explained in migration 0402. */
export interface NewRescue {
  readonly position: string;
  readonly ordinal: bigint;
  readonly effect: "rescue" | "call-and-rescue";
  readonly stage: "open" | "called";
  readonly steps: number;
  readonly costUnits: bigint;
  readonly spender: string | null;
  readonly gasLimit: bigint;
  readonly followUpGas: bigint;
  readonly stakeWei: bigint;
  readonly deadline: bigint | null;
  readonly beganBlock: bigint;
}

/** What settling a rescue goes by. */
export type DoneRescue = Pick<NewRescue, "position" | "ordinal" | "followUpGas" | "stakeWei" | "beganBlock">;

export type RescueEnd = "dropped" | "rescued" | "by-another" | "lost" | "failed" | "cancelled";

/** Whose rescues. */
export interface RescueBook {
  readonly book: string;
  /** Lower case. */
  readonly account: string;
}

/** What the outbox says of a key: its newest row. */
export interface KeyState {
  readonly effectKey: string;
  readonly state: OutboxState;
  readonly minedHash: string | null;
}

export type EarningKind = "claim" | "collect" | "recover";

/** What brings earned money is written down with; columns are explained in migration 0411. */
export interface NewEarning {
  readonly kind: EarningKind;
  readonly about: string;
  readonly ordinal: bigint;
  readonly amount: bigint;
  readonly beganBlock: bigint;
}

export type EarningEnd = "dropped" | "done" | "by-another" | "void" | "refused" | "cancelled";
