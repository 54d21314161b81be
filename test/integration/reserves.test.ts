import { expect } from "chai";
import { network } from "hardhat";
import { id } from "ethers";

import {
  CapitalBuckets__factory,
  FlashVault__factory,
  PegBoard__factory,
  PlainERC20__factory,
  ReserveSystem__factory,
  StablecoinReserveVault__factory,
  type CapitalBuckets,
  type PlainERC20,
  type ReserveSystem,
  type StablecoinReserveVault,
} from "../../protocol/generated/contracts/index.js";
import {
  deployPegSystem,
  report,
  sell,
  unitsOfUsd,
  WAD,
  type PegSystem,
  type PricedToken,
} from "../helpers/pegSystem.js";

const BUCKET = { public: 0n, stabilization: 1n, flash: 2n, crossChain: 3n, reserve: 4n };
const REFILL = { none: 0n, notLow: 7n };
const MINT_OPEN = 0n;
const MINT_BELOW_BAND = 3n;
const UNIT = 10n ** 6n;
const FULL = 2n ** 128n - 1n;
const FEE_WAD = 10n ** 14n;

/** One holder's money through the whole balance sheet: vault, pool, stabilizer, refill out of the reserve, redemption. */
describe("Reserves › from a mint to a redemption", () => {
  let chain: Awaited<ReturnType<typeof network.create>>;
  let system: PegSystem;
  let usdc: PlainERC20;
  let reserves: ReserveSystem;
  let vault: StablecoinReserveVault;
  let buckets: CapitalBuckets;

  before(async () => {
    chain = await network.create("sim138");
    system = await deployPegSystem(chain);
    const { owner, oracle, stabilizer, cUSDC, cUSDT, xau } = system;
    usdc = await new PlainERC20__factory(owner).deploy("USDC", 6);
    reserves = await new ReserveSystem__factory(owner).deploy(owner);
    // The stand-in's price is that of the token's own feeds: only the address differs.
    const config = await oracle.tokenConfig(cUSDC.token);
    const { tokenDecimals, minFeeds, maxDisagreementBps, minPriceWad, maxPriceWad } = config;
    const feeds = config.feeds.map(({ source, kind, maxAgeSeconds }) => ({ source, kind, maxAgeSeconds }));
    const standIn = { tokenDecimals, minFeeds, maxDisagreementBps, minPriceWad, maxPriceWad, feeds };
    await (await oracle.setToken(usdc, standIn)).wait();
    vault = await new StablecoinReserveVault__factory(owner).deploy(
      cUSDC.token,
      usdc,
      "0x0000000000000000000000000000000000000000",
      oracle,
      reserves,
      { mintFeeWad: FEE_WAD, redeemFeeWad: 2n * FEE_WAD },
      (WAD * 99n) / 100n,
      owner,
      owner,
    );
    buckets = await new CapitalBuckets__factory(owner).deploy(oracle, reserves, owner);
    const flash = await new FlashVault__factory(owner).deploy(owner);
    const calls = [
      await cUSDC.token.setMinterLimit({
        minter: vault,
        mintCapacity: 10n ** 12n,
        mintRefillPerSecond: 10n ** 9n,
        burnCapacity: 0n,
        burnRefillPerSecond: 0n,
      }),
      await cUSDC.token.grantRole(id("MINTER_ROLE"), vault),
      await cUSDC.token.grantRole(id("REDEEMER_ROLE"), vault),
      await vault.setFeeRecipient(buckets),
      await stabilizer.setBuckets(buckets),
      await flash.setBuckets(buckets),
      await buckets.setPegBoard(await new PegBoard__factory(owner).deploy(owner)),
      await buckets.setTerms({
        feeWad: FEE_WAD,
        rewardShareWad: WAD / 2n,
        rewardBudgetXauWeiPerDay: WAD / 25n,
        nativePriceXauWei: WAD,
        maxGasPriceWei: 10n ** 11n,
      }),
      await buckets.setHolder(BUCKET.stabilization, stabilizer),
      await buckets.setHolder(BUCKET.flash, flash),
    ];
    for (const token of [cUSDC, cUSDT, xau]) {
      calls.push(await buckets.addToken(token.token, unitsOfUsd(token, 2_000_000n)));
      calls.push(
        await buckets.setPolicy(BUCKET.stabilization, token.token, {
          lowUnits: unitsOfUsd(token, 400_000n),
          targetUnits: unitsOfUsd(token, 500_000n),
          minRefillUnits: unitsOfUsd(token, 1_000n),
          cooldownSeconds: 60n,
        }),
      );
    }
    for (const token of [cUSDC, cUSDT]) {
      calls.push(await reserves.registerToken(token.token, reserveBounds(), reserveSizing()));
      calls.push(await reserves.setReporter(token.token, buckets, true));
    }
    calls.push(await reserves.setReporter(cUSDC.token, vault, true));
    for (const token of [cUSDC, cUSDT, xau]) {
      calls.push(await token.token.mint(owner, unitsOfUsd(token, 1_000_000n)));
      calls.push(await token.token.approve(buckets, 2n ** 256n - 1n));
      calls.push(await buckets.fund(token.token, unitsOfUsd(token, 1_000_000n)));
    }
    for (const call of calls) await call.wait();
  });

  after(async () => {
    await chain.close();
  });

  async function units(bucket: bigint, token: PricedToken): Promise<bigint> {
    return buckets.bucketUnits(bucket, token.token);
  }

  async function refillQuote(scarce: PricedToken, surplus: PricedToken) {
    return buckets.quoteRefill(BUCKET.stabilization, scarce.token, surplus.token);
  }

  async function booksAgree(): Promise<void> {
    for (const { token } of [system.cUSDC, system.cUSDT, system.xau]) {
      const [crossChain, reserve, surplus] = [
        await buckets.bucketUnits(BUCKET.crossChain, token),
        await buckets.bucketUnits(BUCKET.reserve, token),
        await buckets.surplus(BUCKET.reserve, token),
      ];
      expect(await token.balanceOf(buckets)).to.equal(crossChain + reserve + surplus);
      expect(await buckets.bucketUnits(BUCKET.stabilization, token)).to.equal(await token.balanceOf(system.stabilizer));
    }
  }

  it("mints at par less the fee, and closes when the asset leaves its band", async () => {
    const holder = await system.trader.getAddress();
    await (await usdc.mint(holder, 300_000n * UNIT)).wait();
    await (await usdc.connect(system.trader).approve(vault, 300_000n * UNIT)).wait();
    const [reason, out] = await vault.mintStatus(200_000n * UNIT);
    expect(reason).to.equal(MINT_OPEN);
    await (await vault.connect(system.trader).mint(200_000n * UNIT, out, holder)).wait();
    expect(await system.cUSDC.token.balanceOf(holder)).to.equal(199_980n * UNIT);
    expect(await vault.reserveUnits(system.cUSDC.token)).to.equal(199_980n * UNIT);

    await report(system, system.cUSDC, 98_000000n);
    await chain.networkHelpers.mine(3);
    const [closed] = await vault.mintStatus(UNIT);
    expect(closed).to.equal(MINT_BELOW_BAND);
    await expect(vault.connect(system.trader).mint(UNIT, 0n, holder)).to.be.revertedWithCustomError(
      vault,
      "MintClosed",
    );
    await report(system, system.cUSDC, 1_00000000n);
    await chain.networkHelpers.mine(3);
  });

  it("refills the stabilizer when one-sided flow has used up a token, and it goes on acting", async () => {
    expect((await refillQuote(system.cUSDT, system.cUSDC)).reason).to.equal(REFILL.notLow);
    let executions = 0;
    while ((await units(BUCKET.stabilization, system.cUSDT)) >= unitsOfUsd(system.cUSDT, 400_000n)) {
      expect(executions, "one-sided flow must use up the token").to.be.lessThan(60);
      if (await stabilizeAfterASale()) executions += 1;
    }
    const surplus = (await refillQuote(system.cUSDT, system.cUSDC)).reason === REFILL.none ? system.cUSDC : system.xau;
    const quote = await refillQuote(system.cUSDT, surplus);
    expect(quote.reason).to.equal(REFILL.none);
    const before = {
      held: await units(BUCKET.stabilization, system.cUSDT),
      reserve: await units(BUCKET.reserve, surplus),
      keeper: await surplus.token.balanceOf(system.keeper),
    };
    const keeper = buckets.connect(system.keeper);
    const gasPrice = 20n * 10n ** 9n;
    const refill = await keeper.refill(BUCKET.stabilization, system.cUSDT.token, surplus.token, FULL, quote.paidUnits, {
      gasPrice,
    });
    await refill.wait();
    expect(await units(BUCKET.stabilization, system.cUSDT)).to.equal(before.held + quote.allowedUnits);
    const reward = (await surplus.token.balanceOf(system.keeper)) - before.keeper;
    expect(reward, "a reward, out of the fee").to.be.greaterThan(0n);
    expect(await units(BUCKET.reserve, surplus)).to.equal(before.reserve + quote.paidUnits - reward);
    await booksAgree();
    expect(await stabilizeAfterASale(), "it acts with what came from the reserve").to.equal(true);
    await booksAgree();
  });

  it("redeems at par less the fee while nothing else may leave, and turns fees into reserves", async () => {
    const holder = await system.trader.getAddress();
    const token = system.cUSDC.token;
    // A floor far above what is held: discretionary outflows wait, holders do not.
    await (await reserves.setSizing(token, { ...reserveSizing(), replenishSeconds: 86_400n })).wait();
    await expect(
      buckets.move(token, BUCKET.reserve, BUCKET.stabilization, 100_000n * UNIT),
    ).to.be.revertedWithCustomError(reserves, "FloorBreached");
    await (await token.connect(system.trader).approve(vault, 100_000n * UNIT)).wait();
    const before = await usdc.balanceOf(holder);
    await (await vault.connect(system.trader).redeem(100_000n * UNIT, 99_980n * UNIT, holder)).wait();
    expect((await usdc.balanceOf(holder)) - before).to.equal(99_980n * UNIT);

    expect(await vault.feesAccrued()).to.equal(40n * UNIT);
    await (await vault.collectFees()).wait();
    await (await buckets.addToken(usdc, 10n ** 12n)).wait();
    await (await buckets.absorb(BUCKET.reserve, usdc)).wait();
    expect(await buckets.bucketUnits(BUCKET.reserve, usdc)).to.equal(40n * UNIT);
    await booksAgree();
  });

  /** Sells cUSDC for cUSDT until the stabilizer has a reason, and lets it act. */
  async function stabilizeAfterASale(): Promise<boolean> {
    await sell(system, system.stablePool, false, 60_000n * UNIT);
    await chain.networkHelpers.mine(4);
    const allowance = await system.limits.allowance(system.stablePool);
    if (allowance.reason !== 0n) return false;
    const asKeeper = system.stabilizer.connect(system.keeper);
    await (
      await asKeeper.executePrivateSwap(FULL, allowance.tokenIn, allowance.tokenOut, { gasPrice: 10n ** 9n })
    ).wait();
    return true;
  }
});

function reserveBounds() {
  return {
    minPeakLow: 1n,
    minPeakHigh: 10n ** 12n,
    maxRiseLow: 10_000n,
    maxRiseHigh: 10n ** 12n,
    replenishLow: 60n,
    replenishHigh: 86_400n,
  };
}

/** P0 = 1,000 a minute, T = 5 minutes. */
function reserveSizing() {
  return {
    minPeakUnits: 1_000n * UNIT,
    maxRiseUnitsPerHour: 40_000n * UNIT,
    halfLifeSeconds: 3_600n,
    replenishSeconds: 300n,
    floorBps: 10_000n,
    warnBps: 30_000n,
    policyBps: 50_000n,
    targetMinutes: 35n,
  };
}
