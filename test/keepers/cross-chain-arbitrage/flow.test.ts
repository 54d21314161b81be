import { expect } from "chai";

import { program } from "../../../keepers/cross-chain-arbitrage/main.js";
import { messageState, readBridgeLog, type BridgeMessage } from "../../../protocol/bridgeMessage.js";
import {
  runArbitrageCrashes,
  type ArbitrageChain,
  type ArbitrageCrashReport,
} from "../../../scripts/bench/crash/arbitrage/run.js";
import { freePort } from "../../../scripts/world/child.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { killed } from "../../helpers/processes.js";
import { codeOf } from "../../helpers/rejection.js";
import { PAIR } from "./fixtures.js";
import {
  BLOCK_MS,
  booked,
  Copies,
  holdings,
  INVENTORY_TOKENS,
  NETWORK,
  openGap,
  startWorld,
  swaps,
  takeAllowances,
  type ChainOfTwo,
  type TwoChains,
} from "./world.js";

const AMOUNT = 300_000_000_000n;
/** Set by `npm run test:keepers -- --all-kills`; the benchmark makes 200. */
const KILLS = process.env["CANTILEVER_ALL_KILLS"] === "1" ? 40 : 2;

describe("npm run keeper -- cross-chain-arbitrage, on two chains", function () {
  const postgres = usePostgres();
  let chains: TwoChains;
  let home: ChainOfTwo;
  let away: ChainOfTwo;
  let database: TestDatabase;
  let copies: Copies;
  let pristine: readonly [unknown, unknown];

  before(async () => {
    chains = await startWorld();
    ({ home, away } = chains);
  });
  after(() => chains.close());
  beforeEach(async () => {
    pristine = [await home.snapshot(), await away.snapshot()];
    database = await postgres.testDatabase();
    copies = new Copies(chains, database);
    for (const chain of [home, away]) await chain.ask("evm_setIntervalMining", BLOCK_MS);
  });
  afterEach(async () => {
    await copies.end();
    for (const chain of [home, away]) {
      chain.proxy.fault = () => undefined;
      await chain.ask("evm_setIntervalMining", 0);
      await chain.ask("evm_setAutomine", true);
    }
    await home.revert(pristine[0]);
    await away.revert(pristine[1]);
  });

  const count = async (what: string): Promise<number> =>
    Number((await database.database.query<{ count: bigint }>(`SELECT count(*) FROM ${what}`))[0]?.count ?? -1n);
  const closed = async (trades: number): Promise<boolean> =>
    (await count("keeper_arbitrage_trade WHERE closed_at IS NOT NULL")) >= trades;
  /** As many blocks as a copy that wanted something would need for it. */
  async function someBlocks(): Promise<void> {
    const from = await home.provider.getBlockNumber();
    await copies.until(async () => (await home.provider.getBlockNumber()) > from + 12);
  }
  const context = (more: Record<string, string> = {}) => {
    const { signal } = new AbortController();
    return { network: NETWORK, env: copies.env(more), signal, say: () => undefined, terminal: false };
  };
  /** What doctor says of open trades at one end. */
  async function openWork(
    more: Record<string, string> = {},
  ): Promise<{ readonly ok: boolean; readonly found: string }> {
    const { report } = await program.doctor(context(more));
    const checks = report["checks"] as readonly { name: string; ok: boolean; found: string }[];
    return checks.find(({ name }) => name === "open-work") ?? expect.fail("doctor does not look at open trades");
  }
  async function expectReconciled(before: Awaited<ReturnType<typeof holdings>>): Promise<void> {
    const expected = await booked(database.database, chains, before);
    expect(await holdings(chains)).to.deep.equal(expected);
  }

  it("ARB-17 a gap opens, both legs are sold, and the books are what both chains say, to the unit", async () => {
    for (const chain of [home, away]) await takeAllowances(chain);
    const blocks = [await home.provider.getBlockNumber(), await away.provider.getBlockNumber()] as const;
    const before = await holdings(chains);
    const copy = copies.start();
    await openGap(home, AMOUNT);
    await copies.until(() => closed(1));
    expect(await count("keeper_arbitrage_leg")).to.equal(2);
    expect([await swaps(home, blocks[0]), await swaps(away, blocks[1])]).to.deep.equal([1, 1]);
    await expectReconciled(before);
    // In named amounts: never all there is.
    for (const { contracts, owner } of [home, away]) {
      const given = await contracts.token("cUSDC").allowance(owner.address, await contracts.pool(PAIR).getAddress());
      expect(given > 0n && given < 2n ** 128n).to.equal(true);
    }
    const { report } = await copy.stop();
    expect(report).to.deep.include({ closed: 1, repairs: {}, control: "run", errors: 0 });
    expect(report["skips"]).to.include.keys("inside-threshold", "allowance-missing");
    expect(await count("keeper_pnl_entry WHERE result_xau_wei IS NULL")).to.equal(0);
  });

  it("ARB-18 a leg fails because the price moves before it is mined, the trade is ended by rule, and the books reconcile", async () => {
    const before = await holdings(chains);
    // Blocks of the second chain only when the test says so.
    await away.ask("evm_setIntervalMining", 0);
    await away.ask("evm_setAutomine", false);
    await openGap(home, AMOUNT);
    copies.start();
    // And until the sale has reached its node it says nothing.
    const used = await away.provider.getTransactionCount(away.owner);
    await copies.until(async () => (await away.provider.getTransactionCount(away.owner, "pending")) > used);
    const seen = await openWork();
    expect(seen.ok).to.equal(true);
    expect(seen.found).to.include(`${PAIR} 1`);
    expect(await openWork({ ARBITRAGE_REPAIR_PATIENCE_SECONDS: "0" })).to.include({ ok: false });
    // Somebody pays more and sells first.
    const pool = away.contracts.pool(PAIR).connect(away.trader);
    const tip = 50n * 10n ** 9n;
    const { maxFeePerGas } = await away.provider.getFeeData();
    const fees = { maxPriorityFeePerGas: tip, maxFeePerGas: (maxFeePerGas ?? 0n) + tip, gasLimit: 1_000_000n };
    await pool.swapBase(AMOUNT, 0n, away.trader, away.trader, 2n ** 40n, fees);
    await away.mine();
    await away.ask("evm_setAutomine", true);
    await away.ask("evm_setIntervalMining", BLOCK_MS);
    await copies.until(() => closed(1));
    expect(await count("keeper_outbox WHERE state = 'reverted'")).to.equal(1);
    expect(await count("keeper_arbitrage_leg WHERE position = 2 AND way IS NOT NULL")).to.equal(1);
    expect(await openWork()).to.include({ ok: true, found: "nothing" });
    await expectReconciled(before);
  });

  /** Most of one token leaves the second chain; @returns what there is then. */
  async function runShort(): Promise<Awaited<ReturnType<typeof holdings>>> {
    const { contracts, owner, trader, key } = away;
    const before = await holdings(chains);
    const left = (before[`${key}:cUSDC`] ?? 0n) / 2n;
    await (await contracts.token("cUSDC").connect(owner).transfer(trader.address, left)).wait();
    return holdings(chains);
  }
  const REBALANCES = { ARBITRAGE_LOW_SHARE_BPS: "4000", ARBITRAGE_BRIDGE_SECONDS: "60" };
  async function sentMessage(): Promise<{ readonly messageId: string; readonly message: BridgeMessage }> {
    await copies.until(async () => (await count("keeper_arbitrage_transfer WHERE message_id IS NOT NULL")) > 0);
    const logs = await home.bridge.queryFilter(home.bridge.filters.Sent(), 0);
    const sent = logs.map((log) => readBridgeLog(log)).at(-1);
    if (sent?.message === undefined) throw new Error("nothing was sent");
    return { messageId: sent.messageId, message: sent.message };
  }

  it("ARB-19 inventory goes through the real bridge once, counts once on its way, and is closed when it has arrived", async () => {
    const before = await runShort();
    const copy = copies.start(REBALANCES);
    const { messageId, message } = await sentMessage();
    await someBlocks();
    expect(await count("keeper_arbitrage_transfer")).to.equal(1);
    await away.deliver(messageId, message);
    await copies.until(async () => (await count("keeper_arbitrage_transfer WHERE closed_as = 'delivered'")) > 0);
    await someBlocks();
    expect(await count("keeper_arbitrage_transfer")).to.equal(1);
    await expectReconciled(before);
    expect((await copy.stop()).report["transfers"]).to.equal(1);
  });

  it("ARB-19 a transfer that expires unpaid is cancelled by the keeper, refunded by attestors, and back in the books", async () => {
    const before = await runShort();
    const copy = copies.start(REBALANCES);
    const { messageId, message } = await sentMessage();
    // The next one wants nothing new moved, and ends what this one began.
    await copy.stop();
    copies.start();
    for (const chain of [home, away]) {
      await chain.ask("evm_setNextBlockTimestamp", Number(message.expiresAt) + 100);
      await chain.ask("evm_mine");
    }
    await copies.until(async () => messageState(await away.bridge.statusOf(messageId)) === "cancelled");
    await home.refund(messageId, message);
    await copies.until(async () => (await count("keeper_arbitrage_transfer WHERE closed_as = 'refunded'")) > 0);
    await expectReconciled(before);
  });

  it("ARB-20 does nothing while either network is paused, a chain cannot be read, or today's losses are used up, and says why", async () => {
    await openGap(home, AMOUNT);
    const control = await import("../../../keepers/records.js");
    const order = (network: string, state: "pause" | "run") =>
      control.order(
        { keeper: "cross-chain-arbitrage", network, env: copies.env(), say: () => undefined },
        { state, reason: "a test", revive: undefined },
      );
    await order("localhost651940", "pause");
    const folder = (name: string) => ({ KEEPER_DATA_FOLDER: copies.folder(name) });
    const blockOf = (name: string): number => copies.status(name)?.lastBlock ?? 0;
    const paused = copies.start(folder("paused"));
    await copies.until(() => Promise.resolve(blockOf("paused") > 0));
    const from = blockOf("paused");
    await copies.until(() => Promise.resolve(blockOf("paused") > from + 5));
    expect(await count("keeper_outbox")).to.equal(0);
    await paused.stop();
    await order("localhost651940", "run");

    const said = (name: string, reason: string) => () => Promise.resolve((copies.status(name)?.skips[reason] ?? 0) > 3);
    const patient = { KEEPER_RPC_TIMEOUT_MS: "1000", KEEPER_RPC_RETRIES: "0" };
    const dark = copies.start({ ...folder("dark"), ...patient, ARBITRAGE_DAILY_LOSS_XAU: "0.0000001" });
    await copies.until(said("dark", "loss-limit"));
    away.proxy.fault = ({ method }) => (method === "eth_call" ? { kind: "refuse" } : undefined);
    await copies.until(said("dark", "chain-unreadable"));
    away.proxy.fault = () => undefined;
    expect(await count("keeper_arbitrage_trade")).to.equal(0);
    await dark.stop();

    copies.start();
    await copies.until(() => closed(1));
  });

  it("ARB-21 runs as a process, a second copy stands by, whichever network it is started for, and takes over", async () => {
    const port = await freePort();
    // Who stands by asks five times within this time.
    const lease = { KEEPER_LEASE_SECONDS: "10" };
    const child = copies.spawn({ KEEPER_HTTP_PORT: String(port), ...lease });
    const leases = "keeper_lease WHERE expires_at > clock_timestamp() AND owner LIKE";
    await copies.until(async () => (await count(`${leases} '%:${String(child.pid)}:%'`)) === 2);
    const standby = await freePort();
    const second = copies.start({ KEEPER_HTTP_PORT: String(standby), ...lease }, "localhost651940");
    const isReady = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${String(standby)}/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await copies.until(isReady);
    await openGap(home, AMOUNT);
    await copies.until(() => closed(1));
    for (const [at, network] of ["localhost", "localhost651940"].entries()) {
      const url = `http://127.0.0.1:${String(port + at)}`;
      expect((await fetch(`${url}/ready`)).status).to.equal(200);
      const status = (await (await fetch(`${url}/status`)).json()) as { network: string; lease: { held: boolean } };
      expect([status.network, status.lease.held]).to.deep.equal([network, true]);
      expect(await (await fetch(`${url}/metrics`)).text()).to.include('event="settled.mined"');
    }
    await killed(child);
    await copies.leasesEnd();
    const ended = "keeper_arbitrage_trade WHERE closed_at IS NOT NULL";
    const before = await count(ended);
    await openGap(home, AMOUNT);
    await copies.until(() => closed(before + 1));
    const { report } = await second.stop();
    expect(Number(report["standbyTicks"])).to.be.greaterThan(0);
    // Each trade is ended by one copy, and counted by it.
    expect(report).to.deep.include({ closed: (await count(ended)) - before, network: "localhost651940" });
  });

  it("ARB-22 a dry run signs and sends nothing, doctor is content, and a wrong key does not start", async () => {
    await openGap(home, AMOUNT);
    const dry = await program.run({ ...context(), execute: false, once: true });
    expect(dry.report).to.deep.include({ execute: false, closed: 0, trades: { gain: 1 } });
    for (const sent of Object.values(dry.report["networks"] as object))
      expect(sent).to.deep.include({ sent: { "dry-run": 1 } });
    expect(await count("keeper_outbox")).to.equal(0);
    const { report } = await program.status(context());
    expect(report["intents"]).to.deep.equal(["trade"]);
    const checks = (await program.doctor(context())).report["checks"] as readonly { name: string; ok: boolean }[];
    const failing = checks.filter(({ ok }) => !ok).map(({ name }) => name);
    expect(failing).to.deep.equal([]);
    expect((await program.policy(context())).ok).to.equal(true);
    // The deployer has offices.
    const deployer = await home.provider.getSigner(0);
    const wrong = program.run({ ...context({ ARBITRAGE_LOCAL_ACCOUNT: deployer.address }), execute: true, once: true });
    expect(await codeOf(wrong)).to.equal("GATE_FAILED");
  });

  const side = async (chain: ChainOfTwo): Promise<ArbitrageChain> => ({
    ...{ network: chain.name, key: chain.key, url: chain.proxy.url, provider: chain.provider },
    account: chain.owner.address,
    pool: await chain.contracts.pool(PAIR).getAddress(),
    tokens: Object.fromEntries(INVENTORY_TOKENS.map((token) => [token, chain.deployment.token(token).toLowerCase()])),
    startBlock: await chain.provider.getBlockNumber(),
    swap: async (sellBase, units) => {
      const pool = chain.contracts.pool(PAIR).connect(chain.trader);
      const { trader } = chain;
      const sent = sellBase
        ? await pool.swapBase(units, 0n, trader, trader, 2n ** 40n)
        : await pool.swapQuote(units, 0n, trader, trader, 2n ** 40n);
      await sent.wait();
    },
    balanceOf: (token) => chain.contracts.token(token as "cUSDT").balanceOf(chain.owner.address),
  });
  const crashes = async (kills: number, databaseUrl: string): Promise<ArbitrageCrashReport> =>
    runArbitrageCrashes({
      ...{ kills, seed: 7, databaseUrl, database: database.database, pair: PAIR, say: () => undefined },
      world: {
        folder: chains.folder,
        chains: [await side(home), await side(away)],
        freshen: () => Promise.resolve(),
      },
      // No deadline passes because this machine is slow; who dies keeps its lease for some seconds, and is missed.
      limits: { leaseSeconds: 20, deadlineSeconds: 600, validBlocks: 400 },
    });

  it("ARB-23 killed again and again while trades are open: no leg twice, none forgotten, and the books reconcile", async function () {
    this.timeout(300_000 + KILLS * 250_000);
    const report = await crashes(KILLS, database.url);
    const { doubled, forgotten, unreconciled, trades, executed } = report;
    expect({ doubled, forgotten, unreconciled }).to.deep.equal({ doubled: 0, forgotten: 0, unreconciled: 0 });
    expect(trades >= KILLS && executed > 0).to.equal(true);
  });

  it("counts no kills when a copy has ended by itself", async () => {
    expect(await codeOf(crashes(1, "postgresql://nobody@127.0.0.1:1/nowhere"))).to.equal("KEEPER_GONE");
  });
});
