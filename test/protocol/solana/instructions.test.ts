import type { Address, KeyPairSigner } from "@solana/kit";
import { expect } from "chai";

import { INSTRUCTIONS_SYSVAR } from "../../../protocol/solana/accountRules.js";
import { ZERO_ADDRESS, type LockRef, type VaultRef } from "../../../protocol/solana/instructions.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import { describeWith } from "../../helpers/describeWith.js";
import { approval, nextIndex } from "../../helpers/solanaVault/acting.js";
import { VaultRig, type Depositor, type TestConsumer, type TestMint } from "../../helpers/solanaVault/rig.js";
import { extend } from "../../helpers/solanaVault/upgrades.js";

const DAY_SECONDS = 86_400n;
const WEEK_SECONDS = 7n * DAY_SECONDS;

/** Every builder, where its instruction succeeds: an account that was derived wrongly would fail it. */
describeWith("ownCluster", "instructions of the vault program", () => {
  const built = new Set<string>();
  let rig: VaultRig;
  let mint: TestMint;
  let alice: Depositor;
  let consumer: TestConsumer;
  let lock: LockRef;

  /** Sends one instruction, and remembers which one worked. */
  const works = async (instruction: Promise<FullInstruction>, signers: KeyPairSigner[] = [], as: Address[] = []) => {
    const made = await instruction;
    const sent = await rig.must([made], { signers, as });
    remember(made);
    return sent;
  };
  const remember = ({ data }: FullInstruction): void => {
    built.add(rig.program.instructionName(data) ?? "none");
  };
  const approved = async (vault: VaultRef, owners: KeyPairSigner[], instruction: FullInstruction) => {
    const multiSigVault = await rig.addresses.multiSigVault(await rig.addresses.vault(vault.owner));
    const [first] = owners as [KeyPairSigner];
    const index = await nextIndex(rig, vault, first.address);
    const expiresAtSeconds = rig.now + 3_600n;
    await works(rig.instructions.propose(vault, first.address, { instruction, index, expiresAtSeconds }), [first]);
    for (const owner of owners) await works(approval(rig, vault, index, owner.address), [owner]);
    await works(rig.instructions.unapprove(vault, index, first.address), [first]);
    await works(approval(rig, vault, index, first.address), [first]);
    const proposal = rig.read("proposal", await rig.addresses.proposal(multiSigVault, index));
    await works(rig.instructions.executeProposal(vault, index, first.address, proposal.accounts), [first]);
    remember(instruction);
    return index;
  };

  before(async () => {
    rig = await VaultRig.create();
    ["initialize", "initializeAuthority", "openBalance", "deposit", "registerProgram"].forEach((name) =>
      built.add(name),
    );
  });
  beforeEach(async () => {
    rig = await VaultRig.create();
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 1_000n);
    consumer = await rig.consumer("exchange");
    lock = { vault: alice.vault, mint, consumer: consumer.programId };
  });
  after(() => {
    expect(rig.program.idl.instructions.map(({ name }) => name).filter((name) => !built.has(name))).to.deep.equal([]);
  });

  it("closes what it opens", async () => {
    const { instructions: make } = rig;
    await works(make.withdraw(lock, 1_000n), [alice.key]);
    await works(make.closeBalance(lock), [alice.key]);
    await works(make.closeVault(alice.vault), [alice.key]);
    expect(rig.data(alice.address)).to.equal(undefined);
  });

  it("moves what a program holds", async () => {
    const { instructions: make } = rig;
    const as = [consumer.collateralAuthority];
    await rig.register(consumer);
    const bob = await rig.depositor("bob", [mint], 0n);
    await works(make.createProgramLock(lock, 500n), [alice.key]);
    await works(make.setProgramLockCap(lock, 600n), [alice.key]);
    await works(make.lock(lock, 550n), [], as);
    await works(make.unlock(lock, 50n), [], as);
    await works(make.transferCollateral(lock, bob.vault, 200n), [], as);
    expect((await rig.balance(bob.key.address, mint)).total).to.equal(200n);
    await extend(rig, consumer);
    await works(make.confirmProgram(consumer.programId, rig.roles.guardian.address), [rig.roles.guardian]);
    await works(make.revokeProgram(consumer.programId, rig.roles.guardian.address), [rig.roles.guardian]);
    const hash = await rig.codeHash(consumer.programId);
    await works(make.renewProgram(consumer.programId, rig.roles.admin.address, hash), [rig.roles.admin]);
    await works(make.revokeProgramLock(lock), [alice.key]);
    rig.warp(WEEK_SECONDS);
    await works(make.releaseProgramLock(lock), [alice.key]);
    await works(make.closeProgramLock(lock), [alice.key]);
    expect((await rig.balance(alice.key.address, mint)).locked).to.equal(0n);
  });

  it("keeps an owner's rules", async () => {
    const { instructions: make } = rig;
    await rig.register(consumer);
    const limits = { perTransaction: 100n, capacity: 300n, refillPerDay: 0n };
    await works(make.setLimits(lock, limits), [alice.key]);
    const friend = await rig.wallet("friend");
    const vetoer = await rig.wallet("vetoer");
    const rules = { withdrawalDelaySeconds: 60n, whitelist: [friend.address], vetoer: vetoer.address };
    await works(make.createSecurityConfig(alice.vault, rules), [alice.key]);
    const vault = { ...alice.vault, hasSecurityConfig: true };
    const at = { ...lock, vault };
    const request = (timestamp: bigint) => ({ amountUnits: 100n, timestamp, destination: friend.address });
    const pending = { payer: alice.key.address, destination: friend.address };
    await works(make.requestWithdrawal(at, request(rig.now)), [alice.key]);
    await works(make.requestWithdrawal(at, request(rig.now + 1n)), [alice.key]);
    await works(make.cancelWithdrawal(at, { ...pending, timestamp: rig.now + 1n }, vetoer.address), [vetoer]);
    const timestamp = rig.now;
    rig.warp(60n);
    const tokens = await rig.tokens(friend.address, mint);
    await works(make.executeWithdrawal(at, { ...pending, timestamp }));
    expect(rig.held(tokens)).to.equal(100n);

    await works(make.changeSecurity(vault, { kind: "withdrawalDelay", seconds: 0n }), [alice.key]);
    await works(make.vetoSecurity(vault, "withdrawalDelay", vetoer.address), [vetoer]);
    await works(make.changeSecurity(vault, { kind: "addWallet", wallet: alice.key.address }), [alice.key]);
    await works(make.vetoSecurity(vault, { kind: "wallet", wallet: alice.key.address }, vetoer.address), [vetoer]);
    await works(make.setLimits(at, { ...limits, capacity: 400n }), [alice.key]);
    await works(make.vetoLimits(at, vetoer.address), [vetoer]);
    await works(make.createProgramLock(at, 10n), [alice.key]);
    await works(make.vetoProgramLockCap(at, vetoer.address), [vetoer]);
  });

  it("runs proposals", async () => {
    const { instructions: make } = rig;
    const owners = await Promise.all(["one", "two", "three"].map((name) => rig.wallet(name)));
    const [one, two, three] = owners as [KeyPairSigner, KeyPairSigner, KeyPairSigner];
    const addresses = owners.map(({ address }) => address);
    await works(make.createMultiSig(alice.vault, { owners: addresses, threshold: 2 }), [alice.key]);
    const vault: VaultRef = { ...alice.vault, hasMultiSig: true };
    const at = { ...lock, vault };
    await approved(vault, [one, two], await make.withdraw(at, 400n));
    expect((await rig.balance(alice.key.address, mint)).total).to.equal(600n);
    const other = await rig.mint();
    const index = await approved(vault, [one, two], await make.openBalance({ vault, mint: other }));
    expect((await rig.balance(alice.key.address, other)).total).to.equal(0n);
    await works(make.closeProposal(vault, index, one.address));

    const freeze = await make.freezeVault(vault, 60n);
    const next = { instruction: freeze, index: index + 16n, expiresAtSeconds: rig.now + 60n };
    await works(make.propose(vault, one.address, next), [one]);
    await works(make.cancelProposal(vault, index + 16n, one.address), [one]);
    await approved(vault, [one, two], freeze);
    rig.warp(60n);
    const fewer = { owners: [one.address, two.address], threshold: 1 };
    await approved(vault, [one, two], await make.changeMultiSig(vault, fewer));
    await works(make.vetoMultiSig(vault, three.address), [three]);
    await approved(vault, [one, two], await make.changeMultiSig(vault, fewer));
    rig.warp(DAY_SECONDS);
    await works(make.applyMultiSig(vault));
  });

  it("gives roles and uses them", async () => {
    const { instructions: make } = rig;
    const { admin, guardian } = rig.roles;
    const next = await rig.wallet("next admin");
    await works(make.proposeAuthority("admin", next.address, admin.address), [admin]);
    await works(make.cancelAuthority("admin", guardian.address), [guardian]);
    await works(make.proposeAuthority("admin", next.address, admin.address), [admin]);
    rig.warp(DAY_SECONDS);
    await works(make.acceptAuthority("admin", next.address), [next]);
    await works(make.pause(guardian.address), [guardian]);
    await works(make.requestUnpause(next.address), [next]);
    rig.warp(600n);
    await works(make.unpause(next.address), [next]);
  });

  it("freezes all of it by a multi-sig", async () => {
    const { instructions: make } = rig;
    const { admin } = rig.roles;
    const owners = await Promise.all(["one", "two"].map((name) => rig.wallet(name)));
    const addresses = owners.map(({ address }) => address);
    await works(make.createMultiSig(alice.vault, { owners: addresses, threshold: 2 }), [alice.key]);
    const vault: VaultRef = { ...alice.vault, hasMultiSig: true };
    const multiSigVault = await rig.addresses.multiSigVault(alice.address);
    await works(make.proposeAuthority("freezeMultiSig", multiSigVault, admin.address), [admin]);
    rig.warp(DAY_SECONDS);
    await approved(vault, owners, await make.acceptAuthority("freezeMultiSig", multiSigVault));
    await approved(vault, owners, await make.freezeAll(multiSigVault, 60n));
    const authority = rig.read("vaultAuthority", await rig.addresses.vaultAuthority());
    expect(authority.frozenUntil).to.equal(rig.now + 60n);
    expect(authority.freezeMultiSig).to.equal(multiSigVault);
    expect(authority.pendingFreezeMultiSig).to.equal(ZERO_ADDRESS);
  });

  it("passes an optional account exactly while it exists", async () => {
    const without = await rig.instructions.withdraw(lock, 1n);
    const withConfig = await rig.instructions.withdraw(
      { ...lock, vault: { ...alice.vault, hasSecurityConfig: true } },
      1n,
    );
    const position = rig.program.accountNames("withdraw").indexOf("securityConfig");
    expect(without.accounts[position]?.address).to.equal(rig.program.id);
    expect(withConfig.accounts[position]?.address).to.equal(await rig.addresses.securityConfig(alice.address));
  });

  it("refuses arguments that their types do not hold", async () => {
    for (const amountUnits of [-1n, 1n << 64n]) {
      const refused: unknown = await rig.instructions.deposit(lock, amountUnits).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(RangeError);
    }
    const wide = { ...mint, decimals: 256 };
    const refused: unknown = await rig.instructions
      .deposit({ ...lock, mint: wide }, 1n)
      .catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(RangeError);
  });

  it("names the sysvar where durable nonces are refused", async () => {
    const approve = await rig.instructions.approve(alice.vault, 0n, alice.key.address, new Uint8Array(32));
    expect(approve.accounts.at(-1)?.address).to.equal(INSTRUCTIONS_SYSVAR);
  });
});
