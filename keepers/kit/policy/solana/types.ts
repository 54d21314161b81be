/** What a Solana key may sign, as data. An instruction that no rule names is refused. Hashed and printed like the policies of other chains. */

/** One instruction of one program. */
export interface SolanaRule {
  /** `collateral-vault.unpause`: in refusals, logs and the ledger. */
  readonly name: string;
  readonly program: string;
  /** What the data begins with, 0x-hex: eight bytes for a program of Anchor. */
  readonly discriminator: string;
  /** Exact length of the data, discriminator included: an instruction without arguments has none. */
  readonly dataBytes: number;
  readonly minAccounts: number;
  readonly maxAccounts: number;
  /** Positions at which the signer's own address may stand; anywhere else it could be made to pay or to give. */
  readonly signerAt: readonly number[];
  /** Transactions with it in any hour; at least 2, see meter.ts. */
  readonly perHour: number;
}

export interface SolanaPolicy {
  readonly role: string;
  /** Genesis hash. */
  readonly chainId: string;
  /** The one address that signs under it, and pays. */
  readonly signer: string;
  readonly rules: readonly SolanaRule[];
  /** Instructions of one transaction. */
  readonly maxInstructions: number;
  /** Lamports of one transaction: base fee and priority fee together. */
  readonly maxFeeLamports: bigint;
  /** Lamports in any 24 hours. */
  readonly feeLamportsPerDay: bigint;
}
