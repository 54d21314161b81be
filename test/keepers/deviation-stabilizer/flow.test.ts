import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";
import { Transaction } from "ethers";

import { realisedResult } from "../../../db/queries/pnl/result.js";
import { auditStream } from "../../../keepers/kit/audit/stream.js";
import { verifyAudit } from "../../../keepers/kit/audit/verify.js";
import { Control } from "../../../keepers/kit/control/control.js";
import { program } from "../../../keepers/deviation-stabilizer/main.js";
import type { ProgramResult } from "../../../keepers/kit/program.js";
import { readStatus, statusPath } from "../../../keepers/kit/statusFile.js";
import { CantileverError } from "../../../protocol/errors.js";
import { loadParams } from "../../../protocol/params/load.js";
import { pegState, type PegReport } from "../../../protocol/pegBoard.js";
import { encodeSubmit, roundDigest } from "../../../protocol/signedRound.js";
import { feedSpecs, reporterKeys } from "../../../scripts/sim/reports.js";
import { freePort } from "../../../scripts/world/child.js";
import { startDeployedChain, type DeployedChain } from "../../helpers/deployedChain.js";
import type { RpcRequest } from "../../helpers/flakyRpc.js";
import { startForkNode } from "../../helpers/forkNode.js";
import { startHttpSink } from "../../helpers/httpSink.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";

const NETWORK = "localhost";
/** Quick blocks: the tests count blocks, not seconds. */
const BLOCK_MS = 120;
/** Spec: fewer than 5 blocks from the first block end outside θ. */
const LATENCY_BLOCKS = 5;
/** What the keeper reads in every block: pools, pegs, buckets. */
const STANDING_CALLS = 3;
/** ICapitalBuckets.Bucket.RESERVE. */
const RESERVE = 4;

describe("keepers/deviation-stabilizer on a chain with the real contracts", () => {
  let chain: DeployedChain;
  let pristine: unknown;
  let thetaBps: number;
  let fastBps: number;
  let confirmations: number;
  let windowBlocks: number;
  let testNumber = 0;
  const postgres = usePostgres();
  /** Of the test's own, because every test starts from the same blocks again. */
  let database: TestDatabase;
  /** Keepers that a failed assertion may have left running. */
  const running: AbortController[] = [];
  const unfinished: Promise<unknown>[] = [];
  /** What a test has started beside them. */
  const ends: (() => unknown)[] = [];

  before(async () => {
    chain = await startDeployedChain();
    // Twenty quiet blocks: every pool has a history, every cooldown is over.
    await chain.mine(20);
    const config = await chain.contracts.limits.poolConfig(chain.deployment.address("PmmPool:cUSDT/cUSDC"));
    [thetaBps, fastBps] = [Number(config.thresholdWad) / 1e14, Number(config.fastThresholdWad) / 1e14];
    [confirmations, windowBlocks] = [Number(config.confirmations), Number(config.windowBlocks)];
  });
  after(async () => {
    await chain.close();
  });
  beforeEach(async () => {
    testNumber += 1;
    database = await postgres.testDatabase();
    pristine = await chain.ask("evm_snapshot");
    chain.proxy.fault = () => undefined;
    chain.proxy.seen.length = 0;
  });
  afterEach(async () => {
    for (const controller of running.splice(0)) controller.abort();
    await Promise.allSettled(unfinished.splice(0));
    for (const end of ends.splice(0)) await end();
    await chain.ask("evm_setIntervalMining", 0);
    await chain.ask("evm_revert", pristine);
  });

  /** Each test has its own evidence. */
  const data = (): string => join(chain.folder, `data-${String(testNumber)}`);
  function env(more: Record<string, string> = {}): Record<string, string> {
    return {
      LOCALHOST_RPC_URL: chain.proxy.url,
      DATABASE_URL: database.url,
      KEEPER_DEPLOYMENTS_FOLDER: chain.folder,
      KEEPER_DATA_FOLDER: data(),
      KEEPER_POLL_MS: "20",
      // Nothing here is a matter of how quick this machine is.
      KEEPER_RPC_TIMEOUT_MS: "30000",
      KEEPER_LEASE_SECONDS: "60",
      STABILIZER_VALID_BLOCKS: "1000",
      KEEPER_LOG_LEVEL: "silent",
      ...more,
    };
  }

  /** A keeper in the background. `stop` ends it and returns its report. */
  function start(execute = true, more: Record<string, string> = {}) {
    const controller = new AbortController();
    const done = program.run({
      network: NETWORK,
      env: env(more),
      signal: controller.signal,
      say: () => undefined,
      execute,
      once: false,
      terminal: false,
    });
    running.push(controller);
    unfinished.push(done);
    return {
      /** Ends by itself. */
      finished: () => done,
      async stop(): Promise<ProgramResult> {
        controller.abort();
        return done;
      },
    };
  }

  const height = async (): Promise<number> => Number(await chain.ask("eth_blockNumber"));
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  /** Until the keeper has done its work for the newest block. What it does is then a matter of logic, not of this machine's load. */
  async function keeperDone(folder = data()): Promise<void> {
    const newest = await height();
    const isDone = (): boolean => {
      const seen = readStatus(statusPath(folder, "deviation-stabilizer", NETWORK));
      return seen !== undefined && !seen.stopped && seen.lastBlock === newest;
    };
    while (!isDone()) await wait(10);
  }
  async function mineAndWait(blocks: number, folder = data()): Promise<void> {
    for (let block = 0; block < blocks; block += 1) {
      await chain.mine();
      await keeperDone(folder);
    }
  }
  function recorded(): Record<string, unknown>[] {
    const file = join(data(), "deviation-stabilizer-localhost.jsonl");
    const lines = readFileSync(file, "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
  const isStabilizerCall = (request: RpcRequest): boolean =>
    request.method === "eth_call" &&
    // What a start asks about powers comes from nobody.
    (request.params[0] as { from?: string }).from !== undefined &&
    String((request.params[0] as { to?: string }).to).toLowerCase() ===
      chain.deployment.address("Stabilizer").toLowerCase();

  it("answers a push of each pool in fewer than five blocks, back to the anchor", async () => {
    const keeper = start();
    await keeperDone();
    const pairs = Object.entries(chain.deployment.pools());
    expect(pairs).to.have.length(4);
    // Above θ but below the fast threshold, far above, and both directions.
    const small = [1.3 * thetaBps, -1.8 * thetaBps];
    const pushes = [...small, 1.2 * fastBps, -2 * fastBps];
    const latencies: number[] = [];
    const fullyClosed: number[] = [];
    for (const [index, [pair, pool]] of pairs.entries()) {
      const bps = pushes[index] ?? NaN;
      await chain.push(pair, bps);
      await mineAndWait(1);
      const firstOutside = await height();
      const blockEnd = Number((await chain.contracts.pool(pair).spotRatio()) - 10n ** 18n);
      expect(Math.abs(blockEnd), `${pair} is outside θ`).to.be.greaterThan(thetaBps * 1e14);
      await mineAndWait(LATENCY_BLOCKS);
      const [execution] = (await chain.executions(firstOutside)).filter((entry) => entry.pool === pool);
      expect(execution, `${pair} pushed by ${String(bps)} bps`).to.not.equal(undefined);
      latencies.push((execution?.block ?? Infinity) - firstOutside);
      // Small pushes are closed in one go; larger ones are cut at the cap of a block and go on after the cooldown.
      const leftBps = Math.abs(Number(await chain.contracts.pool(pair).spotRatio()) / 1e18 - 1) * 10_000;
      expect(leftBps, `${pair} after the execution, bps`).to.be.lessThan(Math.abs(bps) * 0.9);
      if (leftBps < 0.01) fullyClosed.push(bps);
    }
    // The largest push needs several executions, one after each cooldown; in the end every pool is back.
    const outside = async (): Promise<string[]> => {
      const found = pairs.map(async ([pair, pool]) => {
        const { deviationWad } = await chain.contracts.stabilizer.checkDeviationWad(pool);
        return Math.abs(Number(deviationWad)) > thetaBps * 1e14 ? [pair] : [];
      });
      return (await Promise.all(found)).flat();
    };
    for (let block = 0; block < 6 * LATENCY_BLOCKS && (await outside()).length > 0; block += 1) await mineAndWait(1);
    expect(await outside()).to.deep.equal([]);
    // And what was sent last is told.
    await mineAndWait(2);
    const { report, ok } = await keeper.stop();
    expect(fullyClosed).to.include.members(small);
    expect(
      latencies.every((blocks) => blocks > 0 && blocks < LATENCY_BLOCKS),
      latencies.join(", "),
    ).to.equal(true);
    expect(report).to.deep.include({ errors: 0, failedTicks: 0, leftInFlight: false });
    expect(Number(report["executions"])).to.be.at.least(4);
    expect(Object.keys(report["settled"] as object)).to.deep.equal(["mined"]);
    expect(ok).to.equal(true);
  });

  /** Mines a block after the node has answered what the keeper asks in every block, and before it answers the question for the head. */
  async function mineMeanwhile(): Promise<void> {
    let answered = 0;
    await new Promise<void>((mined) => {
      chain.proxy.fault = async ({ method, params }) => {
        if (method !== "eth_call" || answered === STANDING_CALLS) return undefined;
        const result = await chain.ask(method, ...params);
        answered += 1;
        if (answered === STANDING_CALLS) {
          await chain.mine();
          mined();
        }
        return { kind: "answer", body: { result } };
      };
    });
    await keeperDone();
  }
  async function actsInFirstBlock(mineOne: () => Promise<void>): Promise<void> {
    // With N = 2 and W = 3, b being the first block end outside: beyond the fast threshold the rule holds after b + 1. Otherwise the
    // average of three must exceed θ twice: 1.8 θ does after b + 1 and b + 2, 1.3 θ after b + 2 and b + 3.
    expect([confirmations, windowBlocks]).to.deep.equal([2, 3]);
    expect(1.8 * thetaBps).to.be.lessThan(fastBps);
    const expected: Record<string, [number, number]> = {
      "cUSDT/cUSDC": [1.5 * fastBps, 2],
      "XAU/cUSDT": [-1.8 * thetaBps, 3],
      "XAU/cEURT": [1.3 * thetaBps, 4],
    };
    const keeper = start();
    await keeperDone();
    for (const [pair, [bps]] of Object.entries(expected)) await chain.push(pair, bps);
    await mineOne();
    const firstOutside = await height();
    for (let block = 0; block < 5; block += 1) await mineOne();
    await keeper.stop();
    const executions = await chain.executions(firstOutside);
    for (const [pair, [, latency]] of Object.entries(expected)) {
      const first = executions.find((entry) => entry.pool === chain.deployment.address(`PmmPool:${pair}`));
      expect((first?.block ?? Infinity) - firstOutside, pair).to.equal(latency);
    }
  }
  it("acts in the very first block in which the chain allows it", () => actsInFirstBlock(() => mineAndWait(1)));
  it("RPC-11 acts in the very first block in which the chain allows it, in whatever order its node answers", () =>
    actsInFirstBlock(mineMeanwhile));

  /** Mines a block while no node is answering the keeper. */
  async function mineBetweenLooks(): Promise<void> {
    let letGo = (): void => undefined;
    const mined = new Promise<undefined>((resolve) => {
      letGo = () => {
        resolve(undefined);
      };
    });
    await new Promise<void>((held) => {
      chain.proxy.fault = () => {
        held();
        return mined;
      };
    });
    await chain.mine();
    chain.proxy.fault = () => undefined;
    letGo();
    await keeperDone();
  }
  it("RPC-8 a quiet tick costs one request: everything it reads travels with the question for the head", async () => {
    const keeper = start(true, { KEEPER_POLL_MS: "100" });
    await keeperDone();
    await mineAndWait(1);
    chain.proxy.seen.length = 0;
    chain.proxy.exchanges = 0;
    for (let block = 0; block < 10; block += 1) await mineBetweenLooks();
    const { exchanges, seen } = chain.proxy;
    const { report } = await keeper.stop();
    expect(report).to.deep.include({ plans: 0, pokes: 0, refills: 0, failedTicks: 0 });
    const looks = seen.filter(({ method }) => method === "eth_getBlockByNumber").length;
    expect(looks, "one head in each exchange, and no exchange beside those").to.equal(exchanges);
    expect(seen.filter(({ method }) => method === "eth_call")).to.have.length(STANDING_CALLS * exchanges);
    expect(new Set(seen.map(({ method }) => method))).to.deep.equal(new Set(["eth_getBlockByNumber", "eth_call"]));
  });

  it("sends exactly the bytes it simulated, from the same account, and several pools in one transaction", async () => {
    const keeper = start();
    await keeperDone();
    // Both beyond the fast threshold, so that both are due in the same block.
    await chain.push("XAU/cUSDT", 14);
    await chain.push("XAU/cEURT", -14);
    await mineAndWait(3);
    const { report } = await keeper.stop();
    expect(report).to.deep.include({ executions: 2, plans: 1 });
    const raw = chain.proxy.seen.filter((request) => request.method === "eth_sendRawTransaction");
    expect(raw).to.have.length(1);
    const sent = Transaction.from(String(raw[0]?.params[0]));
    const simulated = chain.proxy.seen
      .filter(isStabilizerCall)
      .map((request) => request.params[0] as Record<string, string>);
    const same = simulated.filter(
      (call) =>
        call["data"] === sent.data &&
        call["from"]?.toLowerCase() === sent.from?.toLowerCase() &&
        BigInt(call["gas"] ?? 0) === sent.gasLimit,
    );
    expect(same).to.have.length(1);
    expect(simulated).to.have.length(1);
  });

  it("explains every skip: inside the band, not sustained, cooldown; and repeats itself only when something changes", async () => {
    const keeper = start();
    await keeperDone();
    await chain.push("cUSDT/cUSDC", 10);
    await mineAndWait(4);
    await chain.push("cUSDT/cUSDC", 10);
    await mineAndWait(3);
    const { report } = await keeper.stop();
    const skips = report["skips"] as Record<string, number>;
    expect(Object.keys(skips)).to.include.members(["inside-band", "not-sustained", "cooldown"]);
    const own = recorded().filter((entry) => entry["kind"] === "skips");
    expect(own.length).to.be.greaterThan(2);
    expect(own.length).to.be.lessThan(Number(report["ticks"]) + 1);
    for (const entry of own) {
      for (const skip of entry["skips"] as Record<string, unknown>[]) {
        expect(skip).to.have.property("reason");
        if (skip["reason"] === "inside-band")
          expect(skip).to.deep.include({ unit: "wad", needed: String(thetaBps * 1e14) });
      }
    }
  });

  it("does nothing about a swing that closes inside its block", async () => {
    const keeper = start();
    await keeperDone();
    for (let block = 0; block < 4; block += 1) {
      await chain.swing("cUSDT/cUSDC", 200_000_000_000n); // a fifth of the pool
      await mineAndWait(1);
    }
    const { report } = await keeper.stop();
    const deviation = await chain.contracts.stabilizer.checkDeviationWad(
      chain.deployment.address("PmmPool:cUSDT/cUSDC"),
    );
    // What the fees of eight trades leave behind is far inside the band.
    expect(Math.abs(Number(deviation.deviationWad))).to.be.lessThan((thetaBps * 1e14) / 2);
    expect(report).to.deep.include({ executions: 0, plans: 0, errors: 0 });
  });

  it("signs but sends nothing in a dry run", async () => {
    const keeper = start(false);
    await keeperDone();
    await chain.push("cUSDT/cUSDC", 10);
    await mineAndWait(4);
    const { report, ok } = await keeper.stop();
    expect(report).to.deep.include({ execute: false, executions: 0 });
    expect(Number(report["plans"])).to.be.greaterThan(0);
    expect(chain.proxy.count("eth_sendRawTransaction")).to.equal(0);
    expect(ok).to.equal(true);
  });

  it("goes on after the node was away, and executes what became due meanwhile", async () => {
    const keeper = start(true, { KEEPER_RPC_RETRIES: "0" });
    await keeperDone();
    let refused = 0;
    chain.proxy.fault = () => {
      refused += 1;
      return { kind: "refuse" };
    };
    await chain.push("XAU/cUSDC", 10);
    await chain.mine(4);
    while (refused < 2) await wait(10);
    chain.proxy.fault = () => undefined;
    await keeperDone();
    await mineAndWait(1);
    const { report } = await keeper.stop();
    expect(report).to.deep.include({ executions: 1, leftInFlight: false });
    expect(Number(report["missedBlocks"])).to.be.greaterThan(0);
  });

  it("with --once does one block's work and waits for what it sent", async () => {
    await chain.push("cUSDT/cUSDC", 10);
    await chain.mine(2);
    await chain.ask("evm_setIntervalMining", BLOCK_MS);
    const controller = new AbortController();
    const { report, ok } = await program.run({
      network: NETWORK,
      env: env(),
      signal: controller.signal,
      say: () => undefined,
      execute: true,
      once: true,
      terminal: false,
    });
    expect(ok).to.equal(true);
    expect(report).to.deep.include({ ticks: 1, executions: 1, leftInFlight: false });
    const gas = report["gasPerExecution"] as { p50: number };
    expect(gas.p50).to.be.greaterThan(100_000);
    expect(gas.p50).to.be.lessThan(700_000); // the keeper's own gas limit; the contracts' gas is measured elsewhere
  });

  it("leaves a pool alone while the gas price is above the chain's limit", async () => {
    const keeper = start(true, { KEEPER_MAX_FEE_GWEI: "5000" });
    await keeperDone();
    await chain.push("cUSDT/cUSDC", 10);
    await mineAndWait(1);
    for (let block = 0; block < 3; block += 1) {
      await chain.ask("hardhat_setNextBlockBaseFeePerGas", "0x2540be4000"); // 160 gwei, the limit is 100
      await mineAndWait(1);
    }
    const { report } = await keeper.stop();
    expect(report).to.deep.include({ executions: 0, plans: 0 });
    expect((report["skips"] as Record<string, number>)["gas-price"]).to.be.greaterThan(0);
  });

  /** Sends round `roundId` of every feed of cUSDC; nothing is mined. `answer`: USD with 8 decimals. */
  async function reportCusdc(answer: bigint, roundId: bigint): Promise<void> {
    const { params } = loadParams(NETWORK, chain.folder);
    const { timestamp } = (await chain.ask("eth_getBlockByNumber", "latest", false)) as { timestamp: string };
    for (const { address, feedId } of feedSpecs(params, chain.deployment).filter(({ token }) => token === "cUSDC")) {
      const round = { roundId, answer, observedAt: BigInt(timestamp) };
      const digest = roundDigest(feedId, round);
      const signatures = reporterKeys(params).map(({ address: signer, key }) => ({
        signer,
        signature: key.sign(digest).serialized,
      }));
      const data = encodeSubmit(round, signatures);
      await chain.trader.sendTransaction({ to: address, data, gasLimit: 400_000n });
    }
  }

  it("PEG-11 pokes the managers when a price leaves its band, sends no poke in calm, and tells how each peg stands", async () => {
    const keeper = start();
    await keeperDone();
    await mineAndWait(3);
    expect(chain.proxy.count("eth_sendRawTransaction")).to.equal(0);
    await chain.push("cUSDT/cUSDC", 9);
    await reportCusdc(88_000_000n, 2n);
    await mineAndWait(6);
    const halted = await chain.contracts.limits.pegStateOf(chain.deployment.token("cUSDC"));
    expect(pegState(halted)).to.equal("HALTED");

    const said: string[] = [];
    const context = { network: NETWORK, env: env(), signal: new AbortController().signal };
    const { report: status } = await program.status({ ...context, say: (line) => void said.push(line) });
    const pegs = status["pegs"] as Record<string, PegReport>;
    expect(pegs["cUSDC"]).to.deep.include({ state: "HALTED", measured: "HALTED", priceDeviationBps: -1200 });
    expect(pegs["cUSDT"]).to.deep.include({ state: "NORMAL", priceDeviationBps: 0 });
    expect(said.join("\n")).to.contain("HALTED");

    const { report } = await keeper.stop();
    expect(report).to.deep.include({
      executions: 0,
      errors: 0,
      pegs: { cUSDT: "NORMAL", cUSDC: "HALTED", cEURT: "NORMAL", XAU: "NORMAL" },
    });
    expect(report["pokes"], "one when the run begins, one when it is long enough").to.equal(2);
    expect(Object.keys(report["skips"] as object)).to.include("peg-halted");
  });

  async function actAs(account: string, to: string, data: string): Promise<void> {
    await chain.ask("hardhat_impersonateAccount", account);
    await chain.ask("hardhat_setBalance", account, "0xde0b6b3a7640000");
    await chain.ask("eth_sendTransaction", { from: account, to, data });
    await chain.ask("hardhat_stopImpersonatingAccount", account);
  }

  /** Half of what the stabilizer has of a token becomes as many cUSDT: what a day of one-sided trading leaves behind. */
  async function drain(name: "cUSDC" | "cEURT"): Promise<void> {
    const at = chain.deployment.address("Stabilizer");
    const scarce = chain.contracts.token(name);
    const half = (await scarce.balanceOf(at)) / 2n;
    const { data } = await scarce.transfer.populateTransaction(chain.trader.address, half);
    await actAs(at, chain.deployment.token(name), data);
    await chain.contracts
      .token("cUSDT")
      .connect(chain.trader)
      .transfer(at, 2n * half);
    await chain.mine();
  }

  it("BUCKET-3 refills the stabilizer's bucket out of the reserve, once, and only when it is low", async () => {
    const keeper = start();
    await keeperDone();
    await mineAndWait(2);
    expect(chain.proxy.count("eth_sendRawTransaction"), "nothing is low").to.equal(0);
    const { buckets, stabilizer } = chain.contracts;
    const token = chain.deployment.token("cUSDC");
    const before = await stabilizer.available(token);
    const reserve = await buckets.bucketUnits(RESERVE, token);
    await drain("cUSDC");
    await keeperDone();
    await mineAndWait(4);
    const filled = reserve - (await buckets.bucketUnits(RESERVE, token));
    const missing = before / 2n;
    expect(filled, "all of it").to.equal(missing);
    expect(await stabilizer.available(token)).to.equal(before - missing + filled);
    const refills = recorded().filter((line) => line["kind"] === "refill");
    expect(refills).to.have.length(1);
    const { report } = await keeper.stop();
    expect(report).to.deep.include({ executions: 0, errors: 0, refills: 1 });
    expect(report["tiers"]).to.deep.equal({ cUSDT: "TARGET", cUSDC: "TARGET", cEURT: "TARGET" });
  });

  it("BUCKET-3 makes the next refill when one of them would fail", async () => {
    await drain("cUSDC");
    await drain("cEURT");
    // A paused token is not a matter of the buckets' policy: only the simulation shows that its refill fails.
    const { data } = await chain.contracts.token("cUSDC").pause.populateTransaction();
    await actAs(loadParams(NETWORK, chain.folder).params.roles.guardian ?? "", chain.deployment.token("cUSDC"), data);
    await chain.mine();
    const held = (name: "cUSDC" | "cEURT") => chain.contracts.stabilizer.available(chain.deployment.token(name));
    const before = { cUSDC: await held("cUSDC"), cEURT: await held("cEURT") };
    const keeper = start();
    await keeperDone();
    await mineAndWait(3);
    expect(await held("cUSDC")).to.equal(before.cUSDC);
    expect((await held("cEURT")) > before.cEURT, "the other bucket is not kept waiting").to.equal(true);
    const { report } = await keeper.stop();
    expect(report["refills"]).to.equal(1);
  });

  it("BUCKET-3 signs a refill but sends nothing in a dry run", async () => {
    await drain("cUSDC");
    const keeper = start(false);
    await keeperDone();
    await mineAndWait(2);
    expect(chain.proxy.count("eth_sendRawTransaction")).to.equal(0);
    const { report } = await keeper.stop();
    expect(report["refills"]).to.be.greaterThan(0);
  });

  describe("start-up gate and doctor", () => {
    async function doctor(more: Record<string, string> = {}) {
      const lines: string[] = [];
      const context = {
        network: NETWORK,
        env: env(more),
        signal: new AbortController().signal,
        say: (line: string) => void lines.push(line),
      };
      const { ok, report } = await program.doctor(context);
      const checks = report["checks"] as { name: string; ok: boolean; found: string; expected: string; fix: string }[];
      return { ok, checks, lines, failed: checks.filter((check) => !check.ok).map((check) => check.name) };
    }
    async function refusedStart(more: Record<string, string> = {}): Promise<string> {
      try {
        await start(true, more).stop();
      } catch (error) {
        if (error instanceof CantileverError) return `${error.code}:${error.details["checks"] ?? ""}`;
        throw error;
      }
      return "started";
    }
    /** The chain's clock runs ahead after many quick blocks; set it to ours. */
    async function syncClock(): Promise<void> {
      const { timestamp } = (await chain.ask("eth_getBlockByNumber", "latest", false)) as { timestamp: string };
      const ahead = Number(timestamp) - Math.floor(Date.now() / 1000);
      expect(ahead, "the chain's clock").to.be.lessThan(3_600);
    }

    it("finds nothing wrong with a healthy chain", async () => {
      await syncClock();
      const { failed, checks, lines } = await doctor();
      expect(failed.filter((name) => name !== "clock")).to.deep.equal([]);
      expect(checks.map((check) => check.name)).to.deep.equal([
        "rpc",
        "chain-id",
        "providers",
        "quorum",
        "clock",
        "next-block",
        "deployment",
        "code-hash",
        "pools",
        "oracle",
        "gas-price",
        "key",
        "balance",
        "alerts",
        "key-address",
        "distinct-keys",
        "excess-role",
        "role",
        "database",
        "schema",
        "durability",
        "database-clock",
        "control",
        "lease",
        "in-flight",
        "nonce",
        "gas-runway",
        "indexer",
      ]);
      expect(lines).to.have.length(checks.length);
      for (const check of checks) expect(check.fix === "").to.equal(check.ok);
    });

    it("names a node that does not answer, and what depends on it", async () => {
      chain.proxy.fault = () => ({ kind: "refuse" });
      const { ok, failed, checks } = await doctor({ KEEPER_RPC_RETRIES: "0" });
      expect(ok).to.equal(false);
      expect(failed).to.include.members(["rpc", "chain-id", "pools"]);
      for (const check of checks.filter((entry) => !entry.ok)) expect(check.fix, check.name).to.not.equal("");
    });

    it("names another chain, and refuses to start on it", async () => {
      chain.proxy.fault = ({ method }) =>
        method === "eth_chainId" ? { kind: "answer", body: { result: "0x1" } } : undefined;
      expect((await doctor()).failed).to.include("chain-id");
      expect(await refusedStart()).to.match(/^GATE_FAILED:chain-id/);
    });

    it("names a missing record", async () => {
      const elsewhere = join(chain.folder, "elsewhere");
      cpSync(join(chain.folder, "params"), join(elsewhere, "params"), { recursive: true });
      expect((await doctor({ KEEPER_DEPLOYMENTS_FOLDER: elsewhere })).failed).to.include("deployment");
      expect(await refusedStart({ KEEPER_DEPLOYMENTS_FOLDER: elsewhere })).to.match(/^GATE_FAILED:deployment/);
    });

    it("names foreign code at a recorded address, and refuses to start", async () => {
      await chain.ask("hardhat_setCode", chain.deployment.address("PegLens"), "0x6000");
      const { checks } = await doctor();
      expect(checks.find((check) => check.name === "code-hash")).to.deep.include({
        ok: false,
        found: "differs: PegLens",
      });
      expect(await refusedStart()).to.match(/^GATE_FAILED:code-hash/);
    });

    it("names an oracle in doubt, which is no reason not to start", async () => {
      await chain.push("cUSDT/cUSDC", 10);
      await chain.mine(2);
      await chain.ask("evm_increaseTime", 8_000); // beyond maxAgeSeconds
      await chain.mine();
      const { failed, checks } = await doctor();
      expect(failed).to.include("oracle");
      expect(checks.find((check) => check.name === "oracle")?.found).to.include("cUSDT/cUSDC");
      const keeper = start();
      await keeperDone();
      const { report } = await keeper.stop();
      expect(Object.keys(report["skips"] as object)).to.deep.equal(["inside-band", "oracle-unavailable"]);
      expect(report).to.deep.include({ plans: 0, errors: 0 });
    });

    it("names a poor signer", async () => {
      expect((await doctor({ KEEPER_MIN_BALANCE_ETHER: "1000000" })).failed).to.include("balance");
    });

    it("refuses a node of another machine for the network with public keys", async () => {
      let code = "none";
      await doctor({ LOCALHOST_RPC_URL: "http://192.0.2.1:8545" }).catch((error: unknown) => {
        if (error instanceof CantileverError) code = error.code;
      });
      expect(code).to.equal("CONFIG_INVALID");
    });
  });

  it("LEASE-4 of two copies one acts, and the other goes on where it stopped", async () => {
    const from = await height();
    // Who stands by asks five times within this time.
    const lease = { KEEPER_LEASE_SECONDS: "10" };
    const first = start(true, lease);
    await keeperDone();
    // With evidence of its own, whose file says that its start is over.
    const other = `${data()}-second`;
    const second = start(true, { KEEPER_DATA_FOLDER: other, ...lease });
    while (!existsSync(join(other, "deviation-stabilizer-localhost.jsonl"))) await wait(20);
    await chain.push("XAU/cUSDT", 1.2 * fastBps);
    await mineAndWait(3);
    expect(await chain.executions(from)).to.have.length(1);
    const before = (await first.stop()).report;
    const leads = "SELECT 1 AS yes FROM keeper_lease WHERE fence = 2 AND expires_at > clock_timestamp()";
    while ((await database.database.query(leads)).length === 0) await wait(20);
    await chain.push("XAU/cEURT", 1.2 * fastBps);
    await mineAndWait(4, other);
    const after = (await second.stop()).report;
    const executions = await chain.executions(from);
    expect(before["executions"]).to.equal(1);
    expect(executions.length > 1, "the second one acted").to.equal(true);
    expect(after["executions"]).to.equal(executions.length - 1);
    expect(Number(after["standbyTicks"]) > 0).to.equal(true);
  });

  it("CTRL-1 pauses, goes on and leaves as an operator orders, and keeps books and evidence of all of it", async () => {
    const { database: db } = database;
    const control = new Control(db, "deviation-stabilizer", NETWORK, "operator");
    const order = (state: "run" | "pause" | "drain") => control.order({ state, reason: "a test", cause: "operator" });
    const from = await height();
    await order("pause");
    const port = await freePort();
    const keeper = start(true, { KEEPER_CONFIRMATIONS: "1", KEEPER_HTTP_PORT: String(port) });
    await keeperDone();
    const ask = (path: string) => fetch(`http://127.0.0.1:${String(port)}/${path}`);
    expect((await ask("ready")).status).to.equal(200);
    const status = (await (await ask("status")).json()) as Record<string, Record<string, unknown>>;
    expect([status["control"]?.["state"], status["lease"]?.["held"]]).to.deep.equal(["pause", true]);
    expect(await (await ask("metrics")).text()).to.match(/keeper_lease_held\{[^}]*\} 1/);
    await chain.push("XAU/cUSDT", 1.2 * fastBps);
    await mineAndWait(3);
    expect(await chain.executions(from)).to.have.length(0);
    await order("run");
    await mineAndWait(6);
    await order("drain");
    await chain.mine();
    const { report } = await keeper.finished();
    const executions = await chain.executions(from);
    expect(executions.length > 0, "it goes on").to.equal(true);
    expect(report).to.include({ executions: executions.length, control: "drain" });
    const books = await realisedResult(db, "deviation-stabilizer", "138", 24);
    expect(books.entries > 0n, "settled transactions are booked").to.equal(true);
    expect(books.unpriced).to.equal(0n);
    const verdict = await verifyAudit(db, auditStream("deviation-stabilizer", NETWORK));
    expect(verdict.broken).to.equal(undefined);
    const kinds = await db.query<{ kind: string }>("SELECT DISTINCT kind FROM keeper_audit");
    expect(kinds.map(({ kind }) => kind)).to.include.members(["control", "plan", "tx.mined"]);
  });

  it("GOLDEN-7 stopped by no-quorum: the whole keeper signs nothing while its two nodes are fed different blocks, says so, and goes on", async () => {
    const from = await height();
    const other = await startForkNode(chain.url, from);
    const sink = await startHttpSink();
    ends.push(
      () => other.close(),
      () => {
        sink.close();
      },
    );
    const keeper = start(true, {
      LOCALHOST_RPC_URL: `${chain.proxy.url},${other.proxy.url}`,
      KEEPER_RPC_QUORUM: "2",
      KEEPER_RPC_PROBE_SECONDS: "1",
      KEEPER_ALERT_WEBHOOK_URL: sink.url,
      KEEPER_ALERT_WEBHOOK_SECRET: "of this test and long enough for it",
    });
    await keeperDone();
    const alerts = () => sink.received.map(({ body }) => JSON.parse(body) as Record<string, string>);
    const told = (subject: string) =>
      alerts().some((alert) => alert["kind"] === "no-quorum" && alert["subject"] === subject);
    const bytes = async () => (await database.database.query("SELECT 1 AS made FROM keeper_attempt")).length;

    // After this height the nodes are fed different blocks; on one branch there is something to do.
    await chain.push("cUSDT/cUSDC", 1.2 * fastBps);
    const mineUntil = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
      for (let block = 0; !(await holds()); block += 1) {
        expect(block, what).to.be.lessThan(300);
        await chain.mine();
        if (!other.isDown) await other.mine((await chain.provider.getBlock("latest"))?.timestamp ?? 0);
        await wait(BLOCK_MS);
      }
    };
    await mineUntil("no quorum of the nodes, and for the decision", () => told("") && told("decision"));
    expect(await bytes()).to.equal(0);
    expect(await chain.executions(from)).to.have.length(0);

    // The operator of the other node replaces it by one that follows the first.
    other.stop();
    const asked = other.proxy.count("eth_chainId");
    await mineUntil("it is missed", () => other.proxy.count("eth_chainId") > asked);
    other.heal();
    await mineUntil("it goes on by itself", async () => (await chain.executions(from)).length > 0);
    const { report } = await keeper.stop();
    expect(report).to.deep.include({ control: "run", settled: { mined: 1 } });
    expect(await bytes()).to.equal(1);
  });

  it("status shows what a running keeper did and what it would do now", async () => {
    await chain.push("cUSDT/cUSDC", 10);
    await chain.mine(2);
    const lines: string[] = [];
    const context = {
      network: NETWORK,
      env: env(),
      signal: new AbortController().signal,
    };
    const before = await program.status({ ...context, say: (line) => void lines.push(line) });
    expect(before.report["running"]).to.equal(null);
    const pools = before.report["pools"] as Record<string, { decision: string; deviationBps: number; why: string }>;
    expect(pools["cUSDT/cUSDC"]).to.deep.include({ decision: "execute" });
    expect(pools["cUSDT/cUSDC"]?.deviationBps).to.be.within(9.9, 10.1);
    expect(pools["XAU/cUSDC"]).to.deep.include({ decision: "inside-band", deviationBps: 0 });
    expect(lines).to.have.length(9);

    const keeper = start(false);
    await keeperDone();
    await keeper.stop();
    const after = await program.status({ ...context, say: () => undefined });
    expect(after.report["running"]).to.deep.include({ execute: false, stopped: true, healthy: true });
  });
});
