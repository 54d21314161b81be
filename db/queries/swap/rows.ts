/** Whose swaps. */
export interface SwapBook {
  readonly book: string;
  /** Lower case. */
  readonly account: string;
}

/** What a swap is begun with; columns are explained in migration 0416. */
export interface NewSwap {
  readonly ordinal: bigint;
  readonly token: string;
  readonly amountUnits: bigint;
  readonly beganBlock: bigint;
}

export type SwapEnd = "swapped" | "failed" | "cancelled" | "given-up";

export interface SwapTotals {
  /** Ordinal of the newest of whichever account; 0 before the first. */
  readonly newest: bigint;
  /** Of one token: open, or swapped within 24 hours. */
  readonly committedUnits: bigint;
  /** That the chain refused within 24 hours. */
  readonly failed: bigint;
}
