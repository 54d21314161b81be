import { spawn, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import { setTimeout as rest } from "node:timers/promises";

import { expect } from "chai";

import type { Database } from "../../../db/database.js";
import { program } from "../../../keepers/bridge-attestor/main.js";
import type { ProgramResult } from "../../../keepers/kit/program.js";
import type { MessageState } from "../../../protocol/bridgeMessage.js";
import { freePort, freePorts } from "../../../scripts/world/child.js";
import {
  ABROAD,
  account,
  attested,
  ATTESTORS,
  attestorWallets,
  HOME,
  payerWallets,
  startBridgeChains,
  type BridgeChain,
  type BridgeChains,
} from "../../helpers/bridgeChains.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { killed } from "../../helpers/processes.js";
import { refusalOf } from "../../helpers/refusals.js";
import { codeOf } from "../../helpers/rejection.js";

const ROOT = resolve(import.meta.dirname, "../../..");
const BLOCK_MS = 150;
const CONFIRMATIONS = 2;
/** Set by `npm run test:keepers -- --all-kills`. */
const KILLS = process.env["CANTILEVER_ALL_KILLS"] === "1" ? 40 : 2;
const SIGNED = "select count(*) from keeper_attestation where signature is not null";

interface Running {
  readonly result: Promise<ProgramResult>;
  stop(): Promise<ProgramResult>;
}

describe("npm run keeper -- bridge-attestor, two of three", function () {
  const postgres = usePostgres();
  let chains: BridgeChains;
  let home: BridgeChain;
  let abroad: BridgeChain;
  let pristine: readonly [unknown, unknown];
  /** One of each attestor's own. */
  let databases: TestDatabase[];
  let ports: number[];
  const running: Running[] = [];
  const children: ChildProcess[] = [];

  before(async () => {
    chains = await startBridgeChains(CONFIRMATIONS);
    ({ home, abroad } = chains);
    ports = await Promise.all(Array.from({ length: ATTESTORS }, () => freePort()));
  });
  after(() => chains.close());
  beforeEach(async () => {
    pristine = [await home.snapshot(), await abroad.snapshot()];
    databases = [];
    for (let index = 0; index < ATTESTORS; index += 1) databases.push(await postgres.testDatabase());
    for (const chain of [home, abroad]) await chain.ask("evm_setIntervalMining", BLOCK_MS);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await killed(child);
    for (const one of running.splice(0)) await one.stop();
    for (const chain of [home, abroad]) {
      chain.proxy.fault = chain.second.fault = () => undefined;
      await chain.ask("evm_setIntervalMining", 0);
    }
    await home.revert(pristine[0]);
    await abroad.revert(pristine[1]);
  });

  const env = (index: number, more: Record<string, string> = {}): Record<string, string> => ({
    LOCALHOST_RPC_URL: home.proxy.url,
    LOCALHOST651940_RPC_URL: abroad.proxy.url,
    DATABASE_URL: databases[index]?.url ?? "",
    KEEPER_DEPLOYMENTS_FOLDER: chains.folder,
    KEEPER_DATA_FOLDER: join(chains.folder, `data-${String(index)}`),
    KEEPER_POLL_MS: "20",
    KEEPER_LOG_LEVEL: "silent",
    // Nobody loses a lease because this machine is slow.
    KEEPER_LEASE_SECONDS: "60",
    KEEPER_CONFIRMATIONS: "1",
    ATTESTOR_LOCAL_SIGNER: attestorWallets[index]?.address ?? "",
    ATTESTOR_LOCAL_PAYER: payerWallets[index]?.address ?? "",
    ATTESTOR_LISTEN_PORT: String(ports[index] ?? 0),
    ATTESTOR_PEERS: ports
      .filter((_, other) => other !== index)
      .map((port) => `http://127.0.0.1:${String(port)}`)
      .join(","),
    ATTESTOR_HTTP_TIMEOUT_MS: "30000",
    ATTESTOR_SETTLE_BLOCKS: "16",
    ATTESTOR_TURN_BLOCKS: "2",
    ...more,
  });
  function start(index: number, more?: Record<string, string>): Running {
    const ending = new AbortController();
    const context = { network: HOME, env: env(index, more), signal: ending.signal, say: () => undefined };
    const result = program.run({ ...context, execute: true, once: false, terminal: false });
    const one = {
      result,
      stop: (): Promise<ProgramResult> => {
        ending.abort();
        return result;
      },
    };
    running.push(one);
    return one;
  }
  async function until(chain: BridgeChain, messageId: string, wanted: MessageState): Promise<void> {
    for (;;) {
      const state = await chain.state(messageId);
      if (state === wanted) return;
      const over = await Promise.race([rest(BLOCK_MS), ...running.map(({ result }) => result)]);
      if (over !== undefined) throw new Error(`an attestor ended: ${JSON.stringify(over.report)}`);
    }
  }
  /** Until the attestor that shows itself at this port has counted such events at the second chain: so often it has looked and done no more. */
  async function untilCounted(port: number, event: RegExp, times: number): Promise<void> {
    const counted = async (): Promise<number> => {
      const url = `http://127.0.0.1:${String(port + 1)}/metrics`;
      const text = await fetch(url).then(
        (answer) => answer.text(),
        () => "",
      );
      const found = text.matchAll(/^keeper_events_total\{.*event="([^"]*)".*\} (\d+)$/gm);
      return [...found].reduce((sum, [, name = "", value]) => sum + (event.test(name) ? Number(value) : 0), 0);
    };
    while ((await counted()) < times) {
      const over = await Promise.race([rest(BLOCK_MS), ...running.map(({ result }) => result)]);
      if (over !== undefined) throw new Error(`an attestor ended: ${JSON.stringify(over.report)}`);
    }
  }
  const count = async (db: Database | undefined, sql: string): Promise<number> =>
    Number((await db?.query<{ count: bigint }>(sql))?.[0]?.count ?? -1n);
  /** Deliveries that the chain has seen, those that reverted included. */
  async function paid(chain: BridgeChain): Promise<number> {
    return (await chain.bridge.queryFilter(chain.bridge.filters.Delivered(), chain.startBlock)).length;
  }

  it("ATTEST-10 delivers with two of three, each message once, in both directions, and goes on when one of three dies", async () => {
    for (let index = 0; index < ATTESTORS; index += 1) start(index);
    const sent = [await home.send(1_000n), await home.send(2_000n)];
    for (const { messageId } of sent) await until(abroad, messageId, "delivered");
    const back = await abroad.send(500n);
    await until(home, back.messageId, "delivered");
    await running.splice(1, 1)[0]?.stop();
    const late = await home.send(3_000n);
    await until(abroad, late.messageId, "delivered");
    expect(await paid(abroad)).to.equal(3);
    expect(await paid(home)).to.equal(1);
    // Whoever came second lost some gas, and nobody has stopped.
    for (const one of running) expect((await one.stop()).report).to.deep.include({ control: "run", alarms: {} });
  });

  it("ATTEST-10 one of three moves nothing", async () => {
    const shown = await freePorts(2);
    start(0, { KEEPER_HTTP_PORT: String(shown) });
    const { messageId } = await home.send(1_000n);
    await untilCounted(shown, /^relay\.not-enough-signatures$/, 6);
    expect(await abroad.state(messageId)).to.equal("none");
    expect(await count(databases[0]?.database, SIGNED)).to.equal(1);
    expect(await count(databases[0]?.database, "select count(*) from keeper_outbox")).to.equal(0);
  });

  it("ATTEST-11 what expires is cancelled on its destination and refunded on its source, by the attestors alone", async () => {
    // Held until it is too late.
    await (await abroad.bridge.connect(abroad.guardian).pause()).wait();
    const before = await home.token.balanceOf(home.user.address);
    const { messageId, message } = await home.send(1_000n, { lifetimeSeconds: 3_600 });
    const shown = await freePorts(2);
    start(0, { KEEPER_HTTP_PORT: String(shown) });
    start(1);
    await untilCounted(shown, /^relay\.held$/, 6);
    expect(await abroad.state(messageId)).to.equal("none");
    await abroad.ask("evm_setNextBlockTimestamp", Number(message.expiresAt) + 10);
    await abroad.ask("evm_mine");
    await until(abroad, messageId, "cancelled");
    await until(home, messageId, "refunded");
    expect(await home.token.balanceOf(home.user.address)).to.equal(before);
    // Nobody holds it any more, and nothing but what became of it is in the way.
    await (await abroad.bridge.connect(abroad.owner).unpause()).wait();
    const signatures = await attested(abroad.place, "deliver", messageId);
    const late = await abroad.bridge.deliver.populateTransaction(message, signatures);
    expect(await refusalOf(abroad.provider, late)).to.equal("WrongStatus");
  });

  it("ATTEST-12 pays what was accepted as soon as limits let it, and nothing before", async () => {
    const limits = await abroad.bridge.limits(abroad.tokenAt);
    const lane = {
      ...{ outCapacity: limits.outCapacity, outRefillPerSecond: limits.outRefillPerSecond, minUnits: limits.minUnits },
      ...{ inCapacity: 0n, inRefillPerSecond: 0n },
    };
    await (await abroad.bridge.connect(abroad.owner).setLimits(abroad.tokenAt, lane)).wait();
    const shown = await freePorts(2);
    start(0, { KEEPER_HTTP_PORT: String(shown) });
    start(1);
    const { messageId } = await home.send(1_000n);
    await until(abroad, messageId, "accepted");
    // Tried, and refused by its simulation.
    await untilCounted(shown, /^relay\.refused\./, 2);
    expect(await abroad.state(messageId)).to.equal("accepted");
    const open = { ...lane, inCapacity: limits.inCapacity, inRefillPerSecond: limits.inRefillPerSecond };
    await (await abroad.bridge.connect(abroad.owner).setLimits(abroad.tokenAt, open)).wait();
    await until(abroad, messageId, "delivered");
    expect(await paid(abroad)).to.equal(1);
  });

  it("ATTEST-8 an announced set is applied when it is ready, and what was open is delivered", async () => {
    await (await abroad.bridge.connect(abroad.guardian).pause()).wait();
    const set = attestorWallets.slice(0, 2).map(({ address }) => address);
    await (await abroad.bridge.connect(abroad.owner).scheduleAttestors(set, 2)).wait();
    const { messageId } = await home.send(1_000n, { lifetimeSeconds: 20 * 86_400 });
    const shown = await freePorts(2);
    start(0, { KEEPER_HTTP_PORT: String(shown) });
    start(1);
    await untilCounted(shown, /^relay\.held$/, 6);
    await abroad.ask("evm_setNextBlockTimestamp", (await abroad.seconds()) + 3 * 86_400);
    await abroad.ask("evm_mine");
    // The hold ends and the set is ready in one block: either may be seen first.
    await until(abroad, messageId, "delivered");
    while ((await abroad.bridge.attestorEpoch()) !== 2n) await rest(BLOCK_MS);
    expect(await paid(abroad)).to.equal(1);
  });

  /** Ends an epoch: two of three are left. */
  async function removeThird({ bridge, guardian }: BridgeChain): Promise<void> {
    await (await bridge.connect(guardian).removeAttestor(attestorWallets[2]?.address ?? "")).wait();
    expect(await bridge.attestorEpoch()).to.equal(2n);
  }
  async function untilAccepted({ bridge }: BridgeChain, messageId: string, epoch: bigint): Promise<void> {
    while ((await bridge.acceptedEpoch(messageId)) !== epoch) {
      const over = await Promise.race([rest(BLOCK_MS), ...running.map(({ result }) => result)]);
      if (over !== undefined) throw new Error(`an attestor ended: ${JSON.stringify(over.report)}`);
    }
  }

  it("ATTEST-20 what was accepted above the limits is delivered again when the set has changed, and paid when they have refilled", async () => {
    const { outCapacity, outRefillPerSecond, minUnits } = await abroad.bridge.limits(abroad.tokenAt);
    const lane = { outCapacity, outRefillPerSecond, minUnits, inCapacity: 1_000_000n, inRefillPerSecond: 100n };
    await (await abroad.bridge.connect(abroad.owner).setLimits(abroad.tokenAt, lane)).wait();
    for (let index = 0; index < ATTESTORS; index += 1) start(index);
    const first = await home.send(1_000_000n);
    await until(abroad, first.messageId, "delivered");
    const { message, messageId } = await home.send(1_000_000n);
    await untilAccepted(abroad, messageId, 1n);
    await removeThird(abroad);
    await untilAccepted(abroad, messageId, 2n);
    expect(await abroad.state(messageId)).to.equal("accepted");
    expect(await paid(abroad)).to.equal(1);
    await abroad.ask("evm_setNextBlockTimestamp", (await abroad.seconds()) + 20_000);
    await abroad.ask("evm_mine");
    await until(abroad, messageId, "delivered");
    expect(await paid(abroad)).to.equal(2);
    // Nothing of it can come twice.
    const again = await abroad.bridge.retry.populateTransaction(message);
    expect(await refusalOf(abroad.provider, again)).to.equal("WrongStatus");
    for (const one of running) expect((await one.stop()).report).to.deep.include({ control: "run", alarms: {} });
  });

  it("ATTEST-20 what was accepted is delivered with fresh signatures, also when limits refill before anybody looks", async () => {
    const { outCapacity, outRefillPerSecond, minUnits } = await abroad.bridge.limits(abroad.tokenAt);
    const lane = { outCapacity, outRefillPerSecond, minUnits, inCapacity: 1_000n, inRefillPerSecond: 0n };
    await (await abroad.bridge.connect(abroad.owner).setLimits(abroad.tokenAt, lane)).wait();
    // One carries, so that its own outbox must let the same message through twice.
    start(0);
    start(1, { ATTESTOR_DELIVER: "false" });
    const first = await home.send(1_000n);
    await until(abroad, first.messageId, "delivered");
    const { messageId } = await home.send(1_000n);
    await untilAccepted(abroad, messageId, 1n);
    for (const one of running.splice(0)) await one.stop();
    await removeThird(abroad);
    const refilled = { ...lane, inCapacity: 10_000n, inRefillPerSecond: 1_000n };
    await (await abroad.bridge.connect(abroad.owner).setLimits(abroad.tokenAt, refilled)).wait();
    start(0);
    start(1, { ATTESTOR_DELIVER: "false" });
    await until(abroad, messageId, "delivered");
    const accepted = await abroad.bridge.queryFilter(abroad.bridge.filters.Accepted(messageId), abroad.startBlock);
    expect(accepted).to.have.length(1);
    expect(await paid(abroad)).to.equal(2);
  });

  it("ATTEST-20 a refund that was accepted is refunded again when the set has changed, once", async () => {
    const token = home.token.connect(home.owner);
    const { address } = home.user;
    await (await token.grantRole(await token.FREEZER_ROLE(), home.owner.address)).wait();
    const before = await token.balanceOf(address);
    const { message, messageId } = await home.send(1_000n);
    await (await abroad.bridge.connect(abroad.user).cancel(message)).wait();
    await (await token.freeze(address)).wait();
    for (let index = 0; index < ATTESTORS; index += 1) start(index);
    await untilAccepted(home, messageId, 1n);
    await removeThird(home);
    await untilAccepted(home, messageId, 2n);
    expect(await home.state(messageId)).to.equal("refund-accepted");
    await (await token.unfreeze(address)).wait();
    await until(home, messageId, "refunded");
    expect(await token.balanceOf(address)).to.equal(before);
    expect(await paid(abroad)).to.equal(0);
  });

  it("ATTEST-9 killed with SIGKILL again and again it signs every message once and delivers it once", async function () {
    // Every death costs a start.
    this.timeout(300_000 + KILLS * 20_000);
    start(1);
    const sent: string[] = [];
    const lease = { KEEPER_LEASE_SECONDS: "1" };
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = spawn(
        process.execPath,
        ["--import", "tsx", "keepers/main.ts", "bridge-attestor", "--network", HOME, "--execute", "--json"],
        { cwd: ROOT, env: { ...process.env, ...env(0, lease) }, stdio: "ignore" },
      );
      children.push(child);
      const leads = `select count(*) from keeper_lease where expires_at > clock_timestamp() and owner like '%:${String(child.pid)}:%'`;
      while ((await count(databases[0]?.database, leads)) === 0) await rest(BLOCK_MS);
      sent.push((await home.send(1_000n + BigInt(kill))).messageId);
      // Between two blocks, in the middle of one, or after the message has arrived.
      await rest((kill * 137) % (BLOCK_MS * 8));
      await killed(child);
    }
    start(0, lease);
    for (const messageId of sent) await until(abroad, messageId, "delivered");
    expect(await paid(abroad)).to.equal(KILLS);
    const [{ database } = { database: undefined }] = databases;
    expect(await count(database, SIGNED)).to.equal(KILLS);
    expect(await count(database, "select count(distinct position) from keeper_attestation")).to.equal(KILLS);
  });

  it("ATTEST-13 doctor is content with the right keys, and keys with an office or one key for both do not start", async () => {
    const signal = new AbortController().signal;
    const said: string[] = [];
    const context = (more: Record<string, string>) => ({
      ...{ network: HOME, env: env(0, { ATTESTOR_PEERS: "", ...more }), signal, execute: true, once: true },
      ...{ terminal: false, say: (line: string) => void said.push(line) },
    });
    const checks = (await program.doctor(context({}))).report["checks"] as {
      name: string;
      ok: boolean;
      network: string;
    }[];
    const failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
    // Alone it does not reach the threshold, and nobody has started it yet.
    expect(new Set(failed)).to.deep.equal(new Set(["threshold"]));
    expect(new Set(checks.map(({ network }) => network))).to.deep.equal(new Set([HOME, ABROAD]));
    const attestor = attestorWallets[0]?.address ?? "";
    for (const payer of [account(0).address, account(2).address, attestorWallets[1]?.address ?? "", attestor]) {
      expect(await codeOf(program.run(context({ ATTESTOR_LOCAL_PAYER: payer }))), payer).to.equal("GATE_FAILED");
    }
    expect(await codeOf(program.run(context({ ATTESTOR_LOCAL_SIGNER: account(2).address })))).to.equal("GATE_FAILED");
    const { report } = await program.policy(context({}));
    expect(report["attests"]).to.have.length(4);
    expect((await program.status(context({}))).ok).to.equal(true);
  });

  it("a dry run signs and stores nothing, and needs no database", async () => {
    const { messageId } = await home.send(1_000n);
    await chains.mine(CONFIRMATIONS + 1);
    const { ATTESTOR_LISTEN_PORT: _, DATABASE_URL: __, ...bare } = env(0);
    const context = { network: HOME, env: bare, signal: new AbortController().signal, say: () => undefined };
    const { ok, report } = await program.run({ ...context, execute: false, once: true, terminal: false });
    expect(ok).to.equal(true);
    const networks = report["networks"] as Record<string, { attestations: Record<string, number> }>;
    expect(networks[ABROAD]?.attestations).to.deep.equal({ "dry-run": 1 });
    expect(await abroad.state(messageId)).to.equal("none");
  });
});
