import { AccountRole, type Address } from "@solana/kit";
import { expect } from "chai";

import { OPEN_LIMITS, type LockRef, type SecurityVeto } from "../../../protocol/solana/instructions.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act, outcome } from "../../helpers/solanaVault/acting.js";
import { callsOf, type CallName } from "../../helpers/solanaVault/calls.js";
import { Checkpoint } from "../../helpers/solanaVault/checkpoint.js";
import { VaultRig, type TestMint } from "../../helpers/solanaVault/rig.js";
import { Stage } from "../../helpers/solanaVault/stage.js";

const DAY = 86_400n;

/** The same call with another address under one of its names. */
function withAccount(
  rig: VaultRig,
  name: CallName,
  call: FullInstruction,
  account: string,
  address: Address,
): FullInstruction {
  const at = rig.program.accountNames(name).indexOf(account);
  // a program that the transaction calls is not written
  const change = address === rig.program.id ? { address, role: AccountRole.READONLY } : { address };
  return { ...call, accounts: call.accounts.map((meta, index) => (index === at ? { ...meta, ...change } : meta)) };
}

describeWith("ownCluster", "flags of a collateral vault", () => {
  let stage: Stage;
  let names: readonly CallName[];
  before(async () => {
    stage = await Stage.create();
    names = stage.rig.program.idl.instructions.map(({ name }) => name as CallName);
  });
  /** What each instruction that has this account says when it gets `address` there. */
  const outcomes = async (account: string, address: (name: CallName) => Address): Promise<Record<string, string>> => {
    const found: Record<string, string> = {};
    const checkpoint = new Checkpoint(stage.rig);
    for (const name of names.filter((each) => stage.rig.program.accountNames(each).includes(account))) {
      const call = await callsOf(stage, stage.sides[0])[name].make();
      found[name] = await outcome(stage.rig, withAccount(stage.rig, name, call, account, address(name)));
      checkpoint.back();
    }
    return found;
  };

  it("COL-11 takes nothing from the owner alone while there is a multi-sig", async () => {
    const [{ owner }] = stage.sides;
    const found = await outcomes("authority", () => owner);
    // these three are about a vault without a multi-sig, of which he is not the owner
    const elsewhere = ["openBalance", "createSecurityConfig", "createMultiSig"];
    const expected = Object.keys(found).map((name) => [
      name,
      elsewhere.includes(name) ? "NotOwner" : "MultiSigRequired",
    ]);
    expect(found).to.deep.equal(Object.fromEntries(expected));
    expect(expected.length).to.equal(16);
  });

  it("COL-11 does nothing without the security configuration where there is one, nor with another vault's", async () => {
    const [, { address }] = stage.sides;
    const theirs = await stage.rig.addresses.securityConfig(address);
    const required = [
      "withdraw",
      "createProgramLock",
      "setProgramLockCap",
      "setLimits",
      "changeMultiSig",
      "createMultiSig",
      "closeVault",
    ];
    const left = await outcomes("securityConfig", () => stage.rig.program.id);
    for (const name of required) expect(left[name], name).to.equal("SecurityConfigRequired");
    const other = await outcomes("securityConfig", () => theirs);
    for (const [name, error] of Object.entries(other)) {
      // created at its address, or checked as a seed
      expect(error, name).to.equal(name === "createSecurityConfig" ? "ConstraintSeeds" : "WrongVault");
    }
    expect(Object.keys(other).length).to.be.above(required.length);
  });
});

describeWith("ownCluster", "loosening the rules of a collateral vault", () => {
  const DELAY = 2n * DAY;
  let rig: VaultRig;
  let mint: TestMint;
  let at: LockRef;
  let owner: Address;
  let vetoer: Address;
  let stranger: Address;
  const LIMITS = { perTransaction: 10n, capacity: 10n, refillPerDay: 10n };
  const HIGHER = { perTransaction: 20n, capacity: 20n, refillPerDay: 20n };

  beforeEach(async () => {
    rig = await VaultRig.create({ isUnsigned: true });
    mint = await rig.mint();
    const alice = await rig.depositor("alice", [mint], 1_000n);
    owner = alice.key.address;
    vetoer = (await rig.wallet("vetoer")).address;
    stranger = (await rig.wallet("stranger")).address;
    const consumer = await rig.consumer("exchange");
    await rig.register(consumer);
    const plain = { vault: alice.vault, mint, consumer: consumer.programId };
    const { instructions: make } = rig;
    await act(rig, make.setLimits(plain, LIMITS), make.createProgramLock(plain, 10n));
    await act(
      rig,
      make.createSecurityConfig(alice.vault, { withdrawalDelaySeconds: DELAY, whitelist: [owner], vetoer }),
    );
    at = { ...plain, vault: { ...alice.vault, hasSecurityConfig: true } };
  });

  const config = async () =>
    rig.read("securityConfig", await rig.addresses.securityConfig(await rig.addresses.vault(owner)));
  const lockOf = async () => {
    const balance = await rig.addresses.balance(await rig.addresses.vault(owner), at.mint.address);
    return rig.read("programLock", await rig.addresses.programLock(balance, at.consumer));
  };

  const cases = (): readonly {
    readonly loosen: () => Promise<FullInstruction>;
    readonly veto: (signer: Address) => Promise<FullInstruction>;
    readonly countsAt: () => Promise<bigint>;
    /** Who is vetoer is not for the vetoer to keep. */
    readonly isOfVetoer?: boolean;
  }[] => {
    const { instructions: make } = rig;
    const veto = (what: SecurityVeto) => (signer: Address) => make.vetoSecurity(at.vault, what, signer);
    return [
      {
        loosen: () => make.changeSecurity(at.vault, { kind: "withdrawalDelay", seconds: 0n }),
        veto: veto("withdrawalDelay"),
        countsAt: async () => (await config()).pendingWithdrawalDelayAt,
      },
      {
        loosen: () => make.changeSecurity(at.vault, { kind: "whitelist", on: false }),
        veto: veto("whitelistOff"),
        countsAt: async () => (await config()).whitelistOffAt,
      },
      {
        loosen: () => make.changeSecurity(at.vault, { kind: "addWallet", wallet: stranger }),
        veto: veto({ kind: "wallet", wallet: stranger }),
        countsAt: async () => (await config()).whitelist.find(({ wallet }) => wallet === stranger)?.activeAt ?? 0n,
      },
      {
        loosen: () => make.changeSecurity(at.vault, { kind: "vetoer", vetoer: stranger }),
        veto: veto("vetoer"),
        countsAt: async () => (await config()).pendingVetoerAt,
        isOfVetoer: true,
      },
      {
        loosen: () => make.changeSecurity(at.vault, { kind: "closing", on: true }),
        veto: veto("closing"),
        countsAt: async () => (await config()).closingAt,
      },
      {
        loosen: () => make.setLimits(at, HIGHER),
        veto: (signer) => make.vetoLimits(at, signer),
        countsAt: async () => (await rig.balance(owner, mint)).pendingLimitsAt,
      },
      {
        loosen: () => make.setProgramLockCap(at, 20n),
        veto: (signer) => make.vetoProgramLockCap(at, signer),
        countsAt: async () => (await lockOf()).pendingCapAt,
      },
    ];
  };

  it("COL-12 waits the current delay, at least a day, for each kind", async () => {
    for (const { loosen, countsAt } of cases()) {
      await act(rig, loosen());
      expect(await countsAt()).to.equal(rig.now + DELAY);
    }
    rig.warp(DELAY);
    // the delay is 0 now, and a day is the least
    await act(rig, rig.instructions.setLimits(at, { ...HIGHER, capacity: 30n }));
    expect((await rig.balance(owner, mint)).pendingLimitsAt).to.equal(rig.now + DAY);
  });

  it("COL-12 is stopped by the owner and the vetoer until it counts, and by nobody else", async () => {
    for (const { loosen, veto, countsAt, isOfVetoer } of cases()) {
      for (const signer of isOfVetoer === true ? [owner] : [owner, vetoer]) {
        await act(rig, loosen());
        expect(await outcome(rig, veto(stranger))).to.equal("MayNotVeto");
        if (isOfVetoer === true) expect(await outcome(rig, veto(vetoer))).to.equal("MayNotVeto");
        await act(rig, veto(signer));
        expect(await countsAt()).to.equal(0n);
        expect(["NothingPending", "NotWhitelisted"]).to.include(await outcome(rig, veto(signer)));
      }
    }
  });

  it("COL-12 cannot be vetoed once it counts", async () => {
    // the vetoer last: then he is not it any more
    const all = cases();
    for (const { loosen } of all) await act(rig, loosen());
    rig.warp(DELAY);
    for (const { veto } of all) expect(await outcome(rig, veto(vetoer))).to.equal("MayNotVeto");
    for (const { veto, isOfVetoer } of all) {
      expect(await outcome(rig, veto(isOfVetoer === true ? owner : stranger))).to.equal("NothingPending");
    }
  });

  it("COL-12 does not count during a pause, and the waiting vetoer neither", async () => {
    const { instructions: make } = rig;
    await act(rig, make.changeSecurity(at.vault, { kind: "vetoer", vetoer: stranger }));
    await act(rig, make.setProgramLockCap(at, 20n));
    rig.warp(DELAY - 1n);
    await act(rig, make.pause(rig.roles.guardian.address));
    rig.warp(1_000n);
    expect(await outcome(rig, make.vetoProgramLockCap(at, stranger))).to.equal("MayNotVeto");
    expect(await outcome(rig, make.vetoProgramLockCap(at, vetoer))).to.equal("ok");
    rig.warp(1_000n);
    expect(await outcome(rig, make.vetoLimits(at, vetoer))).to.equal("MayNotVeto");
  });

  it("COL-12 tightens at once, in every pause", async () => {
    const { instructions: make } = rig;
    await act(rig, make.pause(rig.roles.guardian.address));
    await act(rig, make.setLimits(at, { perTransaction: 1n, capacity: 1n, refillPerDay: 1n }));
    await act(rig, make.setProgramLockCap(at, 1n));
    await act(rig, make.changeSecurity(at.vault, { kind: "withdrawalDelay", seconds: DELAY + 1n }));
    await act(rig, make.changeSecurity(at.vault, { kind: "removeWallet", wallet: owner }));
    expect((await lockOf()).cap).to.equal(1n);
    expect(await config()).to.deep.include({ withdrawalDelay: DELAY + 1n });
    expect(
      await outcome(rig, make.changeSecurity(at.vault, { kind: "withdrawalDelay", seconds: 30n * DAY + 1n })),
    ).to.equal("BadDelay");
  });

  it("COL-40 lets a first multi-sig wait, which owner or vetoer stop, and has the owner decide until it counts", async () => {
    const { instructions: make } = rig;
    const create = () => make.createMultiSig(at.vault, { owners: [stranger], threshold: 1 });
    const address = await rig.addresses.multiSigVault(await rig.addresses.vault(owner));
    const before = rig.read("vault", await rig.addresses.vault(owner));
    for (const signer of [owner, vetoer]) {
      await act(rig, create());
      expect(rig.read("multiSigVault", address)).to.deep.include({ ownerCount: 0, pendingAt: rig.now + DELAY });
      expect(await outcome(rig, make.vetoMultiSig(at.vault, stranger))).to.equal("MayNotVeto");
      await act(rig, make.vetoMultiSig(at.vault, signer));
      expect(rig.data(address)).to.equal(undefined);
    }
    const after = rig.read("vault", await rig.addresses.vault(owner));
    expect({ ...after, seqNum: before.seqNum, multiSigBump: before.multiSigBump }).to.deep.equal(before);
    await act(rig, create());
    expect(await outcome(rig, create())).to.equal("AccountAlreadyInUse");
    const several = { ...at.vault, hasMultiSig: true };
    const carried = { instruction: await make.closeVault(at.vault), index: 0n, expiresAtSeconds: rig.now + DAY };
    expect(await outcome(rig, make.propose(several, stranger, carried))).to.equal("NotMultiSigOwner");
    rig.warp(DELAY - 1n);
    expect(await outcome(rig, make.applyMultiSig(at.vault))).to.equal("StillWaiting");
    // the owner's rules are still his
    await act(rig, make.changeSecurity(at.vault, { kind: "removeWallet", wallet: owner }));
    rig.warp(1n);
    expect(await outcome(rig, make.applyMultiSig(at.vault))).to.equal("ok");
    expect(await outcome(rig, make.vetoMultiSig(several, owner))).to.equal("MayNotVeto");
    const change = make.changeSecurity(at.vault, { kind: "removeWallet", wallet: owner });
    expect(await outcome(rig, change)).to.equal("MultiSigRequired");
    const empty = make.createMultiSig({ owner: stranger }, { owners: [], threshold: 0 });
    await act(rig, make.initialize(stranger));
    expect(await outcome(rig, empty)).to.equal("BadOwners");
  });

  it("COL-40 lets the first vetoer of a configuration wait too, where the owner stops him", async () => {
    const { instructions: make } = rig;
    await act(rig, make.initialize(stranger));
    await act(rig, make.createSecurityConfig({ owner: stranger }, { withdrawalDelaySeconds: DELAY, whitelist: null }));
    const vault = { owner: stranger, hasSecurityConfig: true };
    await act(rig, make.changeSecurity(vault, { kind: "vetoer", vetoer }));
    await act(rig, make.changeSecurity(vault, { kind: "closing", on: true }));
    const veto = make.vetoSecurity(vault, "closing", vetoer);
    expect(await outcome(rig, veto)).to.equal("MayNotVeto");
    await act(rig, make.vetoSecurity(vault, "vetoer", stranger));
    await act(rig, make.changeSecurity(vault, { kind: "vetoer", vetoer }));
    rig.warp(DELAY);
    await act(rig, make.changeSecurity(vault, { kind: "closing", on: true }));
    expect(await outcome(rig, veto)).to.equal("ok");
  });

  it("COL-40 turns a whitelist on for the owner at once, and for others after the wait", async () => {
    const { instructions: make } = rig;
    const { vault } = at;
    await act(rig, make.changeSecurity(vault, { kind: "addWallet", wallet: stranger }));
    await act(rig, make.changeSecurity(vault, { kind: "whitelist", on: false }));
    const activeAt = async (wallet: Address) =>
      (await config()).whitelist.find((entry) => entry.wallet === wallet)?.activeAt ?? 0n;
    const listed = await activeAt(stranger);
    // still on: nothing is turned on
    await act(rig, make.changeSecurity(vault, { kind: "whitelist", on: true }));
    expect(await activeAt(stranger)).to.equal(listed);
    await act(rig, make.changeSecurity(vault, { kind: "whitelist", on: false }));
    rig.warp(DELAY);
    const ofOwner = await activeAt(owner);
    await act(rig, make.changeSecurity(vault, { kind: "whitelist", on: true }));
    expect([await activeAt(owner), await activeAt(stranger)]).to.deep.equal([ofOwner, rig.now + DELAY]);
  });

  it("COL-41 closes a vault with rules when they allowed it and waited, and not while a multi-sig waits", async () => {
    const { instructions: make } = rig;
    const { vault } = at;
    const close = () => outcome(rig, make.closeVault(vault));
    await act(rig, make.closeProgramLock(at), make.changeSecurity(vault, { kind: "withdrawalDelay", seconds: 0n }));
    await act(rig, make.setLimits(at, { ...OPEN_LIMITS, perTransaction: 1_000n }));
    rig.warp(DELAY);
    await act(rig, make.setLimits(at, { perTransaction: 1_000n, capacity: 2_000n, refillPerDay: 2_000n }));
    rig.warp(DAY);
    await act(rig, make.withdraw(at, 1_000n));
    // its limits go with it: under the configuration the mint is closed then
    await act(rig, make.closeBalance(at));
    expect(await close()).to.equal("RulesInForce");
    await act(rig, make.changeSecurity(vault, { kind: "closing", on: true }));
    rig.warp(DAY - 1n);
    expect(await close()).to.equal("RulesInForce");
    rig.warp(1n);
    await act(rig, make.changeSecurity(vault, { kind: "closing", on: false }));
    expect(await close()).to.equal("RulesInForce");
    await act(rig, make.changeSecurity(vault, { kind: "closing", on: true }));
    rig.warp(DAY);
    await act(rig, make.createMultiSig(vault, { owners: [stranger], threshold: 1 }));
    expect(await close()).to.equal("MultiSigOpen");
    await act(rig, make.vetoMultiSig(vault, owner));
    // waits stand still in a pause
    await act(rig, make.pause(rig.roles.guardian.address));
    expect(await close()).to.equal("ok");
  });

  it("COL-41 closes a balance with limits, where there is no configuration, once they hold nothing back", async () => {
    const { instructions: make } = rig;
    const bob = await rig.depositor("bob", [mint], 0n);
    const his = { vault: bob.vault, mint };
    const close = () => outcome(rig, make.closeBalance(his));
    await act(rig, make.setLimits(his, LIMITS));
    expect(await close()).to.equal("RulesInForce");
    await act(rig, make.setLimits(his, { ...OPEN_LIMITS, perTransaction: OPEN_LIMITS.perTransaction - 1n }));
    rig.warp(DAY);
    expect(await close()).to.equal("RulesInForce");
    await act(rig, make.setLimits(his, OPEN_LIMITS));
    rig.warp(DAY - 1n);
    expect(await close()).to.equal("RulesInForce");
    rig.warp(1n);
    expect(await close()).to.equal("ok");
  });
});
