import { expect } from "chai";

import { DepositState } from "../../../protocol/tbtc/states.js";
import { collateralDown, weiPerSat } from "../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import { answerOf } from "../../helpers/tbtcAnswer.js";
import { createTbtcChain, type TbtcChain } from "../../helpers/tbtcChain.js";

const BTC_SAT = 100_000_000n;
/** 1e-5 BTC per ETH in 1e18 fixed point. */
const STEP = 10n ** 13n;

describe("tBTC v1, thresholds of a deposit of 1 BTC opened at 0.032 BTC per ETH", () => {
  let site: TbtcChain;
  let deposit: Deposit;

  before(async () => {
    site = await createTbtcChain();
    deposit = await site.scenario.open({ lotSat: BTC_SAT });
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  for (const { price, percent, call, liquidation } of [
    { price: 3200n, percent: 150n, call: "TBTC_COLLATERAL_SUFFICIENT", liquidation: "TBTC_COLLATERAL_NOT_SEVERE" },
    { price: 2667n, percent: 125n, call: "TBTC_COLLATERAL_SUFFICIENT", liquidation: "TBTC_COLLATERAL_NOT_SEVERE" },
    { price: 2666n, percent: 124n, call: "accepted", liquidation: "TBTC_COLLATERAL_NOT_SEVERE" },
    { price: 2350n, percent: 110n, call: "accepted", liquidation: "TBTC_COLLATERAL_NOT_SEVERE" },
    { price: 2340n, percent: 109n, call: "accepted", liquidation: "accepted" },
  ]) {
    it(`at ${String(percent)} %: courtesy call ${call}, liquidation ${liquidation}`, async () => {
      const { scenario } = site;
      await scenario.setPrice(price * STEP);
      expect(await scenario.contracts.deposit(deposit.address).collateralizationPercentage()).to.equal(percent);
      await site.keep();
      expect(await answerOf(scenario.courtesyCall(deposit.address))).to.equal(call);
      await site.giveBack();
      expect(await answerOf(scenario.liquidate(deposit.address))).to.equal(liquidation);
      const expected = liquidation === "accepted" ? DepositState.LIQUIDATION_IN_PROGRESS : DepositState.ACTIVE;
      expect(await scenario.state(deposit.address)).to.equal(expected);
    });
  }

  it("computes price and collateral locally as the contract does, at any price and bond", async () => {
    const { scenario } = site;
    const contract = scenario.contracts.deposit(deposit.address);
    const small = await scenario.open({ lotSat: 1_000_000n });
    for (const price of [1n, 777n, 2_999n, 3_201n, 9_999n, 123_457n]) {
      const btcPerEthWad = price * STEP + price;
      await scenario.setPrice(btcPerEthWad);
      const fetched = await scenario.contracts.system.fetchBitcoinPrice({ from: deposit.address });
      expect(fetched).to.equal(weiPerSat(btcPerEthWad));
      for (const { address, keep, lotSat } of [deposit, small]) {
        const bondWei = await scenario.contracts.keep(keep).checkBondAmount();
        expect(await scenario.contracts.deposit(address).collateralizationPercentage()).to.equal(
          collateralDown(bondWei, lotSat, fetched, 100n),
        );
      }
    }
    expect(await contract.undercollateralizedThresholdPercent()).to.equal(125n);
    expect(await contract.severelyUndercollateralizedThresholdPercent()).to.equal(110n);
  });
});
