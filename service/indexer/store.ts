/** Writes of the indexer, each one transaction: a process that is killed has done all of a step or nothing. */
import type { Database, Queryable } from "../../db/database.js";
import { blocks } from "../../db/queries/indexer/blocks.js";
import { deleteBlocksAbove } from "../../db/queries/indexer/deleteBlocksAbove.js";
import { insertBlocks } from "../../db/queries/indexer/insertBlocks.js";
import { insertLogs } from "../../db/queries/indexer/insertLogs.js";
import { lockCheckpoint } from "../../db/queries/indexer/lockCheckpoint.js";
import { moveCheckpoint } from "../../db/queries/indexer/moveCheckpoint.js";
import { promoteBlocks } from "../../db/queries/indexer/promoteBlocks.js";
import type { BlockHeader, ChainLog } from "./chainSource.js";
import { bytesOf, rowsOf, type LogHandler } from "./handler.js";

export interface Advance {
  /** The checkpoint that this step was computed from. */
  readonly expectedNext: bigint;
  /** Blocks above it are unwound first. */
  readonly ancestor: bigint;
  readonly headers: readonly BlockHeader[];
  readonly logs: readonly ChainLog[];
}

export class IndexStore {
  constructor(
    private readonly db: Database,
    private readonly chainId: string,
    private readonly handlers: readonly LogHandler[],
  ) {}

  /** Unwinds, adds blocks with their logs, moves the checkpoint. @returns blocks unwound; undefined when another indexer was faster. */
  async advance({ expectedNext, ancestor, headers, logs }: Advance): Promise<number | undefined> {
    return this.db.transaction(async (tx) => {
      if ((await lockCheckpoint(tx, this.chainId)) !== expectedNext) return undefined;
      const unwound = await deleteBlocksAbove(tx, this.chainId, ancestor);
      await insertBlocks(
        tx,
        this.chainId,
        headers.map(({ number, hash, parentHash, timestamp }) => ({
          ...{ number, timestamp, hash: bytesOf(hash), parentHash: bytesOf(parentHash) },
        })),
      );
      await this.addLogs(tx, logs);
      const from = ancestor + 1n;
      await moveCheckpoint(tx, this.chainId, from + BigInt(headers.length));
      await this.derive(tx, from);
      return unwound;
    });
  }

  /** Adds logs of blocks that are still there. @returns how many were new. */
  async recover(header: Pick<BlockHeader, "number" | "hash">, logs: readonly ChainLog[]): Promise<number> {
    return this.db.transaction(async (tx) => {
      await lockCheckpoint(tx, this.chainId);
      const [block] = await blocks(tx, this.chainId, header.number, header.number);
      if (!block?.hash.equals(bytesOf(header.hash))) return 0;
      const added = await this.addLogs(tx, logs);
      if (added > 0) await this.derive(tx, header.number);
      return added;
    });
  }

  /** Raises blocks up to these heights, provided that the finalized one is still what was agreed on. */
  async promote(safe: bigint, finalized: bigint, agreed: ReadonlyMap<bigint, string>): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      await lockCheckpoint(tx, this.chainId);
      for (const [number, hash] of agreed) {
        const [block] = await blocks(tx, this.chainId, number, number);
        if (!block?.hash.equals(bytesOf(hash))) return false;
      }
      await promoteBlocks(tx, this.chainId, safe, finalized);
      return true;
    });
  }

  private async addLogs(tx: Queryable, logs: readonly ChainLog[]): Promise<number> {
    let added = 0;
    for (const handler of this.handlers) {
      const rows = rowsOf(handler, logs);
      added += (await insertLogs(tx, handler.table, handler.columns, this.chainId, rows)).length;
    }
    return added;
  }

  private async derive(tx: Queryable, from: bigint): Promise<void> {
    for (const handler of this.handlers) await handler.derive?.(tx, this.chainId, from);
  }
}
