/** What a full pass of the collateral monitor costs: the keeper itself, a cluster over HTTP, and a PostgreSQL that flushes to disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { openEmbedded } from "../../../db/embedded/server.js";
import { connectDatabase } from "../../../db/connect.js";
import { migrate } from "../../../db/migrate.js";
import { Child } from "../../world/child.js";

/** Passes after the first one. */
const LATER_PASSES = 5;
const PASS_EVENT = "collateral.pass";

interface Cost {
  /** Of the keeper's process: reading, decoding, comparing, recording. Cluster and database are others. */
  readonly cpuMs: number;
  readonly ms: number;
}

export interface MonitorReport {
  readonly vaults: number;
  readonly balances: number;
  readonly discrepancies: number;
  /** Everything is decoded and written. */
  readonly first: Cost;
  /** Median of some, in which nothing has changed. */
  readonly later: Cost;
}

type PassLine = Cost & Pick<MonitorReport, "vaults" | "balances" | "discrepancies">;

export async function measureMonitor(vaults: number): Promise<MonitorReport> {
  const folder = mkdtempSync(path.join(tmpdir(), "cantilever-monitor-"));
  const cluster = new Child({ script: "scripts/bench/monitor/cluster-main.ts", args: [String(vaults)] });
  try {
    const news = (await cluster.message()) as { readonly url: string } | undefined;
    if (news === undefined) throw new Error(`the cluster did not start: ${cluster.lastErrorLines.join(" ")}`);
    const server = await openEmbedded({ folder: path.join(folder, "postgres") });
    try {
      const database = connectDatabase({ url: server.url() });
      await migrate(database).finally(() => database.close());
      const passes = await watchPasses(
        {
          SOLANA_LOCALNET_RPC_URL: news.url,
          DATABASE_URL: server.url(),
          KEEPER_DATA_FOLDER: folder,
          KEEPER_LOG_LEVEL: "info",
          MONITOR_PASS_SECONDS: "1",
        },
        LATER_PASSES + 1,
      );
      return reportOf(passes);
    } finally {
      await server.close();
    }
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the keeper until it has made that many passes. */
async function watchPasses(env: Readonly<Record<string, string>>, count: number): Promise<readonly PassLine[]> {
  const passes: PassLine[] = [];
  let done = (): void => undefined;
  const enough = new Promise<void>((resolve) => (done = resolve));
  const onLine = (line: string): void => {
    if (!line.includes(`"${PASS_EVENT}"`)) return;
    passes.push(JSON.parse(line) as PassLine);
    if (passes.length >= count) done();
  };
  const args = ["collateral-monitor", "run", "--network", "solana-localnet", "--execute"];
  const keeper = new Child({ script: "keepers/main.ts", args, env, onErrorLine: onLine, onOutputLine: onLine });
  try {
    await Promise.race([enough, keeper.exited]);
  } finally {
    await keeper.stop();
  }
  if (passes.length < count) throw new Error(`the keeper ended: ${keeper.lastErrorLines.join(" ")}`);
  return passes.slice(0, count);
}

function reportOf([first, ...rest]: readonly PassLine[]): MonitorReport {
  const later = [...rest].sort((a, b) => a.cpuMs - b.cpuMs)[Math.floor(rest.length / 2)];
  if (first === undefined || later === undefined) throw new Error("the keeper made no pass");
  const { vaults, balances, discrepancies } = later;
  const costOf = ({ cpuMs, ms }: Cost): Cost => ({ cpuMs, ms });
  return { vaults, balances, discrepancies, first: costOf(first), later: costOf(later) };
}
