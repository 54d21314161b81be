/** The market itself: its creation, prices, parameters, mints, pause and roles. */
import { AccountRole, type Instruction, type KeyPairSigner } from "@solana/kit";
import { expect } from "chai";

import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { absentAccount } from "../../../scripts/validator/absentAccount.js";
import { describeWith } from "../../helpers/describeWith.js";
import { DAY, FIRST_PRICE, PARAMS, PositionExchange, TOKEN_NANO, type Member } from "../../helpers/positionExchange.js";

const ZERO = "11111111111111111111111111111111" as never;

describeWith("ownCluster", "position manager: market", () => {
  let exchange: PositionExchange;
  let alice: Member;
  let admin: KeyPairSigner;
  let priceAuthority: KeyPairSigner;
  let start: Uint8Array;

  const units = (count: bigint): bigint => exchange.units(count);
  const doing = async (instruction: Instruction | Promise<Instruction>, by: KeyPairSigner) =>
    (await exchange.send(instruction, by)).error;
  const opening = (trader = alice) => doing(exchange.open(trader, true, 100n, units(300n)), trader.wallet);

  before(async () => {
    exchange = await PositionExchange.create();
    ({ admin, priceAuthority } = exchange.roles);
    alice = await exchange.trader("alice");
    start = exchange.rig.snapshot();
  });
  beforeEach(() => {
    exchange.rig.restore(start);
  });

  describe("initialize_market", () => {
    it("is for the upgrade authority alone, once, with the house's consent", async () => {
      const again = await exchange.initializeMarket(exchange.house.wallet);
      const twice = await exchange.rig.send([again], {
        signers: [exchange.rig.roles.upgradeAuthority, exchange.house.wallet],
      });
      expect(twice.ok).to.equal(false);
    });

    it("refuses roles in one hand, zero addresses and parameters out of bounds", async () => {
      const { rig, house } = exchange;
      // the market is taken away, so that it can be made again
      rig.svm.setAccount(absentAccount(exchange.market));
      rig.svm.setAccount(absentAccount(exchange.price));
      const { upgradeAuthority } = rig.roles;
      const signers = [upgradeAuthority, house.wallet, admin];
      const sample = await exchange.initializeMarket(house.wallet);
      const keys = (sample.accounts ?? []).map(({ address }) => address);
      const [, , , programData, , houseVault] = keys as [never, never, never, never, never, never];
      const initialising = async (
        changes: Partial<{ admin: string; priceAuthority: string; params: typeof PARAMS }>,
        accounts: Partial<Record<"upgradeAuthority" | "houseOwner", string>> = {},
      ) => {
        const args = { admin: admin.address, priceAuthority: priceAuthority.address, params: PARAMS, ...changes };
        const instruction = positionProgram.instruction(
          "initializeMarket",
          { args: args as never },
          {
            payer: rig.payer.address,
            upgradeAuthority: upgradeAuthority.address,
            programData,
            houseOwner: house.wallet.address,
            houseVault,
            market: exchange.market,
            price: exchange.price,
            ...(accounts as object),
          },
        );
        return (await rig.send([instruction], { signers })).error;
      };
      expect(await initialising({}, { upgradeAuthority: admin.address })).to.equal("NotUpgradeAuthority");
      expect(await initialising({}, { houseOwner: admin.address })).to.equal("NotVaultOwner");
      expect(await initialising({ admin: ZERO })).to.equal("ZeroAddress");
      expect(await initialising({ priceAuthority: ZERO })).to.equal("ZeroAddress");
      expect(await initialising({ priceAuthority: admin.address })).to.equal("RolesCollide");
      expect(await initialising({ priceAuthority: house.wallet.address })).to.equal("RolesCollide");
      expect(await initialising({ params: { ...PARAMS, maintenanceMarginBps: 1_109 } })).to.equal("BadParams");
      expect(await initialising({ params: { ...PARAMS, maintenanceMarginBps: 1_110 } })).to.equal(undefined);
    });
  });

  describe("set_price", () => {
    const setting = (price: bigint, publishedAt: bigint, by = priceAuthority) =>
      doing(exchange.setPriceAt(price, publishedAt, by), by);

    it("is for the price authority alone", async () => {
      exchange.rig.warp(1n);
      const { now } = exchange.rig;
      expect(await setting(FIRST_PRICE, now, admin)).to.equal("NotPriceAuthority");
      expect(await setting(FIRST_PRICE, now, exchange.house.wallet)).to.equal("NotPriceAuthority");
      expect(await setting(FIRST_PRICE, now)).to.equal(undefined);
    });

    it("says what it took, with the market's next number", async () => {
      exchange.rig.warp(1n);
      const { now } = exchange.rig;
      const { seqNum } = exchange.marketNow();
      const setting = exchange.setPriceAt(FIRST_PRICE + 1n, now);
      const sent = await exchange.must("setPrice", [setting], priceAuthority);
      const [event] = exchange.events(sent);
      const stamp = { seqNum: seqNum + 1n, slot: exchange.rig.slot };
      expect(event).to.deep.include({ name: "priceSet", data: { price: FIRST_PRICE + 1n, publishedAt: now, stamp } });
      expect(exchange.marketNow().seqNum).to.equal(seqNum + 1n);
    });

    it("POS-16 takes no price of the future, none too old, and none that is not newer", async () => {
      const last = exchange.rig.now;
      exchange.rig.warp(61n);
      const { now } = exchange.rig;
      expect(await setting(FIRST_PRICE, now + 1n)).to.equal("FuturePrice");
      expect(await setting(FIRST_PRICE, last)).to.equal("StalePrice");
      exchange.rig.setClock(last + 60n, exchange.rig.slot);
      expect(await setting(FIRST_PRICE, last)).to.equal("PriceNotNewer");
      expect(await setting(FIRST_PRICE, last - 1n)).to.equal("StalePrice");
      expect(await setting(FIRST_PRICE, last + 1n)).to.equal(undefined);
      expect(await setting(FIRST_PRICE, last + 1n)).to.equal("PriceNotNewer");
    });

    it("POS-17 takes steps of 10 % at most, and 10 % a minute", async () => {
      exchange.rig.warp(60n);
      let { now } = exchange.rig;
      expect(await setting(9_999n, now)).to.equal("PriceOutOfRange");
      expect(await setting(10n ** 18n + 1n, now)).to.equal("PriceOutOfRange");
      expect(await setting(11n * TOKEN_NANO + 1n, now)).to.equal("PriceStep");
      expect(await setting(9n * TOKEN_NANO - 1n, now)).to.equal("PriceStep");
      expect(await setting(11n * TOKEN_NANO, now)).to.equal(undefined);
      exchange.rig.warp(6n);
      now = exchange.rig.now;
      // 6 seconds: a tenth of the rate, 0.11 of 11
      expect(await setting(11_110_000_001n, now)).to.equal("PriceStep");
      expect(await setting(11_110_000_000n, now)).to.equal(undefined);
    });

    it("POS-25 takes no price that the smallest step could not move", async () => {
      const smallest = { ...PARAMS, priceStepBps: 1, priceStepBpsPerMinute: 1 };
      const other = await PositionExchange.bare(smallest);
      const says = async (price: bigint) => {
        other.rig.warp(60n);
        return (await other.send(other.setPriceAt(price, other.rig.now), other.roles.priceAuthority)).error;
      };
      expect(await says(9_999n)).to.equal("PriceOutOfRange");
      expect(await says(10_000n)).to.equal(undefined);
      expect(await says(10_001n), "up").to.equal(undefined);
      expect(await says(10_000n), "and down again").to.equal(undefined);
      expect(await says(9_999n)).to.equal("PriceOutOfRange");
    });

    it("dating prices in small steps does not move them further than the time allows", async () => {
      const first = exchange.rig.now;
      exchange.rig.warp(60n);
      let price = FIRST_PRICE;
      // a hostile authority says sixty prices at once, one for each second
      for (let second = 1n; second <= 60n; second += 1n) {
        const next = price + (price * 1_000n) / 600_000n;
        expect(await setting(next, first + second)).to.equal(undefined);
        price = next;
      }
      // compounding: below e^0.1
      expect(price).to.be.lessThan((FIRST_PRICE * 110_518n) / 100_000n);
      expect(await setting(price + 1n, exchange.rig.now)).to.equal("PriceNotNewer");
    });
  });

  describe("set_params", () => {
    it("is for the admin alone, within bounds", async () => {
      const { accounts = [], ...rest } = exchange.setParams(PARAMS);
      const other = [{ address: priceAuthority.address, role: AccountRole.READONLY_SIGNER }, ...accounts.slice(1)];
      expect(await doing({ ...rest, accounts: other }, priceAuthority)).to.equal("NotAdmin");
      expect(await doing(exchange.setParams({ ...PARAMS, minSize: 0n }), admin)).to.equal("BadParams");
    });

    it("POS-18 tightens at once and loosens a day later, unless taken back", async () => {
      const { rig } = exchange;
      await exchange.must("tighten", [exchange.setParams({ ...PARAMS, initialMarginBps: 3_001 })], admin);
      expect(await opening()).to.equal("BelowInitialMargin");
      await exchange.must("loosen", [exchange.setParams({ ...PARAMS, initialMarginBps: 3_000 })], admin);
      expect(await opening()).to.equal("BelowInitialMargin");
      rig.warp(DAY - 2n);
      await exchange.refreshPrice();
      const early = rig.snapshot();
      expect(await opening()).to.equal("BelowInitialMargin");
      rig.warp(1n);
      expect(await opening()).to.equal(undefined);
      rig.restore(early);
      await exchange.must("cancel", [exchange.setParams({ ...PARAMS, initialMarginBps: 3_001 })], admin);
      rig.warp(1n);
      expect(await opening()).to.equal("BelowInitialMargin");
    });

    it("makes nobody liquidatable by surprise", async () => {
      const keeper = await exchange.trader("keeper", 0n);
      await exchange.openFor(alice, true, 100n, units(300n));
      const raised = { ...PARAMS, initialMarginBps: 4_000, maintenanceMarginBps: 3_001 };
      await exchange.must("raise", [exchange.setParams(raised)], admin);
      expect(await doing(exchange.liquidate(alice, keeper), keeper.wallet)).to.equal("NotLiquidatable");
      exchange.rig.warp(DAY);
      await exchange.refreshPrice();
      expect(await doing(exchange.liquidate(alice, keeper), keeper.wallet)).to.equal(undefined);
    });
  });

  describe("set_paused", () => {
    it("stops new positions at once and lets them again a day after its end; closing goes on", async () => {
      const { rig } = exchange;
      await exchange.openFor(alice, true, 100n, units(300n));
      const bob = await exchange.trader("bob");
      await exchange.must("pause", [exchange.setPaused(true)], admin);
      expect(await opening(bob)).to.equal("Paused");
      expect(await doing(exchange.increase(alice, 1n, 1n, FIRST_PRICE), alice.wallet)).to.equal("Paused");
      expect(await doing(exchange.addMargin(alice, 1n), alice.wallet)).to.equal(undefined);
      expect(await doing(exchange.settle(alice), alice.wallet)).to.equal(undefined);
      await exchange.must("end", [exchange.setPaused(false)], admin);
      rig.warp(DAY - 2n);
      await exchange.refreshPrice();
      await exchange.must("ending twice does not put it off", [exchange.setPaused(false)], admin);
      expect(await opening(bob)).to.equal("Paused");
      rig.warp(1n);
      expect(await opening(bob)).to.equal(undefined);
    });
  });

  describe("collateral mints", () => {
    it("are open a day after they are listed, and closed at once", async () => {
      const mint = await exchange.rig.mint({ decimals: 9 });
      const house = await exchange.member("house", mint, 100n);
      const bob = await exchange.member("bob", mint, 500n);
      const open = () => doing(exchange.open(bob, true, 10n, 30n * TOKEN_NANO), bob.wallet);
      expect(await open()).to.equal("NotCollateral");
      await exchange.must("list", [exchange.addCollateral(house)], admin);
      expect(await doing(exchange.addCollateral(house), admin)).to.equal("AlreadyCollateral");
      expect(await open()).to.equal("CollateralClosed");
      await exchange.must("asking again", [exchange.setCollateralOpen(mint.address, true)], admin);
      exchange.rig.warp(DAY);
      await exchange.refreshPrice();
      expect(await open()).to.equal(undefined);
      await exchange.must("close", [exchange.setCollateralOpen(mint.address, false)], admin);
      const more = exchange.increase(bob, 1n, TOKEN_NANO, FIRST_PRICE);
      expect(await doing(more, bob.wallet)).to.equal("CollateralClosed");
      expect(await doing(exchange.setCollateralOpen(alice.vault, false), admin)).to.equal("NotCollateral");
      expect(await doing(exchange.setCollateralOpen(ZERO, false), admin)).to.equal("NotCollateral");
      const { mint: own } = exchange;
      exchange.mint = mint;
      const settlement = exchange.settle(bob);
      exchange.mint = own;
      const wrongHouse = await exchange.send(settlement, bob.wallet);
      expect(wrongHouse.error, "the other mint's house").to.equal("WrongBalance");
    });

    it("POS-19 have at most nine decimals and no transfer fee", async () => {
      const fee = await exchange.rig.mint({ transferFee: { bps: 1, maxUnits: 1n } });
      expect(await doing(exchange.addCollateral(await exchange.member("house", fee, 0n)), admin)).to.equal(
        "TransferFeeMint",
      );
      const behind = await exchange.rig.mint({
        extensions: ["MetadataPointer"],
        transferFee: { bps: 0, maxUnits: 0n },
      });
      expect(await doing(exchange.addCollateral(await exchange.member("house", behind, 0n)), admin)).to.equal(
        "TransferFeeMint",
      );
      const fine = await exchange.rig.mint({ decimals: 10 });
      expect(await doing(exchange.addCollateral(await exchange.member("house", fine, 0n)), admin)).to.equal(
        "TooManyDecimals",
      );
    });

    it("are eight at most", async () => {
      for (let count = 1; count < 8; count += 1) {
        const mint = await exchange.rig.mint();
        const house = await exchange.member("house", mint, 0n);
        await exchange.must("list", [exchange.addCollateral(house)], admin);
      }
      const ninth = await exchange.member("house", await exchange.rig.mint(), 0n);
      expect(await doing(exchange.addCollateral(ninth), admin)).to.equal("TooManyCollaterals");
    });
  });

  describe("roles", () => {
    it("POS-20 change in two steps, with a day between them", async () => {
      const next = await exchange.rig.wallet("next");
      for (const role of ["admin", "priceAuthority"] as const) {
        exchange.rig.restore(start);
        const accepting = (by: KeyPairSigner) => doing(exchange.acceptRole(role, by.address), by);
        expect(await accepting(next)).to.equal("NothingPending");
        await exchange.must("propose", [await exchange.proposeRole(role, next.address)], admin);
        expect(await accepting(admin)).to.equal("NotProposed");
        exchange.rig.warp(DAY - 1n);
        expect(await accepting(next)).to.equal("StillWaiting");
        exchange.rig.warp(1n);
        expect(await accepting(next)).to.equal(undefined);
        expect(await accepting(next)).to.equal("NothingPending");
        const held = role === "admin" ? exchange.marketNow().admin : exchange.priceAccount().authority;
        expect(held).to.equal(next.address);
      }
    });

    it("are never in one hand", async () => {
      const proposing = (role: "admin" | "priceAuthority", holder: string) =>
        doing(exchange.proposeRole(role, holder as never), admin);
      const next = await exchange.rig.wallet("next");
      expect(await proposing("admin", priceAuthority.address)).to.equal("RolesCollide");
      expect(await proposing("priceAuthority", admin.address)).to.equal("RolesCollide");
      expect(await proposing("priceAuthority", exchange.house.wallet.address)).to.equal("RolesCollide");
      expect(await proposing("admin", next.address)).to.equal(undefined);
      expect(await proposing("priceAuthority", next.address), "nor one after the other").to.equal("RolesCollide");
    });

    it("let the admin stop a price authority at once, and owners leave without any price", async () => {
      await exchange.openFor(alice, true, 100n, units(300n));
      await exchange.must("stop", [await exchange.proposeRole("priceAuthority", ZERO)], admin);
      exchange.rig.warp(1n);
      const setting = exchange.setPriceAt(FIRST_PRICE, exchange.rig.now);
      expect(await doing(setting, priceAuthority)).to.equal("NotPriceAuthority");
      exchange.rig.warp(60n);
      expect(await doing(exchange.settle(alice), alice.wallet)).to.equal("StalePrice");
      await exchange.rig.must([exchange.revokeLock(alice)], { signers: [alice.wallet] });
      exchange.rig.warp(7n * DAY);
      await exchange.rig.must([exchange.releaseLock(alice)], { signers: [alice.wallet] });
      expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n), locked: 0n });
    });

    it("are the admin's to propose", async () => {
      const by = priceAuthority;
      expect(await doing(exchange.proposeRole("admin", by.address, by), by)).to.equal("NotAdmin");
    });
  });
});
