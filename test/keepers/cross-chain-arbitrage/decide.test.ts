import { readFileSync } from "node:fs";

import { expect } from "chai";
import fc from "fast-check";

import { decide } from "../../../keepers/cross-chain-arbitrage/decide.js";
import { explain } from "../../../keepers/cross-chain-arbitrage/explain.js";
import { Inventory } from "../../../keepers/cross-chain-arbitrage/strategies/inventory.js";
import { pmmVenue } from "../../../keepers/cross-chain-arbitrage/strategies/venue.js";
import {
  SKIP_REASONS,
  type DecideConfig,
  type Decision,
  type Observation,
  type SkipReason,
  type TradeIntent,
  type TransferIntent,
} from "../../../keepers/cross-chain-arbitrage/types.js";
import {
  apart,
  AWAY,
  books,
  BPS,
  chain,
  CONFIG,
  GOLD_PAIR,
  HOME,
  lane,
  legRecord,
  observation,
  openTrade,
  PAIR,
  pool,
  transfer,
  WAD,
} from "./fixtures.js";

const UNIT = 10n ** 6n;
/** Wide enough for a gain: 30 % of the depth on either side, 36 bps apart. */
const WIDE = (30n * WAD) / 100n;
/** Wide enough for the rule, not for the fees: 10 bps apart. */
const BROKEN = (8n * WAD) / 100n;

function trades(decision: Decision): TradeIntent[] {
  return decision.kind === "plan" ? decision.intents.filter((intent) => intent.kind === "trade") : [];
}

function transfers(decision: Decision): TransferIntent[] {
  return decision.kind === "plan" ? decision.intents.filter((intent) => intent.kind === "transfer") : [];
}

function reasons(decision: Decision, about?: string): SkipReason[] {
  return decision.skips.filter((skip) => about === undefined || skip.about === about).map(({ reason }) => reason);
}

describe("keepers/cross-chain-arbitrage/decide", () => {
  it("buys where base is cheap and sells as much where it is dear, by exact quotes, from inventory on both chains", () => {
    for (const share of [WIDE, -WIDE]) {
      const seen = apart(share);
      const [found, ...others] = trades(decide(seen, CONFIG));
      if (found === undefined) throw new Error("must trade");
      expect(others).to.have.length(0);
      const [cheap, dear] = share > 0n ? [HOME, AWAY] : [AWAY, HOME];
      expect(found.buy).to.include({ chain: cheap, sellBase: false, tokenIn: "cUSDC", tokenOut: "cUSDT" });
      expect(found.sell).to.include({ chain: dear, sellBase: true, tokenIn: "cUSDT", tokenOut: "cUSDC" });
      const stateOf = (name: string) => seen.chains.find((known) => known.chain === name)?.pools[0]?.state ?? pool();
      const bought = pmmVenue(stateOf(cheap)).quote(false, found.buy.amountIn);
      expect(bought).to.equal(found.sell.amountIn);
      const got = pmmVenue(stateOf(dear)).quote(true, found.sell.amountIn) ?? 0n;
      expect(got).to.be.greaterThan(found.buy.amountIn);
      expect(found.purpose).to.equal("gain");
      // Slippage: no leg pays less than its quote by more than was configured.
      expect(found.sell.minOut).to.equal((got * (WAD - CONFIG.slippageRate) + WAD - 1n) / WAD);
      expect(found.expectedXauWei >= CONFIG.minProfitXauWei).to.equal(true);
    }
  });

  it("ARB-4 keeps the rule: a gap beyond the threshold is closed, at a bounded loss if it must be", () => {
    const seen = apart(BROKEN);
    const free = decide(seen, { ...CONFIG, defenceCostRate: 0n });
    expect(trades(free)).to.have.length(0);
    const [found] = trades(decide(seen, CONFIG));
    expect(found?.purpose).to.equal("defence");
    const spread = free.spreadRates.get(PAIR) ?? 0n;
    expect(-spread >= CONFIG.thresholdRate, String(spread)).to.equal(true);
    const value = ((found?.buy.amountIn ?? 0n) * (WAD / 2_500n)) / 10n ** 6n;
    const loss = -(found?.expectedXauWei ?? 0n);
    expect(loss > 0n && loss <= (value * CONFIG.defenceCostRate) / WAD).to.equal(true);
    expect(reasons(decide(seen, { ...CONFIG, defenceCostRate: BPS }), PAIR)).to.deep.equal(["defence-too-dear"]);
  });

  it("ARB-4 measures the spread of the two chains' own prices, whatever is done", () => {
    for (const moves of [[WIDE], [-WIDE / 2n], []]) {
      const home = pool({ moves });
      const decision = decide(observation({ chains: [chain(HOME, { pool: home }), chain(AWAY)] }), CONFIG);
      const mid = Number(pmmVenue(home).mid) / Number(pmmVenue(pool()).mid);
      expect(Math.abs(Number(decision.spreadRates.get(PAIR)) / 1e18 - (mid - 1))).to.be.lessThan(1e-15);
    }
  });

  it("ARB-8 names intents by their effect: the same books give the same keys, whatever prices did meanwhile", () => {
    const later = books({
      tradesBegun: new Map([[PAIR, 4n]]),
      transfersBegun: new Map([[`cUSDC:${HOME}:${AWAY}`, 8n]]),
    });
    const poor = { tokens: { cUSDC: { balanceUnits: 100_000n * 10n ** 6n } } };
    const keysOf = (seen: Observation): string[] => {
      const decision = decide(seen, CONFIG);
      return decision.kind === "plan"
        ? decision.intents.flatMap((intent) =>
            intent.kind === "trade"
              ? [intent.key, intent.buy.key, intent.sell.key]
              : intent.kind === "transfer"
                ? [intent.key]
                : [intent.leg.key],
          )
        : [];
    };
    const first = keysOf({ ...apart(WIDE, { away: poor }), books: later });
    expect(first).to.deep.equal([
      `arbitrage:${PAIR}:5`,
      `arbitrage:${PAIR}:5:buy`,
      `arbitrage:${PAIR}:5:sell`,
      `bridge:cUSDC:${HOME}:${AWAY}:9`,
    ]);
    expect(keysOf({ ...apart(WIDE + WAD / 20n, { away: poor }), books: later })).to.deep.equal(first);
    expect(keysOf({ ...apart(-WIDE, { away: poor }), books: later })[0]).to.equal(first[0]);
  });

  it("ARB-1 does nothing while any leg, transfer or book cannot be read", () => {
    const unreadable: Partial<Observation["books"]>[] = [
      { readable: false },
      { trades: [openTrade({ pair: GOLD_PAIR, buy: legRecord(false, { status: "unreadable" }) })] },
      { trades: [openTrade({ pair: GOLD_PAIR, repairs: [legRecord(true, { status: "unreadable" })] })] },
      { transfers: [transfer({ status: "unreadable", token: "XAU" })] },
    ];
    for (const changes of unreadable) {
      const decision = decide({ ...apart(WIDE), books: books(changes) }, CONFIG);
      expect(decision.kind).to.equal("skip");
      expect(reasons(decision)).to.deep.equal(["pending-unreadable"]);
    }
  });

  it("ARB-5 stops when the day's booked results reach the limit, and before a trade could take them there", () => {
    const at = (bookedTodayXauWei: bigint, share: bigint): Decision =>
      decide({ ...apart(share), books: books({ bookedTodayXauWei }) }, CONFIG);
    const limit = CONFIG.dailyLossLimitXauWei;
    expect(reasons(at(-limit + 1n, WIDE), PAIR)).to.deep.equal(["loss-limit"]);
    // The nearer the limit, the smaller the trade: what it may lose by rule fits into the rest.
    const valueAt = (room: bigint, changes: Partial<Observation["books"]> = {}): bigint => {
      const books_ = books({ bookedTodayXauWei: room - limit, ...changes });
      const [found] = trades(decide({ ...apart(WIDE), books: books_ }, CONFIG));
      return ((found?.buy.amountIn ?? 0n) * (WAD / 2_500n)) / UNIT;
    };
    const free = valueAt(limit);
    let smaller = 0;
    for (const room of [limit, limit / 4n, limit / 10n, limit / 100n]) {
      const value = valueAt(room);
      expect(value > 0n && value * CONFIG.repair.maxLossRate <= room * WAD, String(room)).to.equal(true);
      if (value < free) smaller += 1;
    }
    expect(smaller).to.be.greaterThan(0);
    // What is open may lose, too: 10,000 dollars at 50 bps.
    const open = { trades: [openTrade({ pair: GOLD_PAIR, sell: legRecord(true, { status: "sent" }) })] };
    const risk = (4n * WAD * CONFIG.repair.maxLossRate) / WAD;
    const room = limit / 10n;
    expect(valueAt(room, open)).to.equal(valueAt(room - risk));
    expect(reasons(at(-limit, WIDE))).to.deep.equal(["loss-limit"]);
  });

  it("ARB-6 trades on the same signed rounds only: the gap is told, and beyond its limit nothing is traded", () => {
    const seen = apart(WIDE);
    const [home, away] = seen.chains;
    // `rounds` later rounds are on the first chain, the newest of them signed `seconds` ago.
    const behind = (rounds: bigint, seconds: bigint, answer = 10n ** 8n): Decision =>
      decide(
        {
          ...seen,
          chains: [
            {
              ...home,
              feeds: home.feeds.map((feed) =>
                feed.token === "cUSDC" && rounds > 0n ? { ...feed, observedAt: home.timestamp - seconds } : feed,
              ),
            },
            {
              ...away,
              feeds: away.feeds.map((feed) =>
                feed.token === "cUSDC" ? { ...feed, roundId: feed.roundId - rounds, answer } : feed,
              ),
            },
          ],
        },
        CONFIG,
      );
    for (const [rounds, seconds, refused] of [
      [0n, 0n, undefined],
      [1n, 30n, undefined],
      [2n, 10n, "oracle-gap"],
      [1n, 31n, "oracle-gap"],
    ] as const) {
      const decision = behind(rounds, seconds);
      expect(decision.gap).to.deep.equal({ rounds, seconds });
      expect(trades(decision)).to.have.length(refused === undefined ? 1 : 0);
      expect(reasons(decision, PAIR)).to.deep.equal(refused === undefined ? [] : [refused]);
    }
    expect(reasons(behind(0n, 0n, 10n ** 8n + 1n), PAIR)).to.deep.equal(["rounds-disagree"]);
    const one = { ...seen, chains: [home, { ...away, feeds: away.feeds.slice(1) }] as const };
    expect(reasons(decide(one, CONFIG), PAIR)).to.deep.equal(["feed-missing"]);
    // What another pair is priced by does not count.
    const gold = { ...seen, chains: [home, { ...away, feeds: away.feeds.slice(0, 2) }] as const };
    expect(trades(decide(gold, CONFIG))).to.have.length(1);
  });

  it("ARB-9 names a reason for every pair and token it leaves alone, and every reason can be reached", () => {
    const met = new Set<SkipReason>();
    const note = (seen: Observation, config: Partial<DecideConfig> = {}): void => {
      for (const skip of decide(seen, { ...CONFIG, ...config }).skips) {
        met.add(skip.reason);
        expect(explain(skip), skip.reason).to.not.match(/[{}?]|undefined/);
      }
    };
    const wide = apart(WIDE);
    const [home, away] = wide.chains;
    const broken = openTrade({ sell: legRecord(true, { status: "failed" }) });
    note({ ...wide, chains: [{ ...home, readable: false }, away] });
    note({ ...wide, chains: [home, { ...away, timestamp: home.timestamp + 11n }] });
    note({ ...wide, books: books({ readable: false }) });
    note({ ...wide, chains: [home, { ...away, bridgeHeld: true }] });
    note({ ...wide, books: books({ bookedTodayXauWei: -CONFIG.dailyLossLimitXauWei }) });
    note(apart(WIDE, { home: { pool: undefined } }));
    note(apart(WIDE, { home: { pool: { ...pool(), anchorNew: 0n } } }));
    note(apart(WIDE, { home: { tokens: { cUSDT: { paused: true } } } }));
    note(apart(WIDE, { home: { tokens: { cUSDT: { pegHalted: true } } } }));
    note({ ...wide, chains: [home, { ...away, feeds: [] }] });
    note({ ...wide, chains: [home, { ...away, feeds: away.feeds.map((feed) => ({ ...feed, answer: 1n })) }] });
    note({ ...wide, chains: [home, { ...away, feeds: away.feeds.map((feed) => ({ ...feed, roundId: 1n })) }] });
    note({ ...wide, books: books({ trades: [openTrade({ sell: legRecord(true, { status: "sent" }) })] }) });
    note({ ...apart(0n), books: books({ trades: [broken] }) }, { repair: { ...CONFIG.repair, acceptLossRate: 0n } });
    note(
      { ...apart(0n), books: books({ trades: [{ ...broken, beganAt: 0n }] }) },
      { repair: { ...CONFIG.repair, maxLossRate: 0n } },
    );
    note({ ...wide, books: books({ lastTradeAt: new Map([[PAIR, 1_999n]]) }) });
    note({ ...wide, chains: [{ ...home, gasPriceWei: undefined }, away] });
    note(apart(0n));
    note(wide, { minProfitXauWei: WAD, defenceCostRate: 0n });
    note(apart(BROKEN), { defenceCostRate: 1n });
    note(apart(WIDE, { home: { tokens: { cUSDC: { balanceUnits: 0n } } } }));
    note(apart(WIDE, { home: { tokens: { cUSDC: { balanceUnits: UNIT } } } }));
    const poor = { cUSDC: { balanceUnits: 10n ** 10n } };
    note(apart(0n, { home: { tokens: { cUSDC: { ...poor.cUSDC, lane: undefined } } } }));
    note(
      apart(0n, {
        away: { tokens: { cUSDC: { lane: { ...lane("cUSDC"), outAvailableUnits: 0n } } } },
        home: { tokens: poor },
      }),
    );
    note(
      apart(0n, {
        away: { tokens: { cUSDC: { lane: { ...lane("cUSDC"), feeRate: 6n * BPS } } } },
        home: { tokens: poor },
      }),
    );
    note({
      ...apart(0n, { home: { tokens: poor } }),
      books: books({ transfers: Array.from({ length: 4 }, () => transfer({ amountUnits: 1n })) }),
    });
    expect(SKIP_REASONS.filter((reason) => !met.has(reason))).to.deep.equal([]);
  });

  it("ARB-9 explains every reason to an operator, in the README too", () => {
    const readme = readFileSync("keepers/cross-chain-arbitrage/README.md", "utf8");
    for (const reason of SKIP_REASONS) expect(readme, reason).to.include(`\`${reason}\``);
  });

  it("ARB-1 never spends what is not there: whatever is pending, all intents together fit into the balances", () => {
    const units = fc.bigInt(0n, 2_000_000n * 10n ** 6n);
    let planned = 0;
    fc.assert(
      fc.property(
        fc.bigInt(-WAD / 2n, WAD / 2n),
        fc.array(units, { minLength: 4, maxLength: 4 }),
        fc.array(units, { minLength: 2, maxLength: 2 }),
        fc.array(
          fc.record({
            home: fc.boolean(),
            token: fc.constantFrom("cUSDT", "cUSDC"),
            amountUnits: units,
            status: fc.constantFrom("planned" as const, "moving" as const, "refunding" as const),
          }),
          { maxLength: 3 },
        ),
        fc.option(fc.record({ amountIn: units, status: fc.constantFrom("planned" as const, "sent" as const) }), {
          nil: undefined,
        }),
        (share, balances, reserved, moving, leg) => {
          const [a = 0n, b = 0n, c = 0n, d = 0n] = balances;
          const seen: Observation = {
            ...apart(share, {
              home: { tokens: { cUSDT: { balanceUnits: a }, cUSDC: { balanceUnits: b } } },
              away: { tokens: { cUSDT: { balanceUnits: c }, cUSDC: { balanceUnits: d } } },
            }),
            reservedUnits: new Map([
              [`${HOME}:cUSDC`, reserved[0] ?? 0n],
              [`${AWAY}:cUSDT`, reserved[1] ?? 0n],
            ]),
            books: books({
              transfers: moving.map(({ home, ...rest }, index) =>
                transfer({
                  id: String(index),
                  ...rest,
                  ...(home ? { from: HOME, to: AWAY } : { from: AWAY, to: HOME }),
                }),
              ),
              trades:
                leg === undefined
                  ? []
                  : [openTrade({ pair: GOLD_PAIR, buy: legRecord(false, leg), sell: legRecord(true, leg) })],
            }),
          };
          const decision = decide(seen, CONFIG);
          if (decision.kind === "skip") return;
          planned += 1;
          const spent = new Map<string, bigint>();
          const spend = (name: string, token: string, amount: bigint): void => {
            spent.set(`${name}:${token}`, (spent.get(`${name}:${token}`) ?? 0n) + amount);
          };
          for (const intent of decision.intents) {
            if (intent.kind === "trade")
              for (const { chain: name, tokenIn, amountIn } of [intent.buy, intent.sell])
                spend(name, tokenIn, amountIn);
            if (intent.kind === "repair") spend(intent.leg.chain, intent.leg.tokenIn, intent.leg.amountIn);
            if (intent.kind === "transfer") spend(intent.from, intent.token, intent.amountUnits + intent.maxFeeUnits);
          }
          for (const [key, amount] of spent) {
            const [name = "", token = ""] = key.split(":");
            const balance =
              seen.chains.find((known) => known.chain === name)?.tokens.find((known) => known.token === token)
                ?.balanceUnits ?? 0n;
            const taken =
              (seen.reservedUnits.get(key) ?? 0n) +
              seen.books.transfers
                .filter((one) => one.status === "planned" && one.from === name && one.token === token)
                .reduce((sum, one) => sum + one.amountUnits + one.feeUnits, 0n) +
              seen.books.trades
                .flatMap(({ buy, sell }) => [buy, sell])
                .filter((one) => one.chain === name && one.tokenIn === token)
                .reduce((sum, one) => sum + one.amountIn, 0n);
            expect(amount + taken <= balance, key).to.equal(true);
          }
        },
      ),
      { numRuns: 300, seed: 21 },
    );
    expect(planned).to.be.greaterThan(100);
  });

  it("ARB-1 counts what is on its way where it will arrive, and what is reserved nowhere", () => {
    const seen = observation({
      books: books({
        trades: [
          openTrade({
            buy: legRecord(false, { status: "sent", amountIn: 10n, minOut: 9n }),
            sell: legRecord(true, { status: "planned", amountIn: 7n, minOut: 6n }),
            repairs: [legRecord(true, { status: "failed", amountIn: 1_000n, minOut: 1_000n })],
          }),
        ],
        transfers: [
          transfer({ from: HOME, to: AWAY, status: "planned", amountUnits: 100n, feeUnits: 1n }),
          transfer({ from: HOME, to: AWAY, status: "moving", amountUnits: 200n, feeUnits: 1n }),
          transfer({ from: HOME, to: AWAY, status: "refunding", amountUnits: 400n, feeUnits: 1n }),
        ],
      }),
      reservedUnits: new Map([[`${HOME}:cUSDC`, 50n]]),
    });
    const inventory = new Inventory(seen);
    const million = 10n ** 12n;
    expect(inventory.spendable(HOME, "cUSDC")).to.equal(million - 10n - 101n - 50n);
    expect(inventory.virtual(HOME, "cUSDC")).to.equal(million - 10n - 101n - 50n + 400n);
    expect(inventory.virtual(HOME, "cUSDT")).to.equal(million + 9n);
    expect(inventory.spendable(AWAY, "cUSDT")).to.equal(million - 7n);
    expect(inventory.virtual(AWAY, "cUSDC")).to.equal(million + 6n + 300n);
  });

  it("leaves a pair alone while a trade of it is open, and others not", () => {
    const gold = { pair: GOLD_PAIR, base: "XAU", quote: "cUSDT" };
    const config = { ...CONFIG, pairs: [...CONFIG.pairs, gold] };
    const goldPool = (share: bigint) => pool({ baseDecimals: 18, priceWad: 2_500n * WAD, depth: 400n, moves: [share] });
    const seen = apart(WIDE, { home: { goldPool: goldPool(WIDE) }, away: { goldPool: goldPool(-WIDE) } });
    expect(trades(decide(seen, config)).map(({ pair }) => pair)).to.have.members([PAIR, GOLD_PAIR]);
    const open = books({ trades: [openTrade({ sell: legRecord(true, { status: "sent" }) })] });
    const decision = decide({ ...seen, books: open }, config);
    expect(trades(decision).map(({ pair }) => pair)).to.deep.equal([GOLD_PAIR]);
    expect(reasons(decision, PAIR)).to.deep.equal(["leg-unsettled", "trade-open"]);
  });

  it("ends a broken trade although nothing new is begun", () => {
    const broken = openTrade({ sell: legRecord(true, { status: "failed" }) });
    const wide = apart(WIDE);
    for (const seen of [
      { ...wide, chains: [wide.chains[0], { ...wide.chains[1], bridgeHeld: true }] as const },
      { ...wide, books: books({ bookedTodayXauWei: -CONFIG.dailyLossLimitXauWei }) },
    ]) {
      const decision = decide({ ...seen, books: { ...seen.books, trades: [broken] } }, CONFIG);
      expect(decision.kind === "plan" && decision.intents.map(({ kind }) => kind)).to.deep.equal(["repair"]);
      expect(transfers(decision)).to.have.length(0);
    }
  });
});
