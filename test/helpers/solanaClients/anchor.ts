/** The flow of @anchor-lang/core on our own program: `methods…rpc()`, accounts, simulation, errors by name. */
import fs from "node:fs";
import path from "node:path";

import { AnchorError, AnchorProvider, Program, Wallet, type Idl } from "@anchor-lang/core";
import { Keypair, PublicKey, type Connection } from "@solana/web3.js";
import { createHash } from "node:crypto";
import { expect } from "chai";

import { PAYER_PHRASE } from "../../../scripts/validator/localPayer.js";
import { UPGRADEABLE_LOADER } from "../../../scripts/validator/programs.js";
import { COMMITMENT, connectTo, disconnect, fundedKey, SOL, type Endpoint } from "./endpoint.js";

const IDL_FILE = path.resolve(import.meta.dirname, "../../../programs/prebuilt/collateral_vault.json");

export function anchorFlow(endpoint: () => Endpoint): void {
  let connection: Connection;
  let payer: Keypair;
  let program: Program;
  let vaultAuthority: PublicKey;
  const pda = (of: PublicKey, ...seeds: Uint8Array[]) => PublicKey.findProgramAddressSync(seeds, of)[0];
  const call = (name: string, ...args: unknown[]) => {
    const build = program.methods[name];
    if (build === undefined) throw new Error(`no instruction ${name}`);
    return build(...args);
  };

  before(async function () {
    connection = connectTo(endpoint());
    const idl = JSON.parse(fs.readFileSync(IDL_FILE, "utf8")) as Idl;
    // A cluster that somebody else runs need not have the program at its local address.
    if ((await connection.getAccountInfo(new PublicKey(idl.address))) === null) this.skip();
    payer = await fundedKey(connection);
    program = new Program(idl, new AnchorProvider(connection, new Wallet(payer), { commitment: COMMITMENT }));
    vaultAuthority = pda(program.programId, Buffer.from("vault_authority"));
  });
  after(() => {
    disconnect(connection);
  });

  it("takes its authority from the upgrade authority that ProgramData names", async () => {
    const upgradeAuthority = Keypair.fromSeed(createHash("sha256").update(PAYER_PHRASE).digest());
    const programData = pda(new PublicKey(UPGRADEABLE_LOADER), program.programId.toBytes());
    const initialize = (authority: Keypair) =>
      call("initializeAuthority", { admin: payer.publicKey, guardian: upgradeAuthority.publicKey })
        .accountsPartial({ payer: payer.publicKey, upgradeAuthority: authority.publicKey, programData })
        .signers(authority === payer ? [] : [authority]);
    if ((await connection.getAccountInfo(vaultAuthority)) === null) {
      const refused: unknown = await initialize(payer)
        .rpc()
        .catch((reason: unknown) => reason);
      expect(refused).to.be.instanceOf(AnchorError);
      expect((refused as AnchorError).error.errorCode.code).to.equal("NotUpgradeAuthority");
      await initialize(upgradeAuthority).rpc();
    }
    const info = await connection.getAccountInfo(vaultAuthority);
    expect(info?.owner.equals(program.programId)).to.equal(true);
  });

  it("calls the program, reads its account, simulates it and names its errors", async () => {
    const owner = payer.publicKey;
    const initialize = call("initialize").accountsPartial({ payer: owner, owner, vaultAuthority });
    const vault = pda(program.programId, Buffer.from("vault"), owner.toBytes());
    const simulated = await initialize.simulate();
    expect(simulated.raw).to.include("Program log: Instruction: Initialize");
    expect(await connection.getAccountInfo(vault)).to.equal(null);
    const signature = await initialize.rpc();
    expect((await connection.getSignatureStatus(signature)).value?.err).to.equal(null);
    const info = await connection.getAccountInfo(vault);
    const decoded = program.coder.accounts.decode<{ owner: PublicKey }>("vault", info?.data ?? Buffer.alloc(0));
    expect(decoded.owner.equals(owner)).to.equal(true);
    const found = await connection.getProgramAccounts(program.programId, {
      filters: [{ dataSize: info?.data.length ?? 0 }, { memcmp: { offset: 8, bytes: owner.toBase58() } }],
    });
    expect(found.map(({ pubkey }) => pubkey.toBase58())).to.deep.equal([vault.toBase58()]);
    const stranger = await fundedKey(connection, SOL);
    const refused: unknown = await call("pause")
      .accountsPartial({ guardian: stranger.publicKey, vaultAuthority })
      .signers([stranger])
      .rpc()
      .catch((reason: unknown) => reason);
    expect(refused).to.be.instanceOf(AnchorError);
    expect((refused as AnchorError).error.errorCode.code).to.equal("NotGuardian");
  });
}
