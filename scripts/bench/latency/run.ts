/**
 * How long a keeper takes from the block that makes an execution due to the broadcast of its bytes, and what a block costs in which nothing
 * is due. The programs are those of production, each a process of its own: node, PostgreSQL that flushes to disk, the stabilizer's keeper
 * with its lease, policy, last look, outbox and audit log. What is measured is what the node sees of the keeper.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MaxUint256, Transaction } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { IPmmPool__factory } from "../../../protocol/generated/contracts/index.js";
import { percentile } from "../../stats/distribution.js";
import { deployWorlds, startNode, type WorldChain } from "../../world/chain.js";
import { Child, ROOT } from "../../world/child.js";
import { withCrashServer } from "../crash/server.js";
import { Stopwatch, type Broadcast } from "./stopwatch.js";

/** Figures of `npm run bench -- latency`. */
export interface LatencyReport {
  readonly decisions: number;
  /** Block seen to bytes broadcast. */
  readonly decisionMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Exchanges with the node in that time: the most of any decision. */
  readonly exchangesPerDecision: number;
  readonly quietTicks: number;
  /** Exchanges (a batch is one) and single requests of the blocks in which nothing was due. */
  readonly exchangesPerQuietTick: number;
  readonly requestsPerQuietTick: number;
}

const PAIR = "cUSDT/cUSDC";
/** Takes the pool four times as far as its threshold. */
const PUSH_UNITS = 60_000n * 10n ** 6n;
const GAS = 1_000_000;
/** Blocks after a push: it is sustained after some, and the cooldown is over after some more. */
const ROUND_BLOCKS = 7;
const WAIT_MS = 60_000;
const LOOK_MS = 2;
/** The default of keepers, and as quick as it goes. */
const POLL_MS = 200;
const QUICK_POLL_MS = 20;
/** A steady pace is known after some blocks. */
const SETTLING_BLOCKS = 6;

const poolAbi = IPmmPool__factory.createInterface();

/** @throws PermanentError BENCH_STUCK when the keeper does not do its work. */
export async function measureLatency(decisions: number, quietTicks: number): Promise<LatencyReport> {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-latency-"));
  const running = await startNode(0);
  try {
    const [chain] = await deployWorlds([running]);
    if (chain === undefined) throw new Error("nothing was deployed");
    const stopwatch = await Stopwatch.start(chain.rpc.url);
    try {
      return await withCrashServer(async ({ url }) => {
        const withKeeper = async <T>(pollMs: number, work: (bench: Bench) => Promise<T>): Promise<T> => {
          const keeper = startKeeper(chain, { stopwatch, databaseUrl: url, folder, pollMs });
          try {
            return await work(new Bench(chain, stopwatch, keeper));
          } finally {
            await keeper.stop();
          }
        };
        const quiet = await withKeeper(POLL_MS, (bench) => bench.quiet(quietTicks));
        // Blocks come as soon as the keeper is ready for them: looking more often makes the benchmark shorter, not the keeper quicker.
        const busy = await withKeeper(QUICK_POLL_MS, (bench) => bench.decide(decisions));
        return { ...busy, ...quiet };
      });
    } finally {
      await stopwatch.close();
      chain.provider.destroy();
    }
  } finally {
    await running.node.stop();
    rmSync(join(ROOT, "data", "world", String(running.port)), { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

interface KeeperOptions {
  readonly stopwatch: Stopwatch;
  readonly databaseUrl: string;
  readonly folder: string;
  readonly pollMs: number;
}

function startKeeper(chain: WorldChain, { stopwatch, databaseUrl, folder, pollMs }: KeeperOptions): Child {
  return new Child({
    script: "keepers/main.ts",
    args: ["deviation-stabilizer", "--network", chain.network, "--execute", "--json"],
    env: {
      LOCALHOST_RPC_URL: stopwatch.url,
      DATABASE_URL: databaseUrl,
      KEEPER_POLL_MS: String(pollMs),
      KEEPER_LOG_FORMAT: "json",
      KEEPER_LOG_LEVEL: "warn",
      KEEPER_DATA_FOLDER: folder,
      KEEPER_DEPLOYMENTS_FOLDER: chain.deploymentsFolder,
    },
  });
}

class Bench {
  private readonly pool: string;
  private readonly stabilizer: string;
  private readonly trader: string;

  constructor(
    private readonly chain: WorldChain,
    private readonly stopwatch: Stopwatch,
    private readonly keeper: Child,
  ) {
    this.pool = chain.deployment.address(`PmmPool:${PAIR}`);
    this.stabilizer = chain.deployment.address("Stabilizer").toLowerCase();
    this.trader = chain.accounts.arbitrageur;
  }

  /** Blocks at the pace of the network in which nothing is due. */
  async quiet(
    ticks: number,
  ): Promise<Pick<LatencyReport, "quietTicks" | "exchangesPerQuietTick" | "requestsPerQuietTick">> {
    const { stopwatch } = this;
    const seen = (count: number, from: number): Promise<void> => this.until(() => stopwatch.seenBlock >= from + count);
    await this.until(() => stopwatch.seenBlock >= 0 && stopwatch.looksSince > 0);
    await seen(SETTLING_BLOCKS, stopwatch.seenBlock);
    const before = { block: stopwatch.seenBlock, exchanges: stopwatch.exchanges, requests: stopwatch.requests };
    await seen(ticks, before.block);
    const blocks = stopwatch.seenBlock - before.block;
    return {
      quietTicks: blocks,
      exchangesPerQuietTick: rounded((stopwatch.exchanges - before.exchanges) / blocks),
      requestsPerQuietTick: rounded((stopwatch.requests - before.requests) / blocks),
    };
  }

  /** Pushes the pool to one side and the other until the keeper has executed so often. */
  async decide(count: number): Promise<Pick<LatencyReport, "decisions" | "decisionMs" | "exchangesPerDecision">> {
    const { rpc, deployment, contracts } = this.chain;
    await rpc.request("evm_setIntervalMining", [0]);
    const [base, quote] = ["cUSDT", "cUSDC"] as const;
    for (const token of [base, quote]) {
      const data = contracts.token(token).interface.encodeFunctionData("approve", [this.pool, MaxUint256]);
      await this.transact(deployment.token(token), data);
    }
    await this.mine(1);
    for (let round = 0; this.executions().length < count; round += 1) {
      const before = this.executions().length;
      const order: [bigint, bigint, string, string, bigint] = [PUSH_UNITS, 0n, this.trader, this.trader, MaxUint256];
      const data =
        round % 2 === 0
          ? poolAbi.encodeFunctionData("swapBase", order)
          : poolAbi.encodeFunctionData("swapQuote", order);
      await this.transact(this.pool, data);
      await this.mine(ROUND_BLOCKS);
      if (this.executions().length === before) throw this.stuck("executed nothing after a push");
    }
    const taken = this.executions();
    const sorted = taken.map(({ afterMs }) => afterMs).sort((a, b) => a - b);
    return {
      decisions: taken.length,
      decisionMs: {
        p50: rounded(percentile(sorted, 0.5)),
        p99: rounded(percentile(sorted, 0.99)),
        max: rounded(sorted.at(-1) ?? 0),
      },
      exchangesPerDecision: Math.max(...taken.map(({ exchanges }) => exchanges)),
    };
  }

  /** Every execution that the keeper has sent; pokes and refills are not among them. */
  private executions(): readonly Broadcast[] {
    return this.stopwatch.broadcasts.filter(({ raw }) => Transaction.from(raw).to?.toLowerCase() === this.stabilizer);
  }

  /** Mines, and waits until the keeper has done its work for the newest block: then it looks for the next one. */
  private async mine(blocks: number): Promise<void> {
    const { rpc } = this.chain;
    for (let block = 0; block < blocks; block += 1) {
      await rpc.request("evm_mine", []);
      const newest = await rpc.blockNumber();
      await this.until(() => this.stopwatch.seenBlock >= newest && this.stopwatch.looksSince > 0);
    }
  }

  private async transact(to: string, data: string): Promise<void> {
    await this.chain.rpc.request("eth_sendTransaction", [
      { from: this.trader, to, data, gas: `0x${GAS.toString(16)}` },
    ]);
  }

  private async until(holds: () => boolean): Promise<void> {
    const startedMs = performance.now();
    while (!holds()) {
      if (this.keeper.exitCode !== undefined || performance.now() - startedMs > WAIT_MS) {
        throw this.stuck("does not look at the chain");
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  private stuck(what: string): PermanentError {
    const last = this.keeper.lastErrorLines.at(-1) ?? "start it by hand";
    return new PermanentError("BENCH_STUCK", `the keeper ${what}`, last);
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
