import { expect } from "chai";

import { freshPrice, paramsAt, positionHealth } from "../../../protocol/solana/positionHealth.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { describeWith } from "../../helpers/describeWith.js";
import { PositionExchange, TOKEN_NANO, type Member } from "../../helpers/positionExchange.js";

/** Discriminator, market, two authorities, and when the second counts: then price and time. */
const PRICE_OFFSET = 8 + 3 * 32 + 8;
const MAX_PRICE = 10n ** 18n;

describeWith("ownCluster", "protocol/solana: health of positions", () => {
  /** Writes any price, as no authority could. */
  function putPrice({ rig, price }: PositionExchange, nano: bigint): void {
    const account = rig.svm.getAccount(price);
    if (!account.exists) throw new Error("there is no price");
    const data = Uint8Array.from(account.data);
    const view = new DataView(data.buffer);
    view.setBigUint64(PRICE_OFFSET, nano, true);
    view.setBigInt64(PRICE_OFFSET + 8, rig.now, true);
    rig.svm.setAccount({ ...account, data });
  }

  function predicted(exchange: PositionExchange, trader: Member) {
    const { rig } = exchange;
    const params = paramsAt(exchange.marketNow(), rig.now);
    const price = freshPrice(exchange.priceAccount(), params, rig.now);
    if (price === undefined) throw new Error("the price is stale");
    const lock = vaultProgram.decodeAccount("programLock", rig.data(trader.programLock) ?? new Uint8Array());
    return positionHealth(exchange.positionOf(trader), lock, price, exchange.collateralNow(), params, rig.now);
  }

  for (const [decimals, isLong, margin] of [
    [6, true, 300_000_001n],
    [6, false, 300_000_001n],
    [9, true, 277_777_777_777n],
    [9, false, 277_777_777_777n],
  ] as const) {
    it(`is what the program finds: ${isLong ? "long" : "short"}, ${String(decimals)} decimals`, async () => {
      const exchange = await PositionExchange.create({ decimals });
      const trader = await exchange.trader("alice");
      const keeper = await exchange.trader("keeper", 0n);
      await exchange.openFor(trader, isLong, 100n, margin);
      const open = exchange.rig.snapshot();
      // Between a healthy and a liquidatable price lies the last healthy one: found by halves, asked on both sides.
      let [healthy, sick] = isLong ? [10n * TOKEN_NANO, 1n] : [10n * TOKEN_NANO, 40n * TOKEN_NANO];
      while (healthy - sick > 1n || sick - healthy > 1n) {
        const middle = (healthy + sick) / 2n;
        putPrice(exchange, middle);
        if (predicted(exchange, trader).isLiquidatable) sick = middle;
        else healthy = middle;
      }
      const near = [-2n, -1n, 0n, 1n, 2n].map((by) => healthy + by);
      const far = isLong ? [1n, 2n, 999_999_999n, sick / 2n] : [sick * 2n, 41n * TOKEN_NANO + 1n, MAX_PRICE];
      let liquidated = 0;
      for (const price of [...near, ...far]) {
        putPrice(exchange, price);
        const health = predicted(exchange, trader);
        const sent = await exchange.send(exchange.liquidate(trader, keeper), keeper.wallet);
        expect(sent.error, String(price)).to.equal(health.isLiquidatable ? undefined : "NotLiquidatable");
        if (!health.isLiquidatable) continue;
        liquidated += 1;
        const { lossUnits: loss, badDebtUnits: badDebt } = health.settlement;
        expect(exchange.events(sent)[0]?.data, String(price)).to.include({ loss, badDebt, reward: health.rewardUnits });
        exchange.rig.restore(open);
      }
      expect(liquidated).to.be.within(5, near.length + far.length - 2);
    });
  }

  it("knows revoked locks, stale prices and parameters that wait", async () => {
    const exchange = await PositionExchange.create();
    const trader = await exchange.trader("alice");
    await exchange.openFor(trader, true, 100n, 300_000_000n);
    expect(predicted(exchange, trader).isLiquidatable).to.equal(false);
    await exchange.must("revoke", [exchange.revokeLock(trader)], trader.wallet);
    const { isLiquidatable, isBelowMaintenance } = predicted(exchange, trader);
    expect([isLiquidatable, isBelowMaintenance]).to.deep.equal([true, false]);
    const market = exchange.marketNow();
    expect(freshPrice(exchange.priceAccount(), market.params, exchange.rig.now + 61n)).to.equal(undefined);
    const waiting = { ...market, pendingParams: { ...market.params, minSize: 11n }, pendingParamsAt: 5n };
    expect([paramsAt(waiting, 4n).minSize, paramsAt(waiting, 5n).minSize]).to.deep.equal([10n, 11n]);
    const [position, collateral] = [exchange.positionOf(trader), exchange.collateralNow()];
    const gone = positionHealth(position, undefined, TOKEN_NANO, collateral, market.params, exchange.rig.now);
    expect([gone.isLiquidatable, gone.settlement.lossUnits, gone.rewardUnits]).to.deep.equal([true, 0n, 0n]);
  });
});
