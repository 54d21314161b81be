import { existsSync, readFileSync } from "node:fs";

import type { Instruction } from "@solana/kit";
import { expect } from "chai";

import { readSolanaRecord } from "../../../protocol/solana/network.js";
import { LOCAL_PROGRAM_IDS } from "../../../protocol/solana/programKeys.js";
import { codeHash, isSameCode } from "../../../scripts/deploy/solana/built.js";
import { bufferOf, extendProgram, upgradeProgram } from "../../../scripts/deploy/solana/loader.js";
import { missingRoom, ROOM_BYTES, roomFor } from "../../../scripts/deploy/solana/room.js";
import { programState, registrations, vaultAuthorityOf } from "../../../scripts/deploy/solana/state.js";
import { outputsOf } from "../../../scripts/programs/layout.js";
import { describeWith } from "../../helpers/describeWith.js";
import { rejection } from "../../helpers/rejection.js";
import { testSigner } from "../../helpers/solana.js";
import { DeploymentRig } from "../../helpers/solanaDeployment.js";

const VAULT = LOCAL_PROGRAM_IDS["collateral-vault"] as never;
const MANAGER = LOCAL_PROGRAM_IDS["position-manager"] as never;

class Killed extends Error {}

/** Begins with an empty cluster; each test goes on where the one before it ended. */
describeWith("ownCluster", "deployment on a Solana cluster", () => {
  let rig: DeploymentRig;
  before(async () => {
    rig = await DeploymentRig.start();
    // The other program is quickly written. Of the vault, the real one, most was written by an earlier run.
    const small = rig.build("position-manager", "small");
    await rig.leaveBuffer("collateral-vault", 70);
    // Anybody may send lamports anywhere: less than the deployer needs there, or more.
    const { address } = await bufferOf(rig.hands.deployer.address, small);
    rig.donate(address, 890_880n);
    rig.donate(MANAGER, 10_000_000n);
  });
  after(() => rig.stop());

  it("is a dry run by default: it lists what is missing, sends nothing and writes nothing", async () => {
    const { executed, transactions, differences } = await rig.dryRun();
    expect({ executed, transactions }).to.deep.equal({ executed: false, transactions: 0 });
    expect(differences.map(({ code }) => code)).to.deep.equal([
      "PROGRAM_MISSING",
      "PROGRAM_MISSING",
      "AUTHORITY_MISSING",
      "REGISTRATION_MISSING",
    ]);
    expect(existsSync(rig.recordFile)).to.equal(false);
    expect(await rig.chain().account(VAULT)).to.equal(undefined);
  });

  it("goes on after a kill with the chunks that are missing", async () => {
    const afterSend = (sent: number): void => {
      if (sent >= 100) throw new Killed();
    };
    let thrown: unknown;
    await rig.deploy(rig.hands, { afterSend }).catch((error: unknown) => {
      thrown = error;
    });
    expect(thrown).to.be.instanceOf(Killed);
    expect((await programState(rig.chain(), VAULT)).kind).to.equal("missing");

    rig.log.length = 0;
    const { differences, remaining, transactions } = await rig.deploy();
    expect(differences).to.have.length(4);
    expect(remaining).to.deep.equal([]);
    const [first, second] = rig.log.flatMap((line) => /^writing (\d+) of (\d+) chunks$/.exec(line)?.slice(1) ?? []);
    const [missing, total] = [Number(first), Number(second)];
    // A window of writes was on its way when the process died.
    expect(missing).to.be.within(1, Math.ceil(total * 0.3) - 100);
    expect(transactions).to.be.greaterThan(missing);
  });

  it("leaves code, configuration and registration as the parameters say", async () => {
    const state = await programState(rig.chain(), VAULT);
    if (state.kind !== "deployed") throw new Error(state.kind);
    const elf = readFileSync(outputsOf("collateral-vault").so);
    expect(isSameCode(state.so, elf)).to.equal(true);
    expect(state.so.length).to.equal(elf.length + ROOM_BYTES);
    expect(state.upgradeAuthority).to.equal(rig.hands.deployer.address);
    const authority = await vaultAuthorityOf(rig.chain(), VAULT);
    const { params } = rig.setParams(() => undefined);
    expect(authority.state).to.include({ admin: params.roles.admin, guardian: params.roles.guardian });
    expect([...(await registrations(rig.chain(), VAULT)).keys()]).to.deep.equal([MANAGER]);
    const record = readSolanaRecord("solana-localnet", rig.root);
    expect(record?.programs["collateral-vault"]).to.deep.equal({
      programId: VAULT,
      programData: state.programData,
      codeSha256: codeHash(elf),
      deploySlot: String(state.slot),
    });
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("takes the lamports that others sent to addresses of its own for its rent", async () => {
    const rent = await rig.chain().rentLamports(36);
    expect(await rig.chain().lamports(MANAGER)).to.equal(10_000_000n);
    expect(await rig.chain().lamports(VAULT)).to.equal(rent);
    const { address } = await bufferOf(rig.hands.deployer.address, rig.build("position-manager", "small"));
    expect(await rig.chain().account(address)).to.equal(undefined);
  });

  it("sends nothing when nothing differs", async () => {
    const { transactions, differences, remaining } = await rig.deploy();
    expect({ transactions, differences, remaining }).to.deep.equal({ transactions: 0, differences: [], remaining: [] });
  });

  it("upgrades to longer code in the room it was deployed with, and renews its registration", async () => {
    rig.build("position-manager", "small", 64);
    expect(await rig.verify()).to.deep.equal(["PROGRAM_CHANGED position-manager"]);
    const before = await manager();
    const { remaining } = await rig.deploy();
    expect(remaining).to.deep.equal([]);
    const after = await manager();
    expect(after.so.length).to.equal(before.so.length);
    expect((await registrations(rig.chain(), VAULT)).get(MANAGER)?.deploySlot).to.equal(after.slot);
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("makes room where there is none, at least as much as clusters take at a time", async () => {
    const { length } = rig.build("position-manager", "small");
    await rig.preload("position-manager");
    expect((await manager()).so.length).to.equal(length);
    rig.build("position-manager", "small", 64);
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    expect((await manager()).so.length).to.equal(length + 10_240);

    const larger = rig.build("position-manager", "larger");
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    expect((await manager()).so.length).to.equal(larger.length);
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("upgrades to shorter code, whose padding counts for nothing", async () => {
    rig.build("position-manager", "small");
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    expect((await manager()).so.length).to.be.greaterThan(100_000);
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("hands the upgrade authority over, and from then on only prepares upgrades", async () => {
    const heir = await testSigner(21);
    rig.setParams((params) => {
      params.roles["upgradeAuthority"] = heir.address;
    });
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    await rig.preload("position-manager", heir.address);
    const elf = rig.build("position-manager", "larger");
    const first = await rig.deploy();
    expect(first.transactions).to.be.greaterThan(100);
    expect(first.remaining.map(({ code, by }) => ({ code, by }))).to.deep.equal([
      { code: "PROGRAM_CHANGED", by: heir.address },
      // the same code anew, by somebody else's key: only a person confirms it
      { code: "REGISTRATION_UNCONFIRMED", by: rig.hands.deployer.address },
    ]);
    const again = await rig.deploy();
    expect(again.transactions).to.equal(0);
    expect(again.remaining).to.deep.equal(first.remaining);

    // What the finding says: room first, in a slot of its own, then the upgrade with the buffer.
    const chain = rig.chain();
    await rig.fund(heir.address);
    const { address: buffer } = await bufferOf(rig.hands.deployer.address, elf);
    const { programData, so } = await manager();
    const program = { programId: MANAGER, programData, buffer };
    const upgrade = upgradeProgram(heir.address, program);
    const failure = async (...instructions: Instruction[]): Promise<unknown> =>
      (await rejection(chain.send("upgrade", instructions, [heir]))).details["revertName"];
    expect(await failure(upgrade)).to.equal("AccountDataTooSmall");
    expect(await failure(extendProgram(heir.address, program, 64))).to.equal("InvalidArgument");
    const extend = extendProgram(heir.address, program, missingRoom(so.length, elf.length));
    expect(await failure(extend, upgrade)).to.equal("InvalidArgument");
    await chain.send("extend", [extend], [heir]);
    await chain.passSlot((await manager()).slot);
    await chain.send("upgrade", [upgrade], [heir]);
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    expect(await rig.verify()).to.deep.equal([]);
  });

  async function manager() {
    const state = await programState(rig.chain(), MANAGER);
    if (state.kind !== "deployed") throw new Error(state.kind);
    return state;
  }
});

describe("room for longer code", () => {
  const MOST = 10 * 1024 * 1024 - 45;

  it("is left at a deployment as far as an account can be that long", () => {
    expect(roomFor(100_000)).to.equal(100_000 + ROOM_BYTES);
    expect(roomFor(MOST - 1)).to.equal(MOST);
    expect(roomFor(MOST)).to.equal(MOST);
  });

  for (const [room, elf, missing] of [
    [100_000, 99_999, 0],
    [100_000, 100_000, 0],
    [100_000, 100_001, 10_240],
    [100_000, 110_240, 10_240],
    [100_000, 110_241, 10_241],
    [MOST - 10_241, MOST - 10_240, 10_240],
    [MOST - 10_239, MOST - 10_238, 10_239],
    [MOST - 1, MOST, 1],
  ] as const) {
    it(`of ${String(room)} bytes is ${String(missing)} short of ${String(elf)}`, () => {
      expect(missingRoom(room, elf)).to.equal(missing);
    });
  }
});
