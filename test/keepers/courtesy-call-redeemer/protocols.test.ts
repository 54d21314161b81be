import { expect } from "chai";

import type { Decision } from "../../../keepers/courtesy-call-redeemer/decide.js";
import { parseOperators } from "../../../keepers/courtesy-call-redeemer/strategies/modes.js";
import { createAaveChain, type AaveChain } from "../../helpers/aaveChain.js";
import { rescueRound, type RescueSite } from "../../helpers/rescueRound.js";
import { startTbtcNode, type TbtcNode } from "../../helpers/tbtcNode.js";
import { configOf, GWEI, URGENCY, WAD } from "./fixtures.js";

const USD8 = 10n ** 8n;
const BTC_SAT = 100_000_000n;
/** 124 %. */
const CALLABLE = 2_666n * 10n ** 13n;

const chosenOf = ({ plan }: Decision): string[] => plan.chosen.map(({ candidate }) => candidate.position).sort();
const spentOf = ({ plan }: Decision): bigint => plan.chosen.reduce((sum, { action }) => sum + action.costUnits, 0n);

describe("courtesy-call-redeemer: one core for two protocols", () => {
  let lending: AaveChain;
  let bridge: TbtcNode;

  before(async () => {
    lending = await createAaveChain();
    bridge = await startTbtcNode();
  });
  after(async () => {
    await lending.close();
    await bridge.close();
  });

  /** Three borrowers in danger of the same urgency, and means for two of them. */
  async function lendingSite(): Promise<RescueSite<unknown>> {
    const { scenario, units, roles } = lending;
    const own = roles.borrowers.slice(0, 3);
    for (const [index, borrower] of own.entries()) {
      await scenario.supply("WETH", borrower, units("WETH", 10n));
      await scenario.borrow("USDC", borrower, units("USDC", 13_900n + 10n * BigInt(index)));
    }
    await scenario.setPrice("WETH", 1_750n * USD8);
    await scenario.give("USDC", roles.wallet, units("USDC", 5_000n));
    return {
      protocol: lending.rescue(own),
      wallet: roles.wallet,
      config: configOf({
        mode: "preemptive",
        operators: parseOperators(own.join(), 0n),
        // Not above what a rescue brings, or it would be followed by the next.
        urgency: { ...URGENCY, preemptBelowBps: 10_500n },
        token: scenario.reserve("USDC").asset,
        maxFeePerGasWei: 2n * GWEI,
      }),
      balance: { tokenUnits: units("USDC", 5_000n), nativeWei: 100n * WAD },
      gasPriceWei: GWEI,
      block: () => lending.block(),
      carryOut: async (actions) => {
        for (const { allowance, calls } of actions) {
          await scenario.approve("USDC", roles.wallet, allowance?.units ?? 0n);
          for (const { to, data } of calls) await scenario.send(roles.wallet, to, data);
        }
      },
    };
  }

  /** Three called lots of the same urgency, and means for two of them. */
  async function bridgeSite(): Promise<RescueSite<unknown>> {
    const { scenario, roles, world } = bridge;
    const opened = [];
    while (opened.length < 3) opened.push(await scenario.open({ lotSat: BTC_SAT }));
    await scenario.setPrice(CALLABLE);
    for (const { address } of opened) await scenario.courtesyCall(address);
    await scenario.transferTbtc(roles.deployer, roles.redeemer, 2n * WAD);
    await bridge.chain.mine(20);
    return {
      protocol: bridge.rescue().rescue,
      wallet: roles.redeemer,
      config: configOf({
        mode: "courtesy",
        operators: parseOperators(roles.operators.join(), 0n),
        token: world.addresses.token,
        maxFeePerGasWei: 2n * GWEI,
      }),
      balance: { tokenUnits: 2n * WAD, nativeWei: 100n * WAD },
      gasPriceWei: GWEI,
      block: () => bridge.block(),
      carryOut: (actions) => bridge.carryOut(roles.redeemer, actions),
    };
  }

  for (const { name, siteOf, tokensOf, afterwards } of [
    {
      name: "borrowers of Aave v3",
      siteOf: lendingSite,
      tokensOf: () => lending.scenario.token("USDC").balanceOf(lending.roles.wallet),
      afterwards: "healthy",
    },
    {
      name: "deposits of tBTC v1",
      siteOf: bridgeSite,
      tokensOf: () => bridge.tbtcOf(bridge.roles.redeemer),
      afterwards: "not-redeemable",
    },
  ])
    it(`AAVE-14 the same round rescues ${name}: found, read, decided, tried and done, to the unit`, async () => {
      const site = await siteOf();
      const before = await tokensOf();
      const first = await rescueRound(site);
      expect(chosenOf(first)).to.have.length(2);
      expect(first.plan.uncovered).to.have.length(1);
      expect(before - (await tokensOf())).to.equal(spentOf(first));
      expect(first.plan.shortfall.tokenUnits).to.be.greaterThan(0n);

      // Once more, with what is left: what was rescued is left alone for its own reason, and the third is still short.
      const second = await rescueRound({ ...site, balance: { ...site.balance, tokenUnits: before - spentOf(first) } });
      expect(chosenOf(second)).to.deep.equal([]);
      for (const position of chosenOf(first))
        expect(second.skips.find(({ about }) => about === position)?.reason).to.equal(afterwards);
      expect(second.plan.uncovered.map(({ position }) => position)).to.deep.equal(
        first.plan.uncovered.map(({ position }) => position),
      );
    });
});
