/** What is known of a mint: its row, its transactions, the deposit at one block, and the Bitcoin chain. */
import type { MintEnd, MintFunding } from "../../../../../db/queries/mint/rows.js";
import type { OutboxState } from "../../../../../db/queries/outbox/rows.js";
import type { DepositState } from "../../../../../protocol/tbtc/states.js";
import type { Purse } from "../../../bitcoin/coins.js";
import type { PaymentSight } from "../../../bitcoin/facts.js";
import type { FundingPlan, FundingPolicy } from "../../../bitcoin/funding.js";
import type { ProofAttempt, RedemptionProof, RelayEpochs } from "../../../bitcoin/proof.js";

/** Name of a kind in policies: deposits that this keeper has opened for minting. */
export const MINTS = "mints";

/** Transactions of a mint; a key of the outbox each. */
export const MINT_STEPS = [
  /** Opens the deposit. */
  "create",
  /** Takes the keep's key into the deposit. */
  "key",
  /** Lets the vending machine take the deposit. */
  "approve",
  /** Proof and exchange in one. */
  "mint",
  /** The proof alone, while nothing may be minted. */
  "prove",
  /** The exchange alone, of a deposit that somebody has proven. */
  "exchange",
  "report-setup",
  "report-funding",
  /** Asks the signers to send bitcoin back. */
  "abort",
  /** Takes ether that the deposit owes. */
  "withdraw",
] as const;
export type MintStep = (typeof MINT_STEPS)[number];

/** By step, as the outbox's newest row says; missing: it has never heard of it. */
export type StepStates = Readonly<Partial<Record<MintStep, OutboxState>>>;

export interface Mint {
  readonly ordinal: bigint;
  readonly lotSat: bigint;
  /** Lower case; undefined until its opening is final. */
  readonly deposit: string | undefined;
  readonly funding: MintFunding | undefined;
  readonly states: StepStates;
  /** Of the transaction that opened the deposit. */
  readonly createdIn: string | undefined;
}

/** A deposit as enough nodes show it at one block. Times are the chain's, unix seconds. */
export interface DepositFacts {
  readonly now: bigint;
  readonly state: DepositState;
  /** 0 once a key or a failure has ended the setup. */
  readonly setupSince: bigint;
  /** 0 before the key, and once the funding is proven or has failed. */
  readonly fundingSince: bigint;
  /** x and y as the deposit has them; undefined before. */
  readonly publicKey: string | undefined;
  /** As the keep has published them; undefined before, and of a keep that is gone. */
  readonly keepKey: string | undefined;
  /** The deposit had this key that many blocks ago as well. */
  readonly isKeyFinal: boolean;
  /** Without a keep: its signers were caught at fraud. */
  readonly hasKeep: boolean;
  /** Whole percent, rounded down; undefined while there is no price. */
  readonly collateralPercent: bigint | undefined;
  /** Below this (strictly) the deposit can be called once it is funded. */
  readonly callBelowPercent: bigint;
  /** Lower case. */
  readonly holder: string;
  /** It had this holder that many blocks ago as well. */
  readonly isHolderFinal: boolean;
  /** The vending machine may take the deposit. */
  readonly isApproved: boolean;
  readonly withdrawableWei: bigint;
  /** The cap of the supply leaves room for the lot. */
  readonly canMint: boolean;
  readonly relay: RelayEpochs;
}

export interface FundingSight {
  readonly payment: PaymentSight;
  /** Undefined while the payment is in no block. */
  readonly proof: ProofAttempt | undefined;
}

export interface MintFacts {
  readonly deposit: DepositFacts;
  /** Only of a mint that could be funded now. */
  readonly purse: Purse | undefined;
  /** Only of a mint that is funded. */
  readonly funding: FundingSight | undefined;
}

export interface MintPolicy {
  /** Who holds its deposits, and what exchanges them; lower case. */
  readonly account: string;
  readonly vendingMachine: string;
  /** Less than this stays before the funding's time ends: nothing is paid. */
  readonly leastFundingSeconds: bigint;
  /** A payment that nobody has seen for so long after that time is given up. */
  readonly lostAfterSeconds: bigint;
  /** Least collateral in percent with which bitcoin is sent. */
  readonly minCollateralPercent: bigint;
  /** Of the wallet: locks its coins, and takes back what is returned. Without its length. */
  readonly script: Uint8Array;
  readonly fees: FundingPolicy;
}

export const MINT_WAITS = [
  /** A transaction is not final yet. */
  "in-flight",
  /** The block of the key may still be undone. */
  "key-not-final",
  /** The signers make their key. */
  "signers",
  "confirmations",
  /** Until the funding's time is over, and may be reported. */
  "too-late-to-fund",
  "price-offline",
  "supply-cap",
  "bitcoin-unknown",
  /** Seen nowhere, and too late to be sent again. */
  "payment-missing",
  /** From here on somebody should look: what was opened is lost if it is not paid in time. */
  "collateral-low",
  "fee-unknown",
  "fee-ceiling",
  "coins-short",
  "key-mismatch",
  "relay-behind",
  "proof-invalid",
  "coin-spent-elsewhere",
  /** Below its threshold since: it recovers, is redeemed, or is sold; the holder is paid. */
  "called",
  "liquidating",
  "not-ours",
  "unexpected",
] as const;
export type MintWait = (typeof MINT_WAITS)[number];

/** Waits that people are told of. */
export const ALARMING: ReadonlySet<MintWait> = new Set([
  "collateral-low",
  "fee-unknown",
  "fee-ceiling",
  "coins-short",
  "key-mismatch",
  "relay-behind",
  "proof-invalid",
  "coin-spent-elsewhere",
  "payment-missing",
  "called",
  "liquidating",
  "not-ours",
  "unexpected",
]);

export type MintDuty =
  /** Written down and never sent. */
  | { readonly do: "drop" }
  | { readonly do: "end"; readonly as: Exclude<MintEnd, "dropped"> }
  /** Its opening is final: which deposit was it? */
  | { readonly do: "find-deposit"; readonly createdIn: string }
  | { readonly do: "send"; readonly step: Exclude<MintStep, "create" | "mint" | "prove"> }
  | { readonly do: "send"; readonly step: "mint" | "prove"; readonly proof: RedemptionProof }
  | { readonly do: "fund"; readonly plan: FundingPlan }
  /** Tells the servers of the payment that was written down. */
  | { readonly do: "broadcast" }
  /** `until`: when time alone changes something. */
  | { readonly do: "wait"; readonly why: MintWait; readonly until?: bigint };
