/** Who wants to know what happens on a cluster while it happens: subscriptions, a state on disk. */
import type { Block, Executed, PreImage } from "./blocks.js";

export interface BankObserver {
  /** A transaction is in the open block; `changes` says what the accounts were that it changed. */
  executed?(executed: Executed, changes: readonly PreImage[]): void;
  /** The open block was closed. */
  closed?(block: Block): void;
  /** A block has reached a commitment; called once for each, oldest first. */
  reached?(commitment: "confirmed" | "finalized", block: Block): void;
}
