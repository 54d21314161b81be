import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { program } from "../../../keepers/courtesy-call-redeemer/main.js";
import { ConfigError } from "../../../keepers/kit/env.js";
import type { ProgramContext } from "../../../keepers/kit/program.js";
import { connectRescueBounty, encodePledge } from "../../../protocol/tbtc/bounty.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import { deployRescueBounty } from "../../../scripts/tbtc/bounty.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { rejection } from "../../helpers/rejection.js";
import { startTbtcNode, type TbtcNode } from "../../helpers/tbtcNode.js";
import { WAD } from "./fixtures.js";

const LOT_SAT = 10_000_000n;
const LOT_WEI = WAD / 10n;
const CALLABLE = 2_666n * 10n ** 13n;
/** Of BTC_NETWORK=regtest, P2WPKH. */
const DESTINATION = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

describe("courtesy-call-redeemer as a program", function () {
  this.timeout(120_000);
  const postgres = usePostgres();
  let node: TbtcNode;
  let deposits: Deposit[];
  let database: TestDatabase;
  let folder: string;

  before(async () => {
    node = await startTbtcNode();
    deposits = [];
    for (let count = 0; count < 3; count += 1) deposits.push(await node.scenario.open({ lotSat: LOT_SAT }));
    await node.scenario.giveTbtc(node.roles.redeemer, 3n * LOT_WEI);
    await node.scenario.setPrice(CALLABLE);
    for (const { address } of deposits) await node.scenario.courtesyCall(address);
    await node.mine(3);
  });
  beforeEach(async () => {
    await node.keep();
    database = await postgres.testDatabase();
    folder = mkdtempSync(join(tmpdir(), "cantilever-redeemer-"));
    writeFileSync(join(folder, "system.json"), JSON.stringify({ addresses: node.world.addresses }));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await node.giveBack();
  });
  after(() => node.close());

  function context(more: Readonly<Record<string, string>> = {}): ProgramContext & { readonly said: string[] } {
    const said: string[] = [];
    return {
      network: "localhost",
      env: {
        LOCALHOST_RPC_URL: node.proxy.url,
        DATABASE_URL: database.url,
        KEEPER_DATA_FOLDER: folder,
        KEEPER_LOG_LEVEL: "silent",
        KEEPER_CONFIRMATIONS: "1",
        KEEPER_POLL_MS: "20",
        OPERATORS: node.roles.operators.join(","),
        REDEEMER_MODE: "courtesy",
        REDEEMER_SYSTEM_FILE: join(folder, "system.json"),
        REDEEMER_LOCAL_ACCOUNT: node.roles.redeemer,
        BTC_NETWORK: "regtest",
        BTC_WALLET_PUBLIC_KEY: DESTINATION,
        ...more,
      },
      signal: new AbortController().signal,
      say: (line) => void said.push(line),
      said,
    };
  }
  const states = async () => Promise.all(deposits.map(({ address }) => node.scenario.state(address)));

  it("REDEEM-28 a dry run makes the whole plan and sends nothing, and with --execute the same plan is carried out", async () => {
    const dry = await program.run({ ...context(), execute: false, once: true, terminal: false });
    expect(dry.ok).to.equal(true);
    expect(dry.report).to.deep.include({
      planned: { "Token.approve": 1, "VendingMachine.tbtcToBtc": 3 },
      sent: {},
      watched: 3 + (Number(dry.report["positions"]) - 3),
    });
    expect(await states()).to.deep.equal(deposits.map(() => DepositState.COURTESY_CALL));
    expect(await database.database.query("select 1 from keeper_outbox")).to.deep.equal([]);

    const done = await program.run({ ...context(), execute: true, once: true, terminal: false });
    expect(done.ok).to.equal(true);
    expect(done.report).to.deep.include({
      sent: { "Token.approve": 1, "VendingMachine.tbtcToBtc": 3 },
      leftInFlight: false,
      errors: 0,
    });
    expect(await states()).to.deep.equal(deposits.map(() => DepositState.AWAITING_WITHDRAWAL_SIGNATURE));
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(0n);
    // Nobody is told a second time, and the next process ends what the one before has begun.
    await node.mine(3);
    const next = await program.run({ ...context(), execute: true, once: true, terminal: false });
    expect(next.report).to.deep.include({ sent: {}, rescues: { rescued: 3 } });
  });

  it("watches, and has no rule, unless it is told to act", async () => {
    const watching = { REDEEMER_MODE: "watch", BTC_WALLET_PUBLIC_KEY: "" };
    const result = await program.run({ ...context(watching), execute: true, once: true, terminal: false });
    expect(result.report).to.deep.include({ sent: {}, mode: "watch" });
    expect(result.report["skips"]).to.have.property("watch-only");
    expect((await program.policy(context(watching))).report["rules"]).to.deep.equal([]);
  });

  it("says what is wrong, what stands, and what the key may sign", async () => {
    const doctor = context();
    const { report } = await program.doctor(doctor);
    const checks = report["checks"] as readonly { readonly name: string; readonly ok: boolean }[];
    const named = Object.fromEntries(checks.map(({ name, ok }) => [name, ok]));
    expect(named).to.include({ "chain-id": true, system: true, destination: true, means: true, unused: true });
    const status = await program.status(context());
    expect(status.report["chosen"]).to.have.length(3);
    expect(status.report["endangered"]).to.have.length.of.at.least(3);
    const { report: policy } = await program.policy(context());
    const rules = policy["rules"] as readonly { readonly name: string }[];
    expect(rules.map(({ name }) => name)).to.deep.equal([
      "Token.approve",
      "VendingMachine.tbtcToBtc",
      "Deposit.requestRedemption",
      "Deposit.provideRedemptionSignature",
      "Deposit.increaseRedemptionFee",
      "Deposit.provideRedemptionProof",
    ]);
  });

  it("REDEEM-29 does not start on another system, to an address that is not paid, or to one of another network", async () => {
    /** The checks that kept it from starting. */
    const started = async (more: Readonly<Record<string, string>>): Promise<string> => {
      const run = program.run({ ...context(more), execute: true, once: true, terminal: false });
      return (await rejection(run)).details["checks"] ?? "";
    };
    const elsewhere = { ...node.world.addresses, token: node.roles.user };
    writeFileSync(join(folder, "other.json"), JSON.stringify(elsewhere));
    expect(await started({ REDEEMER_SYSTEM_FILE: join(folder, "other.json") })).to.equal("system");
    expect(await started({ REDEEMER_SYSTEM_FILE: join(folder, "none.json") })).to.equal("system");
    /** The variables that kept it from being configured. */
    const configured = async (more: Readonly<Record<string, string>>): Promise<string[]> => {
      const run = program.run({ ...context(more), execute: true, once: true, terminal: false });
      const error = await run.catch((thrown: unknown) => thrown);
      return error instanceof ConfigError ? error.problems.map(({ env }) => env) : [];
    };
    expect(await configured({ BTC_NETWORK: "main" })).to.deep.equal(["BTC_WALLET_PUBLIC_KEY"]);
    const taproot = "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6";
    expect(await configured({ BTC_WALLET_PUBLIC_KEY: taproot })).to.deep.equal(["BTC_WALLET_PUBLIC_KEY"]);
    expect(await states()).to.deep.equal(deposits.map(() => DepositState.COURTESY_CALL));
  });

  it("REDEEM-65 a provider's doctor answers for his own rescues, and an operator's for all that is theirs", async () => {
    const { deployer, operators, redeemer, rival } = node.roles;
    const escrow = await deployRescueBounty(node.chain, deployer, node.world.addresses);
    const [listed, late] = deposits;
    if (listed === undefined || late === undefined) throw new Error("there are deposits");
    const bounties = [listed, late].map(({ address }) => ({ deposit: address, bountyWei: WAD }));
    await node.scenario.send(operators[0] ?? "", escrow, encodePledge(bounties), 2n * WAD);
    await node.scenario.transferTbtc(redeemer, rival, LOT_WEI);
    await node.scenario.requestRedemption(late, { from: rival });
    await node.chain.advance(6_000n);
    await node.mine(3);
    const settling = async (more: Readonly<Record<string, string>>) => {
      const { report } = await program.doctor(context(more));
      const checks = report["checks"] as readonly { readonly name: string; readonly ok: boolean }[];
      return checks.find(({ name }) => name === "settling")?.ok;
    };
    const service = { REDEEMER_MODE: "service-provider", OPERATORS: "*", REDEEMER_BOUNTY_ESCROW: escrow };
    expect(await settling(service)).to.equal(true);
    expect(await settling({ REDEEMER_MODE: "watch", OPERATORS: "*" })).to.equal(true);
    expect(await settling({})).to.equal(false);
  });

  it("REDEEM-57 as a service provider it shows what pays and what is earned, and starts with an escrow of this system only", async () => {
    const { deployer, operators, redeemer } = node.roles;
    const escrow = await deployRescueBounty(node.chain, deployer, node.world.addresses);
    const [paid, small] = deposits;
    if (paid === undefined || small === undefined) throw new Error("there are deposits");
    const bounties = [
      { deposit: paid.address, bountyWei: WAD },
      { deposit: small.address, bountyWei: WAD / 100n },
    ];
    await node.scenario.send(operators[0] ?? "", escrow, encodePledge(bounties), WAD + WAD / 100n);
    await node.mine(3);
    const service = { REDEEMER_MODE: "service-provider", OPERATORS: "*", REDEEMER_BOUNTY_ESCROW: escrow };
    const checks = (more: Readonly<Record<string, string>> = {}) => {
      const given = context({ ...service, ...more });
      return program.doctor(given).then(() => given.said.join("\n"));
    };
    const agent = await connectRescueBounty(escrow, node.chain.provider).agentOf(redeemer);
    expect(await checks()).to.include(`redeems by ${agent.toLowerCase()}`);
    const run = (more: Readonly<Record<string, string>> = {}, execute = true) =>
      program.run({ ...context({ ...service, ...more }), execute, once: true, terminal: false });
    // Another contract, one of another system, and nobody.
    const strange = await deployRescueBounty(node.chain, deployer, {
      ...node.world.addresses,
      token: node.world.addresses.feeRebateToken,
    });
    for (const other of [node.world.addresses.token, strange])
      expect((await rejection(run({ REDEEMER_BOUNTY_ESCROW: other }))).details["checks"]).to.equal("escrow");
    expect((await rejection(run({ REDEEMER_BOUNTY_ESCROW: redeemer }))).details["checks"]).to.equal("system,escrow");

    const dry = await run({}, false);
    expect(dry.report["sent"]).to.deep.equal({});
    expect(dry.report["planned"]).to.deep.equal({ "Token.approve": 1, "RescueBounty.rescue": 1 });
    expect(dry.report["skips"]).to.deep.equal({ "bounty-too-small": 1 });
    const status = context(service);
    const standing = await program.status(status);
    expect(standing.report).to.deep.include({ watched: 2, earnings: { dues: [], waiting: [] } });
    const done = await run();
    expect(done.report).to.deep.include({
      sent: { "Token.approve": 1, "RescueBounty.rescue": 1 },
      ...{ leftInFlight: false, errors: 0 },
    });
    const waiting = (await program.status(context(service))).report["earnings"];
    expect(waiting).to.deep.equal({ dues: [], waiting: [paid.address.toLowerCase()] });
    await node.scenario.provideSignature(paid);
    await node.scenario.proveRedemption(paid);
    await node.mine(3);
    const told = context(service);
    await program.status(told);
    expect(told.said).to.include(`can now claim 1.0 ether: ${paid.address.toLowerCase()}`);
    const claimed = await run();
    expect(claimed.report["sent"]).to.deep.equal({ "RescueBounty.claim": 1 });
    await node.mine(3);
    const collected = await run();
    expect(collected.report["earnings"]).to.deep.equal({ "claim.done": 1 });
    expect(collected.report["sent"]).to.deep.equal({ "RescueBounty.collect": 1 });
    expect(await node.chain.provider.getBalance(escrow)).to.equal(WAD / 100n);
  });
});
