/** What was seen at a bridge: in PostgreSQL for all copies and lives of the keeper, in memory for a dry run. Hints, never proofs. */
import type { Database } from "../../db/database.js";
import { closeMessage } from "../../db/queries/bridge/closeMessage.js";
import { endsOf, type EndRow } from "../../db/queries/bridge/endsOf.js";
import { openMessages } from "../../db/queries/bridge/openMessages.js";
import { readScan } from "../../db/queries/bridge/readScan.js";
import { reopenNonce } from "../../db/queries/bridge/reopenNonce.js";
import type { BridgeEventRow, BridgeOf, ClosedAs, ScanRow, SentRow } from "../../db/queries/bridge/rows.js";
import { sentFrom } from "../../db/queries/bridge/sentFrom.js";
import { writeEvents } from "../../db/queries/bridge/writeEvents.js";
import { writeScan } from "../../db/queries/bridge/writeScan.js";
import type { BridgePlace } from "../../protocol/bridgeMessage.js";

export interface EventStore {
  /** undefined: never read. */
  scan(): Promise<ScanRow | undefined>;
  /** Never moves back. */
  scanned(scan: ScanRow): Promise<void>;
  write(events: readonly BridgeEventRow[]): Promise<void>;
  /** Messages that somebody has to look at, above a nonce, in their order. */
  open(aboveNonce: bigint, limit: number): Promise<readonly SentRow[]>;
  /** Nonces from one on that are known, each once, and where it was seen. */
  sentFrom(nonce: bigint, limit: number): Promise<readonly { readonly nonce: bigint; readonly block: bigint }[]>;
  /** Where messages were cancelled and delivered. */
  ends(messageIds: readonly string[]): Promise<readonly EndRow[]>;
  /** unwound: its nonce has to be looked for again. */
  close(messageId: string, nonce: bigint, as: ClosedAs): Promise<void>;
}

export class PgEvents implements EventStore {
  private readonly of: BridgeOf;

  constructor(
    private readonly db: Database,
    { chainId, bridge }: BridgePlace,
  ) {
    this.of = { chainId: String(chainId), bridge: bridge.toLowerCase() };
  }

  scan(): Promise<ScanRow | undefined> {
    return readScan(this.db, this.of);
  }

  scanned(scan: ScanRow): Promise<void> {
    return writeScan(this.db, this.of, scan);
  }

  write(events: readonly BridgeEventRow[]): Promise<void> {
    return writeEvents(this.db, this.of, events);
  }

  open(aboveNonce: bigint, limit: number): Promise<readonly SentRow[]> {
    return openMessages(this.db, this.of, aboveNonce, limit);
  }

  sentFrom(nonce: bigint, limit: number): Promise<readonly { readonly nonce: bigint; readonly block: bigint }[]> {
    return sentFrom(this.db, this.of, nonce, limit);
  }

  ends(messageIds: readonly string[]): Promise<readonly EndRow[]> {
    return endsOf(this.db, this.of, messageIds);
  }

  async close(messageId: string, nonce: bigint, as: ClosedAs): Promise<void> {
    await this.db.transaction(async (tx) => {
      await closeMessage(tx, this.of, messageId, as);
      if (as === "unwound") await reopenNonce(tx, this.of, nonce);
    });
  }
}

/** For a dry run: forgets everything with the process. */
export class MemoryEvents implements EventStore {
  private state: ScanRow | undefined;
  private readonly events = new Map<string, BridgeEventRow>();
  private readonly closed = new Map<string, ClosedAs>();

  scan(): Promise<ScanRow | undefined> {
    return Promise.resolve(this.state);
  }

  scanned({ nextBlock, completeNonce }: ScanRow): Promise<void> {
    const { state } = this;
    this.state = {
      nextBlock: state !== undefined && state.nextBlock > nextBlock ? state.nextBlock : nextBlock,
      completeNonce: state !== undefined && state.completeNonce > completeNonce ? state.completeNonce : completeNonce,
    };
    return Promise.resolve();
  }

  write(events: readonly BridgeEventRow[]): Promise<void> {
    for (const event of events) {
      this.events.set(`${event.kind} ${event.messageId}`, event);
      if (event.kind === "sent" && this.closed.get(event.messageId) === "unwound") this.closed.delete(event.messageId);
    }
    return Promise.resolve();
  }

  open(aboveNonce: bigint, limit: number): Promise<readonly SentRow[]> {
    const open = this.sent().filter(({ messageId, nonce }) => nonce > aboveNonce && !this.closed.has(messageId));
    return Promise.resolve(open.slice(0, limit));
  }

  sentFrom(nonce: bigint, limit: number): Promise<readonly { readonly nonce: bigint; readonly block: bigint }[]> {
    const highest = new Map<bigint, bigint>();
    for (const row of this.sent()) {
      if (row.nonce < nonce || this.closed.get(row.messageId) === "unwound") continue;
      const block = highest.get(row.nonce);
      if (block === undefined || row.block > block) highest.set(row.nonce, row.block);
    }
    return Promise.resolve([...highest].slice(0, limit).map(([known, block]) => ({ nonce: known, block })));
  }

  ends(messageIds: readonly string[]): Promise<readonly EndRow[]> {
    const rows = [...this.events.values()].flatMap(({ kind, messageId, block }): EndRow[] =>
      kind !== "sent" && messageIds.includes(messageId) ? [{ kind, messageId, block }] : [],
    );
    return Promise.resolve(rows);
  }

  close(messageId: string, nonce: bigint, as: ClosedAs): Promise<void> {
    this.closed.set(messageId, as);
    const { state } = this;
    if (as === "unwound" && state !== undefined && state.completeNonce >= nonce) {
      this.state = { ...state, completeNonce: nonce - 1n };
    }
    return Promise.resolve();
  }

  private sent(): SentRow[] {
    return [...this.events.values()]
      .flatMap(({ messageId, block, nonce, message }): SentRow[] =>
        nonce === null || message === null ? [] : [{ messageId, block, nonce, message }],
      )
      .sort((a, b) => (a.nonce < b.nonce ? -1 : 1));
  }
}
