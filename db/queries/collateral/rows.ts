/** Rows of the collateral monitor's tables; explained in migrations 0251–0275. Amounts in base units. */

/** The cluster (genesis hash) and the vault program. */
export interface Watched {
  readonly chainId: string;
  readonly program: string;
}

export interface Checkpoint {
  /** Empty: nothing was read yet. */
  readonly signature: string;
  readonly slot: bigint;
}

/** The right to write. */
export interface Claim extends Checkpoint {
  /** Rises with every change of the copy that writes. */
  readonly generation: bigint;
}

export type EventStatus = "confirmed" | "finalized";

export interface EventRow {
  readonly signature: string;
  readonly eventIndex: number;
  readonly subject: string;
  readonly seqNum: bigint | null;
  readonly slot: bigint;
  readonly blockTime: bigint | null;
  readonly kind: string;
  readonly vault: string | null;
  readonly mint: string | null;
  readonly program: string | null;
  readonly amount: bigint | null;
  readonly total: bigint | null;
  readonly locked: bigint | null;
  readonly body: string;
  readonly status: EventStatus;
}

export interface VaultRow {
  readonly vault: string;
  readonly owner: string;
  readonly seqNum: bigint;
  readonly configVersion: bigint;
  readonly balances: number;
  readonly pendingWithdrawals: number;
  readonly hasSecurityConfig: boolean;
  readonly hasMultiSig: boolean;
  readonly frozenUntil: bigint;
}

export interface BalanceRow {
  readonly balance: string;
  readonly slot: bigint;
  readonly vault: string;
  readonly mint: string;
  readonly total: bigint;
  readonly locked: bigint;
  readonly programLocked: bigint;
  readonly held: bigint | null;
  readonly seqNum: bigint;
  readonly isClosed: boolean;
}

export interface ReconciliationRow {
  readonly kind: "pass" | "opened" | "accepted" | "resolved";
  readonly code: string;
  readonly subject: string;
  readonly facts: string;
  readonly severity: "info" | "warning" | "critical";
}

export interface OpenDiscrepancy extends ReconciliationRow {
  readonly slot: bigint;
}

export interface TrailRow {
  readonly signature: string;
  readonly slot: bigint;
  readonly kind: string;
  readonly subject: string;
  readonly severity: "info" | "warning" | "critical";
  readonly isFinal: boolean;
  readonly facts: string;
}
