/** Whose mints. */
export interface MintBook {
  readonly book: string;
  /** Lower case. */
  readonly account: string;
}

/** What a mint is begun with; columns are explained in migration 0413. */
export interface NewMint {
  readonly ordinal: bigint;
  readonly lotSat: bigint;
  readonly creationFeeWei: bigint;
  readonly beganBlock: bigint;
}

export interface MintFunding {
  readonly txid: string;
  /** Hex, with witness. */
  readonly raw: string;
  readonly feeSat: bigint;
  /** `txid:index`. */
  readonly coins: readonly string[];
}

export interface MintRow extends NewMint {
  readonly deposit: string | null;
  readonly fundingTxid: string | null;
  readonly fundingRaw: string | null;
  readonly fundingFeeSat: bigint | null;
  readonly fundingCoins: readonly string[] | null;
}

export type MintEnd =
  "dropped" | "minted" | "setup-failed" | "unfunded" | "fraud" | "aborted" | "closed" | "failed" | "cancelled";
