/** One valid call of every instruction, for either vault of a stage. */
import type { Address } from "@solana/kit";

import type { CollateralVault } from "../../../protocol/solana/idl/collateral_vault.js";
import type { FullInstruction, InstructionName } from "../../../protocol/solana/program.js";
import { approval } from "./acting.js";
import { DAY_SECONDS, PROPOSALS, type Side, type Stage } from "./stage.js";

export interface Call {
  readonly make: () => Promise<FullInstruction>;
  /** What must have happened before, besides the stage. */
  readonly prepare?: () => Promise<void>;
  /** The vault whose freeze stops it; of the side unless given. None: the call is about no vault. */
  readonly vaultOwner?: Address | undefined;
}

export type CallName = InstructionName<CollateralVault>;

/** @param mint of the two funded ones, for calls that move it. */
export function callsOf(stage: Stage, side: Side, mint: 0 | 1 = 0): Readonly<Record<CallName, Call>> {
  const { instructions: make, roles } = stage.rig;
  const { vault, owners, payer, plain, spare, newcomer, friend, timestamps, multiSig } = side;
  const [first, second] = owners;
  const at = stage.balanceOf(side, mint);
  const lock = stage.lockOf(side, 0, mint);
  const [mainMint] = stage.mints;
  const requests = { amountUnits: 10n, destination: vault.owner, payer };
  const [executed, cancelled] = timestamps;
  const other = side === stage.sides[0] ? stage.sides[1] : stage.sides[0];
  const admin = roles.admin.address;
  const call = (build: () => Promise<FullInstruction>, more: Omit<Call, "make"> = {}): Call => ({
    make: build,
    ...more,
  });
  const ofNoVault = (build: () => Promise<FullInstruction>, more: Omit<Call, "make"> = {}): Call =>
    call(build, { ...more, vaultOwner: undefined });
  const ready = (...before: (() => Promise<FullInstruction>)[]) => ({
    prepare: () => stage.must(...before.map((build) => build())),
  });
  const later: Omit<Call, "make"> = {
    prepare: () => {
      stage.rig.warp(DAY_SECONDS);
      return Promise.resolve();
    },
  };

  return {
    // the owner's own tokens: no multi-sig needed
    deposit: call(() => make.deposit(at, 10n)),
    withdraw: call(() => make.withdraw(at, 10n)),
    lock: call(() => make.lock(lock, 10n)),
    unlock: call(() => make.unlock(lock, 10n)),
    transferCollateral: call(() => make.transferCollateral(lock, other.vault, 10n)),
    initialize: ofNoVault(() => make.initialize(newcomer, payer)),
    openBalance: call(() => make.openBalance({ vault: plain, mint: stage.mints[2] }, payer), {
      vaultOwner: plain.owner,
    }),
    closeBalance: call(() => make.closeBalance(stage.balanceOf(side, 2))),
    closeVault: call(() => make.closeVault(spare), { vaultOwner: spare.owner }),
    requestWithdrawal: call(() => make.requestWithdrawal(at, { ...requests, timestamp: executed + 5n }, payer)),
    executeWithdrawal: call(() =>
      make.executeWithdrawal({ vault, mint: mainMint }, { ...requests, timestamp: executed }, multiSig),
    ),
    cancelWithdrawal: call(() =>
      make.cancelWithdrawal({ vault, mint: mainMint }, { ...requests, timestamp: cancelled }, second),
    ),
    createProgramLock: call(() => make.createProgramLock(stage.lockOf(side, 0, 2), 10n, payer)),
    setProgramLockCap: call(() => make.setProgramLockCap(lock, 400n)),
    vetoProgramLockCap: call(() => make.vetoProgramLockCap(lock, second)),
    revokeProgramLock: call(() => make.revokeProgramLock(lock)),
    releaseProgramLock: call(() => make.releaseProgramLock(stage.lockOf(side, 2, mint))),
    closeProgramLock: call(() => make.closeProgramLock(stage.lockOf(side, 1, mint))),
    createSecurityConfig: call(
      () => make.createSecurityConfig(plain, { withdrawalDelaySeconds: 60n, whitelist: null }, payer),
      { vaultOwner: plain.owner },
    ),
    changeSecurity: call(() => make.changeSecurity(vault, { kind: "withdrawalDelay", seconds: 60n })),
    vetoSecurity: call(() => make.vetoSecurity(vault, { kind: "wallet", wallet: friend }, second)),
    setLimits: call(() => make.setLimits(at, { perTransaction: 50n, capacity: 100n, refillPerDay: 100n })),
    vetoLimits: call(() => make.vetoLimits(at, second)),
    createMultiSig: call(() => make.createMultiSig(spare, { owners: [first, second], threshold: 2 }, payer), {
      vaultOwner: spare.owner,
    }),
    changeMultiSig: call(() => make.changeMultiSig(vault, { owners: [first, second], threshold: 2 })),
    applyMultiSig: call(() => make.applyMultiSig(vault), later),
    vetoMultiSig: call(() => make.vetoMultiSig(vault, second)),
    propose: call(async () => {
      const instruction = await make.revokeProgramLock(lock);
      const expiresAtSeconds = stage.rig.now + DAY_SECONDS;
      return make.propose(vault, first, { instruction, index: PROPOSALS.next, expiresAtSeconds });
    }),
    approve: call(() => approval(stage.rig, vault, PROPOSALS.open, second)),
    unapprove: call(() => make.unapprove(vault, PROPOSALS.approved, second)),
    executeProposal: call(async () => {
      const carried = stage.rig.read("proposal", await stage.rig.addresses.proposal(multiSig, PROPOSALS.approved));
      return make.executeProposal(vault, PROPOSALS.approved, first, carried.accounts);
    }),
    cancelProposal: call(() => make.cancelProposal(vault, PROPOSALS.open, first)),
    closeProposal: call(() => make.closeProposal(vault, PROPOSALS.cancelled, first)),
    freezeVault: call(() => make.freezeVault(vault, 60n)),
    // runs once, before anything else: a stage cannot prepare it
    initializeAuthority: ofNoVault(() =>
      make.initializeAuthority({ admin, guardian: roles.guardian.address }, roles.upgradeAuthority.address, payer),
    ),
    proposeAuthority: ofNoVault(() => make.proposeAuthority("admin", newcomer, admin)),
    acceptAuthority: ofNoVault(() => make.acceptAuthority("admin", newcomer), {
      prepare: async () => {
        await stage.must(make.proposeAuthority("admin", newcomer, admin));
        stage.rig.warp(DAY_SECONDS);
      },
    }),
    cancelAuthority: ofNoVault(
      () => make.cancelAuthority("admin", admin),
      ready(() => make.proposeAuthority("admin", newcomer, admin)),
    ),
    pause: ofNoVault(() => make.pause(roles.guardian.address)),
    requestUnpause: ofNoVault(
      () => make.requestUnpause(admin),
      ready(() => make.pause(roles.guardian.address)),
    ),
    unpause: ofNoVault(() => make.unpause(newcomer), {
      prepare: async () => {
        await stage.must(make.pause(roles.guardian.address));
        stage.rig.warp(1_800n);
      },
    }),
    freezeAll: ofNoVault(() => make.freezeAll(stage.sides[0].multiSig, 60n)),
    registerProgram: ofNoVault(async () =>
      make.registerProgram(side.unregistered, admin, await stage.rig.codeHash(side.unregistered), payer),
    ),
    renewProgram: ofNoVault(
      async () => make.renewProgram(lock.consumer, admin, await stage.rig.codeHash(lock.consumer)),
      ready(() => make.revokeProgram(lock.consumer, admin)),
    ),
    confirmProgram: ofNoVault(() => make.confirmProgram(side.extended, roles.guardian.address)),
    revokeProgram: ofNoVault(() => make.revokeProgram(lock.consumer, admin)),
  };
}
