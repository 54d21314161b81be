import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { expect } from "chai";

import type { ProcessStatus } from "../../keepers/kit/insight/status.js";
import { Rpc, WorldProvider } from "../../scripts/world/rpc.js";
import type { BridgeFigures } from "../../scripts/world/bridge/figures.js";
import type { ChainFigures } from "../../scripts/world/chainFigures.js";
import type { FurtherChain, WorldFigures } from "../../scripts/world/summary.js";

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
  readonly #onLine = new Set<() => void>();

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
        if (/^(\d+ +)?block/.test(line)) resolve();
        for (const seen of this.#onLine) seen();
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

  /** Until there is a line for each of these. Rejects when the world ends before. */
  seen(...patterns: readonly RegExp[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!patterns.every((pattern) => this.lines.some((line) => pattern.test(line)))) return;
        this.#onLine.delete(look);
        resolve();
      };
      this.#onLine.add(look);
      this.process.once("exit", () => {
        reject(new Error(`the world ended too early: ${this.lines.join("\n")}`));
      });
      this.#ready.then(look, reject);
    });
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

const PAIRS = ["cUSDT/cUSDC", "XAU/cUSDT", "XAU/cUSDC", "XAU/cEURT"];
/** What the bridge can be tried without. */
const WITHOUT_THE_REST = ["--without", "solana,attacker,kills,stabilizer,arbitrage"];

/** Beside tBTC. */
const ONLY_REPORTED = ["--without", "market,attacker,stabilizer,solana"];

/** First what makes `ok`, so that a failure says why. */
function expectSound(figures: WorldFigures): void {
  expect({
    errors: figures.errors,
    attacks: figures.chains["138"]?.attacks.list.filter(({ profitUsd }) => profitUsd >= 0),
    lost: figures.keepers["price-reporter"]?.rounds?.lost,
    duplicates: figures.keepers["price-reporter"]?.rounds?.duplicates,
    bridge: figures.bridge?.conservation.list,
    violations: figures.collateral?.violations ?? 0,
  }).to.deep.equal({ errors: [], attacks: [], lost: 0, duplicates: 0, bridge: [], violations: 0 });
  expect(figures.ok).to.equal(true);
}

function furtherChain({ chains }: WorldFigures): FurtherChain {
  const further = chains["651940"];
  return further !== undefined && "keepers" in further ? further : expect.fail("chain 651940 is missing");
}

function expectPools({ pools, blocks }: ChainFigures): void {
  expect(Object.keys(pools)).to.deep.equal(PAIRS);
  for (const [name, pool] of Object.entries(pools)) {
    expect(pool.address, name).to.match(/^0x[0-9a-fA-F]{40}$/);
    expect(pool.kind).to.equal("public");
    expect(pool.blockEnds).to.equal(blocks);
    // How quickly a copy takes over is a matter of this machine, too.
    expect(pool.inBandShare).to.be.at.least(0.95);
    expect(pool.deviationBps).to.have.all.keys("p50", "p99", "p999", "max");
    expect(Object.keys(pool.volumeIn)).to.deep.equal(name.split("/"));
    for (const units of Object.values(pool.volumeIn)) expect(units).to.match(/^\d+$/);
  }
}

/** To the unit, and compared at all. */
function expectBacked({ tokens, conservation }: BridgeFigures): void {
  expect(conservation.checks).to.be.greaterThan(0);
  expect(conservation).to.include({ violations: 0 });
  for (const [token, { lockedUnits, mintedUnits, inFlightUnits }] of Object.entries(tokens))
    expect(BigInt(lockedUnits), token).to.equal(BigInt(mintedUnits) + BigInt(inFlightUnits));
  expect(Object.values(tokens).some(({ mintedUnits }) => BigInt(mintedUnits) > 0n)).to.equal(true);
}

describe("local world", function () {
  // Until everything that is waited for has happened once.
  this.timeout(600_000);
  afterEach(async () => {
    for (const world of RunningWorld.started.splice(0)) {
      if (world.process.exitCode !== null || world.process.signalCode !== null) continue;
      world.process.kill("SIGINT");
      await once(world.process, "exit");
    }
  });

  it("ROUND-4 BRIDGE-14 holds the peg on two chains, bridges, attacks itself in vain and answers with every key", async () => {
    const world = new RunningWorld(["--latency", "2s"]);
    await world.seen(
      /138 +block.*price-reporter: copy . was killed/,
      /138 +block.*deviation-stabilizer: copy . was killed/,
      /138 +block.*cross-chain-arbitrage: copy . was killed/,
      /651940 +block.*from 138 arrived after/,
      /138 +block.*attack .*for the attacker/,
      /138 +block.*sent to 651940/,
    );
    world.process.kill("SIGINT");
    const { code, lines, answer } = await world.finished();
    const figures = answer as unknown as WorldFigures;
    expectSound(figures);
    expect(code).to.equal(130);
    expect(figures).to.include({ ok: true, speed: 60, seed: 1, volume: 1 });

    for (const chain of ["138", "651940"])
      expect(lines.some((line) => new RegExp(`chain ${chain} +http://127\\.0\\.0\\.1:\\d+`).test(line))).to.equal(true);
    expect(lines.some((line) => line.includes("one second carries 60 s"))).to.equal(true);
    expect(Object.keys(figures.chains)).to.deep.equal(["138", "651940"]);
    for (const [name, chain] of Object.entries(figures.chains)) {
      expect(chain.rpc, name).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(chain.blocks, name).to.be.greaterThan(3);
      expect(chain.trades, name).to.be.greaterThan(50);
      expectPools(chain);
    }
    const chain = figures.chains["138"] ?? expect.fail("chain 138 is missing");
    expect(chain.attacks.attempted).to.be.greaterThan(0);
    // Flows are independent: the same seed gives each chain trades of its own.
    const volumes = Object.values(figures.chains).map(({ pools }) => pools["cUSDT/cUSDC"]?.volumeIn);
    expect(volumes[0]).to.not.deep.equal(volumes[1]);

    expect(Object.keys(figures.keepers)).to.have.members([
      "deviation-stabilizer",
      "price-reporter",
      "bridge-attestor",
      "cross-chain-arbitrage",
    ]);
    for (const [name, keeper] of Object.entries(figures.keepers)) {
      expect(keeper.errors, name).to.equal(0);
      expect(keeper.gasPerExecution, name).to.have.all.keys("p50", "max");
      expect(keeper.copies, name).to.equal(name === "bridge-attestor" ? 3 : 2);
      if (name === "bridge-attestor") continue;
      expect(keeper.kills, name).to.be.greaterThan(0);
      expect(keeper.takeOverMsMax, name).to.be.greaterThan(0);
    }
    // ROUND-4: whoever of the reporter's copies is killed, the chain has each of its rounds once.
    const rounds = figures.keepers["price-reporter"]?.rounds ?? expect.fail("nobody counted the rounds");
    expect(rounds).to.include({ lost: 0, duplicates: 0, feeds: 17 });
    expect(rounds.onChain).to.be.greaterThan(rounds.feeds);
    expect(rounds.onChain).to.equal(chain.feedRounds);
    expect(rounds.feedsInOneBlock).to.be.greaterThan(1);
    expect(rounds.reverted).to.be.at.most(rounds.byOthers);
    const abroad = furtherChain(figures);
    expect(abroad.keepers).to.have.all.keys("deviation-stabilizer", "price-reporter");
    expect(abroad.keepers["price-reporter"]?.rounds).to.include({ lost: 0, duplicates: 0, feeds: 17 });
    expect((answer["services"] as { postgres: string }).postgres).to.match(/^postgres:\/\/127\.0\.0\.1:\d+\/world_/);
    for (const system of [figures, abroad]) {
      expect(system.stabilizer).to.have.all.keys(
        "inventoryChangeXauWei",
        "lossMaxXauWei",
        "inventoryChangeAtMarketXauWei",
        "markToMarketXauWei",
        "haltedBlocks",
      );
      expect(system.stabilizer.lossMaxXauWei).to.equal("0");
      expect(Object.keys(system.reserves)).to.deep.equal(["cUSDT", "cUSDC", "cEURT"]);
      for (const reserve of Object.values(system.reserves)) expect(reserve.tier).to.equal("target");
      expect(system.buckets).to.have.all.keys("A", "B", "C", "D", "E");
      for (const xauWei of Object.values(system.buckets)) expect(BigInt(xauWei ?? 0n) > 0n).to.equal(true);
    }
    expect(lines.some((line) => /reserves +cUSDT target .*P .* T 300 s/.test(line))).to.equal(true);

    const spreads = figures.spreadBps ?? expect.fail("no spread was measured");
    expect(Object.keys(spreads)).to.deep.equal(PAIRS);
    for (const spread of Object.values(spreads))
      expect(spread).to.include.all.keys("p50", "p99", "max", "within15Share");
    const bridge = figures.bridge ?? expect.fail("nobody looked at the bridge");
    expect(bridge.latencySeconds).to.equal(2);
    expect(bridge.delivered).to.be.greaterThan(0);
    expect(bridge.sent).to.equal(bridge.delivered + bridge.refunded + bridge.inFlight);
    expect(bridge).to.not.have.property("faults");
    expectBacked(bridge);
  });

  it("BRIDGE-14 conserves every unit while messages, attestors and blocks suffer faults", async () => {
    const world = new RunningWorld(["--latency", "2s", "--faults", "bridge", ...WITHOUT_THE_REST]);
    await world.seen(
      /fault +delayed/,
      /fault +duplicated: a second delivery was refused/,
      /fault +reordered/,
      /fault +dropped/,
      /fault +bridge-attestor . was killed/,
      /651940 +block.*fault +block 0x[0-9a-f]{8}… was replaced by 0x[0-9a-f]{8}…/,
      /138 +block.*paid back|651940 +block.*paid back/,
    );
    world.process.kill("SIGINT");
    const { code, answer } = await world.finished();
    const figures = answer as unknown as WorldFigures;
    expectSound(figures);
    expect(code).to.equal(130);
    const bridge = figures.bridge ?? expect.fail("nobody looked at the bridge");
    const faults = bridge.faults ?? expect.fail("no fault was counted");
    const { delayed, duplicated, reordered, dropped, attestorKills, reorgs } = faults;
    for (const count of [delayed, duplicated, reordered, dropped, attestorKills, reorgs])
      expect(count).to.be.greaterThan(0);
    expect(bridge.refunded).to.be.within(1, dropped);
    expect(figures.keepers["bridge-attestor"]?.kills).to.equal(attestorKills);
    expectBacked(bridge);
  });

  it("runs chain 138 alone for as long as it is told, or until Ctrl-C, with nothing of another chain and no process left behind", async () => {
    const alone = ["--chains", "138", "--without", "keepers,attacker,solana"];
    // Side by side: each opens on a processor of its own.
    const told = new RunningWorld([...alone, "--for", "4s"]);
    const stopped = new RunningWorld([...alone, "--speed", "300"]);

    await stopped.ready;
    // Not the compiler that tsx starts where a file was not compiled before, and that ends with it.
    const children = stopped.children("world/leash.mjs");
    expect(children).to.have.length(1);
    stopped.process.kill("SIGINT");
    for (const [world, exitCode] of [
      [stopped, 130],
      [told, 0],
    ] as const) {
      const { code, lines, answer } = await world.finished();
      expect(code).to.equal(exitCode);
      expect(Object.keys(answer["chains"] as object)).to.deep.equal(["138"]);
      expect(answer["keepers"]).to.deep.equal({});
      expect(answer).to.not.have.any.keys("spreadBps", "bridge", "services", "collateral");
      expect(lines.some((line) => line.includes("651940"))).to.equal(false);
      if (world === told) expect(answer["ok"]).to.equal(true);
    }
    expect(children.filter(isAlive)).to.deep.equal([]);
  });

  it("TBTC-22 rescues deposits of tBTC v1 before anybody can liquidate them, while the copy that leads is killed", async () => {
    const world = new RunningWorld(["--chains", "138", "--with", "tbtc", ...ONLY_REPORTED]);
    await world.seen(
      /tbtc +rescued/,
      /tbtc +price .*may be liquidated/,
      /tbtc +settled/,
      /courtesy-call-redeemer: copy . was killed/,
    );
    world.process.kill("SIGINT");
    const { code, answer } = await world.finished();
    const figures = answer as unknown as WorldFigures;
    expect(figures.errors).to.deep.equal([]);
    expect(figures.ok).to.equal(true);
    expect(code).to.equal(130);
    const tbtc = figures.tbtc ?? expect.fail("nobody looked at tBTC");
    expect(tbtc.liquidated).to.equal(0);
    expect(tbtc.settled).to.be.within(1, tbtc.rescued);
    expect(tbtc.opened).to.be.at.least(tbtc.rescued + tbtc.byOthers);
    expect(BigInt(tbtc.bitcoinBackSat) > 0n).to.equal(true);
    expect(tbtc.rpc).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(tbtc.electrum).to.have.length(3);
    const keeper = figures.keepers["courtesy-call-redeemer"] ?? expect.fail("nobody rescued");
    expect(keeper).to.include({ executions: tbtc.rescued, copies: 2, errors: 0 });
    expect(keeper.kills).to.be.greaterThan(0);
  });

  it("says so when the chain is gone in mid-run, and does not hang", async () => {
    const world = new RunningWorld(["--chains", "138", "--speed", "300", "--without", "kills,stabilizer,solana"]);
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
    while (children.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 50));
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

  const refused: readonly (readonly [readonly string[], string])[] = [
    [["--chains", "651940"], "INVALID_VALUE"],
    [["--with", "tbct"], "INVALID_VALUE"],
    [["--chains", "138", "--faults", "bridge"], "CONFLICTING_FLAGS"],
    [["--chains", "138", "--latency", "30s"], "CONFLICTING_FLAGS"],
    [["--faults", "bridge", "--without", "keepers"], "CONFLICTING_FLAGS"],
    [["--latency", "2h"], "INVALID_VALUE"],
  ];
  for (const [args, code] of refused) {
    it(`refuses ${args.join(" ")} with exit code 2`, () => {
      const run = spawnSync(process.execPath, [...SCRIPT, ...args, "--json"], { cwd: ROOT, encoding: "utf8" });
      expect(run.status).to.equal(2);
      expect(JSON.parse(run.stdout.trim())).to.have.nested.property("error.code", code);
    });
  }
});
