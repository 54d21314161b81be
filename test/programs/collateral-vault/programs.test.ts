import type { Address } from "@solana/kit";
import { expect } from "chai";

import { codeUnits, type LockRef } from "../../../protocol/solana/instructions.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import { unitLimit } from "../../../protocol/solana/computeBudget.js";
import { closeProgram, setAuthority } from "../../../scripts/deploy/solana/loader.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act, outcome } from "../../helpers/solanaVault/acting.js";
import { VaultRig, type Depositor, type TestConsumer, type TestMint } from "../../helpers/solanaVault/rig.js";
import { codeHashOf } from "../../../protocol/solana/programData.js";
import { codeOf, extend, otherCode, upgrade } from "../../helpers/solanaVault/upgrades.js";

const DAY = 86_400n;
const WEEK = 7n * DAY;
const MAX_ACCOUNT_BYTES = 10_485_760;
const PROGRAM_DATA_HEADER_BYTES = 45;

describeWith("ownCluster", "programs that hold collateral", () => {
  let rig: VaultRig;
  let mint: TestMint;
  let alice: Depositor;
  let bob: Depositor;
  let consumer: TestConsumer;
  let at: LockRef;
  let admin: Address;
  let guardian: Address;

  beforeEach(async () => {
    rig = await VaultRig.create({ isUnsigned: true });
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 1_000n);
    bob = await rig.depositor("bob", [mint], 0n);
    consumer = await rig.consumer("exchange");
    await rig.register(consumer, 0n);
    at = { vault: alice.vault, mint, consumer: consumer.programId };
    admin = rig.roles.admin.address;
    guardian = rig.roles.guardian.address;
    await act(rig, rig.instructions.createProgramLock(at, 500n));
  });

  const lock = (amountUnits: bigint, where = at) => outcome(rig, rig.instructions.lock(where, amountUnits));
  const unlock = (amountUnits: bigint, where = at) => outcome(rig, rig.instructions.unlock(where, amountUnits));
  const settle = (amountUnits: bigint, where = at) =>
    outcome(rig, rig.instructions.transferCollateral(where, bob.vault, amountUnits));
  const release = (where = at) => outcome(rig, rig.instructions.releaseProgramLock(where));
  const renewal = async (signer = admin) =>
    rig.instructions.renewProgram(consumer.programId, signer, await rig.codeHash(consumer.programId));
  const renew = (signer = admin) => outcome(rig, renewal(signer));
  const confirm = (signer = guardian) => outcome(rig, rig.instructions.confirmProgram(consumer.programId, signer));
  const record = async () => rig.read("authorizedProgram", await rig.addresses.authorizedProgram(consumer.programId));
  const locked = async () => (await rig.balance(alice.key.address, mint)).locked;

  it("COL-17 count a day after their registration, to the second, up to the owner's cap", async () => {
    rig.warp(DAY - 1n);
    expect(await lock(1n)).to.equal("ProgramNotActive");
    rig.warp(1n);
    expect(await lock(501n)).to.equal("CapExceeded");
    expect(await lock(500n)).to.equal("ok");
    expect(await lock(1n)).to.equal("CapExceeded");
    expect(await unlock(501n)).to.equal("InsufficientLocked");
    expect(await settle(501n)).to.equal("InsufficientLocked");
    expect(await outcome(rig, rig.instructions.withdraw(at, 501n))).to.equal("InsufficientAvailable");
    await act(rig, rig.instructions.setProgramLockCap(at, 2_000n));
    expect(await lock(501n)).to.equal("InsufficientAvailable");
  });

  it("COL-17 stop when admin or guardian revokes them: unlock stays, the owner releases after seven days", async () => {
    rig.warp(DAY);
    for (const [round, signer] of [admin, guardian].entries()) {
      await act(rig, rig.instructions.lock(at, 100n));
      expect(await release()).to.equal("LockNotRevoked");
      expect(await outcome(rig, rig.instructions.revokeProgram(consumer.programId, bob.key.address))).to.equal(
        "NotAdmin",
      );
      await act(rig, rig.instructions.revokeProgram(consumer.programId, signer));
      expect(await outcome(rig, rig.instructions.revokeProgram(consumer.programId, signer))).to.equal("ProgramRevoked");
      expect([await lock(1n), await settle(1n), await unlock(10n)]).to.deep.equal([
        "ProgramRevoked",
        "ProgramRevoked",
        "ok",
      ]);
      rig.warp(WEEK - 1n);
      expect(await release()).to.equal("ReleaseTooEarly");
      if (round === 1) break;
      // registered again: the whole wait, and the owner's lock as it was
      await act(rig, renewal());
      expect(await lock(1n)).to.equal("ProgramNotActive");
      rig.warp(DAY);
      expect(await lock(1n)).to.equal("ok");
      expect(await unlock(91n)).to.equal("ok");
    }
    rig.warp(1n);
    expect(await release()).to.equal("ok");
    expect(await locked()).to.equal(0n);
    expect(await release()).to.equal("ZeroAmount");
  });

  it("COL-18 settle for seven days with a lock that its owner revoked, and lock nothing more", async () => {
    rig.warp(DAY);
    await act(rig, rig.instructions.lock(at, 100n), rig.instructions.revokeProgramLock(at));
    expect(await lock(1n)).to.equal("LockRevoked");
    expect(await outcome(rig, rig.instructions.setProgramLockCap(at, 500n))).to.equal("LockRevoked");
    expect(await outcome(rig, rig.instructions.closeProgramLock(at))).to.equal("LockNotEmpty");
    rig.warp(WEEK - 1n);
    expect([await settle(10n), await unlock(10n), await release()]).to.deep.equal(["ok", "ok", "ReleaseTooEarly"]);
    rig.warp(1n);
    expect([await settle(1n), await unlock(10n), await release()]).to.deep.equal(["LockRevoked", "ok", "ok"]);
    expect(await locked()).to.equal(0n);
    expect(await outcome(rig, rig.instructions.closeProgramLock(at))).to.equal("ok");
  });

  it("COL-18 stop when they were upgraded, until they are registered again and have waited", async () => {
    rig.warp(DAY);
    await act(rig, rig.instructions.lock(at, 100n));
    await upgrade(rig, consumer, otherCode(codeOf(rig, consumer)));
    expect([await lock(1n), await settle(1n), await unlock(1n)]).to.deep.equal([
      "ProgramUpgraded",
      "ProgramUpgraded",
      "ok",
    ]);
    expect(await renew(guardian)).to.equal("NotAdmin");
    expect(await confirm()).to.equal("ProgramUpgraded");
    await act(rig, renewal());
    expect(await lock(1n)).to.equal("ProgramNotActive");
    rig.warp(DAY);
    expect([await lock(1n), await settle(1n)]).to.deep.equal(["ok", "ok"]);
  });

  it("COL-42 are listed with the code that was looked at, and with no other that somebody put there meanwhile", async () => {
    const { instructions: make } = rig;
    const fresh = await rig.consumer("fresh");
    const seen = await rig.codeHash(fresh.programId);
    await upgrade(rig, fresh, otherCode(codeOf(rig, fresh)));
    const listing = () => outcome(rig, make.registerProgram(fresh.programId, admin, seen));
    expect(await listing()).to.equal("WrongCode");
    expect(rig.data(await rig.addresses.authorizedProgram(fresh.programId))).to.equal(undefined);
    // An extension is no other code.
    await extend(rig, fresh);
    await upgrade(rig, fresh, codeOf(rig, consumer));
    expect(await listing()).to.equal("ok");

    const before = await record();
    const looked = await rig.codeHash(consumer.programId);
    await upgrade(rig, consumer, otherCode(codeOf(rig, consumer)));
    const again = (hash: Uint8Array) => outcome(rig, make.renewProgram(consumer.programId, admin, hash));
    expect(await again(looked)).to.equal("WrongCode");
    expect(await again(new Uint8Array(32))).to.equal("WrongCode");
    expect(await record()).to.deep.equal(before);
    expect(await again(await rig.codeHash(consumer.programId))).to.equal("ok");
  });

  it("COL-22 go on once admin or guardian has confirmed that they were only extended", async () => {
    rig.warp(DAY);
    await act(rig, rig.instructions.lock(at, 100n));
    expect(await confirm()).to.equal("NothingPending");
    const before = await record();
    const stranger = (await rig.wallet("stranger")).address;
    for (const bytes of [10_240, 100_000]) {
      await extend(rig, consumer, bytes, stranger);
      expect([await lock(1n), await settle(1n)]).to.deep.equal(["ProgramUpgraded", "ProgramUpgraded"]);
      expect(await renew()).to.equal("ProgramUnchanged");
      expect(await confirm(stranger)).to.equal("NotAdmin");
      expect(await confirm(bytes === 10_240 ? guardian : admin)).to.equal("ok");
      expect([await lock(1n), await settle(1n)]).to.deep.equal(["ok", "ok"]);
    }
    const after = await record();
    expect(after.deploySlot > before.deploySlot).to.equal(true);
    // nothing else moved
    expect({ ...after, deploySlot: before.deploySlot, seqNum: before.seqNum }).to.deep.equal(before);
    expect(after.seqNum).to.equal(before.seqNum + 2n);
    expect(await confirm()).to.equal("NothingPending");
  });

  it("COL-22 wait on and stay revoked when they are confirmed, and are not renewed while they are well", async () => {
    expect(await renew()).to.equal("ProgramUnchanged");
    rig.warp(DAY - 10n);
    await extend(rig, consumer);
    expect([await confirm(), await lock(1n)]).to.deep.equal(["ok", "ProgramNotActive"]);
    rig.warp(9n);
    expect([await lock(1n), await renew()]).to.deep.equal(["ok", "ProgramUnchanged"]);
    await act(rig, rig.instructions.revokeProgram(consumer.programId, guardian));
    await extend(rig, consumer);
    expect([await confirm(), await lock(1n)]).to.deep.equal(["ok", "ProgramRevoked"]);
    expect(await renew()).to.equal("ok");
  });

  it("COL-22 are not confirmed with other code, nor by their own upgrade authority with the same code after an upgrade and back", async () => {
    rig.warp(DAY);
    const code = codeOf(rig, consumer);
    await upgrade(rig, consumer, otherCode(code));
    expect(await confirm()).to.equal("ProgramUpgraded");
    await extend(rig, consumer);
    expect(await confirm()).to.equal("ProgramUpgraded");
    await upgrade(rig, consumer, code);
    // the replaced code could write every account of its own: the same code does not suffice
    const { upgradeAuthority } = rig.roles;
    expect([await lock(1n), await settle(1n), await confirm(upgradeAuthority.address), await lock(1n)]).to.deep.equal([
      ...["ProgramUpgraded", "ProgramUpgraded", "NotAdmin", "ProgramUpgraded"],
    ]);
    expect([await confirm(), await lock(1n)]).to.deep.equal(["ok", "ok"]);
    // a new upgrade authority is no other code
    const handover = setAuthority(consumer.programData, upgradeAuthority.address, bob.key.address);
    await rig.must([handover], { as: [upgradeAuthority.address] });
    expect(await lock(1n)).to.equal("ok");
    // another program's account, and one that was closed
    const other = await rig.consumer("other");
    await extend(rig, other);
    const { programData } = other;
    const withTheirs = rig.instructions.build(
      "confirmProgram",
      {},
      { consumer: consumer.programId },
      { programData, signer: guardian },
    );
    expect(await outcome(rig, withTheirs)).to.equal("WrongProgramData");
    await rig.register(other);
    rig.warp(1n);
    await rig.must([closeProgram(upgradeAuthority.address, other)], { as: [upgradeAuthority.address] });
    expect(await outcome(rig, rig.instructions.confirmProgram(other.programId, guardian))).to.equal("WrongProgramData");
  });

  it("COL-22 cost half a compute unit a byte, however far a stranger extends them", async () => {
    const { instructions: make } = rig;
    const LARGEST = 2_500_000;
    const code = new Uint8Array(LARGEST).fill(1);
    code.set(codeOf(rig, consumer));
    const large = await rig.consumer("large", code);
    const units = async (instruction: Promise<FullInstruction>, bytes: number, as: Address[] = []): Promise<bigint> =>
      (await rig.must([unitLimit(codeUnits(bytes)), await instruction], { as })).computeUnits;
    const registered = await units(make.registerProgram(large.programId, admin, codeHashOf(code)), LARGEST, [admin]);
    await extend(rig, large, MAX_ACCOUNT_BYTES - PROGRAM_DATA_HEADER_BYTES - LARGEST);
    const confirmed = await units(make.confirmProgram(large.programId, guardian), codeOf(rig, large).length, [
      guardian,
    ]);
    expect(registered > 1_250_000n && registered < 1_300_000n, String(registered)).to.equal(true);
    expect(confirmed > 1_250_000n && confirmed < 1_400_000n, String(confirmed)).to.equal(true);
  });

  it("COL-19 cannot touch each other's lock on one balance, nor sign for each other", async () => {
    const other = await rig.consumer("other");
    await rig.register(other);
    const theirs: LockRef = { ...at, consumer: other.programId };
    await act(rig, rig.instructions.createProgramLock(theirs, 500n));
    expect([await lock(300n), await lock(200n, theirs)]).to.deep.equal(["ok", "ok"]);
    const [mine, notMine] = [await rig.instructions.unlock(at, 1n), await rig.instructions.unlock(theirs, 1n)];
    const place = (name: string): number => rig.program.accountNames("unlock").indexOf(name);
    const swap = (names: readonly string[]) => ({
      ...mine,
      accounts: mine.accounts.map((meta, index) =>
        names.some((name) => place(name) === index) ? (notMine.accounts[index] ?? meta) : meta,
      ),
    });
    expect(await outcome(rig, swap(["programLock"]))).to.equal("WrongProgram");
    expect(await outcome(rig, swap(["collateralAuthority"]))).to.equal("WrongCollateralAuthority");
    expect(await outcome(rig, swap(["authorizedProgram", "programLock"]))).to.equal("WrongCollateralAuthority");
    expect(await settle(301n)).to.equal("InsufficientLocked");
    expect(await locked()).to.equal(500n);
    // the same vault is no destination
    expect(await outcome(rig, rig.instructions.transferCollateral(at, alice.vault, 1n))).to.equal("SameAccount");
  });

  it("COL-19 are executables of a loader whose upgrades show, not this program, not a wallet", async () => {
    const { instructions: make } = rig;
    const register = async (programId: Address) =>
      outcome(rig, make.registerProgram(programId, admin, await rig.codeHash(programId)));
    expect(await register((await rig.wallet("wallet")).address)).to.equal("NotAProgram");
    expect(await register(rig.program.id)).to.equal("OwnProgram");
    const memo = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr" as Address;
    const account = rig.svm.getAccount(memo);
    if (!account.exists) throw new Error("no memo program");
    // a loader that never upgrades keeps the code in the program itself
    expect(account.programAddress).to.equal("BPFLoader2111111111111111111111111111111111");
    const { payer } = rig.roles;
    const loader = account.programAddress;
    const itself = await make.registerProgram(memo, admin, await rig.codeHash(memo, loader), payer.address, loader);
    expect(await register(memo)).to.equal("WrongProgramData");
    expect(await outcome(rig, itself)).to.equal("ok");
    rig.warp(DAY);
    const atMemo: LockRef = { ...at, consumer: memo };
    await act(rig, make.createProgramLock(atMemo, 10n));
    expect(await outcome(rig, make.lock({ ...atMemo, loader }, 5n))).to.equal("ok");
    expect(await lock(1n, atMemo)).to.equal("WrongProgramData");
    // an executable of another loader: the runtime's own
    const system = "11111111111111111111111111111111" as Address;
    expect(rig.svm.getAccount(system)).to.deep.include({ executable: true });
    expect(await register(system)).to.equal("NotAProgram");
  });
});
