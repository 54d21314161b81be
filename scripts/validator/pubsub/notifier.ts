/** Turns what happens on the cluster into notifications. `processed` is told at once, the other commitments when a block reaches them. */
import type { Address, EncodedAccount } from "@solana/kit";

import { absentAccount } from "../absentAccount.js";
import type { Bank } from "../bank.js";
import type { Block, Commitment, Executed, PreImage } from "../blocks.js";
import { stringifyJson } from "../jsonRpc.js";
import type { BankObserver } from "../observer.js";
import { TOPIC, type Subscription, type Subscriptions } from "./subscriptions.js";

/** Whether a subscription that has spoken is over. */
export type Spoken = (subscription: Subscription) => void;

export class Notifier implements BankObserver {
  constructor(
    private readonly bank: Bank,
    private readonly subscriptions: Subscriptions,
    /** A signature is announced once. */
    private readonly over: Spoken,
  ) {}

  executed(executed: Executed, changes: readonly PreImage[]): void {
    this.transaction("processed", executed);
    this.accounts(
      "processed",
      executed.slot,
      changes.map(({ address }) => address),
    );
  }

  closed(block: Block): void {
    const { open } = this.bank.blocks;
    const root = this.bank.blocks.newest("finalized").slot;
    for (const subscription of this.subscriptions.of(TOPIC.slot)) {
      say(subscription, { parent: block.slot, root, slot: open.slot });
    }
  }

  reached(commitment: "confirmed" | "finalized", block: Block): void {
    for (const executed of block.transactions) this.transaction(commitment, executed);
    this.accounts(commitment, block.slot, new Set(block.preImages.map(({ address }) => address)), block);
    if (commitment === "finalized") {
      for (const subscription of this.subscriptions.of(TOPIC.root)) say(subscription, block.slot);
    }
  }

  /** Tells one subscriber of a signature that has got there before he asked. */
  signature(subscription: Subscription, executed: Executed): void {
    sayWithSlot(subscription, executed.slot, { err: executed.error });
    this.over(subscription);
  }

  private transaction(commitment: Commitment, executed: Executed): void {
    const { signature } = executed.wire;
    for (const subscription of this.subscriptions.of(TOPIC.signature(commitment, signature))) {
      this.signature(subscription, executed);
    }
    const value = { signature, err: executed.error, logs: executed.logs };
    for (const of of ["all", ...new Set(executed.accounts)]) {
      for (const subscription of this.subscriptions.of(TOPIC.logs(commitment, of))) {
        sayWithSlot(subscription, executed.slot, value);
      }
    }
  }

  private accounts(commitment: Commitment, slot: bigint, changed: Iterable<Address>, at?: Block): void {
    const wanted = ["account", "program"].some((kind) => this.subscriptions.hasAny(`${kind}/${commitment}/`));
    if (!wanted) return;
    for (const address of changed) {
      const account = this.bank.account(address, at);
      this.account(commitment, slot, address, account);
    }
  }

  private account(commitment: Commitment, slot: bigint, address: Address, account: EncodedAccount | undefined): void {
    for (const subscription of this.subscriptions.of(TOPIC.account(commitment, address))) {
      sayWithSlot(subscription, slot, account ?? absentAccount(address));
    }
    if (account === undefined) return;
    for (const subscription of this.subscriptions.of(TOPIC.program(commitment, account.programAddress))) {
      sayWithSlot(subscription, slot, account);
    }
  }
}

function sayWithSlot(subscription: Subscription, slot: bigint, value: unknown): void {
  const shaped = subscription.shape(value);
  if (shaped !== undefined) say(subscription, { context: { slot }, value: shaped });
}

function say({ id, method, send }: Subscription, result: unknown): void {
  send(stringifyJson({ jsonrpc: "2.0", method, params: { result, subscription: id } }));
}
