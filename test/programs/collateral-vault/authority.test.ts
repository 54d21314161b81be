import type { Address } from "@solana/kit";
import { expect } from "chai";

import { programDataAddress } from "../../../protocol/solana/addresses.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act, execution, outcome, proposed } from "../../helpers/solanaVault/acting.js";
import { VaultRig } from "../../helpers/solanaVault/rig.js";

const DAY = 86_400n;
const HALF_HOUR = 1_800n;

describeWith("ownCluster", "roles, pauses and freezes of the collateral vault", () => {
  let rig: VaultRig;
  let admin: Address;
  let guardian: Address;
  let stranger: Address;
  beforeEach(async () => {
    rig = await VaultRig.create({ isUnsigned: true });
    [admin, guardian] = [rig.roles.admin.address, rig.roles.guardian.address];
    stranger = (await rig.wallet("stranger")).address;
  });
  const pause = (by = guardian) => outcome(rig, rig.instructions.pause(by));
  const unpause = (by = stranger) => outcome(rig, rig.instructions.unpause(by));

  it("COL-20 is configured once, by the upgrade authority of the program", async () => {
    rig = await VaultRig.create({ isUnsigned: true, isBare: true });
    const { instructions: make, roles } = rig;
    const upgrader = roles.upgradeAuthority.address;
    rig.fund(stranger);
    const of = { admin, guardian };
    expect(await outcome(rig, make.initializeAuthority(of, stranger))).to.equal("NotUpgradeAuthority");
    const other = await rig.consumer("other");
    const programData = other.programData;
    const foreign = make.build(
      "initializeAuthority",
      { args: of },
      { payer: upgrader },
      { programData, upgradeAuthority: upgrader },
    );
    expect(await outcome(rig, foreign)).to.equal("WrongProgramData");
    expect(programData).not.to.equal(await programDataAddress(rig.program.id));
    expect(await outcome(rig, make.initializeAuthority({ admin, guardian: admin }, upgrader))).to.equal("SameHolder");
    expect(await outcome(rig, make.initializeAuthority(of, upgrader))).to.equal("ok");
    expect(await outcome(rig, make.initializeAuthority(of, upgrader))).to.equal("AccountAlreadyInUse");
  });

  it("COL-20 gives a role in two steps with a day between, and admin or guardian stop it, the guardian not for his own", async () => {
    const { instructions: make } = rig;
    const accept = (by = stranger) => outcome(rig, make.acceptAuthority("guardian", by));
    expect(await accept()).to.equal("NothingPending");
    expect(await outcome(rig, make.proposeAuthority("guardian", stranger, guardian))).to.equal("NotAdmin");
    for (const [role, signer] of [
      ["guardian", admin],
      ["admin", admin],
      ["admin", guardian],
    ] as const) {
      await act(rig, make.proposeAuthority(role, stranger, admin));
      expect(await outcome(rig, make.cancelAuthority(role, stranger))).to.equal("NotAdmin");
      await act(rig, make.cancelAuthority(role, signer));
    }
    expect(await outcome(rig, make.proposeAuthority("guardian", admin, admin))).to.equal("SameHolder");
    expect(await outcome(rig, make.proposeAuthority("admin", guardian, admin))).to.equal("SameHolder");
    await act(rig, make.proposeAuthority("guardian", stranger, admin));
    expect(await outcome(rig, make.cancelAuthority("guardian", guardian))).to.equal("NotAdmin");
    await act(rig, make.cancelAuthority("guardian", admin));
    await act(rig, make.proposeAuthority("guardian", stranger, admin));
    rig.warp(DAY - 1n);
    expect([await accept(), await accept(admin)]).to.deep.equal(["StillWaiting", "NotProposedAuthority"]);
    rig.warp(1n);
    expect(await accept()).to.equal("ok");
    expect([await pause(guardian), await pause(stranger)]).to.deep.equal(["NotGuardian", "ok"]);
    // proposed for both while he held neither
    rig.warp(DAY);
    await act(rig, make.proposeAuthority("admin", guardian, admin), make.proposeAuthority("guardian", guardian, admin));
    rig.warp(DAY);
    await act(rig, make.acceptAuthority("admin", guardian));
    expect(await accept(guardian)).to.equal("SameHolder");
  });

  it("COL-21 pauses half an hour, twice in a row, three times a day, and anybody ends an expired pause, the admin after ten minutes", async () => {
    const { instructions: make } = rig;
    expect(await pause(admin)).to.equal("NotGuardian");
    const begun = rig.now;
    expect(await pause()).to.equal("ok");
    rig.warp(60n);
    expect(await pause()).to.equal("ok");
    expect(rig.read("vaultAuthority", await rig.addresses.vaultAuthority()).pausedUntil).to.equal(
      begun + 2n * HALF_HOUR,
    );
    expect(await pause()).to.equal("PauseExhausted");
    expect(await outcome(rig, make.requestUnpause(guardian))).to.equal("NotAdmin");
    expect(await unpause(admin)).to.equal("PauseNotOver");
    await act(rig, make.requestUnpause(admin));
    rig.warp(599n);
    expect(await unpause(admin)).to.equal("PauseNotOver");
    rig.warp(1n);
    expect([await unpause(stranger), await unpause(admin)]).to.deep.equal(["PauseNotOver", "ok"]);
    rig.warp(HALF_HOUR - 1n);
    expect(await pause()).to.equal("PauseExhausted");
    rig.warp(1n);
    expect(await pause()).to.equal("ok");
    rig.warp(HALF_HOUR);
    expect([await unpause(), await unpause()]).to.deep.equal(["ok", "NotPaused"]);
    rig.warp(HALF_HOUR);
    expect(await pause()).to.equal("PauseExhausted");
    rig.setClock(begun + DAY, rig.slot);
    expect(await pause()).to.equal("ok");
  });

  it("COL-21 freezes by a multi-sig of at least two approvals only, for a day at most, once in seven", async () => {
    const { instructions: make, addresses } = rig;
    const mint = await rig.mint();
    const alice = await rig.depositor("alice", [mint], 100n);
    const owners = [stranger, admin];
    await act(rig, make.createMultiSig(alice.vault, { owners, threshold: 2 }));
    const vault = { ...alice.vault, hasMultiSig: true };
    const multiSig = await addresses.multiSigVault(alice.address);
    await act(rig, make.proposeAuthority("freezeMultiSig", admin, admin));
    rig.warp(DAY);
    expect(await outcome(rig, make.acceptAuthority("freezeMultiSig", admin))).to.equal("NotAMultiSig");
    await act(rig, make.proposeAuthority("freezeMultiSig", multiSig, admin));
    rig.warp(DAY);
    const approved = async (instruction: ReturnType<typeof make.freezeAll>) =>
      outcome(rig, execution(rig, vault, await proposed(rig, vault, owners, instruction), admin));
    expect(await approved(make.acceptAuthority("freezeMultiSig", multiSig))).to.equal("ok");
    expect(await outcome(rig, make.freezeAll(admin, 60n))).to.equal("NotAMultiSig");
    expect(await approved(make.freezeAll(multiSig, DAY + 1n))).to.equal("BadFreezeDuration");
    expect(await approved(make.freezeAll(multiSig, DAY))).to.equal("ok");
    const withdraw = () => approved(make.withdraw({ vault, mint }, 1n));
    rig.warp(DAY - 1n);
    expect(await withdraw()).to.equal("Frozen");
    rig.warp(1n);
    expect(await withdraw()).to.equal("ok");
    rig.warp(6n * DAY - 1n);
    expect(await approved(make.freezeAll(multiSig, 60n))).to.equal("FreezeTooSoon");
    rig.warp(1n);
    expect(await approved(make.freezeAll(multiSig, 60n))).to.equal("ok");

    // removed and made again, it is another one at the same address
    rig.warp(60n);
    expect(await approved(make.changeMultiSig(vault, { owners: [], threshold: 0 }))).to.equal("ok");
    rig.warp(7n * DAY);
    await act(rig, make.applyMultiSig(vault));
    await act(rig, make.createMultiSig(alice.vault, { owners, threshold: 2 }));
    for (const index of [0n, 16n]) await rig.send([await make.closeProposal(vault, index, stranger)]);
    expect(await approved(make.freezeAll(multiSig, 60n))).to.equal("NotAMultiSig");
  });
});
