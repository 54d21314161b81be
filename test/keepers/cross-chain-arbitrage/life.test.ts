import { expect } from "chai";
import fc from "fast-check";

import { decide } from "../../../keepers/cross-chain-arbitrage/decide.js";
import { positionOf, repairTrade } from "../../../keepers/cross-chain-arbitrage/strategies/brokenLeg.js";
import { Inventory } from "../../../keepers/cross-chain-arbitrage/strategies/inventory.js";
import { pmmVenue, PRICE_SCALE, type PmmPoolState } from "../../../keepers/cross-chain-arbitrage/strategies/venue.js";
import type {
  Decision,
  Intent,
  Leg,
  LegIntent,
  LegStatus,
  Observation,
  Transfer,
} from "../../../keepers/cross-chain-arbitrage/types.js";
import { stepTrade } from "../../../protocol/pmm.js";
import { AWAY, books, chain, CONFIG, HOME, observation, PAIR, pool, WAD } from "./fixtures.js";

const UNIT = 10n ** 6n;
const STEP_SECONDS = 2n;

interface StoredLeg extends Leg {
  readonly key: string;
  status: LegStatus;
  receivedUnits: bigint;
}

interface StoredTrade {
  readonly ordinal: bigint;
  readonly pair: string;
  readonly buy: StoredLeg;
  readonly sell: StoredLeg;
  readonly repairs: StoredLeg[];
  readonly beganAt: bigint;
}

interface StoredTransfer extends Omit<Transfer, "status"> {
  status: Transfer["status"];
  arrivesAt: bigint;
}

/** What chance does in one step. */
interface Chance {
  /** Sale of strangers on each chain, share of the depth, signed. */
  readonly flow: readonly [bigint, bigint];
  /** Whether what is pending is included on each chain, and fails there whatever its price is. */
  readonly mined: readonly [boolean, boolean];
  readonly fails: readonly [boolean, boolean];
  /** The program dies before it stores what it decided, or a second copy asks for what an older picture showed. */
  readonly kill: "none" | "before-store" | "stale-copy";
}

/** Two chains of one pool each, and an outbox that stores an effect once. No clock, no chain: the books are the model. */
class World {
  readonly pools = new Map<string, PmmPoolState>([
    [HOME, pool()],
    [AWAY, pool()],
  ]);
  readonly balances = new Map<string, bigint>();
  readonly trades: StoredTrade[] = [];
  transfers: StoredTransfer[] = [];
  readonly delivered: StoredTransfer[] = [];
  readonly executed = new Map<string, number>();
  readonly stored = new Set<string>();
  now = 10_000n;
  refused = 0;
  #stale: Decision | undefined;

  constructor() {
    for (const name of [HOME, AWAY])
      for (const token of ["cUSDT", "cUSDC"]) this.balances.set(`${name}:${token}`, 200_000n * UNIT);
  }

  step(chance: Chance): void {
    this.now += STEP_SECONDS;
    for (const [index, name] of [HOME, AWAY].entries()) {
      this.#flow(name, chance.flow[index] ?? 0n);
      if (chance.mined[index] === true) this.#mine(name, chance.fails[index] === true);
    }
    for (const transfer of this.transfers.filter(
      ({ status, arrivesAt }) => status === "moving" && arrivesAt <= this.now,
    )) {
      this.#add(transfer.to, transfer.token, transfer.amountUnits);
      this.delivered.push(transfer);
    }
    this.transfers = this.transfers.filter((transfer) => !this.delivered.includes(transfer));
    const decision = decide(this.observe(), CONFIG);
    if (chance.kill === "stale-copy" && this.#stale !== undefined) this.#store(this.#stale);
    if (chance.kill !== "before-store") this.#store(decision);
    this.#stale = decision;
  }

  observe(): Observation {
    const side = (name: string) =>
      chain(name, {
        timestamp: this.now,
        pool: this.pools.get(name),
        tokens: {
          cUSDT: { balanceUnits: this.balances.get(`${name}:cUSDT`) ?? 0n },
          cUSDC: { balanceUnits: this.balances.get(`${name}:cUSDC`) ?? 0n },
        },
      });
    const last = this.trades.at(-1);
    return observation({
      chains: [side(HOME), side(AWAY)],
      books: books({
        trades: this.trades,
        transfers: this.transfers,
        tradesBegun: new Map([[PAIR, BigInt(this.trades.length)]]),
        transfersBegun: this.#begun,
        lastTradeAt: new Map(last === undefined ? [] : [[PAIR, last.beganAt]]),
      }),
    });
  }

  /** What the rule says of a trade now. */
  outcomeOf(trade: StoredTrade): string {
    const scene = {
      now: this.now,
      anchorPrice: PRICE_SCALE,
      venue: (name: string) => pmmVenue(this.pools.get(name) ?? pool()),
      inventory: new Inventory(this.observe()),
      slippageRate: CONFIG.slippageRate,
    };
    const outcome = repairTrade(trade, scene, CONFIG.repair);
    return outcome.kind === "wait" ? outcome.skip.reason : outcome.kind;
  }

  readonly #begun = new Map<string, bigint>();

  /** An outbox: an effect that is stored is not stored again, and both legs of a trade are stored together. */
  #store(decision: Decision): void {
    if (decision.kind === "skip") return;
    for (const intent of decision.intents) {
      const keys = keysOf(intent);
      if (keys.some((key) => this.stored.has(key))) {
        this.refused += 1;
        continue;
      }
      for (const key of keys) this.stored.add(key);
      this.#take(intent);
    }
  }

  #take(intent: Intent): void {
    const leg = (one: LegIntent): StoredLeg => ({ ...one, status: "planned", receivedUnits: 0n });
    if (intent.kind === "trade") {
      const { ordinal, pair } = intent;
      this.trades.push({ ordinal, pair, buy: leg(intent.buy), sell: leg(intent.sell), repairs: [], beganAt: this.now });
    } else if (intent.kind === "repair") {
      this.trades.find(({ ordinal }) => ordinal === intent.ordinal)?.repairs.push(leg(intent.leg));
    } else {
      const { token, from, to, amountUnits, maxFeeUnits: feeUnits } = intent;
      const about = `${token}:${from}:${to}`;
      this.#begun.set(about, (this.#begun.get(about) ?? 0n) + 1n);
      this.transfers.push({ id: intent.key, token, from, to, amountUnits, feeUnits, status: "planned", arrivesAt: 0n });
    }
  }

  #mine(name: string, fails: boolean): void {
    for (const { buy, sell, repairs } of this.trades)
      for (const leg of [buy, sell, ...repairs])
        if (leg.chain === name && leg.status === "planned") this.#execute(leg, fails);
    for (const transfer of this.transfers)
      if (transfer.from === name && transfer.status === "planned") {
        this.#add(name, transfer.token, -(transfer.amountUnits + transfer.feeUnits));
        transfer.status = "moving";
        transfer.arrivesAt = this.now + 60n;
        this.executed.set(transfer.id, (this.executed.get(transfer.id) ?? 0) + 1);
      }
  }

  #execute(leg: StoredLeg, fails: boolean): void {
    this.executed.set(leg.key, (this.executed.get(leg.key) ?? 0) + 1);
    const state = this.pools.get(leg.chain) ?? pool();
    const out = pmmVenue(state).quote(leg.sellBase, leg.amountIn);
    if (fails || out === undefined || out < leg.minOut) {
      leg.status = "failed";
      return;
    }
    this.#sell(leg.chain, leg.sellBase, leg.amountIn);
    leg.status = "done";
    leg.receivedUnits = out;
    this.#add(leg.chain, leg.tokenIn, -leg.amountIn);
    this.#add(leg.chain, leg.tokenOut, out);
  }

  #flow(name: string, share: bigint): void {
    const amountIn = (1_000_000n * UNIT * (share < 0n ? -share : share)) / WAD;
    if (amountIn > 0n) this.#sell(name, share > 0n, amountIn);
  }

  #sell(name: string, sellBase: boolean, amountIn: bigint): void {
    const state = this.pools.get(name) ?? pool();
    const after = stepTrade({ ...state, anchor: state.anchorNew }, sellBase, amountIn, state).state;
    this.pools.set(name, { ...state, ...after });
  }

  #add(name: string, token: string, units: bigint): void {
    const key = `${name}:${token}`;
    const left = (this.balances.get(key) ?? 0n) + units;
    if (left < 0n) throw new Error(`${key} is overdrawn by ${String(-left)}`);
    this.balances.set(key, left);
  }
}

function keysOf(intent: Intent): string[] {
  switch (intent.kind) {
    case "trade":
      return [intent.key, intent.buy.key, intent.sell.key];
    case "repair":
      return [intent.leg.key];
    case "transfer":
      return [intent.key];
  }
}

const often = (share: number) => fc.integer({ min: 0, max: 99 }).map((value) => value < share);
const chance: fc.Arbitrary<Chance> = fc.record({
  // Up to 2 % of the depth a step, mostly in one direction on either chain.
  flow: fc.tuple(fc.bigInt(-WAD / 200n, WAD / 50n), fc.bigInt(-WAD / 50n, WAD / 200n)),
  mined: fc.tuple(often(70), often(70)),
  fails: fc.tuple(often(15), often(15)),
  kill: fc.constantFrom("none", "none", "before-store", "stale-copy"),
});
const CALM: Chance = { flow: [0n, 0n], mined: [true, true], fails: [false, false], kill: "none" };

describe("keepers/cross-chain-arbitrage, the life of trades", () => {
  it("ARB-8 whatever fails, dies or asks twice: every effect happens once, and the books are what the chains did", () => {
    const met = { trades: 0, failed: 0, repaired: 0, transfers: 0, refused: 0 };
    fc.assert(
      fc.property(fc.array(chance, { minLength: 60, maxLength: 100, size: "max" }), (steps) => {
        const world = new World();
        const start = new Map(world.balances);
        for (const step of steps) world.step(step);
        for (let step = 0; step < 60; step++) world.step(CALM);
        for (const [key, count] of world.executed) expect(count, key).to.equal(1);
        const legs = world.trades.flatMap(({ buy, sell, repairs }) => [buy, sell, ...repairs]);
        // Nothing is forgotten: a trade is at an end, or the rule names why it takes no sale for it.
        for (const trade of world.trades) {
          const outcome = world.outcomeOf(trade);
          expect(outcome).to.be.oneOf(["closed", "broken-leg-waits", "broken-leg-stuck"]);
          const done = [trade.buy, trade.sell].filter(({ status }) => status === "done").length;
          if (done === 0) expect(positionOf(trade)).to.deep.equal({ base: 0n, quote: 0n });
          const repairs = trade.repairs.filter(({ status }) => status === "done").length;
          expect(repairs <= (done === 1 ? 1 : 0)).to.equal(true);
          if (outcome === "closed") expect(done === 1).to.equal(repairs === 1);
        }
        // To the unit: balances are the start, what legs sold and brought, and what the bridge took and brought.
        for (const [key, units] of world.balances) {
          const [name = "", token = ""] = key.split(":");
          let expected = start.get(key) ?? 0n;
          for (const leg of legs) {
            if (leg.status !== "done" || leg.chain !== name) continue;
            if (leg.tokenIn === token) expected -= leg.amountIn;
            if (leg.tokenOut === token) expected += leg.receivedUnits;
          }
          for (const { token: sent, from, amountUnits, feeUnits } of [...world.transfers, ...world.delivered])
            if (sent === token && from === name) expected -= amountUnits + feeUnits;
          for (const { token: sent, to, amountUnits } of world.delivered)
            if (sent === token && to === name) expected += amountUnits;
          expect(units, key).to.equal(expected);
        }
        met.trades += world.trades.length;
        met.failed += legs.filter(({ status }) => status === "failed").length;
        met.repaired += world.trades.filter(({ repairs }) => repairs.some(({ status }) => status === "done")).length;
        met.transfers += [...world.executed.keys()].filter((key) => key.startsWith("bridge:")).length;
        met.refused += world.refused;
      }),
      { numRuns: 40, seed: 4 },
    );
    for (const [what, count] of Object.entries(met))
      expect(count, `${what} ${JSON.stringify(met)}`).to.be.greaterThan(10);
  });
});
