import { expect } from "chai";

import { EMODE_ID } from "../../../scripts/aave/deploy.js";
import { STABLE_RATE } from "../../../protocol/aave/contracts.js";
import { healthOf } from "../../../protocol/aave/health.js";
import { aaveRevert } from "../../../protocol/aave/reverts.js";
import { readMarket } from "../../../keepers/courtesy-call-redeemer/adapters/aave/market.js";
import { createAaveChain, type AaveChain } from "../../helpers/aaveChain.js";

const DAY = 86_400;
const USD8 = 10n ** 8n;

async function answerOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "accepted";
  } catch (error) {
    const revert = aaveRevert(error);
    if (revert === undefined) throw error;
    return revert.code;
  }
}

describe("Aave v3 on a local chain", () => {
  let site: AaveChain;

  before(async () => {
    site = await createAaveChain();
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  /** One account per way to hold and to owe: other decimals, several of each, efficiency mode, a stable rate. */
  async function openAll(): Promise<readonly string[]> {
    const { scenario, units, roles } = site;
    const [one = "", two = "", three = "", four = "", five = "", six = ""] = roles.borrowers;
    await scenario.supply("WETH", one, units("WETH", 10n));
    await scenario.borrow("USDC", one, units("USDC", 14_000n));
    await scenario.supply("WBTC", two, units("WBTC", 1n) / 3n);
    await scenario.borrow("WETH", two, units("WETH", 5n));
    await scenario.supply("USDC", three, units("USDC", 50_001n));
    await scenario.supply("DAI", three, units("DAI", 7_777n) / 11n);
    await scenario.borrow("WBTC", three, units("WBTC", 1n) / 2n + 1n);
    await scenario.borrow("DAI", three, units("DAI", 1_000n) + 1n);
    await scenario.supply("DAI", four, units("DAI", 10_000n));
    await scenario.enterEMode(four, EMODE_ID);
    await scenario.borrow("USDC", four, units("USDC", 9_200n));
    await scenario.supply("WETH", five, units("WETH", 3n));
    await scenario.borrow("DAI", five, units("DAI", 2_000n), STABLE_RATE);
    await scenario.borrow("USDC", five, units("USDC", 1_000n));
    await scenario.supply("WETH", six, units("WETH", 1n));
    return [one, two, three, four, five, six];
  }

  it("AAVE-1 computes health, debt and deposit as the pool does, to the last digit, at any time and price", async () => {
    const accounts = await openAll();
    const { chain, client, scenario, market } = site;
    const place = {
      provider: market.provider.toLowerCase(),
      pool: market.pool.toLowerCase(),
      wrappedNative: scenario.reserve("WETH").asset.toLowerCase(),
    };
    let compared = 0;
    for (const [days, wethUsd] of [
      [0, 2_000n],
      [3, 1_931n],
      [200, 1_777n],
    ] as const) {
      await chain.advance(days * DAY + 1);
      await scenario.setPrice("WETH", wethUsd * USD8 + 12_345n);
      // From now on the dollars of the efficiency mode count with one price.
      if (days > 100) await scenario.shareEModePrice("DAI");
      await scenario.setPrice("DAI", USD8 + BigInt(days) * 1_000n);
      const block = await site.block();
      const reader = client();
      const seen = await readMarket(reader, place, accounts, block, () => undefined);
      for (const account of accounts) {
        const told = await scenario.pool.getUserAccountData(account, { blockTag: block.number });
        const own = healthOf(seen.accounts.get(account)?.holdings ?? [], block.timestamp);
        const { totalCollateralBase, totalDebtBase, currentLiquidationThreshold, healthFactor } = told;
        expect([own.collateralBase, own.debtBase, own.thresholdBps]).to.deep.equal([
          totalCollateralBase,
          totalDebtBase,
          currentLiquidationThreshold,
        ]);
        expect(own.healthWad ?? 2n ** 256n - 1n).to.equal(healthFactor);
        compared += 1;
      }
    }
    expect(compared).to.equal(18);
  });

  it("AAVE-2 liquidates for whoever asks once health is below 1, half of the debt, and all of it below 0.95", async () => {
    const { scenario, units, roles } = site;
    const [borrower = ""] = await openAll();
    await scenario.give("USDC", roles.rival, units("USDC", 100_000n));
    const liquidate = () => scenario.liquidate(roles.rival, borrower, "USDC", "WETH");
    expect(await answerOf(liquidate())).to.equal("AAVE_HEALTHY");
    for (const { wethUsd, repaidShare } of [
      { wethUsd: 1_690n, repaidShare: 2n },
      { wethUsd: 1_500n, repaidShare: 1n },
    ]) {
      await site.keep();
      await scenario.setPrice("WETH", wethUsd * USD8);
      const before = await scenario.token("USDC").balanceOf(roles.rival);
      const owed = await scenario.debtOf("USDC", borrower);
      expect(await answerOf(liquidate())).to.equal("accepted");
      const paid = before - (await scenario.token("USDC").balanceOf(roles.rival));
      // Interest of the seconds in between.
      expect(paid - owed / repaidShare).to.be.within(0n, 100n);
      expect(await scenario.debtOf("USDC", borrower)).to.be.lessThan(owed);
      await site.giveBack();
    }
  });

  it("AAVE-3 refuses with numbers, each of which says what it means for a rescue", async () => {
    const { scenario, units, roles } = site;
    const [borrower = "", other = ""] = await openAll();
    const { wallet } = roles;
    const usdc = scenario.reserve("USDC").asset;
    await scenario.give("USDC", wallet, units("USDC", 20_000n));
    const repay = (asset: string, amount: bigint, mode: bigint, account: string) =>
      scenario.call(wallet, "repay", [asset, amount, mode, account]);
    expect(await answerOf(repay(usdc, 0n, 2n, borrower))).to.equal("AAVE_AMOUNT_ZERO");
    expect(await answerOf(repay(usdc, 2n ** 256n - 1n, 2n, borrower))).to.equal("AAVE_AMOUNT_NOT_EXPLICIT");
    expect(await answerOf(repay(usdc, 1n, 2n, other))).to.equal("AAVE_NO_DEBT");
    expect(await answerOf(repay(usdc, 1n, 1n, borrower))).to.equal("AAVE_NO_DEBT");
    expect(await answerOf(repay(usdc, 1n, 2n, borrower))).to.equal("AAVE_ALLOWANCE_SHORT");
    await scenario.approve("USDC", wallet, 2n ** 255n);
    await scenario.send(
      wallet,
      usdc,
      scenario.token("USDC").interface.encodeFunctionData("transfer", [roles.rival, units("USDC", 20_000n)]),
    );
    expect(await answerOf(repay(usdc, 1n, 2n, borrower))).to.equal("AAVE_BALANCE_SHORT");
    await scenario.setPaused("USDC", true);
    expect(await answerOf(repay(usdc, 1n, 2n, borrower))).to.equal("AAVE_RESERVE_PAUSED");
    expect(await answerOf(scenario.call(borrower, "repayWithATokens", [usdc, 1n, 2n]))).to.not.equal("accepted");
  });
});
