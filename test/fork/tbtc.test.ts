import { expect } from "chai";

import type { TbtcCursor } from "../../keepers/courtesy-call-redeemer/adapters/tbtc/cursor.js";
import type { Action, Position, Reading } from "../../keepers/courtesy-call-redeemer/types.js";
import { CALL_BELOW_BPS, LIQUIDATE_BELOW_BPS } from "../../protocol/tbtc/constants.js";
import { DepositState, depositState } from "../../protocol/tbtc/states.js";
import { describeWith } from "../helpers/describeWith.js";
import { localUpstream, mainnetUpstream, openTbtcFork, type TbtcFork, type TbtcUpstream } from "../helpers/tbtcFork.js";

/** So many are redeemed in one block, where the holder can pay for them. */
const AT_ONCE = 12;
const CONFIRMATIONS = 12;
/** Into the middle between call and liquidation. */
const TARGET_BPS = 11_750n;

/** Questions that wait for answers at a time. */
const QUESTIONS = 50;

function redeemsOnAFork(suite: Mocha.Suite, open: () => Promise<TbtcUpstream>, least: number): void {
  // An archive node answers thousands of requests for blocks of years ago.
  suite.timeout(1_800_000);
  let upstream: TbtcUpstream | undefined;
  let fork: TbtcFork;
  let positions: readonly Position[];
  before(async () => {
    upstream = await open();
    fork = await openTbtcFork(upstream);
    await fork.mine(CONFIRMATIONS + 1);
    positions = await discoverAll();
  });
  after(async () => {
    await fork.close();
    await upstream?.close();
  });

  async function discoverAll(): Promise<readonly Position[]> {
    const found: Position[] = [];
    let cursor: TbtcCursor | undefined;
    for (let more = true; more;) {
      const next = await fork.rescue.discover(cursor);
      found.push(...next.positions);
      ({ cursor } = next);
      more = next.more === true;
    }
    return found;
  }

  const isActive = async ({ id }: Position): Promise<boolean> =>
    depositState(await fork.contracts.deposit(id).currentState()) === DepositState.ACTIVE &&
    (await fork.ownerOf(id)) === fork.addresses.vendingMachine;

  /** Active deposits that belong to the vending machine, with what the keeper reads of them. */
  async function active(): Promise<readonly Reading[]> {
    const chosen: Position[] = [];
    for (let from = 0; from < positions.length; from += QUESTIONS) {
      const some = positions.slice(from, from + QUESTIONS);
      const are = await Promise.all(some.map(isActive));
      chosen.push(...some.filter((_, index) => are[index] === true));
    }
    return fork.rescue.read(chosen, await fork.block());
  }

  const waysOf = async (readings: readonly Reading[]): Promise<readonly (readonly Action[])[]> => {
    const block = await fork.block();
    return Promise.all(readings.map((reading) => fork.rescue.options(reading, fork.holder, block)));
  };

  it("finds the deposits of the system, each once, by the logs of its factories", async () => {
    expect(positions.length).to.be.at.least(least);
    expect(new Set(positions.map(({ id }) => id)).size).to.equal(positions.length);
    for (const { id, operators } of positions.slice(0, AT_ONCE)) {
      expect(operators).to.have.length(3);
      expect(await fork.ownerOf(id)).to.match(/^0x[0-9a-fA-F]{40}$/);
    }
  });

  it("asks for an active deposit exactly what its contract asks for", async () => {
    const readings = (await active()).slice(0, AT_ONCE);
    expect(readings.length).to.be.greaterThan(0);
    for (const [index, ways] of (await waysOf(readings)).entries()) {
      const { id } = readings[index]?.position ?? expect.fail("no position");
      const rescue = ways.find(({ effect }) => effect === "rescue") ?? expect.fail(`${id} cannot be redeemed`);
      expect(rescue.costUnits, id).to.equal(await fork.requirementOf(id, fork.holder));
    }
  });

  it("calls and redeems in one block what the holder can pay for, once the price has fallen", async () => {
    const before = await active();
    const healths = before.flatMap(({ healthBps }) => (healthBps === undefined ? [] : [healthBps])).sort(ascending);
    const middle = healths[Math.floor(healths.length / 2)] ?? expect.fail("there is no price");
    await fork.movePrice(((await fork.price()) * TARGET_BPS) / middle);

    const fallen = (await active()).filter(
      ({ healthBps = 0n }) => healthBps >= LIQUIDATE_BELOW_BPS && healthBps < CALL_BELOW_BPS - 100n,
    );
    let leftUnits = await fork.contracts.token.balanceOf(fork.holder);
    const chosen: Action[] = [];
    for (const ways of await waysOf(fallen)) {
      const way = ways.find(({ effect }) => effect === "call-and-rescue");
      if (way === undefined || way.costUnits > leftUnits || chosen.length === AT_ONCE) continue;
      leftUnits -= way.costUnits;
      chosen.push(way);
    }
    expect(chosen.length).to.be.at.least(Math.min(least, AT_ONCE));

    const cost = chosen.reduce((sum, { costUnits }) => sum + costUnits, 0n);
    const held = await fork.contracts.token.balanceOf(fork.holder);
    const mined = await fork.together(fork.holder, [
      fork.approval(cost),
      ...chosen.flatMap(({ calls, gasLimit }) =>
        calls.map(({ to, data, gasLimit: gas = gasLimit }) => ({ to, data, gas })),
      ),
    ]);
    expect(mined.every(({ ok }) => ok)).to.equal(true);
    expect(new Set(mined.map(({ block }) => block)).size).to.equal(1);
    for (const { position } of chosen) {
      const state = depositState(await fork.contracts.deposit(position).currentState());
      expect(state, position).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
    }
    expect(held - (await fork.contracts.token.balanceOf(fork.holder))).to.equal(cost);
  });
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}

describe("the redeemer on a fork of the local tBTC v1", function () {
  const lots = Array.from({ length: AT_ONCE + 1 }, (_, index) => (index % 2 === 0 ? 1_000_000n : 10_000_000n));
  redeemsOnAFork(this, () => localUpstream(lots), AT_ONCE);
});

// Keys of keeps that exist are unknown, and the relay demands Bitcoin's real difficulty: funding, signature and proof run on the local system only.
describeWith(
  "rpc",
  "the redeemer on tBTC v1 of Ethereum mainnet, without funding, signature and proof, which only the local system can give",
  function () {
    redeemsOnAFork(this, mainnetUpstream, 1);
  },
);
