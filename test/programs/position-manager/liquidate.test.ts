import type { Instruction } from "@solana/kit";
import { expect } from "chai";

import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act } from "../../helpers/solanaVault/acting.js";
import { DAY, FIRST_PRICE, PositionExchange, TOKEN_NANO, type Member } from "../../helpers/positionExchange.js";

describeWith("ownCluster", "position manager: liquidate", () => {
  let exchange: PositionExchange;
  let alice: Member;
  let keeper: Member;
  let start: Uint8Array;

  const units = (count: bigint): bigint => exchange.units(count);
  const liquidates = async (by = keeper): Promise<string | undefined> =>
    (await exchange.send(exchange.liquidate(alice, by), by.wallet)).error;
  const atVault = (instruction: Instruction, by = alice.wallet) => exchange.rig.must([instruction], { signers: [by] });

  before(async () => {
    exchange = await PositionExchange.create();
    alice = await exchange.trader("alice");
    keeper = await exchange.trader("keeper", 0n);
    // 100 contracts at 10 with 300: below 12 % from 1000 - 300 = 700 = 100 * p * 0.88 on, p = 7.954545454
    await exchange.openFor(alice, true, 100n, units(300n));
    start = exchange.rig.snapshot();
  });
  beforeEach(() => {
    exchange.rig.restore(start);
  });

  it("POS-12 closes a position below its maintenance margin and no other, and pays house, liquidator and owner", async () => {
    await exchange.walkPrice(7_954_545_455n);
    expect(await liquidates()).to.equal("NotLiquidatable");
    await exchange.setPrice(7_954_545_454n);
    const rentBefore = exchange.rig.svm.getBalance(alice.wallet.address) ?? 0n;
    const rent = exchange.rig.svm.getBalance(alice.position) ?? 0n;
    const sent = await exchange.must("liquidate", [exchange.liquidate(alice, keeper)], keeper.wallet);
    // loss 204.5454546, reward 1 % of 795.4545454
    const loss = 204_545_455n; // up: 204.5454546
    const reward = 7_954_545n; // down: 7.954545454
    expect(exchange.events(sent)[0]?.name).to.equal("positionLiquidated");
    expect(exchange.events(sent)[0]?.data).to.include({ loss, reward, badDebt: 0n, size: 100n });
    expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n) - loss - reward, locked: 0n });
    expect(exchange.ledger(keeper)).to.deep.equal({ total: reward, locked: 0n });
    expect(exchange.ledger(exchange.house).total).to.equal(units(100_000n) + loss);
    expect(exchange.rig.svm.getBalance(alice.wallet.address)).to.equal(rentBefore + rent);
    expect(exchange.hasPosition(alice)).to.equal(false);
    expect(exchange.marketNow()).to.include({ longSize: 0n, positions: 0n });
  });

  it("POS-13 gives the house the same whoever liquidates, and the owner nothing for liquidating himself", async () => {
    await exchange.walkPrice(7n * TOKEN_NANO + TOKEN_NANO / 10n);
    const marked = exchange.rig.snapshot();
    await exchange.must("settle", [exchange.settle(alice)], alice.wallet);
    const closed = { alice: exchange.ledger(alice).total, house: exchange.ledger(exchange.house).total };
    exchange.rig.restore(marked);
    expect(await liquidates(alice)).to.equal("SelfLiquidation");
    const other = await exchange.trader("another key of alice", 0n);
    await exchange.must("liquidate", [exchange.liquidate(alice, other)], other.wallet);
    expect(exchange.ledger(exchange.house).total).to.equal(closed.house);
    expect(exchange.ledger(alice).total + exchange.ledger(other).total).to.equal(closed.alice);
  });

  it("lets the house liquidate, and not the price authority", async () => {
    await exchange.walkPrice(7n * TOKEN_NANO);
    const authority = await exchange.trader("price authority", 0n);
    expect(await liquidates(authority)).to.equal("PriceAuthorityCannotTrade");
    expect(await liquidates(exchange.house)).to.equal(undefined);
  });

  it("POS-14 accounts for what the margin does not cover, and pays what little is left of it as reward", async () => {
    await exchange.walkPrice(7_040_000_000n);
    const marked = exchange.rig.snapshot();
    // 296 lost, 4 left of the 7.04 that the reward would be
    await exchange.must("liquidate", [exchange.liquidate(alice, keeper)], keeper.wallet);
    expect(exchange.ledger(keeper).total).to.equal(units(4n));
    expect(exchange.collateralNow().badDebt).to.equal(0n);
    exchange.rig.restore(marked);
    await exchange.walkPrice(6n * TOKEN_NANO);
    const sent = await exchange.must("liquidate", [exchange.liquidate(alice, keeper)], keeper.wallet);
    expect(exchange.events(sent)[0]?.data).to.include({ loss: units(300n), badDebt: units(100n), reward: 0n });
    expect(exchange.ledger(alice)).to.deep.equal({ total: units(4_700n), locked: 0n });
    expect(exchange.ledger(exchange.house).total).to.equal(units(100_300n));
    expect(exchange.collateralNow().badDebt).to.equal(units(100n));
  });

  it("lets an owner close below his margin, with the same bad debt", async () => {
    await exchange.walkPrice(6n * TOKEN_NANO);
    await exchange.must("settle", [exchange.settle(alice)], alice.wallet);
    expect(exchange.ledger(alice)).to.deep.equal({ total: units(4_700n), locked: 0n });
    expect(exchange.collateralNow().badDebt).to.equal(units(100n));
  });

  it("needs a fresh price", async () => {
    await exchange.walkPrice(7n * TOKEN_NANO);
    exchange.rig.warp(61n);
    expect(await liquidates()).to.equal("StalePrice");
  });

  it("waits while the vault is paused, and while its token account is frozen", async () => {
    const { rig } = exchange;
    await exchange.walkPrice(7n * TOKEN_NANO);
    const accounts = { guardian: rig.roles.guardian.address, vaultAuthority: exchange.access.vaultAuthority };
    await rig.must([vaultProgram.instruction("pause", {}, accounts)], { signers: [rig.roles.guardian] });
    const refused = await exchange.send(exchange.liquidate(alice, keeper), keeper.wallet);
    expect(refused.failure).to.include({ name: "Paused", program: "collateralVault" });
    rig.warp(1_800n);
    await exchange.refreshPrice();
    await rig.freeze(exchange.mint, alice.tokens);
    expect(await liquidates()).to.equal("TokenAccountFrozen");
    await rig.freeze(exchange.mint, alice.tokens, false);
    expect(await liquidates()).to.equal(undefined);
  });

  for (const [who, settles] of [
    ["its owner", () => exchange.must("settle", [exchange.settle(alice)], alice.wallet)],
    ["anybody", () => exchange.must("liquidate", [exchange.liquidate(alice, keeper)], keeper.wallet)],
  ] as const) {
    it(`lets ${who} close it while the trader has frozen his own vault, for whom the loss would wait`, async () => {
      const { rig } = exchange;
      const vault = { owner: alice.wallet.address, hasMultiSig: true };
      const owners = { owners: [alice.wallet.address, keeper.wallet.address], threshold: 2 };
      await act(rig, rig.instructions.createMultiSig({ owner: vault.owner }, owners));
      await exchange.walkPrice(7n * TOKEN_NANO);
      await act(rig, rig.instructions.freezeVault(vault, 3_600n));
      expect(rig.read("vault", alice.vault).frozenUntil).to.equal(rig.now + 3_600n);
      await settles();
      expect(exchange.ledger(exchange.house).total, "the loss is paid").to.equal(units(100_300n));
      expect(exchange.ledger(alice)).to.deep.equal({ total: units(4_700n), locked: 0n });
    });
  }

  it("keeps nobody in a position when the house is gone, which forgoes what it is owed", async () => {
    const { rig, house } = exchange;
    await atVault(exchange.revokeLock(house), house.wallet);
    rig.warp(7n * DAY);
    await atVault(exchange.releaseLock(house), house.wallet);
    await atVault(exchange.closeLock(house), house.wallet);
    await exchange.leave(house);
    await exchange.walkPrice(7_500_000_000n);
    const gone = rig.snapshot();
    await exchange.must("settle", [exchange.settle(alice)], alice.wallet);
    expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n), locked: 0n });
    expect(exchange.collateralNow().badDebt).to.equal(units(250n));
    rig.restore(gone);
    expect(await liquidates()).to.equal(undefined);
    expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n) - 7_500_000n, locked: 0n });
  });

  describe("when the owner revokes the lock", () => {
    beforeEach(async () => {
      await atVault(exchange.revokeLock(alice));
    });

    it("POS-15 closes the position at any health, within the seven days", async () => {
      const increase = exchange.increase(alice, 10n, 0n, FIRST_PRICE);
      expect((await exchange.send(increase, alice.wallet)).error).to.equal("LockRevoked");
      expect((await exchange.send(exchange.addMargin(alice, 1n), alice.wallet)).error).to.equal("LockRevoked");
      await exchange.walkPrice(9n * TOKEN_NANO);
      await exchange.must("liquidate", [exchange.liquidate(alice, keeper)], keeper.wallet);
      expect(exchange.ledger(keeper).total).to.equal(units(9n));
      expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n - 100n - 9n), locked: 0n });
    });

    it("pays its profit", async () => {
      await exchange.walkPrice(11n * TOKEN_NANO);
      await exchange.must("liquidate", [exchange.liquidate(alice, keeper)], keeper.wallet);
      expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n + 100n - 11n), locked: 0n });
    });

    it("closes what nobody closed in time, with nothing but bad debt, also when lock and balance are gone", async () => {
      const { rig } = exchange;
      rig.warp(7n * DAY);
      await exchange.walkPrice(9n * TOKEN_NANO);
      const late = rig.snapshot();
      const expectBadDebt = async (): Promise<void> => {
        expect(await liquidates()).to.equal(undefined);
        expect(exchange.collateralNow().badDebt).to.equal(units(100n));
        expect(exchange.ledger(keeper).total).to.equal(0n);
        expect(exchange.marketNow()).to.include({ longSize: 0n, positions: 0n });
      };
      // not released yet: the lock is given back
      await expectBadDebt();
      expect(exchange.ledger(alice)).to.deep.equal({ total: units(5_000n), locked: 0n });
      rig.restore(late);
      await atVault(exchange.releaseLock(alice));
      await expectBadDebt();
      rig.restore(late);
      await atVault(exchange.releaseLock(alice));
      await atVault(exchange.closeLock(alice));
      const lockGone = rig.snapshot();
      await expectBadDebt();
      rig.restore(lockGone);
      await exchange.leave(alice);
      await exchange.refreshPrice();
      await expectBadDebt();
    });

    it("backs no position with a lock that is made again", async () => {
      const { rig } = exchange;
      rig.warp(7n * DAY);
      await exchange.walkPrice(9n * TOKEN_NANO);
      await atVault(exchange.releaseLock(alice));
      await atVault(exchange.closeLock(alice));
      const { vaultAuthority, authorizedProgram } = exchange.access;
      const { vault, balance, programLock } = alice;
      const accounts = { payer: rig.payer.address, authority: alice.wallet.address, vaultAuthority, vault, balance };
      await atVault(
        vaultProgram.instruction(
          "createProgramLock",
          { cap: 2n ** 64n - 1n },
          { ...accounts, authorizedProgram, programLock },
        ),
      );
      expect((await exchange.send(exchange.addMargin(alice, 1n), alice.wallet)).error).to.equal("LockReleased");
      expect((await exchange.send(exchange.removeMargin(alice, 1n), alice.wallet)).error).to.equal("LockReleased");
      await exchange.refreshPrice();
      expect(await liquidates()).to.equal(undefined);
      expect(exchange.collateralNow().badDebt).to.equal(units(100n));
    });
  });
});
