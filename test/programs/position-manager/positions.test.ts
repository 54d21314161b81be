/** Opening, changing and closing positions, against figures computed here from the definitions. */
import { AccountRole, type Instruction } from "@solana/kit";
import { expect } from "chai";

import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { describeWith } from "../../helpers/describeWith.js";
import { DAY, FIRST_PRICE, PARAMS, PositionExchange, TOKEN_NANO, type Member } from "../../helpers/positionExchange.js";

const tokens = (count: bigint): bigint => count * TOKEN_NANO;

describeWith("ownCluster", "position manager: positions", () => {
  let exchange: PositionExchange;
  let alice: Member;
  let start: Uint8Array;

  const units = (count: bigint): bigint => exchange.units(count);
  const does = async (instruction: Instruction): Promise<string | undefined> =>
    (await exchange.send(instruction, alice.wallet)).error;

  const mints = [
    { decimals: 6, tokenProgram: TOKEN_PROGRAM },
    { decimals: 8, tokenProgram: TOKEN_2022_PROGRAM },
    { decimals: 9, tokenProgram: TOKEN_PROGRAM },
  ] as const;
  for (const mint of mints) {
    describe(`with ${String(mint.decimals)} decimals`, () => {
      before(async () => {
        exchange = await PositionExchange.create({ ...mint, tokenProgram: mint.tokenProgram as never });
        alice = await exchange.trader("alice");
        start = exchange.rig.snapshot();
      });
      beforeEach(() => {
        exchange.rig.restore(start);
      });

      for (const isLong of [true, false]) {
        for (const priceTokens of [9n, 11n]) {
          const isProfit = isLong === priceTokens > 10n;
          const side = isLong ? "long" : "short";
          it(`settles the ${isProfit ? "profit" : "loss"} of a ${side} to the unit`, async () => {
            await exchange.openFor(alice, isLong, 333n, units(700n));
            expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n), locked: units(700n) });
            expect(exchange.lockOf(alice)).to.equal(units(700n));
            await exchange.walkPrice(tokens(priceTokens) + 7n);
            // 333 contracts moved by one token and 7 nano
            const change = 333n * (tokens(priceTokens) + 7n - FIRST_PRICE) * (isLong ? 1n : -1n);
            const nanoPerUnit = 10n ** BigInt(9 - mint.decimals);
            // division of bigints rounds toward zero: down for a profit; a loss is rounded up
            const moved = change >= 0n ? change / nanoPerUnit : -((-change + nanoPerUnit - 1n) / nanoPerUnit);
            const sent = await exchange.must("settle", [exchange.settle(alice)], alice.wallet);
            expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n) + moved, locked: 0n });
            expect(exchange.ledger(exchange.house).total).to.equal(units(100_000n) - moved);
            const paid = moved > 0n ? moved : 0n;
            expect(exchange.lockOf(exchange.house)).to.equal(units(100_000n) - paid);
            const [event] = exchange.events(sent);
            expect(event?.name).to.equal("positionSettled");
            expect(event?.data).to.include({ loss: moved < 0n ? -moved : 0n, badDebt: 0n, profitPaid: paid });
            expect(exchange.hasPosition(alice)).to.equal(false);
            expect(exchange.marketNow()).to.include({ longSize: 0n, shortSize: 0n, positions: 0n });
          });
        }
      }

      it("closes in parts, from the same margin", async () => {
        await exchange.openFor(alice, true, 300n, units(1_000n));
        await exchange.walkPrice(tokens(9n));
        await exchange.must("part", [exchange.settle(alice, { size: 100n })], alice.wallet);
        expect(exchange.positionOf(alice)).to.include({
          size: 200n,
          entryValue: 200n * FIRST_PRICE,
          margin: units(900n),
        });
        expect(exchange.ledger(alice)).to.deep.equal({ total: units(4_900n), locked: units(900n) });
        expect(exchange.marketNow().longSize).to.equal(200n);
        await exchange.walkPrice(tokens(10n));
        await exchange.must("rest", [exchange.settle(alice)], alice.wallet);
        expect(exchange.ledger(alice)).to.deep.equal({ total: units(4_900n), locked: 0n });
      });

      it("grows at the current price, and takes margin in and out", async () => {
        await exchange.openFor(alice, false, 100n, units(300n));
        await exchange.walkPrice(tokens(11n));
        await exchange.must("more", [exchange.increase(alice, 50n, units(200n), tokens(11n))], alice.wallet);
        const entryValue = 100n * tokens(10n) + 50n * tokens(11n);
        expect(exchange.positionOf(alice)).to.include({ size: 150n, entryValue, margin: units(500n) });
        await exchange.must("in", [exchange.addMargin(alice, 5n)], alice.wallet);
        expect(exchange.ledger(alice).locked).to.equal(units(500n) + 5n);
        // 20 % of 150 * 11 = 330, and 100 are lost: 70 are free
        expect(await does(exchange.removeMargin(alice, units(70n) + 6n))).to.equal("BelowInitialMargin");
        await exchange.must("out", [exchange.removeMargin(alice, units(70n) + 5n)], alice.wallet);
        expect(exchange.positionOf(alice).margin).to.equal(units(430n));
        expect(exchange.ledger(alice).locked).to.equal(units(430n));
        expect(exchange.lockOf(alice)).to.equal(units(430n));
      });
    });
  }

  describe("refusals", () => {
    before(async () => {
      exchange = await PositionExchange.create();
      alice = await exchange.trader("alice");
      start = exchange.rig.snapshot();
    });
    beforeEach(() => {
      exchange.rig.restore(start);
    });

    it("wants the initial margin to the unit, and does not count unrealised profit for it", async () => {
      expect(await does(exchange.open(alice, true, 100n, units(200n) - 1n))).to.equal("BelowInitialMargin");
      await exchange.openFor(alice, true, 100n, units(200n));
      await exchange.walkPrice(tokens(20n));
      expect(await does(exchange.removeMargin(alice, 1n))).to.equal("BelowInitialMargin");
      expect(await does(exchange.increase(alice, 1n, 0n, tokens(20n)))).to.equal("BelowInitialMargin");
    });

    it("says what is wrong with sizes, limits and amounts", async () => {
      const margin = units(300n);
      expect(await does(exchange.open(alice, true, 9n, margin))).to.equal("SizeTooSmall");
      expect(await does(exchange.open(alice, true, 0n, margin))).to.equal("ZeroAmount");
      expect(await does(exchange.open(alice, true, 100n, 0n))).to.equal("ZeroAmount");
      expect(await does(exchange.open(alice, true, 100n, margin, FIRST_PRICE - 1n))).to.equal("PriceLimit");
      expect(await does(exchange.open(alice, false, 100n, margin, FIRST_PRICE + 1n))).to.equal("PriceLimit");
      expect(await does(exchange.open(alice, true, 2n ** 64n - 1n, margin))).to.equal("NotionalTooLarge");
      expect(await does(exchange.open(alice, true, 100n, units(5_001n)))).to.equal("InsufficientAvailable");
      await exchange.openFor(alice, true, 100n, margin);
      const second = await exchange.send(exchange.open(alice, true, 100n, margin), alice.wallet);
      expect(second.ok, "one position for each balance").to.equal(false);
      expect(await does(exchange.increase(alice, 2n ** 64n - 1n, 0n, 2n ** 64n - 1n))).to.equal("NotionalTooLarge");
      expect(await does(exchange.increase(alice, 0n, 1n, FIRST_PRICE))).to.equal("ZeroAmount");
      expect(await does(exchange.settle(alice, { size: 101n }))).to.equal("SizeTooLarge");
      expect(await does(exchange.settle(alice, { size: 0n }))).to.equal("ZeroAmount");
      expect(await does(exchange.settle(alice, { size: 91n })), "dust may not stay").to.equal("SizeTooSmall");
      expect(await does(exchange.settle(alice, { priceLimit: FIRST_PRICE + 1n }))).to.equal("PriceLimit");
      expect(await does(exchange.addMargin(alice, 0n))).to.equal("ZeroAmount");
      expect(await does(exchange.removeMargin(alice, 0n))).to.equal("ZeroAmount");
      expect(await does(exchange.removeMargin(alice, 2n ** 64n - 1n))).to.equal("BelowInitialMargin");
    });

    it("keeps each side within the open interest", async () => {
      await exchange.must("params", [exchange.setParams({ ...PARAMS, maxOpenInterest: 150n })], exchange.roles.admin);
      const bob = await exchange.trader("bob");
      await exchange.openFor(alice, true, 100n, units(300n));
      const more = exchange.open(bob, true, 51n, units(300n));
      expect((await exchange.send(more, bob.wallet)).error).to.equal("OpenInterest");
      await exchange.openFor(bob, false, 150n, units(400n));
      expect(await does(exchange.increase(alice, 51n, units(300n), FIRST_PRICE))).to.equal("OpenInterest");
    });

    it("keeps a position that would be left below maintenance from closing in part", async () => {
      await exchange.openFor(alice, true, 1_000n, units(2_000n));
      await exchange.walkPrice(9_000_000_000n);
      // 1000 of margin left, 12 % of 9,000 are 1080
      expect(await does(exchange.settle(alice, { size: 10n }))).to.equal("BelowMaintenanceMargin");
      expect(await does(exchange.settle(alice))).to.equal(undefined);
    });

    it("lets neither the house, the price authority nor a multi-sig's lone owner trade", async () => {
      const { rig, house } = exchange;
      expect((await exchange.send(exchange.open(house, true, 100n, units(300n)), house.wallet)).error).to.equal(
        "HouseCannotTrade",
      );
      const authority = await exchange.trader("price authority");
      expect((await exchange.send(exchange.open(authority, true, 100n, units(300n)), authority.wallet)).error).to.equal(
        "PriceAuthorityCannotTrade",
      );
      await exchange.openFor(alice, true, 100n, units(300n));
      const multiSigVault = await rig.addresses.multiSigVault(alice.vault);
      const { vaultAuthority } = exchange.access;
      const owner = { authority: alice.wallet.address, vault: alice.vault };
      const accounts = { payer: rig.payer.address, vaultAuthority, multiSigVault, ...owner };
      const args = { owners: [alice.wallet.address, house.wallet.address], threshold: 2 };
      await rig.must([vaultProgram.instruction("createMultiSig", { args }, accounts)], { signers: [alice.wallet] });
      expect(await does(exchange.increase(alice, 10n, units(100n), FIRST_PRICE))).to.equal("MultiSigVault");
      expect(await does(exchange.settle(alice)), "what is open can be closed").to.equal(undefined);
      expect(await does(exchange.open(alice, true, 100n, units(300n)))).to.equal("MultiSigVault");
    });

    it("needs a price of less than a minute, except to add margin", async () => {
      await exchange.openFor(alice, true, 100n, units(300n));
      exchange.rig.warp(61n);
      const bob = await exchange.trader("bob");
      const opening = exchange.open(bob, true, 100n, units(300n));
      expect((await exchange.send(opening, bob.wallet)).error).to.equal("StalePrice");
      expect(await does(exchange.settle(alice))).to.equal("StalePrice");
      expect(await does(exchange.removeMargin(alice, 1n))).to.equal("StalePrice");
      expect(await does(exchange.increase(alice, 1n, 0n, FIRST_PRICE))).to.equal("StalePrice");
      expect(await does(exchange.addMargin(alice, 1n))).to.equal(undefined);
    });

    it("does not revive a closed position", async () => {
      await exchange.openFor(alice, true, 100n, units(300n));
      const { rig } = exchange;
      // rent comes back within the transaction, as somebody would do who wants to use the account once more
      const transfer: Instruction = {
        programAddress: "11111111111111111111111111111111" as never,
        accounts: [
          { address: rig.payer.address, role: AccountRole.WRITABLE_SIGNER },
          { address: alice.position, role: AccountRole.WRITABLE },
        ],
        data: Uint8Array.from([2, 0, 0, 0, 0, 225, 245, 5, 0, 0, 0, 0]),
      };
      const again = exchange.settle(alice, { size: 100n });
      const twice = await rig.send([again, transfer, again], { signers: [alice.wallet] });
      expect(twice.failure).to.include({ name: "AccountOwnedByWrongProgram", instruction: 2 });
      expect(exchange.hasPosition(alice)).to.equal(true);
      await rig.must([again, transfer], { signers: [alice.wallet] });
      await exchange.openFor(alice, false, 50n, units(200n));
      expect(exchange.positionOf(alice)).to.include({ size: 50n, isLong: 0, margin: units(200n) });
    });
  });

  describe("the house", () => {
    before(async () => {
      exchange = await PositionExchange.create({}, 50n);
      alice = await exchange.trader("alice");
      await exchange.openFor(alice, true, 100n, units(300n));
      await exchange.walkPrice(tokens(11n));
      start = exchange.rig.snapshot();
    });
    beforeEach(() => {
      exchange.rig.restore(start);
    });

    const asks = async (name: "requestHouseUnlock" | "unlockHouse", amount: bigint) =>
      (await exchange.send(exchange.ofHouse(name, amount), exchange.house.wallet)).error;

    it("POS-10 pays profit as far as its lock reaches, and says what stays unpaid", async () => {
      expect(await does(exchange.settle(alice, { maxUnpaid: units(50n) - 1n }))).to.equal("HouseShort");
      const settled = await exchange.must("settle", [exchange.settle(alice, { maxUnpaid: units(50n) })], alice.wallet);
      expect(exchange.events(settled)[0]?.data).to.include({ profitPaid: units(50n), profitUnpaid: units(50n) });
      expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_050n), locked: 0n });
      expect(exchange.ledger(exchange.house)).to.deep.equal({ total: 0n, locked: 0n });
      expect(exchange.collateralNow().profitUnpaid).to.equal(units(50n));
    });

    it("lets a trader go when its lock is revoked, its time is over, or the vault has revoked this program", async () => {
      const { rig, house } = exchange;
      await rig.must([exchange.revokeLock(house)], { signers: [house.wallet] });
      const inTime = rig.snapshot();
      await exchange.must("in time", [exchange.settle(alice, { maxUnpaid: units(50n) })], alice.wallet);
      expect(exchange.ledger(alice).total).to.equal(units(5_050n));
      rig.restore(inTime);
      rig.warp(7n * DAY);
      await exchange.refreshPrice();
      expect(await does(exchange.settle(alice, { maxUnpaid: units(99n) }))).to.equal("HouseShort");
      expect(await does(exchange.settle(alice, { maxUnpaid: units(100n) }))).to.equal(undefined);
      expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n), locked: 0n });
      rig.restore(start);
      const { vaultAuthority, authorizedProgram } = exchange.access;
      const accounts = { signer: rig.roles.guardian.address, vaultAuthority, authorizedProgram };
      await rig.must([vaultProgram.instruction("revokeProgram", {}, accounts)], { signers: [rig.roles.guardian] });
      expect(await does(exchange.settle(alice, { maxUnpaid: units(100n) }))).to.equal(undefined);
      expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n), locked: 0n });
    });

    it("POS-11 takes back what it locked only a day after saying so", async () => {
      const { rig, house } = exchange;
      expect(await asks("unlockHouse", 1n)).to.equal("NothingPending");
      expect(await asks("requestHouseUnlock", units(40n))).to.equal(undefined);
      expect(await asks("unlockHouse", 1n)).to.equal("StillWaiting");
      rig.warp(DAY - 1n);
      expect(await asks("unlockHouse", 1n)).to.equal("StillWaiting");
      rig.warp(1n);
      expect(await asks("unlockHouse", units(40n) + 1n)).to.equal("AboveRequest");
      expect(await asks("unlockHouse", 0n)).to.equal("ZeroAmount");
      expect(await asks("unlockHouse", units(30n))).to.equal(undefined);
      expect(exchange.lockOf(house)).to.equal(units(20n));
      expect(await asks("unlockHouse", units(11n))).to.equal("AboveRequest");
      expect(await asks("requestHouseUnlock", 0n), "taken back").to.equal(undefined);
      expect(await asks("unlockHouse", 1n)).to.equal("NothingPending");
    });

    it("POS-24 asks for what is locked then, for a day, and asking again begins the wait again", async () => {
      const { rig, house } = exchange;
      expect(await asks("requestHouseUnlock", units(1_000n))).to.equal(undefined);
      expect(exchange.collateralNow().houseUnlock, "no more than is locked").to.equal(units(50n));
      rig.warp(DAY);
      const mature = rig.snapshot();
      expect(await asks("requestHouseUnlock", units(50n))).to.equal(undefined);
      expect(await asks("unlockHouse", 1n), "asked again").to.equal("StillWaiting");
      rig.restore(mature);
      rig.warp(DAY - 1n);
      expect(await asks("unlockHouse", units(50n))).to.equal(undefined);
      expect(await asks("requestHouseUnlock", 1n), "nothing is locked").to.equal(undefined);
      expect(await asks("unlockHouse", 1n)).to.equal("NothingPending");
      rig.restore(mature);
      rig.warp(DAY);
      expect(await asks("unlockHouse", 1n)).to.equal("RequestExpired");
      expect(await asks("requestHouseUnlock", units(50n))).to.equal(undefined);
      rig.warp(DAY);
      expect(await asks("unlockHouse", units(50n))).to.equal(undefined);
      expect(exchange.lockOf(house)).to.equal(0n);
    });

    it("POS-24 leaves locked what it locked after asking", async () => {
      const { rig, house } = exchange;
      await exchange.must("ask", [exchange.ofHouse("requestHouseUnlock", units(30n))], house.wallet);
      rig.warp(DAY);
      await exchange.must("take", [exchange.ofHouse("unlockHouse", units(30n))], house.wallet);
      await exchange.must("ask", [exchange.ofHouse("requestHouseUnlock", units(20n))], house.wallet);
      await exchange.lockHouse(units(30n));
      rig.warp(DAY);
      await exchange.refreshPrice();
      const mature = rig.snapshot();
      expect(await asks("unlockHouse", units(20n) + 1n)).to.equal("AboveRequest");
      expect(await asks("unlockHouse", units(20n))).to.equal(undefined);
      expect(exchange.lockOf(house)).to.equal(units(30n));
      rig.restore(mature);
      // 15 of profit: 35 are left, 30 of them locked after asking
      await exchange.must("settle", [exchange.settle(alice, { size: 15n })], alice.wallet);
      expect(await asks("unlockHouse", units(5n) + 1n)).to.equal("AboveRequest");
      expect(await asks("unlockHouse", units(5n))).to.equal(undefined);
      // what is asked for next covers all of it, and nothing of the past
      expect(await asks("requestHouseUnlock", units(30n))).to.equal(undefined);
      rig.warp(DAY);
      expect(await asks("unlockHouse", units(30n))).to.equal(undefined);
      rig.restore(mature);
      await exchange.must("settle", [exchange.settle(alice, { size: 30n })], alice.wallet);
      expect(await asks("unlockHouse", 1n), "less is left than was locked after asking").to.equal("AboveRequest");
    });
  });
});
