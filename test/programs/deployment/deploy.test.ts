import { existsSync, readFileSync } from "node:fs";

import { expect } from "chai";

import { readSolanaRecord } from "../../../protocol/solana/network.js";
import { LOCAL_PROGRAM_IDS } from "../../../protocol/solana/programKeys.js";
import { elfHash } from "../../../scripts/deploy/solana/built.js";
import { programState, registrations, vaultAuthorityOf } from "../../../scripts/deploy/solana/state.js";
import { outputsOf } from "../../../scripts/programs/layout.js";
import { DeploymentRig } from "../../helpers/solanaDeployment.js";

const VAULT = LOCAL_PROGRAM_IDS["collateral-vault"] as never;
const MANAGER = LOCAL_PROGRAM_IDS["position-manager"] as never;

class Killed extends Error {}

/** Begins with an empty cluster; each test goes on where the one before it ended. */
describe("deployment on a Solana cluster", function () {
  this.timeout(60_000);
  let rig: DeploymentRig;
  before(async () => {
    rig = await DeploymentRig.start();
    // The other program is quickly written. Of the vault, the real one, most was written by an earlier run.
    rig.build("position-manager", "small");
    await rig.leaveBuffer("collateral-vault", 70);
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
    expect(elfHash(state.so)).to.equal(elfHash(elf));
    expect(state.upgradeAuthority).to.equal(rig.hands.deployer.address);
    const authority = await vaultAuthorityOf(rig.chain(), VAULT);
    const { params } = rig.setParams(() => undefined);
    expect(authority.state).to.include({ admin: params.roles.admin, guardian: params.roles.guardian });
    expect([...(await registrations(rig.chain(), VAULT)).keys()]).to.deep.equal([MANAGER]);
    const record = readSolanaRecord("solana-localnet", rig.root);
    expect(record?.programs["collateral-vault"]).to.deep.equal({
      programId: VAULT,
      programData: state.programData,
      elfSha256: elfHash(elf),
      deploySlot: String(state.slot),
    });
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("sends nothing when nothing differs", async () => {
    const { transactions, differences, remaining } = await rig.deploy();
    expect({ transactions, differences, remaining }).to.deep.equal({ transactions: 0, differences: [], remaining: [] });
  });

  it("upgrades to longer code with room made for it, and renews its registration", async () => {
    rig.build("position-manager", "larger");
    expect(await rig.verify()).to.deep.equal(["PROGRAM_CHANGED position-manager"]);
    const { remaining } = await rig.deploy();
    expect(remaining).to.deep.equal([]);
    const state = await programState(rig.chain(), MANAGER);
    const registration = (await registrations(rig.chain(), VAULT)).get(MANAGER);
    expect(state.kind === "deployed" ? state.slot : undefined).to.equal(registration?.deploySlot);
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("upgrades to shorter code, whose padding counts for nothing", async () => {
    rig.build("position-manager", "small");
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    const state = await programState(rig.chain(), MANAGER);
    if (state.kind !== "deployed") throw new Error(state.kind);
    expect(state.so.length).to.be.greaterThan(100_000);
    expect(await rig.verify()).to.deep.equal([]);
  });

  it("hands the upgrade authority over, and from then on only prepares upgrades", async () => {
    const heir = LOCAL_PROGRAM_IDS["collateral-vault"];
    rig.setParams((params) => {
      params.roles["upgradeAuthority"] = heir;
    });
    expect((await rig.deploy()).remaining).to.deep.equal([]);
    rig.build("position-manager", "larger");
    const first = await rig.deploy();
    expect(first.transactions).to.be.greaterThan(100);
    expect(first.remaining.map(({ code, by }) => ({ code, by }))).to.deep.equal([
      { code: "PROGRAM_CHANGED", by: heir },
    ]);
    const again = await rig.deploy();
    expect(again.transactions).to.equal(0);
    expect(again.remaining).to.deep.equal(first.remaining);
  });
});
