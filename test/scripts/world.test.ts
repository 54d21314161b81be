import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { expect } from "chai";

import type { ProcessStatus } from "../../keepers/kit/insight/status.js";
import { Rpc, WorldProvider } from "../../scripts/world/rpc.js";
import type { WorldFigures } from "../../scripts/world/summary.js";

const ROOT = join(import.meta.dirname, "..", "..");
const SCRIPT = ["--import", "tsx", "scripts/start.ts"];

interface Finished {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly answer: Record<string, unknown>;
}

/** A local world on a free port, with what it prints for people and its last line. */
class RunningWorld {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  #last = "";
  readonly #ready: Promise<void>;

  /** Every one that was started, so that a failed test leaves none behind. */
  static readonly started: RunningWorld[] = [];

  constructor(args: readonly string[]) {
    RunningWorld.started.push(this);
    this.process = spawn(process.execPath, [...SCRIPT, "--port", "0", "--json", ...args], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { stdout, stderr } = this.process;
    if (stdout === null || stderr === null) throw new Error("the world has no output");
    createInterface({ input: stdout }).on("line", (line) => {
      this.#last = line;
    });
    this.#ready = new Promise((resolve, reject) => {
      createInterface({ input: stderr }).on("line", (line) => {
        this.lines.push(line);
        if (line.startsWith("block")) resolve();
      });
      this.process.once("exit", () => {
        reject(new Error(`the world ended before its first event: ${this.lines.join("\n")}`));
      });
    });
  }

  /** After the first event line. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Where the copies of a keeper tell how they are, as the world's first lines say. */
  statusUrls(keeper: string): string[] {
    const line = this.lines.find((text) => text.includes(`${keeper}: http`)) ?? "";
    return line.match(/http:\/\/[^\s,]+/g) ?? [];
  }

  /** Processes that the world has started; `program`: only those that run it. */
  children(program = ""): number[] {
    const listed = spawnSync("ps", ["-ww", "-o", "pid=,args=", "--ppid", String(this.process.pid)], {
      encoding: "utf8",
    });
    const lines = listed.stdout.split("\n").filter((line) => line.trim() !== "" && line.includes(program));
    return lines.map((line) => Number.parseInt(line, 10));
  }

  async finished(): Promise<Finished> {
    this.#ready.catch(() => undefined);
    const [code] =
      this.process.exitCode === null
        ? ((await once(this.process, "exit")) as [number | null])
        : [this.process.exitCode];
    return { code, lines: this.lines, answer: JSON.parse(this.#last) as Record<string, unknown> };
  }
}

/** Undefined while nobody listens there. */
async function statusAt(url: string): Promise<ProcessStatus | undefined> {
  return fetch(url).then(
    async (response) => (await response.json()) as ProcessStatus,
    () => undefined,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("local world", function () {
  this.timeout(300_000);
  afterEach(async () => {
    for (const world of RunningWorld.started.splice(0)) {
      if (world.process.exitCode !== null || world.process.signalCode !== null) continue;
      world.process.kill("SIGINT");
      await once(world.process, "exit");
    }
  });

  it("ROUND-4 holds the peg for 20 s, attacks itself in vain and answers with every key", async () => {
    const world = new RunningWorld(["--for", "20s"]);
    const { code, lines, answer } = await world.finished();
    const figures = answer as unknown as WorldFigures;
    // first what makes `ok`, so that a failure says why
    expect({
      errors: figures.errors,
      attacks: figures.chains["138"]?.attacks.list.filter(({ profitUsd }) => profitUsd >= 0),
      lost: figures.keepers["price-reporter"]?.rounds?.lost,
      duplicates: figures.keepers["price-reporter"]?.rounds?.duplicates,
      violations: figures.collateral?.violations,
    }).to.deep.equal({ errors: [], attacks: [], lost: 0, duplicates: 0, violations: 0 });
    expect(code).to.equal(0);
    expect(figures).to.include({ ok: true, speed: 60, seed: 1, volume: 1 });

    expect(lines.some((line) => /chain 138 +http:\/\/127\.0\.0\.1:\d+/.test(line))).to.equal(true);
    expect(lines.some((line) => line.includes("one second carries 60 s"))).to.equal(true);

    const chain = figures.chains["138"] ?? expect.fail("chain 138 is missing");
    expect(chain.rpc).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(chain.blocks).to.be.within(5, 20);
    expect(chain.trades).to.be.greaterThan(50);
    expect(chain.attacks.attempted).to.be.greaterThan(0);
    expect(chain.attacks.profitable).to.equal(0);
    expect(Object.keys(chain.pools)).to.deep.equal(["cUSDT/cUSDC", "XAU/cUSDT", "XAU/cUSDC", "XAU/cEURT"]);
    for (const [name, pool] of Object.entries(chain.pools)) {
      expect(pool.address, name).to.match(/^0x[0-9a-fA-F]{40}$/);
      expect(pool.kind).to.equal("public");
      expect(pool.blockEnds).to.equal(chain.blocks);
      expect(pool.inBandShare).to.equal(1);
      expect(pool.deviationBps).to.have.all.keys("p50", "p99", "p999", "max");
      expect(Object.keys(pool.volumeIn)).to.deep.equal(name.split("/"));
      for (const units of Object.values(pool.volumeIn)) expect(units).to.match(/^\d+$/);
    }
    expect(Object.keys(figures.keepers)).to.have.members(["deviation-stabilizer", "price-reporter"]);
    for (const [name, keeper] of Object.entries(figures.keepers)) {
      expect(keeper.errors, name).to.equal(0);
      expect(keeper.skips["inside-band"], name).to.be.greaterThan(0);
      expect(keeper.gasPerExecution, name).to.have.all.keys("p50", "max");
      expect(keeper.copies, name).to.equal(2);
      expect(keeper.kills, name).to.be.greaterThan(0);
      expect(keeper.takeOverMsMax, name).to.be.within(1, 10_000);
    }
    // ROUND-4: whoever of the reporter's copies is killed, the chain has each of its rounds once.
    const rounds = figures.keepers["price-reporter"]?.rounds ?? expect.fail("nobody counted the rounds");
    expect(rounds).to.include({ lost: 0, duplicates: 0, feeds: 17 });
    expect(rounds.onChain).to.be.greaterThan(rounds.feeds);
    expect(rounds.onChain).to.equal(chain.feedRounds);
    expect(rounds.feedsInOneBlock).to.be.greaterThan(1);
    expect(rounds.reverted).to.be.at.most(rounds.byOthers);
    expect((answer["services"] as { postgres: string }).postgres).to.match(/^postgres:\/\/127\.0\.0\.1:\d+\/world_/);
    expect(figures.stabilizer).to.have.all.keys(
      "inventoryChangeXauWei",
      "lossMaxXauWei",
      "inventoryChangeAtMarketXauWei",
      "markToMarketXauWei",
      "haltedBlocks",
    );
    expect(figures.stabilizer.lossMaxXauWei).to.equal("0");
    expect(Object.keys(figures.reserves)).to.deep.equal(["cUSDT", "cUSDC", "cEURT"]);
    for (const reserve of Object.values(figures.reserves)) expect(reserve.tier).to.equal("target");
    expect(figures.buckets).to.have.all.keys("A", "B", "C", "D", "E");
    for (const xauWei of Object.values(figures.buckets)) expect(BigInt(xauWei ?? 0n) > 0n).to.equal(true);
    expect(lines.some((line) => /reserves +cUSDT target .*P .* T 300 s/.test(line))).to.equal(true);
    // What is not built is absent, not faked.
    expect(answer).to.not.have.any.keys("spreadBps");
  });

  it("ends on Ctrl-C with 130, with its summary, and leaves no process behind", async () => {
    const world = new RunningWorld(["--without", "keepers,attacker,solana", "--speed", "300"]);
    await world.ready;
    // Not the compiler that tsx starts where a file was not compiled before, and that ends with it.
    const children = world.children("world/leash.mjs");
    expect(children).to.have.length(1);
    world.process.kill("SIGINT");
    const { code, answer } = await world.finished();
    expect(code).to.equal(130);
    expect(answer).to.have.property("chains");
    expect(answer["keepers"]).to.deep.equal({});
    expect(children.filter(isAlive)).to.deep.equal([]);
  });

  it("says so when the chain is gone in mid-run, and does not hang", async () => {
    const world = new RunningWorld(["--speed", "300", "--without", "kills,stabilizer,solana"]);
    await world.ready;
    const children = world.children();
    expect(children.length).to.be.at.least(4);
    // The copy that leads says so.
    const urls = world.statusUrls("price-reporter");
    expect(urls).to.have.length(2);
    while (!(await Promise.all(urls.map(statusAt))).some((status) => status?.lease?.held === true)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // Not the smallest number: the system counts from the beginning again.
    const [chain] = world.children("world/node-main.ts");
    process.kill(chain ?? expect.fail("no chain runs"), "SIGKILL");
    const { code, answer } = await world.finished();
    expect(code).to.equal(1);
    expect(answer).to.have.nested.property("error.code", "RPC_GONE");
    // The process that watches over PostgreSQL ends once it has seen that nobody is left.
    for (const started = Date.now(); children.some(isAlive) && Date.now() - started < 15_000;) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(children.filter(isAlive)).to.deep.equal([]);
  });

  it("names a chain that is gone alike on both of its connections", async () => {
    const url = "http://127.0.0.1:1";
    const provider = new WorldProvider(url, 31_337n, { staticNetwork: true });
    const codes = [
      new Rpc(url).request("eth_blockNumber", []),
      provider.send("eth_blockNumber", []),
      provider.getBlockNumber(),
    ].map((asked) => asked.catch((error: unknown) => (error as { code?: string }).code));
    expect(await Promise.all(codes)).to.deep.equal(["RPC_GONE", "RPC_GONE", "RPC_GONE"]);
    provider.destroy();
  });

  it("refuses a port that is in use and says what to do", async () => {
    const blocker = createServer();
    blocker.listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      const run = spawnSync(process.execPath, [...SCRIPT, "--port", String(port), "--json"], {
        cwd: ROOT,
        encoding: "utf8",
      });
      expect(run.status).to.equal(1);
      const answer = JSON.parse(run.stdout.trim()) as { error: { code: string; fix: string } };
      expect(answer.error.code).to.equal("PORT_IN_USE");
      expect(answer.error.fix).to.contain("--port");
    } finally {
      blocker.close();
    }
  });

  for (const args of [
    ["--chains", "138,651940"],
    ["--with", "tbtc"],
    ["--faults", "bridge"],
  ]) {
    it(`refuses ${args.join(" ")}, which is not built, with exit code 2`, () => {
      const run = spawnSync(process.execPath, [...SCRIPT, ...args, "--json"], { cwd: ROOT, encoding: "utf8" });
      expect(run.status).to.equal(2);
      expect(JSON.parse(run.stdout.trim())).to.have.nested.property("error.code", "PART_NOT_BUILT");
    });
  }
});
