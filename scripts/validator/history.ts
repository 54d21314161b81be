/** Every transaction of the current fork, by signature and by address. Nothing is ever pruned, so no identical bytes execute twice. */
import { createHash } from "node:crypto";

import type { Executed } from "./blocks.js";
import type { WireTransaction } from "./wire.js";

/** Two signatures over one message are one transaction to a cluster. */
function messageKey(wire: WireTransaction): string {
  return createHash("sha256").update(new Uint8Array(wire.transaction.messageBytes)).digest("base64");
}

export class History {
  private readonly bySignature = new Map<string, Executed>();
  private readonly messages = new Set<string>();
  private readonly byAddress = new Map<string, Executed[]>();

  /** Whether the cluster has executed this transaction. */
  has(wire: WireTransaction): boolean {
    return this.bySignature.has(wire.signature) || this.messages.has(messageKey(wire));
  }

  get(signature: string): Executed | undefined {
    return this.bySignature.get(signature);
  }

  /** Transactions that name an address, newest first. */
  of(address: string): readonly Executed[] {
    return (this.byAddress.get(address) ?? []).toReversed();
  }

  get size(): number {
    return this.bySignature.size;
  }

  remember(executed: Executed): void {
    this.bySignature.set(executed.wire.signature, executed);
    this.messages.add(messageKey(executed.wire));
    for (const address of new Set(executed.accounts)) {
      const list = this.byAddress.get(address);
      if (list === undefined) this.byAddress.set(address, [executed]);
      else list.push(executed);
    }
  }

  /** Its block was dropped: it has not happened and may happen again. */
  forget(executed: Executed): void {
    this.bySignature.delete(executed.wire.signature);
    this.messages.delete(messageKey(executed.wire));
    for (const address of new Set(executed.accounts)) {
      const list = this.byAddress.get(address) ?? [];
      this.byAddress.set(
        address,
        list.filter((other) => other !== executed),
      );
    }
  }
}
