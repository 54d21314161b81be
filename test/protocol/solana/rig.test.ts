import { expect } from "chai";

import { TOKEN_2022_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { describeWith } from "../../helpers/describeWith.js";
import { MINT_EXTENSIONS, type MintExtensionName } from "../../helpers/solanaVault/mints.js";
import { VaultRig } from "../../helpers/solanaVault/rig.js";
import { START_SECONDS } from "../../helpers/solanaVault/svm.js";

/** Extensions that Token-2022 takes only beside others. */
const BESIDE: Readonly<Partial<Record<MintExtensionName, readonly MintExtensionName[]>>> = {
  ConfidentialMintBurn: ["ConfidentialTransferMint"],
};

describeWith("ownCluster", "rig of the vault program", () => {
  it("is configured, and each one is a cluster of its own", async () => {
    const [one, other] = await Promise.all([VaultRig.create(), VaultRig.create()]);
    const address = await one.addresses.vaultAuthority();
    const authority = one.program.decodeAccount("vaultAuthority", one.data(address) ?? new Uint8Array());
    expect(authority.admin).to.equal(one.roles.admin.address);
    expect(authority.guardian).to.equal(one.roles.guardian.address);
    one.warp(10n);
    expect(one.now).to.equal(START_SECONDS + 10n);
    expect(other.now).to.equal(START_SECONDS);
  });

  it("names errors, and goes back to a snapshot", async () => {
    const rig = await VaultRig.create({ isBare: true });
    const bare = rig.snapshot();
    const { payer, admin, guardian } = rig.roles;
    const roles = { admin: admin.address, guardian: guardian.address };
    const instruction = await rig.instructions.initializeAuthority(roles, admin.address, payer.address);
    const sent = await rig.send([instruction], { signers: [admin] });
    expect(sent.ok).to.equal(false);
    expect(sent.failure).to.deep.include({ name: "NotUpgradeAuthority", program: "collateralVault", instruction: 0 });
    expect(sent.events).to.deep.equal([]);
    await rig.configure();
    rig.restore(bare);
    expect(rig.data(await rig.addresses.vaultAuthority())).to.equal(undefined);
  });

  it("mints, freezes and counts tokens of both programs", async () => {
    const rig = await VaultRig.create();
    const alice = await rig.wallet("alice");
    for (const mint of [
      await rig.mint({ decimals: 9 }),
      await rig.mint({ transferFee: { bps: 100, maxUnits: 50n } }),
    ]) {
      const tokens = await rig.tokens(alice.address, mint, 1_000n);
      const bob = await rig.wallet("bob");
      const theirs = await rig.tokens(bob.address, mint);
      await rig.donate(mint, alice, theirs, 100n);
      expect(rig.held(tokens)).to.equal(900n);
      expect(rig.held(theirs)).to.equal(mint.tokenProgram === TOKEN_2022_PROGRAM ? 99n : 100n);
      await rig.freeze(mint, tokens);
      const frozen = await rig.donate(mint, alice, theirs, 1n).catch((error: unknown) => error);
      expect(frozen).to.be.instanceOf(Error);
    }
  });

  it("makes a mint with each extension that Token-2022 has", async () => {
    const rig = await VaultRig.create();
    for (const name of Object.keys(MINT_EXTENSIONS) as MintExtensionName[]) {
      const extensions = [name, ...(BESIDE[name] ?? [])];
      const needsFee = name === "ConfidentialTransferFeeConfig";
      if (needsFee) extensions.push("ConfidentialTransferMint");
      const mint = await rig.mint({ extensions, ...(needsFee ? { transferFee: { bps: 1, maxUnits: 1n } } : {}) });
      expect(mint.tokenProgram, name).to.equal(TOKEN_2022_PROGRAM);
    }
  });

  it("calls as a program", async () => {
    const rig = await VaultRig.create();
    const consumer = await rig.consumer("exchange");
    await rig.register(consumer);
    const mint = await rig.mint();
    const alice = await rig.depositor("alice", [mint], 1_000n);
    const at = { vault: alice.vault, mint, consumer: consumer.programId };
    await rig.must([await rig.instructions.createProgramLock(at, 500n)], { signers: [alice.key] });
    const as = [consumer.collateralAuthority];
    const locked = await rig.must([await rig.instructions.lock(at, 400n)], { as });
    expect(locked.events.map(({ name }) => name)).to.deep.equal(["locked"]);
    expect((await rig.balance(alice.key.address, mint)).locked).to.equal(400n);
    const above = await rig.send([await rig.instructions.lock(at, 101n)], { as });
    expect(above.failure).to.deep.include({ name: "CapExceeded", program: "collateralVault" });
  });
});
