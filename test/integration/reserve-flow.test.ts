import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { MaxUint256, parseUnits } from "ethers";

import { connectContracts, type ProtocolContracts } from "../../protocol/contracts.js";
import {
  Erc3156Borrower__factory,
  M1Token__factory,
  PegBoard__factory,
  PublicLiquidity__factory,
  PublicPmmPool__factory,
  StandInToken__factory,
} from "../../protocol/generated/contracts/index.js";
import { mulDivUp } from "../../protocol/math.js";
import { tokenNames, type ReservedToken, type TokenName } from "../../protocol/params/schema.js";
import { WAD } from "../../protocol/units.js";
import { BUCKET } from "../../scripts/deploy/bucketFunding.js";
import type { DeployResult } from "../../scripts/deploy/deploy.js";
import { mintLimitOf, sizingOf, termsOf } from "../../scripts/deploy/reserveAmounts.js";
import type { PlannedFeed } from "../../scripts/deploy/blueprint.js";
import { createDeploymentChain, localParams, type DeploymentChain } from "../helpers/deployment.js";
import { reportPrice } from "../helpers/reportPrices.js";

/** Base units of a whole cUSDT, cUSDC or cEURT. */
const UNIT = 10n ** 6n;
/** Decimals of each token's reserve asset: the vaults exchange between them. */
const ASSET_DECIMALS = { cUSDT: 6, cUSDC: 8, cEURT: 18 } as const;
const MINT = { open: 0n, belowBand: 3n, mintLimit: 7n } as const;
const REFILL = { none: 0n, halted: 5n, cooldown: 6n, notLow: 7n, belowMinimum: 9n } as const;
const BREACHED = 0n;
const GAS_PRICE_WEI = 10n ** 9n;
/** The stabilizer's caps let it spend a third of its cUSDT within so many executions. */
const MOST_SALES = 120;

/** The balance sheet as the deployment makes it: real feeds, real pools, real governance. */
describe("Reserves and buckets, deployed", () => {
  const loaded = localParams((copy) => {
    for (const [name, decimals] of Object.entries(ASSET_DECIMALS)) {
      copy.reserves.tokens[name as ReservedToken].asset.decimals = decimals;
    }
  });
  let site: DeploymentChain;
  let deployed: DeployResult;
  let contracts: ProtocolContracts;
  let trader: HardhatEthersSigner;
  let governance: HardhatEthersSigner;
  const restores: (() => Promise<void>)[] = [];

  before(async () => {
    site = await createDeploymentChain();
    trader = site.trader;
    const to = trader.address;
    deployed = await site.execute({
      loaded,
      extraGrants: tokenNames.map((token) => ({
        token,
        to,
        amountUnits: token === "XAU" ? 2_000n * WAD : 20_000_000n * UNIT,
      })),
    });
    contracts = connectContracts(deployed.deployment, trader);
    governance = await site.impersonate(deployed.blueprint.timelock.address);
  });
  beforeEach(keep);
  afterEach(giveBack);
  after(() => site.chain.close());

  /** Remembers the chain as it is now. */
  async function keep(): Promise<void> {
    const snapshot = await site.chain.networkHelpers.takeSnapshot();
    restores.push(() => snapshot.restore());
  }

  async function giveBack(): Promise<void> {
    await restores.pop()?.();
  }

  async function report(feeds: readonly PlannedFeed[], usd: string): Promise<void> {
    await reportPrice(site, feeds, usd);
    // Past the grace window, in which the worse of two prices counts.
    await site.chain.networkHelpers.mine(3);
  }

  const asset = (name: ReservedToken) =>
    StandInToken__factory.connect(deployed.blueprint.reserves.assets[name].address, trader);
  const bucket = (which: keyof typeof BUCKET, name: TokenName) =>
    contracts.buckets.bucketUnits(BUCKET[which], contracts.token(name));

  /** Per token, what lies with a holder is what its buckets and its surplus say. */
  async function booksAgree(): Promise<void> {
    const { buckets, flashVault } = contracts;
    for (const name of tokenNames) {
      const token = contracts.token(name);
      const [crossChain, reserve, flash] = [
        await bucket("crossChain", name),
        await bucket("reserve", name),
        await bucket("flash", name),
      ];
      expect(await token.balanceOf(buckets), name).to.equal(
        crossChain + reserve + (await buckets.surplus(BUCKET.reserve, token)),
      );
      expect(await token.balanceOf(flashVault), name).to.equal(flash + (await buckets.surplus(BUCKET.flash, token)));
      expect(await token.balanceOf(contracts.stabilizer), name).to.equal(await bucket("stabilization", name));
    }
  }

  for (const [name, decimals] of Object.entries(ASSET_DECIMALS) as [ReservedToken, number][]) {
    describe(`${name} against an asset of ${String(decimals)} decimals`, () => {
      const assetUnit = 10n ** BigInt(decimals);

      beforeEach(async () => {
        await asset(name).mint(trader.address, 20_000_000n * assetUnit);
        await asset(name).approve(contracts.vault(name), MaxUint256);
        await contracts.token(name).approve(contracts.vault(name), MaxUint256);
      });

      it("mints and redeems at par less the fees, and the meter sees both", async () => {
        const { reserves } = contracts;
        const [vault, token] = [contracts.vault(name), contracts.token(name)];
        const before = { supply: await token.totalSupply(), held: await vault.assetsHeld() };
        const reserveBefore = (await reserves.state(token)).reserveUnits;
        const assetIn = 12_345n * assetUnit;
        const mintFee = mulDivUp(assetIn, (await vault.fees()).mintFeeWad, WAD);
        const minted = ((assetIn - mintFee) * UNIT) / assetUnit;
        expect(await vault.mintStatus(assetIn)).to.deep.equal([MINT.open, minted, mintFee]);
        await vault.mint(assetIn, minted, trader.address);
        expect(await token.totalSupply()).to.equal(before.supply + minted);
        expect(await vault.assetsHeld()).to.equal(before.held + assetIn - mintFee);
        expect((await reserves.state(token)).windowUnits, "an inflow").to.equal(-minted);

        await site.chain.networkHelpers.time.increase(61);
        const m1In = minted / 2n;
        const gross = (m1In * assetUnit) / UNIT;
        const redeemFee = mulDivUp(gross, (await vault.fees()).redeemFeeWad, WAD);
        const held = await asset(name).balanceOf(trader);
        await vault.redeem(m1In, gross - redeemFee, trader.address);
        expect((await asset(name).balanceOf(trader)) - held).to.equal(gross - redeemFee);
        expect(await vault.feesAccrued()).to.equal(mintFee + redeemFee);
        const state = await reserves.state(token);
        expect(state.windowUnits, "the inflow is more than a minute old").to.equal(m1In);
        expect(state.reserveUnits).to.equal(reserveBefore + minted - m1In);
        expect(state.recordedReserveUnits).to.equal(state.reserveUnits);

        await vault.collectFees();
        const asAsset = deployed.blueprint.reserves.assets[name].address;
        await contracts.buckets.absorb(BUCKET.reserve, asAsset);
        expect(await contracts.buckets.bucketUnits(BUCKET.reserve, asAsset)).to.equal(mintFee + redeemFee);
        await booksAgree();
      });

      it("lets P rise no faster than its cap", async () => {
        const { reserves } = contracts;
        const token = contracts.token(name);
        const { minPeakUnits, maxRiseUnitsPerHour } = sizingOf(deployed.blueprint, name);
        await contracts.vault(name).redeem(1_000_000n * UNIT, 0n, trader.address);
        const peak = await reserves.peakUnits(token);
        expect(peak > BigInt(minPeakUnits)).to.equal(true);
        expect(peak <= BigInt(minPeakUnits) + BigInt(maxRiseUnitsPerHour)).to.equal(true);
      });

      it("refuses dust and what is beyond the vault's limit, and moves nothing", async () => {
        const vault = contracts.vault(name);
        const { mintCapacity } = mintLimitOf(deployed.blueprint, name);
        const held = await asset(name).balanceOf(trader);
        await expect(vault.mint(0n, 0n, trader.address)).to.be.revertedWithCustomError(vault, "ZeroAmount");
        // One base unit buys nothing: the fee rounds up.
        await expect(vault.mint(1n, 0n, trader.address)).to.be.revertedWithCustomError(vault, "DustAmount");
        const tooMuch = (mintCapacity * assetUnit * 11n) / (UNIT * 10n);
        await expect(vault.mint(tooMuch, 0n, trader.address))
          .to.be.revertedWithCustomError(vault, "MintClosed")
          .withArgs(MINT.mintLimit);
        await expect(vault.redeem(MaxUint256 / 10n ** 20n, 0n, trader.address)).to.be.revertedWithCustomError(
          vault,
          "InsufficientAssets",
        );
        expect(await asset(name).balanceOf(trader)).to.equal(held);
      });

      it("stops minting when the asset leaves its band, whatever the token trades at, and never redeeming", async () => {
        const vault = contracts.vault(name);
        const par = Number(loaded.params.reserves.tokens[name].price.referencePriceUsd);
        await report(deployed.blueprint.reserves.feeds[name], (par * 0.9951).toFixed(6));
        expect((await vault.mintStatus(assetUnit)).reason).to.equal(MINT.open);
        await report(deployed.blueprint.reserves.feeds[name], (par * 0.9949).toFixed(6));
        await expect(vault.mint(assetUnit, 0n, trader.address))
          .to.be.revertedWithCustomError(vault, "MintClosed")
          .withArgs(MINT.belowBand);
        expect(await contracts.oracle.priceInUsd(contracts.token(name))).to.equal(parseUnits(String(par), 18));
        await vault.redeem(UNIT, 0n, trader.address);
      });
    });
  }

  it("measures cEURT's asset in euros", async () => {
    const vault = contracts.vault("cEURT");
    const { references } = deployed.blueprint;
    const [euro] = [references.cEURT].flatMap((feed) => feed ?? []);
    if (euro === undefined) throw new Error("cEURT has a reference");
    await report([euro], "1.11");
    // 1.1 USD for what should be worth 1.11.
    expect((await vault.mintStatus(10n ** 18n)).reason).to.equal(MINT.belowBand);
    await report(deployed.blueprint.reserves.feeds.cEURT, "1.11");
    expect((await vault.mintStatus(10n ** 18n)).reason).to.equal(MINT.open);
  });

  describe("when one-sided flow has used up the stabilizer's cUSDT", () => {
    const order = [BUCKET.stabilization] as const;
    let cUSDT: string;
    let cUSDC: string;

    before(async () => {
      await keep();
      cUSDT = deployed.deployment.token("cUSDT");
      cUSDC = deployed.deployment.token("cUSDC");
      // Prices of their own: an exchange one to one would prove nothing.
      await report(deployed.blueprint.feeds.cUSDT, "1.0005");
      await report(deployed.blueprint.feeds.cUSDC, "0.9995");
      const pool = contracts.pool("cUSDT/cUSDC");
      await contracts.token("cUSDC").approve(pool, MaxUint256);
      const { lowUnits } = await contracts.buckets.policy(BUCKET.stabilization, cUSDT);
      expect((await contracts.buckets.quoteRefill(...order, cUSDT, cUSDC)).reason).to.equal(REFILL.notLow);
      let sales = 0;
      for (; sales < MOST_SALES && (await bucket("stabilization", "cUSDT")) >= lowUnits; sales += 1) {
        await pool.swapQuote(60_000n * UNIT, 0n, trader.address, trader.address, MaxUint256);
        await site.chain.networkHelpers.mine(4);
        const allowance = await contracts.limits.allowance(pool);
        if (allowance.reason !== 0n) continue;
        const { tokenIn, tokenOut } = allowance;
        await contracts.stabilizer.executePrivateSwap(2n ** 100n, tokenIn, tokenOut, { gasPrice: GAS_PRICE_WEI });
      }
      expect(sales, "one-sided flow must use up the token").to.be.lessThan(MOST_SALES);
    });
    after(giveBack);

    it("anybody refills it from the reserve at the oracle's prices, for a bounded reward, once per cooldown", async () => {
      const { buckets, oracle } = contracts;
      const quote = await buckets.quoteRefill(...order, cUSDT, cUSDC);
      expect(quote.reason).to.equal(REFILL.none);
      const before = {
        held: await bucket("stabilization", "cUSDT"),
        reserve: await bucket("reserve", "cUSDC"),
        caller: await contracts.token("cUSDC").balanceOf(site.attacker),
        window: (await contracts.reserves.state(cUSDT)).windowUnits,
      };
      const anybody = buckets.connect(site.attacker);
      await anybody.refill(...order, cUSDT, cUSDC, MaxUint256, quote.paidUnits, { gasPrice: GAS_PRICE_WEI });

      const [scarceUsd, surplusUsd] = [await oracle.priceInUsd(cUSDT), await oracle.priceInUsd(cUSDC)];
      expect([scarceUsd, surplusUsd]).to.deep.equal([parseUnits("1.0005", 18), parseUnits("0.9995", 18)]);
      const { feeWad } = termsOf(deployed.blueprint);
      const paid = mulDivUp(quote.allowedUnits, scarceUsd * (WAD + BigInt(feeWad)), surplusUsd * WAD);
      expect(quote.paidUnits).to.equal(paid);
      expect(await bucket("stabilization", "cUSDT")).to.equal(before.held + quote.allowedUnits);
      const reward = (await contracts.token("cUSDC").balanceOf(site.attacker)) - before.caller;
      expect(reward > 0n, "a reward, out of the fee").to.equal(true);
      expect(reward <= (paid - mulDivUp(quote.allowedUnits, scarceUsd, surplusUsd)) / 2n, "half of it").to.equal(true);
      expect(await bucket("reserve", "cUSDC")).to.equal(before.reserve + paid - reward);
      // What left the reserve is an outflow that the meter sees.
      expect((await contracts.reserves.state(cUSDT)).windowUnits).to.equal(before.window + quote.allowedUnits);
      await booksAgree();

      await expect(anybody.refill(...order, cUSDT, cUSDC, MaxUint256, MaxUint256))
        .to.be.revertedWithCustomError(buckets, "RefillRefused")
        .withArgs(...order, cUSDT, REFILL.cooldown);
      await site.chain.networkHelpers.time.increase(61);
      const { lowUnits } = await buckets.policy(BUCKET.stabilization, cUSDT);
      const after = (await buckets.quoteRefill(...order, cUSDT, cUSDC)).reason;
      expect(after).to.equal((await bucket("stabilization", "cUSDT")) >= lowUnits ? REFILL.notLow : REFILL.none);
    });

    it("is refused by its reason when the reserve's floor would be crossed, as is every move; holders redeem", async () => {
      const { buckets, reserves } = contracts;
      const { minPeakHigh, replenishHigh } = await reserves.bounds(cUSDT);
      const strict = {
        ...sizingOf(deployed.blueprint, "cUSDT"),
        minPeakUnits: minPeakHigh,
        replenishSeconds: replenishHigh,
      };
      await reserves.connect(governance).setSizing(cUSDT, strict);
      expect((await reserves.state(cUSDT)).tier).to.equal(BREACHED);
      await expect(buckets.refill(...order, cUSDT, cUSDC, MaxUint256, MaxUint256))
        .to.be.revertedWithCustomError(buckets, "RefillRefused")
        .withArgs(...order, cUSDT, REFILL.belowMinimum);
      const owned = buckets.connect(governance);
      await expect(
        owned.move(cUSDT, BUCKET.reserve, BUCKET.stabilization, 1_000n * UNIT),
      ).to.be.revertedWithCustomError(reserves, "FloorBreached");
      await expect(owned.withdraw(cUSDT, 1_000n * UNIT, trader.address)).to.be.revertedWithCustomError(
        reserves,
        "FloorBreached",
      );
      const vault = contracts.vault("cUSDT");
      await contracts.token("cUSDT").approve(vault, MaxUint256);
      await vault.redeem(100_000n * UNIT, 0n, trader.address);
      await booksAgree();
    });

    it("waits while either token is HALTED, and while the guardian's pause lasts", async () => {
      const { buckets } = contracts;
      const { roles } = deployed.blueprint;
      await keep();
      const guardian = await site.impersonate(roles.guardian);
      await buckets.connect(guardian).pause();
      await expect(buckets.refill(...order, cUSDT, cUSDC, MaxUint256, MaxUint256)).to.be.revertedWithCustomError(
        buckets,
        "RefillRefused",
      );
      await giveBack();

      await report(deployed.blueprint.feeds.cUSDC, "0.95");
      const board = PegBoard__factory.connect(deployed.deployment.address("PegBoard"), trader);
      for (let poke = 0; poke < 4; poke += 1) {
        await board.poke([cUSDC], { gasLimit: 5_000_000n });
        await site.chain.networkHelpers.mine(1);
      }
      expect(await board.isHalted(cUSDC)).to.equal(true);
      for (const [scarce, surplus] of [
        [cUSDT, cUSDC],
        [cUSDC, cUSDT],
      ] as const) {
        await expect(buckets.refill(...order, scarce, surplus, MaxUint256, MaxUint256))
          .to.be.revertedWithCustomError(buckets, "RefillRefused")
          .withArgs(...order, scarce, REFILL.halted);
      }
    });
  });

  it("lends bucket C for a call, and what the loan earns becomes reserve", async () => {
    const { flashVault, buckets } = contracts;
    const token = contracts.token("cUSDC");
    const borrower = await new Erc3156Borrower__factory(trader).deploy();
    const most = await flashVault.maxFlashLoan(token);
    expect(most).to.equal(await bucket("flash", "cUSDC"));
    const fee = await flashVault.flashFee(token, most);
    expect(fee).to.equal((most * 5n) / 10_000n);
    // The borrower cannot pay the fee.
    await expect(flashVault.flashLoan(borrower, token, most, "0x")).to.be.revertedWithCustomError(
      M1Token__factory.connect(await token.getAddress(), trader),
      "ERC20InsufficientBalance",
    );
    await token.transfer(borrower, fee);
    await flashVault.flashLoan(borrower, token, most, "0x");
    expect(await bucket("flash", "cUSDC")).to.equal(most);
    expect(await buckets.surplus(BUCKET.flash, token)).to.equal(fee);
    const before = await bucket("reserve", "cUSDC");
    await buckets.absorb(BUCKET.flash, token);
    expect(await bucket("reserve", "cUSDC")).to.equal(before + fee);
    await booksAgree();
    await expect(flashVault.flashFee(asset("cUSDC"), 1n)).to.be.revertedWithCustomError(flashVault, "TokenNotLent");
  });

  it("lets the owner alone take the public liquidity out and put it back, and counts it all the while", async () => {
    const { publicLiquidity } = contracts;
    const pool = contracts.pool("cUSDT/cUSDC");
    const shares = await PublicPmmPool__factory.connect(await pool.getAddress(), trader).balanceOf(publicLiquidity);
    const before = { cUSDT: await bucket("publicLiquidity", "cUSDT"), cUSDC: await bucket("publicLiquidity", "cUSDC") };
    await expect(publicLiquidity.leave(pool, shares / 2n, 0n, 0n)).to.be.revertedWithCustomError(
      PublicLiquidity__factory.connect(await publicLiquidity.getAddress(), trader),
      "OwnableUnauthorizedAccount",
    );
    const owned = publicLiquidity.connect(governance);
    await owned.leave(pool, shares / 2n, 0n, 0n);
    const inHand = await contracts.token("cUSDT").balanceOf(publicLiquidity);
    expect(inHand > 0n).to.equal(true);
    for (const name of ["cUSDT", "cUSDC"] as const) {
      const lost = before[name] - (await bucket("publicLiquidity", name));
      expect(lost >= 0n && lost <= 2n, `${name}: rounding only`).to.equal(true);
    }
    // Out of the pool it can be moved, and only by an order of the owner.
    await contracts.buckets
      .connect(governance)
      .move(contracts.token("cUSDT"), BUCKET.publicLiquidity, BUCKET.stabilization, UNIT);
    await owned.provide(pool, inHand - UNIT, await contracts.token("cUSDC").balanceOf(publicLiquidity), 1n);
    for (const name of ["cUSDT", "cUSDC"] as const) {
      const gone = before[name] - (await bucket("publicLiquidity", name));
      expect(gone <= (name === "cUSDT" ? UNIT + 4n : 4n), name).to.equal(true);
    }
    await booksAgree();
  });
});
