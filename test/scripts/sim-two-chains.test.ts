import { expect } from "chai";

import { WAD } from "../../protocol/units.js";
import { ArbitrageBooks } from "../../scripts/sim/arbitrageBooks.js";
import { SimBridge, bridgeFeeUnits } from "../../scripts/sim/bridge.js";
import { simulate } from "../../scripts/sim/engine.js";
import type { SimOptions, TwoChainOptions } from "../../scripts/sim/options.js";
import type { LedgerToken } from "../../scripts/sim/stabilizer-ledger.js";
import { figuresOf, worstOf } from "../../scripts/sim/result.js";
import { twoChainFigures, type TwoChainFigures } from "../../scripts/sim/two-chain-result.js";
import { simulateTwo, type TwoChainSimulation } from "../../scripts/sim/two-chains.js";
import { worlds } from "./simWorlds.js";

const NAMES: readonly [string, string] = ["138", "651940"];
const UNIT = 10n ** 6n;
const BPS = 10n ** 14n;

/** Nobody but the keeper holds the pools: 42,000 USD a minute are sold on one chain and bought on the other. */
const DRAIN: SimOptions = {
  hours: 1 / 6,
  volume: 50,
  seed: 1,
  flow: "one-sided",
  blockSeconds: 2,
  policy: "none",
  profile: "target",
  pools: ["XAU/cUSDT"],
  outsiders: false,
};
const TWO: TwoChainOptions = {
  latencySeconds: 30,
  lagBlocks: 1,
  capitalUsd: 1_000_000,
  isArbitraged: true,
  dailyLossUsd: 10_000,
  maxGapRounds: 0,
};

describe("simulation of two chains", () => {
  describe("opposite drains that nobody else holds", () => {
    let simulation: TwoChainSimulation;
    let figures: TwoChainFigures;
    let alone: TwoChainFigures;

    before(async () => {
      simulation = await simulateTwo(DRAIN, TWO, undefined, undefined, worlds);
      figures = twoChainFigures(simulation, NAMES);
      alone = twoChainFigures(
        await simulateTwo(DRAIN, { ...TWO, isArbitraged: false }, undefined, undefined, worlds),
        NAMES,
      );
    });

    it("ARB-4 the keeper holds the spread below 15 bps where it would be broken without it", () => {
      expect(alone.spreadBps["XAU/cUSDT"]?.max).to.be.greaterThan(30);
      expect(alone.spreadBps["XAU/cUSDT"]?.within15Share).to.be.lessThan(0.75);
      // A round that only one chain has yet may add its 5 bps for a block.
      expect(figures.spreadBps["XAU/cUSDT"]?.within15Share).to.be.greaterThan(0.99);
      expect(figures.spreadBps["XAU/cUSDT"]?.max).to.be.lessThan(18);
      expect(figures.arbitrage.trades).to.be.greaterThan(10);
      expect(figures.arbitrage.defences).to.be.greaterThan(0);
    });

    it("ARB-10 brings inventory back through the bridge, and its books agree with both chains to the unit", () => {
      // simulateTwo has compared every balance with the books, or thrown.
      expect(figures.arbitrage.transfersSent).to.be.greaterThan(1);
      expect(figures.arbitrage.transfersSent - figures.arbitrage.transfersDelivered).to.equal(
        simulation.bridge.transfers.length,
      );
      expect(BigInt(figures.arbitrage.bridgeFeesXauWei)).to.be.greaterThan(0n);
      expect(BigInt(figures.arbitrage.peakUsedUnits)).to.be.greaterThan(100_000n * UNIT);
      expect(figures.arbitrage.skips["no-inventory"]).to.equal(undefined);
    });

    it("ARB-6 both chains carry the same signed rounds, the second a block later", () => {
      expect(figures.arbitrage.oracleGap).to.deep.equal({ rounds: 1, seconds: 2 });
      expect(figures.arbitrage.skips).to.not.have.any.keys("rounds-disagree", "feed-missing");
      expect(simulation.chains[0].reports.accepted).to.be.greaterThan(0);
    });

    it("tells pools by chain, the worse of both chains, and each chain's own figures", () => {
      expect(Object.keys(figures.pools)).to.deep.equal(["138:XAU/cUSDT", "651940:XAU/cUSDT"]);
      expect(Object.keys(figures.chains)).to.deep.equal([...NAMES]);
      expect(figures).to.include({ ok: true, hours: 1 / 6, volume: 50, seed: 1, blocks: 300 });
      const worst = worstOf([figures, alone]) as { spreadBps: Record<string, { max: number; within15Share: number }> };
      expect(worst.spreadBps["XAU/cUSDT"]?.max).to.equal(alone.spreadBps["XAU/cUSDT"]?.max);
      expect(worst.spreadBps["XAU/cUSDT"]?.within15Share).to.equal(alone.spreadBps["XAU/cUSDT"]?.within15Share);
      expect(worst).to.not.have.property("chains");
    });
  });

  it("what was lost counts against the day's limit, and stops the keeper", async () => {
    // Each trade may risk half a percent: 20 USD let it begin, and the fees of what it trades use them up.
    const options = { ...TWO, dailyLossUsd: 20 };
    const { arbitrage } = await simulateTwo(DRAIN, options, undefined, undefined, worlds);
    expect(arbitrage.counts.trades).to.be.greaterThan(1);
    expect(arbitrage.books.bookedTodayXauWei(DRAIN.hours * 3600)).to.equal(arbitrage.books.resultXauWei);
    expect(arbitrage.books.resultXauWei < 0n).to.equal(true);
    expect(arbitrage.skips["loss-limit"]).to.be.greaterThan(0);
  });

  it("leaves the first chain as it is alone, and gives the second flows of its own", async () => {
    const options: SimOptions = { ...DRAIN, flow: "regime", policy: "cantilever", volume: 10, outsiders: true };
    const single = figuresOf(await simulate(options, undefined, undefined, worlds));
    const both = twoChainFigures(await simulateTwo(options, TWO, undefined, undefined, worlds), NAMES);
    expect(both.chains["138"]?.pools).to.deep.equal(single.pools);
    expect(both.chains["138"]?.stabilizer.inventoryChangeXauWei).to.equal(single.stabilizer.inventoryChangeXauWei);
    expect(both.chains["138"]?.market).to.deep.equal(single.market);
    const [here, there] = [both.pools["138:XAU/cUSDT"], both.pools["651940:XAU/cUSDT"]];
    expect(here?.volumeUnits).to.not.equal(there?.volumeUnits);
    expect(both.spreadBps["XAU/cUSDT"]?.within15Share).to.equal(1);
  });
});

describe("books of the arbitrage keeper", () => {
  const token: LedgerToken = { name: "cUSDC", address: `0x${"3".repeat(40)}`, decimals: 6 };
  const open = (moving: { token: string; amountUnits: bigint }[] = []): ArbitrageBooks => {
    const books = new ArbitrageBooks(
      NAMES,
      [token],
      () => moving,
      (_, units) => units,
    );
    for (const chain of NAMES) books.open(chain, "cUSDC", 1_000n * UNIT);
    books.setValue("138", "cUSDC", WAD / 2_000n);
    return books;
  };

  it("counts every result, fee and gas on the day of its second, and forgets the day before", () => {
    const books = open();
    const lastSecond = 86_399;
    books.bookTrade(-30n, 10);
    books.bookGas(4n, 10);
    books.bookBridgeFee(6n, lastSecond);
    expect(books.bookedTodayXauWei(lastSecond)).to.equal(-40n);
    expect(books.bookedTodayXauWei(lastSecond + 1)).to.equal(0n);
    books.bookTrade(5n, lastSecond + 1);
    expect(books.bookedTodayXauWei(lastSecond + 1)).to.equal(5n);
    expect([books.resultXauWei, books.gasXauWei, books.bridgeFeesXauWei]).to.deep.equal([-35n, 4n, 6n]);
  });

  it("counts what is on the bridge as missing on both chains, and as still owned", () => {
    const moving: { token: string; amountUnits: bigint }[] = [];
    const books = open(moving);
    moving.push({ token: "cUSDC", amountUnits: 100n * UNIT });
    books.add("138", "cUSDC", -101n * UNIT);
    expect([books.peakUsedMicroUsd, books.peakInFlightMicroUsd]).to.deep.equal([101n * UNIT, 100n * UNIT]);
    expect(books.inventoryChangeXauWei()).to.equal(-(WAD / 2_000n));
  });
});

describe("a bridge at its boundary", () => {
  const KEEPER = `0x${"1".repeat(40)}`;
  const ACCOUNT = `0x${"2".repeat(40)}`;
  const terms = {
    token: "cUSDC",
    address: `0x${"3".repeat(40)}`,
    capacityUnits: 1_000n * UNIT,
    refillUnitsPerSecond: UNIT,
    minUnits: UNIT,
    bookUnits: 1_500n * UNIT,
  };
  const sendingOf = (id: string, from: string, amountUnits: bigint) => ({
    id,
    token: "cUSDC",
    from,
    to: from === "138" ? "651940" : "138",
    amountUnits,
    feeUnits: bridgeFeeUnits(amountUnits, BPS),
  });
  const open = (): SimBridge => new SimBridge(NAMES, [terms], 300, BPS, ACCOUNT, KEEPER);

  it("pays a latency later, once, and waits while the inbound bucket is too low", () => {
    const bridge = open();
    bridge.accept(sendingOf("a", "138", 900n * UNIT), 0);
    bridge.accept(sendingOf("b", "138", 100n * UNIT), 10);
    expect(bridge.due("651940", 299)).to.deep.equal([]);
    const [first, ...others] = bridge.due("651940", 300);
    expect(others).to.deep.equal([]);
    if (first === undefined) throw new Error("must be due");
    bridge.settle(first.transfer);
    expect(bridge.transfers.map(({ id }) => id)).to.deep.equal(["b"]);
    expect(bridge.due("651940", 309)).to.deep.equal([]);
    expect(bridge.due("651940", 310).map(({ transfer }) => transfer.id)).to.deep.equal(["b"]);
    const slow = open();
    slow.accept(sendingOf("c", "138", 900n * UNIT), 0);
    slow.accept(sendingOf("d", "138", 200n * UNIT), 0);
    expect(slow.due("651940", 300).map(({ transfer }) => transfer.id)).to.deep.equal(["c"]);
    for (const transfer of slow.transfers.slice(0, 1)) slow.settle(transfer);
    // 100 are left of the bucket; 100 seconds bring the rest.
    expect(slow.due("651940", 399)).to.deep.equal([]);
    expect(slow.due("651940", 400).map(({ transfer }) => transfer.id)).to.deep.equal(["d"]);
  });

  it("burns at once and mints on arrival: what is minted there is never more than what is locked here", () => {
    const bridge = open();
    const bookOf = (chain: string): bigint => bridge.lane("cUSDC", chain, 0)?.bookUnits ?? -1n;
    bridge.accept(sendingOf("a", "651940", 1_000n * UNIT), 0);
    expect(bookOf("651940")).to.equal(500n * UNIT);
    expect(() => {
      bridge.accept(sendingOf("b", "651940", 501n * UNIT), 1_000);
    }).to.throw();
    const away = open();
    away.accept(sendingOf("a", "138", 1_000n * UNIT), 0);
    expect(away.lane("cUSDC", "651940", 0)?.bookUnits).to.equal(1_500n * UNIT);
    for (const { transfer } of away.due("651940", 300)) away.settle(transfer);
    expect(away.lane("cUSDC", "651940", 300)?.bookUnits).to.equal(2_500n * UNIT);
    expect(away.lane("cUSDC", "138", 300)).to.include({ mode: "LOCK", outAvailableUnits: 300n * UNIT, feeRate: BPS });
    expect(away.lane("XAU", "138", 0)).to.equal(undefined);
  });
});
