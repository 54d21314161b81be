/** Random sequences against a model in plain integers: ledgers, margins, open interest, what is unpaid. */
import { expect } from "chai";
import fc from "fast-check";

import { describeWith } from "../../helpers/describeWith.js";
import { DAY, PARAMS, PositionExchange, TOKEN_NANO, type Member } from "../../helpers/positionExchange.js";

const NAMES = ["alice", "bob", "carol"] as const;
const SEQUENCES = 20;
const STEPS = 60;
/** Base units (6 decimals) are 1,000 nano. */
const UNIT = 1_000n;
const START = 2_000n * 1_000_000n;
const HOUSE = 300n * 1_000_000n;

interface ModelPosition {
  readonly sign: 1n | -1n;
  size: bigint;
  entry: bigint;
  margin: bigint;
}

/** The rules once more, without a program: amounts in base units, prices in nano. */
class Model {
  price = 10n * TOKEN_NANO;
  readonly total = new Map<string, bigint>([...NAMES, "keeper"].map((name) => [name, name === "keeper" ? 0n : START]));
  readonly positions = new Map<string, ModelPosition>();
  houseTotal = HOUSE;
  houseLocked = HOUSE;
  /** What the house asked to take back, when, and what it locked since. */
  asked = { amount: 0n, at: 0n, lockedSince: 0n };
  unpaid = 0n;
  badDebt = 0n;

  add(name: string, amount: bigint): void {
    this.total.set(name, (this.total.get(name) ?? 0n) + amount);
  }

  free(name: string): bigint {
    return (this.total.get(name) ?? 0n) - (this.positions.get(name)?.margin ?? 0n);
  }

  /** Value at the current price minus what it was entered at, for the trader. */
  private gain({ sign, size, entry }: ModelPosition): bigint {
    return sign * (size * this.price - entry);
  }

  private holds(position: ModelPosition, bps: bigint, withProfit: boolean): boolean {
    const gain = this.gain(position);
    const equity = position.margin * UNIT + (withProfit || gain < 0n ? gain : 0n);
    return equity * 10_000n >= bps * position.size * this.price;
  }

  isOpenable(position: ModelPosition): boolean {
    return position.size >= PARAMS.minSize && this.holds(position, BigInt(PARAMS.initialMarginBps), false);
  }

  isHealthy(position: ModelPosition): boolean {
    return this.holds(position, BigInt(PARAMS.maintenanceMarginBps), true);
  }

  ask(amount: bigint, at: bigint): void {
    this.asked = { amount: amount < this.houseLocked ? amount : this.houseLocked, at, lockedSince: 0n };
  }

  /** False when the rules forbid it. */
  take(amount: bigint, now: bigint): boolean {
    const { asked } = this;
    const isTime = now >= asked.at + DAY && now < asked.at + 2n * DAY;
    if (!isTime || amount < 1n || amount > asked.amount || amount > this.houseLocked - asked.lockedSince) return false;
    asked.amount -= amount;
    this.houseLocked -= amount;
    return true;
  }

  /** Closes `size` of a position; false when the rules forbid it. */
  close(name: string, size: bigint, liquidator?: string): boolean {
    const position = this.positions.get(name);
    if (position === undefined || size < 1n || size > position.size) return false;
    const numerator = position.entry * size;
    const part = position.sign === 1n ? (numerator + position.size - 1n) / position.size : numerator / position.size;
    const nano = position.sign * (size * this.price - part);
    const rest: ModelPosition = { ...position, size: position.size - size, entry: position.entry - part };
    const owed = nano < 0n ? (-nano + UNIT - 1n) / UNIT : 0n;
    const loss = owed < position.margin ? owed : position.margin;
    rest.margin -= loss;
    if (rest.size > 0n && (rest.size < PARAMS.minSize || loss < owed || !this.isHealthy(rest))) return false;
    const due = nano > 0n ? nano / UNIT : 0n;
    const paid = due < this.houseLocked ? due : this.houseLocked;
    this.houseLocked -= paid;
    this.houseTotal += loss - paid;
    this.add(name, paid - loss);
    this.unpaid += due - paid;
    this.badDebt += owed - loss;
    if (liquidator !== undefined) {
      const most = (size * this.price * BigInt(PARAMS.liquidationRewardBps)) / 10_000n / UNIT;
      const reward = most < rest.margin ? most : rest.margin;
      this.add(name, -reward);
      this.add(liquidator, reward);
    }
    if (rest.size === 0n) this.positions.delete(name);
    else this.positions.set(name, rest);
    return true;
  }
}

const step = fc.record({
  kind: fc.constantFrom(
    "open",
    "open",
    "increase",
    "add",
    "remove",
    "settle",
    "settle",
    "liquidate",
    "liquidate",
    "liquidate",
    "price",
    "price",
    "price",
    "price",
    "price",
    "price",
    "house",
    "ask",
    "take",
    "take",
    "wait",
  ),
  who: fc.constantFrom(...NAMES),
  isLong: fc.boolean(),
  size: fc.bigInt({ min: 0n, max: 300n }),
  amount: fc.oneof(fc.bigInt({ min: 0n, max: 200_000_000n }), fc.bigInt({ min: 0n, max: 700_000_000n })),
  /** Of 10,000 below or above the price. */
  change: fc.oneof(fc.constantFrom(-1_000n, 1_000n), fc.bigInt({ min: -1_000n, max: 1_000n })),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

describeWith("ownCluster", "position manager: model", () => {
  let exchange: PositionExchange;
  let members: Readonly<Record<string, Member>>;
  let start: Uint8Array;

  before(async () => {
    exchange = await PositionExchange.create({}, 300n);
    members = {
      alice: await exchange.trader("alice", 2_000n),
      bob: await exchange.trader("bob", 2_000n),
      carol: await exchange.trader("carol", 2_000n),
      keeper: await exchange.trader("keeper", 0n),
    };
    start = exchange.rig.snapshot();
  });

  const member = (name: string): Member => {
    const found = members[name];
    if (found === undefined) throw new Error(name);
    return found;
  };

  /** Does a step in both; returns whether the program took it. */
  async function both(model: Model, { kind, who, isLong, size, amount, change }: Step): Promise<boolean> {
    const trader = member(who);
    const position = model.positions.get(who);
    const does = async (make: () => Parameters<PositionExchange["send"]>[0], by = trader): Promise<boolean> =>
      (await exchange.send(make(), by.wallet)).ok;
    if (kind === "price") {
      const next = model.price + (model.price * change) / 10_000n;
      exchange.rig.warp(60n);
      const sent = await exchange.send(exchange.setPriceAt(next, exchange.rig.now), exchange.roles.priceAuthority);
      expect(sent.error).to.equal(undefined);
      model.price = next;
      return true;
    }
    if (kind === "house") {
      const expected = amount > 0n && amount <= model.houseTotal - model.houseLocked;
      const did = await does(() => exchange.ofHouse("lockHouse", amount), exchange.house);
      expect(did).to.equal(expected);
      if (did) {
        model.houseLocked += amount;
        model.asked.lockedSince += amount;
      }
      return did;
    }
    if (kind === "ask") {
      expect(await does(() => exchange.ofHouse("requestHouseUnlock", amount), exchange.house)).to.equal(true);
      model.ask(amount, exchange.rig.now);
      return true;
    }
    if (kind === "take") {
      const part = amount / 10n;
      const did = await does(() => exchange.ofHouse("unlockHouse", part), exchange.house);
      expect(did).to.equal(model.take(part, exchange.rig.now));
      return did;
    }
    if (kind === "wait") {
      exchange.rig.warp((DAY * (10_000n + change * 4n)) / 10_000n);
      await exchange.refreshPrice();
      return true;
    }
    if (kind === "open" || position === undefined) {
      const sign = isLong ? 1n : -1n;
      const opened: ModelPosition = { sign, size, entry: size * model.price, margin: amount };
      const expected =
        position === undefined && amount > 0n && amount <= model.free(who) && size > 0n && model.isOpenable(opened);
      const did = await does(() => exchange.open(trader, isLong, size, amount));
      expect(did).to.equal(expected);
      if (did) model.positions.set(who, opened);
      return did;
    }
    if (kind === "increase" || kind === "add" || kind === "remove") {
      const more = kind === "increase" ? size : 0n;
      const margin = kind === "remove" ? -amount : amount;
      const grown: ModelPosition = {
        ...position,
        size: position.size + more,
        entry: position.entry + more * model.price,
        margin: position.margin + margin,
      };
      const isAllowed = kind === "add" || model.isOpenable(grown);
      const isMeant = kind === "increase" ? more > 0n : amount > 0n;
      const expected = isMeant && margin <= model.free(who) && grown.margin >= 0n && isAllowed;
      const limit = position.sign === 1n ? 2n ** 64n - 1n : 0n;
      const made = {
        increase: () => exchange.increase(trader, size, amount, limit),
        add: () => exchange.addMargin(trader, amount),
        remove: () => exchange.removeMargin(trader, amount),
      }[kind];
      const did = await does(made);
      expect(did).to.equal(expected);
      if (did) model.positions.set(who, grown);
      return did;
    }
    if (kind === "liquidate") {
      const expected = !model.isHealthy(position);
      const did = await does(() => exchange.liquidate(trader, member("keeper")), member("keeper"));
      expect(did).to.equal(expected);
      if (did) model.close(who, position.size, "keeper");
      return did;
    }
    const part = size > 150n ? position.size : size;
    const did = await does(() => exchange.settle(trader, { size: part, maxUnpaid: 2n ** 64n - 1n }));
    expect(did).to.equal(model.close(who, part));
    return did;
  }

  function compare(model: Model): void {
    const market = exchange.marketNow();
    let [longSize, shortSize] = [0n, 0n];
    for (const [name, trader] of Object.entries(members)) {
      const position = model.positions.get(name);
      const locked = position?.margin ?? 0n;
      expect(exchange.ledger(trader), name).to.deep.equal({ total: model.total.get(name), locked });
      expect(exchange.lockOf(trader), "the lock is the margin").to.equal(locked);
      expect(exchange.hasPosition(trader)).to.equal(position !== undefined);
      if (position === undefined) continue;
      const { size, entry: entryValue, margin, sign } = position;
      expect(exchange.positionOf(trader)).to.include({ size, entryValue, margin, isLong: sign === 1n ? 1 : 0 });
      if (sign === 1n) longSize += size;
      else shortSize += size;
    }
    const { houseTotal: total, houseLocked: locked } = model;
    expect(exchange.ledger(exchange.house)).to.deep.equal({ total, locked });
    expect(market).to.include({ longSize, shortSize, positions: BigInt(model.positions.size) });
    expect(exchange.collateralNow()).to.include({ profitUnpaid: model.unpaid, badDebt: model.badDebt });
    // nothing is made or lost: the ledgers are the tokens
    let sum = total;
    for (const held of model.total.values()) sum += held;
    expect(sum).to.equal(HOUSE + 3n * START);
  }

  it("POS-23 agrees with the model after every step: margins are the locks, sides the sums, and nothing is made or lost", async () => {
    const taken = new Map<string, number>();
    let [unpaid, badDebt] = [0n, 0n];
    const sequences = fc.sample(fc.array(step, { minLength: STEPS, maxLength: STEPS }), {
      numRuns: SEQUENCES,
      seed: 1,
    });
    for (const sequence of sequences) {
      exchange.rig.restore(start);
      const model = new Model();
      for (const item of sequence) {
        if (await both(model, item)) taken.set(item.kind, (taken.get(item.kind) ?? 0) + 1);
        compare(model);
      }
      unpaid += model.unpaid;
      badDebt += model.badDebt;
    }
    for (const kind of ["open", "increase", "add", "remove", "settle", "liquidate", "house", "take"]) {
      expect(taken.get(kind) ?? 0, kind).to.be.greaterThan(3);
    }
    expect(unpaid > 0n && badDebt > 0n, "houses ran out and margins too").to.equal(true);
  });
});
