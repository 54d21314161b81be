import { readFileSync, writeFileSync } from "node:fs";

import { lamports, type Address } from "@solana/kit";
import { expect } from "chai";

import { programDataAddress, VaultAddresses } from "../../../protocol/solana/addresses.js";
import type { SolanaRecord } from "../../../protocol/solana/network.js";
import { LOCAL_PROGRAM_IDS } from "../../../protocol/solana/programKeys.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { registrations } from "../../../scripts/deploy/solana/state.js";
import { absentAccount } from "../../../scripts/validator/absentAccount.js";
import { describeWith } from "../../helpers/describeWith.js";
import { codeOf } from "../../helpers/rejection.js";
import { DeploymentRig } from "../../helpers/solanaDeployment.js";

const VAULT = LOCAL_PROGRAM_IDS["collateral-vault"] as Address;
const MANAGER = LOCAL_PROGRAM_IDS["position-manager"] as Address;
const STRANGER = "So11111111111111111111111111111111111111112" as Address;
/** A program that others have deployed. */
const MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr" as Address;
const SYSTEM = "11111111111111111111111111111111" as Address;

/** Begins with a deployment without differences; each test makes its own and puts it right again where that is not its end. */
describeWith("ownCluster", "verification of a Solana deployment finds", () => {
  let rig: DeploymentRig;
  before(async () => {
    rig = await DeploymentRig.start();
    rig.build("position-manager", "small");
    await rig.preload("collateral-vault");
    await rig.preload("position-manager");
  });
  after(() => rig.stop());

  it("nothing to compare before a deployment has left its record", async () => {
    expect(await codeOf(rig.verify())).to.equal("NOT_DEPLOYED");
    await rig.deploy();
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("a deployment that was not configured", async () => {
    const address = await new VaultAddresses().vaultAuthority();
    const configured = rig.node.getAccount(address);
    if (!configured.exists) throw new Error("not configured");
    // Lamports that anybody may send there make no configuration.
    await put({ ...configured, data: new Uint8Array(), programAddress: SYSTEM, space: 0n });
    expect(await rig.verify()).to.deep.equal(["AUTHORITY_MISSING vault_authority"]);
    await put(configured);
    expect(await rig.verify()).to.deep.equal([]);
  });

  for (const [role, differences] of [
    ["admin", ["ADMIN_CHANGED vault_authority.admin"]],
    ["guardian", ["GUARDIAN_CHANGED vault_authority.guardian"]],
    ["freezeMultiSig", ["FREEZE_MULTI_SIG_CHANGED vault_authority.freeze_multi_sig"]],
    ["upgradeAuthority", ["UPGRADE_AUTHORITY_CHANGED collateral-vault", "UPGRADE_AUTHORITY_CHANGED position-manager"]],
  ] as const) {
    it(`another ${role}`, async () => {
      rig.setParams((params) => {
        params.roles[role] = STRANGER;
      });
      expect(await findings()).to.deep.equal(differences);
      rig.setParams(() => undefined);
      expect(await findings()).to.deep.equal([]);
    });
  }

  it("a role that somebody may accept", async () => {
    const accounts = { admin: rig.hands.deployer.address, vaultAuthority: await new VaultAddresses().vaultAuthority() };
    const args = { role: "guardian", holder: STRANGER } as const;
    await send(vaultProgram.instruction("proposeAuthority", { args }, accounts));
    expect(await rig.verify()).to.deep.equal(["ROLE_PENDING vault_authority.guardian"]);
    const byAdmin = { signer: accounts.admin, vaultAuthority: accounts.vaultAuthority };
    await send(vaultProgram.instruction("cancelAuthority", { role: "guardian" }, byAdmin));
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("a program that is registered and should not be, one that should be and is not", async () => {
    rig.setParams((params) => {
      params.registeredPrograms = ["ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"];
    });
    expect(await findings()).to.deep.equal([
      "REGISTRATION_MISSING ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
      `REGISTRATION_EXTRA ${MANAGER}`,
    ]);
    rig.setParams(() => undefined);
  });

  it("a program that was deployed again with the same code, which its admin or guardian confirms, and the record of it", async () => {
    await rig.preload("position-manager");
    const found = await rig.verify();
    expect(found).to.deep.equal([
      `REGISTRATION_UNCONFIRMED ${MANAGER}`,
      "RECORD_CHANGED record.programs.position-manager.deploySlot",
    ]);
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("code that is not the built one, which no deployment registers or renews, and for which it pays nothing", async () => {
    const registration = async (): Promise<bigint | undefined> =>
      (await registrations(rig.chain(), VAULT)).get(MANAGER)?.deploySlot;
    const trusted = await registration();
    rig.build("position-manager", "larger");
    await rig.preload("position-manager", STRANGER);
    rig.build("position-manager", "small");
    const expected = [
      ["PROGRAM_CHANGED", STRANGER],
      ["UPGRADE_AUTHORITY_CHANGED", STRANGER],
      ["REGISTRATION_OUTDATED", rig.hands.deployer.address],
    ];
    const { transactions, remaining } = await rig.deploy();
    expect(transactions).to.equal(0);
    expect(remaining.map(({ code, by }) => [code, by])).to.deep.equal(expected);
    expect(await registration()).to.equal(trusted);

    const address = await new VaultAddresses().authorizedProgram(MANAGER);
    const { node } = rig;
    const record = node.getAccount(address);
    if (!record.exists) throw new Error("not registered");
    node.setAccount(absentAccount(address));
    node.advance(2);
    const unregistered = await rig.deploy();
    expect(unregistered.transactions).to.equal(0);
    expect(unregistered.remaining.at(-1)).to.include({ code: "REGISTRATION_MISSING", id: MANAGER });
    expect(await registration()).to.equal(undefined);

    await put(record);
    await rig.preload("position-manager");
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("a program that is not ours and not registered, which people register after a look at its code", async () => {
    rig.setParams((params) => {
      params.registeredPrograms.push(MEMO);
    });
    const { transactions, remaining } = await rig.deploy();
    expect(transactions).to.equal(0);
    expect(remaining.map(({ code, id }) => `${code} ${id}`)).to.deep.equal([`REGISTRATION_MISSING ${MEMO}`]);
    rig.setParams(() => undefined);
    expect((await rig.deploy()).remaining).to.deep.equal([]);
  });

  it("a revoked program, which no deployment brings back", async () => {
    const addresses = new VaultAddresses();
    const accounts = {
      signer: rig.hands.deployer.address,
      vaultAuthority: await addresses.vaultAuthority(),
      authorizedProgram: await addresses.authorizedProgram(MANAGER),
    };
    await send(vaultProgram.instruction("revokeProgram", {}, accounts));
    expect(await rig.verify()).to.deep.equal([`REGISTRATION_REVOKED ${MANAGER}`]);
    const { transactions, remaining } = await rig.deploy();
    expect(transactions).to.equal(0);
    expect(remaining.map(({ code }) => code)).to.deep.equal(["REGISTRATION_REVOKED"]);
    rig.setParams((params) => {
      params.registeredPrograms = [];
    });
    expect(await findings()).to.deep.equal([]);
  });

  it("a record that was changed", async () => {
    await rig.deploy();
    const record = JSON.parse(readFileSync(rig.recordFile, "utf8")) as SolanaRecord;
    writeFileSync(rig.recordFile, JSON.stringify({ ...record, genesisHash: STRANGER, vaultAuthority: STRANGER }));
    expect(await rig.verify()).to.have.members([
      "RECORD_CHANGED record.genesisHash",
      "RECORD_CHANGED record.vaultAuthority",
    ]);
    await rig.deploy();
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("code with one byte changed", async () => {
    const address = await programDataAddress(VAULT);
    const account = rig.node.getAccount(address);
    if (!account.exists) throw new Error("no code");
    const changed = Uint8Array.from(account.data);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await put({ ...account, data: changed });
    expect(await rig.verify()).to.deep.equal([
      "PROGRAM_CHANGED collateral-vault",
      "RECORD_CHANGED record.programs.collateral-vault.codeSha256",
    ]);
    // Zeros after the code are room for longer code, anything else is not.
    await put({ ...account, data: Uint8Array.from([...account.data, 0, 0, 0]) });
    expect(await rig.verify()).to.deep.equal([]);
    await put({ ...account, data: Uint8Array.from([...account.data, 0, 1]) });
    expect((await rig.verify())[0]).to.equal("PROGRAM_CHANGED collateral-vault");
    await put(account);
  });

  it("something else at the address of a program, a closed program, and lamports where its code would go", async () => {
    const { node } = rig;
    const code = await programDataAddress(MANAGER);
    const account = node.getAccount(MANAGER);
    if (!account.exists) throw new Error("no program");
    node.setAccount(absentAccount(code));
    node.advance(2);
    expect((await rig.verify())[0]).to.equal("PROGRAM_FOREIGN position-manager");
    await put({ ...account, data: new Uint8Array(8), executable: false, programAddress: SYSTEM, space: 8n });
    expect((await rig.verify())[0]).to.equal("PROGRAM_FOREIGN position-manager");
    rig.donate(MANAGER, 1_000_000n);
    expect((await rig.verify())[0]).to.equal("PROGRAM_MISSING position-manager");
    rig.donate(code, 1_000_000n);
    expect((await rig.verify())[0]).to.equal("PROGRAM_FOREIGN position-manager");
    const { transactions } = await rig.deploy();
    expect(transactions).to.equal(0);
    node.setAccount(absentAccount(code));
    node.setAccount(absentAccount(MANAGER));
    node.advance(2);
    expect((await rig.verify())[0]).to.equal("PROGRAM_MISSING position-manager");
  });

  /** Differences between cluster and parameters; the record names other parameters meanwhile. */
  async function findings(): Promise<readonly string[]> {
    return (await rig.verify()).filter((line) => line !== "RECORD_CHANGED record.params");
  }

  async function put(account: Parameters<typeof rig.node.setAccount>[0]): Promise<void> {
    const { node } = rig;
    node.setAccount({ ...account, lamports: lamports(node.minimumBalanceForRentExemption(account.space)) });
    node.advance(2);
    return Promise.resolve();
  }

  function send(instruction: Parameters<ReturnType<typeof rig.chain>["send"]>[1][number]): Promise<void> {
    return rig.chain().send("test", [instruction], [rig.hands.deployer]);
  }
});
