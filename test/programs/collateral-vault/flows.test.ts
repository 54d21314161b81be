import { expect } from "chai";

import { associatedTokenAddress } from "../../../protocol/solana/addresses.js";
import { TOKEN_2022_PROGRAM } from "../../../protocol/solana/errorNames.js";
import type { Address } from "@solana/kit";
import type { BalanceRef, LockRef } from "../../../protocol/solana/instructions.js";
import { describeWith } from "../../helpers/describeWith.js";
import type { MintOptions } from "../../helpers/solanaVault/mints.js";
import { VaultRig, type Depositor, type TestConsumer, type TestMint } from "../../helpers/solanaVault/rig.js";
import type { Sent } from "../../helpers/solanaVault/svm.js";

const token2022 = { tokenProgram: TOKEN_2022_PROGRAM as Address };

/** Fee of 1 %, at most 1,000 units. */
const FEE = { bps: 100, maxUnits: 1_000n };
const feeOf = (amountUnits: bigint): bigint => {
  const fee = (amountUnits + 99n) / 100n;
  return fee > FEE.maxUnits ? FEE.maxUnits : fee;
};

const KINDS: readonly (readonly [string, MintOptions])[] = [
  ...[6, 8, 9].map((decimals) => [`SPL Token, ${String(decimals)} decimals`, { decimals }] as const),
  ...[6, 8, 9].map((decimals) => [`Token-2022, ${String(decimals)} decimals`, { decimals, ...token2022 }] as const),
  ...[6, 8, 9].map(
    (decimals) => [`Token-2022 with a fee, ${String(decimals)} decimals`, { decimals, transferFee: FEE }] as const,
  ),
];

/** Names, amounts and numbers of a transaction's events. */
const eventsOf = ({ events }: Sent) =>
  events.map(({ name, data }) => {
    const ledger = "ledger" in data ? data.ledger : undefined;
    return ledger === undefined
      ? { name }
      : { name, total: ledger.total, locked: ledger.locked, seqNum: ledger.seqNum };
  });

for (const [kind, options] of KINDS) {
  describeWith("ownCluster", `money of the collateral vault: ${kind}`, () => {
    const afterFee = (amountUnits: bigint): bigint =>
      options.transferFee === undefined ? amountUnits : amountUnits - feeOf(amountUnits);
    let rig: VaultRig;
    let mint: TestMint;
    let alice: Depositor;
    let bob: Depositor;
    let consumer: TestConsumer;
    let at: BalanceRef;
    let lock: LockRef;
    let wallet: Address;
    let held: Address;
    const unit = 10n ** BigInt(options.decimals ?? 6);

    before(async () => {
      rig = await VaultRig.create({ isUnsigned: true });
      mint = await rig.mint(options);
      alice = await rig.depositor("alice", [mint], 0n);
      bob = await rig.depositor("bob", [mint], 0n);
      consumer = await rig.consumer("exchange");
      await rig.register(consumer);
      at = { vault: alice.vault, mint };
      lock = { ...at, consumer: consumer.programId };
      wallet = await rig.tokens(alice.key.address, mint, 1_000n * unit);
      held = await associatedTokenAddress(alice.address, mint.address, mint.tokenProgram);
    });

    const balance = () => rig.balance(alice.key.address, mint);

    it("deposits what arrives", async () => {
      const amount = 100n * unit;
      const sent = await rig.must([await rig.instructions.deposit(at, amount)], { signers: [alice.key] });
      expect(rig.held(wallet)).to.equal(900n * unit);
      expect(rig.held(held)).to.equal(afterFee(amount));
      expect(eventsOf(sent)).to.deep.equal([{ name: "deposited", total: afterFee(amount), locked: 0n, seqNum: 1n }]);
      expect(sent.events[0]?.data).to.deep.include({ amount, received: afterFee(amount) });
    });

    it("locks, unlocks and settles", async () => {
      const as = [consumer.collateralAuthority];
      await rig.must([await rig.instructions.createProgramLock(lock, 50n * unit)], { signers: [alice.key] });
      const { total } = await balance();
      const sent = [
        await rig.must([await rig.instructions.lock(lock, 50n * unit)], { as }),
        await rig.must([await rig.instructions.unlock(lock, 10n * unit)], { as }),
        await rig.must([await rig.instructions.transferCollateral(lock, bob.vault, 30n * unit)], { as }),
      ];
      expect(sent.flatMap(({ events }) => events.map(({ name }) => name))).to.deep.equal([
        ...["locked", "unlocked", "collateralTransferred"],
      ]);
      expect(sent[2]?.events[0]?.data).to.deep.include({
        ...{ amount: 30n * unit, received: afterFee(30n * unit), programLocked: 10n * unit },
        sourceLedger: { total: total - 30n * unit, locked: 10n * unit, seqNum: 4n, slot: rig.slot },
        destinationLedger: { total: afterFee(30n * unit), locked: 0n, seqNum: 1n, slot: rig.slot },
      });
      expect(await balance()).to.deep.include({ total: total - 30n * unit, locked: 10n * unit, seqNum: 4n });
      expect(rig.held(held)).to.equal(total - 30n * unit);
      expect((await rig.balance(bob.key.address, mint)).total).to.equal(afterFee(30n * unit));
    });

    it("withdraws what is available and no more", async () => {
      const { total, locked } = await balance();
      const before = rig.held(wallet);
      const free = total - locked;
      const tooMuch = await rig.send([await rig.instructions.withdraw(at, free + 1n)], { signers: [alice.key] });
      expect(tooMuch.error).to.equal("InsufficientAvailable");
      const sent = await rig.must([await rig.instructions.withdraw(at, free)], { signers: [alice.key] });
      expect(eventsOf(sent)).to.deep.equal([{ name: "withdrawn", total: locked, locked, seqNum: 5n }]);
      expect(rig.held(wallet)).to.equal(before + afterFee(free));
      expect(rig.held(held)).to.equal(locked);
    });

    it("COL-4 closes with a donated unit and with withheld fees", async () => {
      const as = [consumer.collateralAuthority];
      await rig.must([await rig.instructions.unlock(lock, 10n * unit)], { as });
      await rig.must([await rig.instructions.closeProgramLock(lock)], { signers: [alice.key] });
      await rig.must([await rig.instructions.withdraw(at, (await balance()).total)], { signers: [alice.key] });
      await rig.donate(mint, alice.key, held, 3n * unit);
      const before = rig.held(wallet);
      const surplus = afterFee(3n * unit);
      const sent = await rig.must([await rig.instructions.closeBalance(at)], { signers: [alice.key] });
      expect(sent.events[0]?.data).to.deep.include({
        surplus,
        balance: await rig.addresses.balance(alice.address, mint.address),
      });
      expect(rig.held(wallet)).to.equal(before + afterFee(surplus));
      expect(rig.svm.getAccount(held).exists).to.equal(false);
      await rig.must([await rig.instructions.closeVault(alice.vault)], { signers: [alice.key] });
      expect(rig.svm.getAccount(alice.address).exists).to.equal(false);
      // closed and made again: nothing is left over
      await rig.must([await rig.instructions.initialize(alice.key.address), await rig.instructions.openBalance(at)], {
        signers: [alice.key],
      });
      expect(await balance()).to.deep.include({ total: 0n, locked: 0n, seqNum: 0n, isLimited: 0, programLocks: 0 });
    });
  });
}

describeWith("ownCluster", "bad input to the collateral vault", () => {
  let rig: VaultRig;
  let mint: TestMint;
  let alice: Depositor;
  let at: BalanceRef;
  before(async () => {
    rig = await VaultRig.create({ isUnsigned: true });
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 1_000n);
    at = { vault: alice.vault, mint };
  });
  const errorOf = async (
    instruction: Promise<Parameters<VaultRig["send"]>[0][number]>,
  ): Promise<string | undefined> => {
    const before = await rig.balance(alice.key.address, mint);
    const { error } = await rig.send([await instruction], { signers: [alice.key] });
    expect(await rig.balance(alice.key.address, mint)).to.deep.equal(before);
    return error;
  };

  it("COL-5 refuses amounts of nothing, too large, and with other decimals", async () => {
    const max = (1n << 64n) - 1n;
    const wrong = { vault: alice.vault, mint: { ...mint, decimals: 9 } };
    const { instructions: make } = rig;
    expect(await errorOf(make.deposit(at, 0n))).to.equal("ZeroAmount");
    expect(await errorOf(make.withdraw(at, 0n))).to.equal("ZeroAmount");
    expect(await errorOf(make.deposit(at, max))).to.equal("InsufficientFunds");
    expect(await errorOf(make.withdraw(at, max))).to.equal("InsufficientAvailable");
    expect(await errorOf(make.deposit(wrong, 1n))).to.equal("WrongDecimals");
    expect(await errorOf(make.withdraw(wrong, 1n))).to.equal("WrongDecimals");
    const limits = { perTransaction: 1n, capacity: max, refillPerDay: 1n };
    expect(await errorOf(make.setLimits(at, limits))).to.equal("BadLimit");
  });
});
