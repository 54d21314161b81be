/**
 * The books of a keeper. Written in the transaction that settles a row of the outbox, so that a row that is settled is booked, once; a
 * transaction whose block is unwound after that is taken back in the transaction that puts its row in flight again.
 */
import type { Queryable } from "../../../db/database.js";
import { insertEntry } from "../../../db/queries/pnl/insert.js";
import { activeEntries, reverseEntry } from "../../../db/queries/pnl/reverse.js";
import type { Entry, MinedAt } from "../outbox/entry.js";
import type { Receipt } from "../outbox/receipts.js";
import { ownChange, postingsOf, type AccountNames } from "./postings.js";

export interface LedgerParts {
  readonly chainId: string;
  readonly role: string;
  readonly signer: string;
  readonly names: AccountNames;
  /** What an amount of an asset is worth now, XAU wei; undefined without a price. */
  readonly valueXauWei: (asset: string, amount: bigint) => bigint | undefined;
  /**
   * A settled transaction cost more than it brought. Told before the commit and again when that has to be repeated: whoever alerts does
   * it once per hash. Must not throw.
   */
  readonly onUnprofitable?: (loss: UnprofitableAction) => void;
}

export interface UnprofitableAction {
  readonly key: string;
  readonly hash: string;
  readonly resultXauWei: bigint;
}

export class Ledger {
  constructor(private readonly parts: LedgerParts) {}

  /** For `StoreParts.onEnded`. */
  readonly onEnded = async (
    tx: Queryable,
    entry: Entry,
    outcome: "final" | "reverted" | "cancelled",
    at: MinedAt,
    receipt: Receipt,
  ): Promise<void> => {
    const { chainId, role, signer } = this.parts;
    for (const active of await activeEntries(tx, entry.id)) {
      if (active.txHash === at.hash && active.blockHash === at.blockHash) return;
      await reverseEntry(tx, active.id);
    }
    const lines = this.lines(entry, outcome, receipt);
    const resultXauWei = this.result(ownChange(lines)) ?? null;
    const place = { txHash: at.hash, block: BigInt(at.block), blockHash: at.blockHash };
    const { key: effectKey } = entry.intent;
    await insertEntry(
      tx,
      { chainId, role, signer, outboxId: entry.id, effectKey, ...place, outcome, resultXauWei },
      lines,
    );
    if (resultXauWei !== null && resultXauWei < 0n) {
      this.parts.onUnprofitable?.({ key: effectKey, hash: at.hash, resultXauWei });
    }
  };

  /** For `StoreParts.onUnwound`. */
  readonly onUnwound = async (tx: Queryable, entry: Entry): Promise<void> => {
    for (const { id } of await activeEntries(tx, entry.id)) await reverseEntry(tx, id);
  };

  private lines(entry: Entry, outcome: string, receipt: Receipt) {
    const cancelled = outcome === "cancelled";
    const { gasUsed, logs, ok } = receipt;
    return postingsOf(
      {
        signer: this.parts.signer,
        to: cancelled ? this.parts.signer : entry.intent.to,
        valueWei: cancelled ? 0n : entry.intent.valueWei,
        gasPriceWei: receipt.gasPriceWei ?? 0n,
        ...{ gasUsed, logs, ok },
      },
      this.parts.names,
    );
  }

  /** undefined when something that has changed has no price. */
  private result(change: ReadonlyMap<string, bigint>): bigint | undefined {
    let total = 0n;
    for (const [asset, amount] of change) {
      if (amount === 0n) continue;
      const value = this.parts.valueXauWei(asset, amount);
      if (value === undefined) return undefined;
      total += value;
    }
    return total;
  }
}
