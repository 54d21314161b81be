import { expect } from "chai";

import { decide, type Decision } from "../../../../keepers/courtesy-call-redeemer/decide.js";
import type { TbtcRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import type { Mode, Position } from "../../../../keepers/courtesy-call-redeemer/types.js";
import { parseOperators } from "../../../../keepers/courtesy-call-redeemer/strategies/modes.js";
import { DepositState } from "../../../../protocol/tbtc/states.js";
import { satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../../scripts/tbtc/scenario.js";
import { startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";
import { configOf, GWEI, observationOf } from "../fixtures.js";

const TBTC = 10n ** 18n;
const BTC_SAT = 100_000_000n;
const MILLI = TBTC / 1_000n;
const CALLABLE = 2_666n * 10n ** 13n;
/** 129 %. */
const EARLY = 2_760n * 10n ** 13n;

describe("courtesy-call-redeemer, what it is accepted by, on tBTC v1", () => {
  let site: TbtcNode;
  let rescue: TbtcRescue;
  let ten: Deposit[];
  let fives: Deposit[];
  let ones: Deposit[];

  before(async () => {
    site = await startTbtcNode();
    const many = async (count: number, lotSat: bigint): Promise<Deposit[]> => {
      const opened: Deposit[] = [];
      while (opened.length < count) opened.push(await site.scenario.open({ lotSat }));
      return opened;
    };
    ten = await many(1, 10n * BTC_SAT);
    fives = await many(2, 5n * BTC_SAT);
    ones = await many(10, BTC_SAT);
  });
  beforeEach(async () => {
    await site.keep();
    ({ rescue } = site.rescue());
  });
  afterEach(() => site.giveBack());
  after(() => site.close());

  async function callAll(): Promise<void> {
    await site.scenario.setPrice(CALLABLE);
    for (const { address } of [...ten, ...fives, ...ones]) await site.scenario.courtesyCall(address);
  }

  async function give(amountWei: bigint): Promise<void> {
    await site.scenario.transferTbtc(site.roles.deployer, site.roles.redeemer, amountWei);
    expect(await site.tbtcOf(site.roles.redeemer)).to.equal(amountWei);
  }

  /** One look and one decision, as the keeper makes them, for one of the signers of each. */
  async function decideFor(deposits: readonly Deposit[], mode: Mode = "courtesy"): Promise<Decision> {
    const { roles, world } = site;
    const positions = deposits.map(({ address, members, lotSat }): Position => {
      return { id: address.toLowerCase(), operators: members, sizeUnits: satToTbtcWei(lotSat) };
    });
    const block = await site.block();
    const readings = await rescue.read(positions, block);
    const options = await Promise.all(readings.map((reading) => rescue.options(reading, roles.redeemer, block)));
    const observation = observationOf(readings, await site.tbtcOf(roles.redeemer), {
      block,
      positions: readings.map((reading, index) => ({ reading, options: options[index] ?? [] })),
      gasPriceWei: GWEI,
    });
    const operators = parseOperators(roles.operators.join().toUpperCase().replaceAll("0X", "0x"), 0n);
    return decide(observation, configOf({ mode, operators, token: world.addresses.token, maxFeePerGasWei: 2n * GWEI }));
  }

  async function redeem({ plan }: Decision): Promise<void> {
    const mined = await site.carryOut(
      site.roles.redeemer,
      plan.chosen.map(({ action }) => action),
    );
    expect(mined.every(({ ok }) => ok)).to.equal(true);
    expect(new Set(mined.map(({ block }) => block)).size).to.equal(1);
    for (const { candidate } of plan.chosen) {
      expect(await site.scenario.state(candidate.position)).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
    }
  }

  for (const [what, pick, count] of [
    ["one lot of 10", () => ten, 1],
    ["two lots of 5", () => fives, 2],
    ["ten lots of 1", () => ones, 10],
  ] as const) {
    it(`TBTC-16 10 TBTC redeem ${what} in one block, to the last unit`, async () => {
      await callAll();
      await give(10n * TBTC);
      const decision = await decideFor(pick());
      expect(decision.plan.chosen).to.have.length(count);
      await redeem(decision);
      expect(await site.tbtcOf(site.roles.redeemer)).to.equal(0n);
    });
  }

  it("TBTC-16 of all of them 10 TBTC redeem as much as they can, and the rest is said to be short", async () => {
    await callAll();
    await give(10n * TBTC);
    const decision = await decideFor([...ones, ...fives, ...ten]);
    await redeem(decision);
    expect(await site.tbtcOf(site.roles.redeemer)).to.equal(0n);
    expect(decision.plan.shortfall.tokenUnits).to.equal(20n * TBTC);
    const uncovered = decision.plan.uncovered.reduce((sum, { costUnits }) => sum + costUnits, 0n);
    expect(uncovered).to.equal(20n * TBTC);
  });

  it("TBTC-16 9.999 TBTC do not redeem a lot of 10, and nothing is sent", async () => {
    await callAll();
    await give(10n * TBTC - MILLI);
    const { plan, skips } = await decideFor(ten);
    expect(plan.chosen).to.deep.equal([]);
    expect(skips.map(({ reason, now, needed }) => [reason, now, needed])).to.deep.equal([
      ["over-token-budget", 10n * TBTC - MILLI, 10n * TBTC],
    ]);
  });

  it("TBTC-16 a lot of 10 that is not called takes 10.005 TBTC", async () => {
    await site.scenario.setPrice(EARLY);
    await give(10n * TBTC);
    expect((await decideFor(ten, "preemptive")).skips.map(({ reason }) => reason)).to.deep.equal(["over-token-budget"]);
    await site.scenario.transferTbtc(site.roles.deployer, site.roles.redeemer, 5n * MILLI);
    const decision = await decideFor(ten, "preemptive");
    expect(decision.plan.chosen).to.have.length(1);
    await redeem(decision);
    expect(await site.tbtcOf(site.roles.redeemer)).to.equal(0n);
  });

  it("TBTC-16 calls and redeems twelve deposits in one block", async () => {
    await site.scenario.setPrice(CALLABLE);
    await give(20n * TBTC);
    const decision = await decideFor([...ones, ...fives], "self-courtesy");
    expect(decision.plan.chosen).to.have.length(12);
    await redeem(decision);
    expect(await site.tbtcOf(site.roles.redeemer)).to.equal(0n);
  });

  it("TBTC-15 looks at 700 positions in at most 60 exchanges, also the first time", async () => {
    await callAll();
    const positions = [...ten, ...fives, ...ones].map(({ address, members, lotSat }): Position => {
      return { id: address.toLowerCase(), operators: members, sizeUnits: satToTbtcWei(lotSat) };
    });
    // The same deposits again and again: what is asked of a node does not depend on which they are.
    const many = Array.from({ length: 700 / positions.length + 1 }, () => positions)
      .flat()
      .slice(0, 700);
    for (const what of ["first", "again"]) {
      const block = await site.block();
      site.proxy.exchanges = 0;
      const readings = await rescue.read(many, block);
      expect(readings).to.have.length(700);
      expect(readings.every(({ stage }) => stage === "called")).to.equal(true);
      expect(site.proxy.exchanges, what).to.be.lessThan(61);
    }
  });
});
