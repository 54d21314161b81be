import { expect } from "chai";

import type { AaveRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/aave/adapter.js";
import { decide, type Decision, type Observation } from "../../../../keepers/courtesy-call-redeemer/decide.js";
import { costWei } from "../../../../keepers/courtesy-call-redeemer/strategies/planner.js";
import type { UrgencyPolicy } from "../../../../keepers/courtesy-call-redeemer/strategies/urgency.js";
import { createAaveChain, type AaveChain } from "../../../helpers/aaveChain.js";
import { configOf } from "../fixtures.js";

const USD8 = 10n ** 8n;
const WAD = 10n ** 18n;
const GWEI = 10n ** 9n;
/** Thousandths of a WETH held and dollars owed: health between 1.03 and 1.18 at 1,750 dollars. */
const POSITIONS = [
  [10_000n, 14_000n],
  [3_000n, 4_150n],
  [7_000n, 9_700n],
  [1_500n, 2_090n],
  [900n, 1_240n],
  [5_000n, 6_900n],
  [400n, 560n],
  [2_500n, 3_100n],
] as const;

/** Chance of liquidation rises from the trigger downwards; nothing here is called. */
const URGENCY: UrgencyPolicy = {
  dangerBufferBps: 350n,
  urgentSeconds: 3_600n,
  safetyMarginSeconds: 0n,
  preemptBelowBps: 10_500n,
  likelihoodBps: { A: 9_500n, B: 9_000n, C: 1_000n, D: 500n },
};

describe("courtesy-call-redeemer: decides for Aave v3 as for any protocol", () => {
  let site: AaveChain;

  before(async () => {
    site = await createAaveChain();
    const { scenario, units, roles } = site;
    for (const [index, [milliWeth, dollars]] of POSITIONS.entries()) {
      const borrower = roles.borrowers[index] ?? "";
      await scenario.supply("WETH", borrower, units("WETH", milliWeth) / 1_000n);
      await scenario.borrow("USDC", borrower, units("USDC", dollars));
    }
    await scenario.setPrice("WETH", 1_750n * USD8);
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  const own = (): readonly string[] => site.roles.borrowers.slice(0, POSITIONS.length);

  /** What the core would see, with so much of the token in the wallet. */
  async function observe(rescue: AaveRescue, tokenUnits: bigint, wallet = site.roles.wallet): Promise<Observation> {
    const block = await site.block();
    const { positions } = await rescue.discover(undefined);
    const readings = await rescue.read(positions, block);
    const seen = [];
    for (const reading of readings) seen.push({ reading, options: await rescue.options(reading, wallet, block) });
    return {
      block,
      positions: seen,
      balance: { tokenUnits, nativeWei: 100n * WAD },
      onItsWay: [],
      gasPriceWei: GWEI,
    };
  }

  function decided(observation: Observation): Decision {
    const token = site.scenario.reserve("USDC").asset.toLowerCase();
    return decide(
      observation,
      configOf({
        mode: "preemptive",
        operators: { kind: "own", addresses: new Set(own()) },
        urgency: URGENCY,
        token,
        maxFeePerGasWei: 10n * GWEI,
        batchGasLimit: 0n,
      }),
    );
  }

  const chosenOf = ({ plan }: Decision): string[] => plan.chosen.map(({ candidate }) => candidate.position).sort();

  it("AAVE-12 with limited means it takes what the best of all choices takes, class by class", async () => {
    const observation = await observe(site.rescue(own()), 0n);
    const full = decided({ ...observation, balance: { ...observation.balance, tokenUnits: 10n ** 12n } });
    expect(full.plan.chosen.length).to.be.greaterThan(4);
    const all = full.plan.chosen.map(({ candidate, action }) => ({
      position: candidate.position,
      urgency: candidate.urgency,
      cost: action.costUnits,
      worth: candidate.atStakeWei - costWei(action, GWEI),
    }));
    const total = all.reduce((sum, { cost }) => sum + cost, 0n);
    const classes = [...new Set(all.map(({ urgency }) => urgency))].sort();
    expect(classes).to.deep.equal(["A", "C"]);
    let tried = 0;
    for (let part = 0n; part <= 20n; part += 1n) {
      const tokenUnits = (total * part) / 20n;
      const { plan } = decided({ ...observation, balance: { ...observation.balance, tokenUnits } });
      // Every subset; the worths of classes compared in strict order.
      let best: bigint[] = classes.map(() => 0n);
      for (let mask = 0; mask < 1 << all.length; mask += 1) {
        const taken = all.filter((_, index) => (mask & (1 << index)) !== 0);
        if (taken.reduce((sum, { cost }) => sum + cost, 0n) > tokenUnits) continue;
        const worths = classes.map((urgency) =>
          taken.filter((each) => each.urgency === urgency).reduce((sum, { worth }) => sum + worth, 0n),
        );
        const differs = worths.findIndex((worth, index) => worth !== best[index]);
        if (differs >= 0 && (worths[differs] ?? 0n) > (best[differs] ?? 0n)) best = worths;
      }
      const got = classes.map((urgency) =>
        plan.chosen
          .filter(({ candidate }) => candidate.urgency === urgency)
          .reduce((sum, { worthWei }) => sum + worthWei, 0n),
      );
      expect(got, String(part)).to.deep.equal(best);
      expect(plan.chosen.reduce((sum, { action }) => sum + action.costUnits, 0n) <= tokenUnits).to.equal(true);
      tried += 1;
    }
    expect(tried).to.equal(21);
  });

  it("AAVE-12 what is decided is done to the unit, and nobody of those can be liquidated at a price that would have", async () => {
    const { scenario, units, roles } = site;
    const rescue = site.rescue(own());
    const held = units("USDC", 2_500n);
    await scenario.give("USDC", roles.wallet, held);
    const decision = decided(await observe(rescue, held));
    const { plan, skips } = decision;
    expect(plan.chosen.length).to.be.greaterThan(0);
    expect(skips.map(({ reason }) => reason)).to.include("healthy");
    expect(plan.uncovered.length).to.be.greaterThan(0);
    let spent = 0n;
    for (const { action } of plan.chosen) {
      expect(await rescue.simulate(action, roles.wallet, await site.block())).to.deep.equal({ ok: true });
      await scenario.approve("USDC", roles.wallet, action.allowance?.units ?? 0n);
      for (const { to, data } of action.calls) await scenario.send(roles.wallet, to, data);
      spent += action.costUnits;
    }
    expect(held - (await scenario.token("USDC").balanceOf(roles.wallet))).to.equal(spent);

    const again = decided(await observe(site.rescue(own()), held - spent));
    for (const position of chosenOf(decision))
      expect(again.skips.find(({ about }) => about === position)?.reason).to.equal("healthy");
    await scenario.give("USDC", roles.rival, units("USDC", 100_000n));
    await scenario.setPrice("WETH", 1_600n * USD8);
    for (const borrower of own()) {
      const attempt = await scenario.liquidate(roles.rival, borrower, "USDC", "WETH").then(
        () => "liquidated",
        (error: unknown) => rescue.classifyError(error),
      );
      if (chosenOf(decision).includes(borrower)) expect(attempt).to.equal("rescued-by-another");
      else if (plan.uncovered.some(({ position }) => position === borrower)) expect(attempt).to.equal("liquidated");
    }
  });

  it("AAVE-9 an account without any reserve is rescued by its deposit, whatever token is planned with", async () => {
    const { scenario, units, roles } = site;
    const borrower = roles.borrowers[POSITIONS.length] ?? "";
    await scenario.supply("WETH", borrower, units("WETH", 1n));
    await scenario.supply("USDC", borrower, units("USDC", 1_500n));
    await scenario.borrow("USDC", borrower, units("USDC", 2_500n));
    await scenario.setPrice("WETH", 1_690n * USD8);
    const rescue = site.rescue([borrower], { targetBps: 11_500n });
    const of = ({ plan, skips }: Decision) => [
      plan.chosen.filter(({ candidate }) => candidate.position === borrower).map(({ action }) => action.costUnits),
      skips.find(({ about }) => about === borrower)?.reason,
    ];
    const operators = { kind: "own", addresses: new Set([borrower]) } as const;
    const at = async (symbol: "USDC" | "WBTC", wallet: string): Promise<Decision> => {
      const token = scenario.reserve(symbol).asset;
      const config = configOf({ mode: "preemptive", operators, urgency: URGENCY, token, maxFeePerGasWei: GWEI });
      return decide(await observe(rescue, 0n, wallet), config);
    };
    expect(of(await at("WBTC", roles.wallet))).to.deep.equal([[], "other-token"]);
    expect(of(await at("USDC", roles.wallet))).to.deep.equal([[], "over-token-budget"]);
    for (const symbol of ["USDC", "WBTC"] as const)
      expect(of(await at(symbol, borrower))).to.deep.equal([[0n], undefined]);
    const [choice] = (await at("USDC", borrower)).plan.chosen;
    for (const { to, data } of choice?.action.calls ?? []) await scenario.send(borrower, to, data);
    expect(await scenario.healthOf(borrower)).to.be.greaterThanOrEqual((115n * WAD) / 100n);
    expect(of(await at("USDC", borrower))).to.deep.equal([[], "healthy"]);
  });

  it("AAVE-16 looks at 700 accounts and for ways out of all of them in at most 60 exchanges with a node", async () => {
    const { liar, roles } = site;
    const rescue = site.rescue(own(), { triggerBps: 20_000n, targetBps: 20_000n }, site.client({ url: liar.url }));
    const block = await site.block();
    // The same accounts again and again: what is asked of a node does not depend on which they are.
    const positions = Array.from({ length: 700 }, (_, index) => {
      const id = roles.borrowers[index % POSITIONS.length] ?? "";
      return { id, operators: [id], sizeUnits: 0n };
    });
    const before = liar.exchanges;
    const readings = await rescue.read(positions, block);
    const options = await Promise.all(readings.map((reading) => rescue.options(reading, roles.wallet, block)));
    expect(options.map((ways) => ways.length)).to.deep.equal(positions.map(() => 1));
    expect(liar.exchanges - before).to.be.within(1, 60);
  });

  it("AAVE-8 with an old price it decides for nobody, and says so", async () => {
    await site.chain.advance(7_200);
    const decision = decided(await observe(site.rescue(own(), { maxPriceAge: () => 3_600n }), 10n ** 12n));
    expect(decision.plan.chosen).to.deep.equal([]);
    expect(new Set(decision.skips.map(({ reason }) => reason))).to.deep.equal(new Set(["price-stale"]));
  });

  it("AAVE-11 for others nothing is spent that no bounty covers", async () => {
    const observation = await observe(site.rescue([]), 10n ** 12n);
    const token = site.scenario.reserve("USDC").asset.toLowerCase();
    const operators = { kind: "service", minMarginWei: 1n } as const;
    const config = configOf({ mode: "preemptive", operators, urgency: URGENCY, token, maxFeePerGasWei: GWEI });
    const { plan, skips } = decide(observation, config);
    expect(plan.chosen).to.deep.equal([]);
    expect(skips.map(({ reason }) => reason)).to.include("bounty-too-small");
  });
});
