/** How fast the indexer takes in a chain that is already there, over HTTP and into a PostgreSQL that flushes to disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { connectDatabase } from "../../../db/connect.js";
import type { Database } from "../../../db/database.js";
import { openEmbedded } from "../../../db/embedded/server.js";
import { migrate } from "../../../db/migrate.js";
import { transferHandler } from "../../../service/indexer/handlers/transfer.js";
import { Indexer } from "../../../service/indexer/indexer.js";
import { RpcSource } from "../../../service/indexer/rpcSource.js";
import { Child } from "../../world/child.js";
import { TOKEN } from "./denseChain.js";

const TRANSFERS_PER_BLOCK = 100;
/** 2,000 logs of each request, as in the figure it is compared with. */
const BLOCKS_PER_REQUEST = 20;

export interface BackfillReport {
  readonly events: number;
  readonly blocks: number;
  /** Logs as the node tells them, blooms checked. */
  readonly eventsPerSecond: number;
  /** The same with the receipts of every block compared. */
  readonly checkedEventsPerSecond: number;
  /** Left out by the node, found while indexing with receipts, found by the re-scan without. */
  readonly hidden: number;
  readonly recoveredAtOnce: number;
  readonly recoveredByRescan: number;
  readonly rescanBlocksPerSecond: number;
}

export async function measureBackfill(events: number): Promise<BackfillReport> {
  const blocks = Math.ceil(events / TRANSFERS_PER_BLOCK);
  const folder = mkdtempSync(path.join(tmpdir(), "cantilever-backfill-"));
  const script = "scripts/bench/backfill/node-main.ts";
  const node = new Child({ script, args: [String(blocks), String(TRANSFERS_PER_BLOCK)] });
  try {
    const news = (await node.message()) as { readonly port: number } | undefined;
    if (news === undefined) throw new Error(`the node did not start: ${node.lastErrorLines.join(" ")}`);
    const server = await openEmbedded({ folder });
    const db = connectDatabase({ url: server.url() });
    try {
      await migrate(db);
      return await measure(db, `http://127.0.0.1:${String(news.port)}`, blocks);
    } finally {
      await db.close();
      await server.close();
    }
  } finally {
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(db: Database, url: string, blocks: number): Promise<BackfillReport> {
  const follow = (chainId: string, isMoney: boolean): Indexer =>
    new Indexer({
      ...{ db, chainId, isMoney, startBlock: 0n, quorum: 1, maxRange: BLOCKS_PER_REQUEST },
      sources: [new RpcSource({ url })],
      handlers: [transferHandler([TOKEN])],
      finality: { kind: "depth", safe: 10n, finalized: 20n },
    });
  const run = async (indexer: Indexer): Promise<{ logs: number; recovered: number; seconds: number }> => {
    const started = performance.now();
    const total = { logs: 0, recovered: 0 };
    for (let step = await indexer.step(); step.kind === "advanced"; step = await indexer.step()) {
      total.logs += step.logs;
      total.recovered += step.recovered;
    }
    return { ...total, seconds: (performance.now() - started) / 1000 };
  };
  const plain = follow("plain", false);
  const told = await run(plain);
  const checked = await run(follow("checked", true));
  const started = performance.now();
  const rescan = await plain.rescan(0n, BigInt(blocks));
  return {
    events: checked.logs,
    blocks,
    eventsPerSecond: Math.round(told.logs / told.seconds),
    checkedEventsPerSecond: Math.round(checked.logs / checked.seconds),
    hidden: checked.logs - told.logs,
    recoveredAtOnce: checked.recovered,
    recoveredByRescan: rescan.recovered,
    rescanBlocksPerSecond: Math.round(rescan.blocks / ((performance.now() - started) / 1000)),
  };
}
