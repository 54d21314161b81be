/** What a transaction would do. */
import type { Address, EncodedAccount } from "@solana/kit";

import type { Outcome } from "./outcome.js";
import type { TransactionErrorJson } from "./transactionError.js";

export interface Simulation extends Outcome {
  readonly error: TransactionErrorJson | null;
  /** The transaction's accounts, in the order that inner instructions count. */
  readonly named: readonly Address[];
  /** After it; empty when it failed. */
  readonly accounts: readonly EncodedAccount[];
}

/** Of a transaction that no block would take. */
export const NO_EFFECT: Omit<Simulation, "error"> = {
  logs: [],
  computeUnits: 0n,
  innerInstructions: [],
  returnData: undefined,
  named: [],
  accounts: [],
};
