/** From a node to the leader: where packets get lost, late or doubled. */
import type { Bank } from "./bank.js";
import type { WireTransaction } from "./wire.js";

/** What befalls one sendTransaction. */
export type SendFault =
  /** The node answers with the signature and no leader ever sees the bytes. */
  | { readonly kind: "drop" }
  /** They arrive some slots later. */
  | { readonly kind: "delay"; readonly slots: number }
  /** They arrive now and once more some slots later. */
  | { readonly kind: "duplicate"; readonly slots: number }
  /** Executed, but the connection closes before the answer. */
  | { readonly kind: "lose-reply" }
  /** The connection closes before anything happened. */
  | { readonly kind: "refuse" };

interface Late {
  readonly wire: WireTransaction;
  slotsLeft: number;
}

/** Hands transactions to the bank now, later, twice or never. */
export class Deliveries {
  private late: Late[] = [];

  constructor(private readonly bank: Bank) {}

  /** What a leader does with bytes that it cannot execute: nothing, and nobody is told. */
  take(wire: WireTransaction, fault: SendFault | undefined): void {
    if (fault?.kind === "drop" || fault?.kind === "refuse") return;
    if (fault?.kind !== "delay") this.bank.deliver(wire);
    if (fault?.kind === "delay" || fault?.kind === "duplicate") this.late.push({ wire, slotsLeft: fault.slots });
  }

  /** One slot has passed: delivers what is due. */
  slotPassed(): void {
    for (const entry of this.late) entry.slotsLeft -= 1;
    const due = this.late.filter((entry) => entry.slotsLeft <= 0);
    this.late = this.late.filter((entry) => entry.slotsLeft > 0);
    for (const { wire } of due) this.bank.deliver(wire);
  }
}
