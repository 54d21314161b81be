import {
  AccountRole,
  getAddressDecoder,
  getAddressEncoder,
  lamports,
  type Address,
  type EncodedAccount,
  type Instruction,
} from "@solana/kit";
import { expect } from "chai";

import type { Database } from "../../../db/database.js";
import { accept } from "../../../keepers/collateral-monitor/accept.js";
import { program } from "../../../keepers/collateral-monitor/main.js";
import { Monitor } from "../../../keepers/collateral-monitor/monitor.js";
import { CollateralReader } from "../../../keepers/collateral-monitor/reader.js";
import { CollateralStore } from "../../../keepers/collateral-monitor/store.js";
import { Counters } from "../../../keepers/kit/counters.js";
import { SolanaClient } from "../../../keepers/kit/solana/client.js";
import { clusterHead } from "../../../keepers/kit/solana/cluster.js";
import { RetryableError } from "../../../protocol/errors.js";
import { PositionAddresses } from "../../../protocol/solana/addresses.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { readTokenAccount } from "../../../protocol/solana/tokens.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { CollateralCluster, type ClusterOwner } from "../../helpers/collateralCluster.js";
import { describeWith, itWith } from "../../helpers/describeWith.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { codeOf } from "../../helpers/rejection.js";
import { liteOf } from "../../helpers/solanaEngine/engine.js";

const RULES = {
  largeShareBps: 2_000n,
  vaultShareBps: 5_000n,
  outflowShareBps: 4_000n,
  windowSeconds: 3_600n,
  withdrawalsPerWindow: 3,
  watchSeconds: 72n * 3_600n,
};
const PASS = { pass: true, figures: true };
const NO_PASS = { pass: false, figures: false };

/** The market's account with one mint, and nothing else in it. */
async function marketAccount(mint: Address): Promise<EncodedAccount> {
  const address = await new PositionAddresses().market();
  const head = positionProgram.accountDiscriminator("market");
  const [size, mintBytes] = [8_192, getAddressEncoder().encode(mint)];
  for (let offset = head.length; offset < size; offset += 8) {
    const data = new Uint8Array(size);
    data.set(head);
    data.set(mintBytes, offset);
    const [first] = positionProgram.decodeAccount("market", data).collaterals;
    if (first?.mint !== mint) continue;
    const account = { address, data, executable: false, lamports: lamports(10n ** 9n), space: BigInt(size) };
    return { ...account, programAddress: positionProgram.id };
  }
  throw new Error("the market has no place for mints");
}

describeWith("ownCluster", "collateral monitor on a cluster", () => {
  const postgres = usePostgres();
  let cluster: CollateralCluster;
  let client: SolanaClient;
  let test: TestDatabase;
  let db: Database;
  let chainId: string;
  let seeds = 0;

  beforeEach(async () => {
    seeds += 1;
    cluster = await CollateralCluster.start({ seed: `monitor ${String(seeds)}` });
    chainId = cluster.genesisHash;
    client = new SolanaClient({ url: cluster.url, timeoutMs: 20_000, retries: 2 });
    test = await postgres.testDatabase();
    db = test.database;
  });

  afterEach(() => cluster.stop());

  async function monitorOf(parts: { readonly ttlMs?: number; readonly dry?: boolean } = {}) {
    const { log, events, clear } = capturedLog();
    const watched = { chainId, program: vaultProgram.id };
    const store =
      parts.dry === true
        ? undefined
        : new CollateralStore(test.connect({ role: "monitor_rw" }), watched, parts.ttlMs ?? 60_000);
    const counters = new Counters();
    const reader = new CollateralReader(client, vaultProgram);
    const market = await new PositionAddresses().market();
    const monitor = new Monitor({
      reader,
      mints: (leastSlot) => reader.marketMints(positionProgram, market, leastSlot),
      program: vaultProgram,
      authority: await cluster.instructions.addresses.vaultAuthority(),
      rules: RULES,
      mostHistory: 10_000,
      store,
      counters,
      log,
    });
    const step = async (wishes = PASS): Promise<boolean> =>
      monitor.step(await clusterHead(client), cluster.now, wishes);
    const named = (event: string) => events().filter((entry) => entry["event"] === event);
    const kinds = (): unknown[] => named("collateral.activity").map((entry) => entry["kind"]);
    return { monitor, step, store, counters, named, kinds, clear };
  }

  const atOf = (owner: ClusterOwner, hasSecurityConfig = false) => ({
    vault: { owner: owner.key.address, hasSecurityConfig },
    mint: cluster.mint,
  });

  async function deposit(owner: ClusterOwner, units: bigint): Promise<string> {
    return cluster.send([await cluster.instructions.deposit(atOf(owner), units)], [owner.key]);
  }

  async function withdraw(owner: ClusterOwner, units: bigint): Promise<string> {
    return cluster.send([await cluster.instructions.withdraw(atOf(owner), units)], [owner.key]);
  }

  it("MON-1: records every event once, with the balances they lead to, and finds nothing wrong", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    const bob = await cluster.owner("bob", 2_000_000n);
    await deposit(alice, 500n);
    await withdraw(bob, 300n);
    cluster.finalize();
    const { monitor, step } = await monitorOf();
    expect(await step()).to.equal(true);
    expect(await step()).to.equal(true);

    expect(monitor.discrepancies).to.deep.equal([]);
    expect(monitor.figures?.tvl).to.deep.equal({
      [cluster.mint.address]: { total: 3_000_200n, locked: 0n, held: 3_000_200n },
    });
    const rows = await db.query(
      "SELECT kind, seq_num AS seq, amount, total, status FROM transactions WHERE subject = $1 ORDER BY seq_num",
      [bob.balance],
    );
    expect(rows).to.deep.equal([
      { kind: "deposited", seq: 1n, amount: 2_000_000n, total: 2_000_000n, status: "finalized" },
      { kind: "withdrawn", seq: 2n, amount: 300n, total: 1_999_700n, status: "finalized" },
    ]);
    expect(
      await db.query(
        "SELECT total, held, seq_num AS seq, is_closed AS closed FROM balance_snapshots WHERE balance = $1",
        [alice.balance],
      ),
    ).to.deep.equal([{ total: 1_000_500n, held: 1_000_500n, seq: 2n, closed: false }]);
    expect(await db.query("SELECT owner FROM vaults WHERE vault = $1", [bob.vault])).to.deep.equal([
      { owner: bob.key.address },
    ]);
    expect(await db.query("SELECT kind FROM reconciliation_logs")).to.deep.equal([{ kind: "pass" }, { kind: "pass" }]);
  });

  itWith(
    "commitments",
    "MON-2: nothing is final before the cluster says so, and a dropped fork takes its events back",
    async () => {
      const alice = await cluster.owner("alice", 1_000_000n);
      cluster.finalize();
      await cluster.stop();
      // Deep enough that a confirmed block can still be seen as not final.
      cluster = await CollateralCluster.start({ seed: "forks", confirmedBlocks: 0, finalizedBlocks: 8 });
      chainId = cluster.genesisHash;
      client = new SolanaClient({ url: cluster.url, timeoutMs: 20_000, retries: 2 });
      const owner = await cluster.owner("alice", 1_000_000n);
      expect(owner.balance).to.equal(alice.balance);
      cluster.advance(12);
      const { monitor, step, named } = await monitorOf();
      await step();
      const signature = await deposit(owner, 77n);
      await step();
      const status = () => db.query("SELECT status FROM transactions WHERE signature = $1", [signature]);
      expect(await status()).to.deep.equal([{ status: "confirmed" }]);
      expect(monitor.figures?.tvl[cluster.mint.address]?.total).to.equal(1_000_000n);
      cluster.advance(12);
      await step();
      expect(await status()).to.deep.equal([{ status: "finalized" }]);
      expect(monitor.figures?.tvl[cluster.mint.address]?.total).to.equal(1_000_077n);
      expect(monitor.discrepancies).to.deep.equal([]);

      // A row of a transaction that never became final, as a dropped fork leaves it.
      await db.query(
        `INSERT INTO transactions (chain_id, signature, event_index, subject, slot, kind, body, status)
       VALUES ($1, 'gone', 0, $2, $3, 'deposited', '{}', 'confirmed')`,
        [chainId, owner.balance, cluster.node.slot - 9n],
      );
      const again = await monitorOf({ ttlMs: 1 });
      await db.query("UPDATE collateral_checkpoint SET held_until = clock_timestamp() - interval '1 second'");
      await again.step();
      expect(await db.query("SELECT 1 AS one FROM transactions WHERE signature = 'gone'")).to.deep.equal([]);
      expect(again.named("history.fork-dropped").map((entry) => entry["signature"])).to.deep.equal(["gone"]);
      expect(await db.query("SELECT kind FROM audit_trail")).to.deep.equal([{ kind: "fork-dropped" }]);
      expect(named("history.fork-dropped")).to.deep.equal([]);
    },
  );

  it("MON-3: a ledger that changed without an event, or owes more than is held, is found, told and kept", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    cluster.finalize();
    const { monitor, step, store, named } = await monitorOf();
    await step();
    const account = cluster.account(alice.vaultTokens);
    if (account === undefined) throw new Error("no token account");
    const short = Uint8Array.from(account.data);
    new DataView(short.buffer).setBigUint64(64, 999_999n, true);
    expect(readTokenAccount(account.programAddress, short).amountUnits).to.equal(999_999n);
    cluster.put({ ...account, data: short });
    cluster.finalize();
    await step();
    expect(monitor.discrepancies).to.deep.equal([`total-above-held ${alice.balance}`]);
    await step();
    cluster.put(account);
    const balance = cluster.account(alice.balance);
    if (balance === undefined) throw new Error("no balance");
    const less = Uint8Array.from(balance.data);
    const totalOffset = 8 + 4 * 32;
    expect(new DataView(less.buffer).getBigUint64(totalOffset, true)).to.equal(1_000_000n);
    new DataView(less.buffer).setBigUint64(totalOffset, 400_000n, true);
    cluster.put({ ...balance, data: less });
    cluster.finalize();
    await step();
    expect(monitor.discrepancies).to.deep.equal([`changed-without-event ${alice.balance}`]);
    expect(named("collateral.discrepancy").map((entry) => [entry["level"], entry["code"]])).to.deep.equal([
      ["error", "total-above-held"],
      ["debug", "total-above-held"],
      ["error", "changed-without-event"],
    ]);
    expect(named("collateral.reconciled").map((entry) => entry["code"])).to.deep.equal(["total-above-held"]);
    const logs = await db.query("SELECT kind, code FROM reconciliation_logs WHERE kind <> 'pass' ORDER BY id");
    expect(logs).to.deep.equal([
      { kind: "opened", code: "total-above-held" },
      { kind: "opened", code: "changed-without-event" },
      { kind: "resolved", code: "total-above-held" },
    ]);

    // It is no less wrong at the next pass, nor after events, nor for the next copy: only a person can say that the account is right.
    const finding = `changed-without-event ${alice.balance}`;
    await step();
    expect(monitor.discrepancies).to.deep.equal([finding]);
    await deposit(alice, 10n);
    cluster.finalize();
    await step();
    expect(monitor.discrepancies).to.have.members([finding, `ledger-differs ${alice.balance}`]);
    await store?.release();
    const next = await monitorOf();
    await next.step();
    expect(next.monitor.discrepancies).to.have.members([finding, `ledger-differs ${alice.balance}`]);
    const by = { reason: "looked", by: "somebody" };
    const acceptOne = (code: string) => accept(db, chainId, { ...by, finding: `${code} ${alice.balance}` });
    expect(await codeOf(acceptOne("total-above-held"))).to.equal("FINDING_UNKNOWN");
    await acceptOne("changed-without-event");
    await next.step();
    expect(next.monitor.discrepancies).to.have.length(2);
    await acceptOne("ledger-differs");
    await next.step();
    expect(next.monitor.discrepancies).to.deep.equal([]);
    await withdraw(alice, 5n);
    cluster.finalize();
    await next.step();
    expect(next.monitor.discrepancies).to.deep.equal([]);
    const rest = await db.query("SELECT kind, code FROM reconciliation_logs WHERE kind <> 'pass' ORDER BY id OFFSET 3");
    expect(rest).to.deep.equal([
      { kind: "opened", code: "ledger-differs" },
      { kind: "accepted", code: "changed-without-event" },
      { kind: "accepted", code: "ledger-differs" },
      { kind: "resolved", code: "changed-without-event" },
      { kind: "resolved", code: "ledger-differs" },
    ]);
  });

  it("MON-3: what a person accepts is what he saw", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    cluster.finalize();
    const { monitor, step } = await monitorOf();
    await step();
    const totalBecomes = (units: bigint): void => {
      const balance = cluster.account(alice.balance);
      if (balance === undefined) throw new Error("no balance");
      const data = Uint8Array.from(balance.data);
      new DataView(data.buffer).setBigUint64(8 + 4 * 32, units, true);
      cluster.put({ ...balance, data });
      cluster.finalize();
    };
    totalBecomes(999_999n);
    await step();
    const finding = `changed-without-event ${alice.balance}`;
    await accept(db, chainId, { finding, reason: "looked", by: "somebody" });
    totalBecomes(1n);
    await step();
    expect(monitor.discrepancies).to.deep.equal([finding]);
    await step();
    expect(monitor.discrepancies).to.deep.equal([finding]);
    // Again as our records say.
    totalBecomes(1_000_000n);
    await step();
    expect(monitor.discrepancies).to.deep.equal([]);
  });

  it("MON-4: an event that the program's history hid is found in the account's own", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    cluster.finalize();
    const { monitor, step, counters, named } = await monitorOf();
    await step();
    const hidden = await withdraw(alice, 500_000n);
    await deposit(alice, 6n);
    cluster.finalize();
    const batch = client.batch.bind(client);
    // A node that leaves one transaction out of the program's history.
    client.batch = async (calls, retries) => {
      const answers = await batch(calls, retries);
      return answers.map((answer, index) => {
        const call = calls[index];
        const isList = call?.method === "getSignaturesForAddress" && call.params[0] === vaultProgram.id;
        if (!isList || !answer.ok) return answer;
        const list = answer.result as { readonly signature: string }[];
        return { ok: true, result: list.filter(({ signature }) => signature !== hidden) };
      });
    };
    await step();
    expect(monitor.discrepancies).to.deep.equal([]);
    expect(counters.get("history.gaps")).to.equal(1);
    expect(named("history.gap").map((entry) => entry["subject"])).to.deep.equal([alice.balance]);
    const rows = await db.query("SELECT seq_num AS seq, amount FROM transactions WHERE subject = $1 ORDER BY seq_num", [
      alice.balance,
    ]);
    expect(rows.slice(1)).to.deep.equal([
      { seq: 2n, amount: 500_000n },
      { seq: 3n, amount: 6n },
    ]);
    // What was hidden is told like everything else, and once.
    await step();
    expect(named("collateral.activity").map((entry) => [entry["kind"], entry["signature"]])).to.deep.equal([
      ["large-withdrawal", hidden],
      ["outflow", hidden],
    ]);
    expect(await db.query("SELECT kind, is_final FROM audit_trail ORDER BY id")).to.deep.equal([
      { kind: "large-withdrawal", is_final: true },
      { kind: "outflow", is_final: true },
    ]);
  });

  it("MON-15: a stranger's gap behind a long history keeps nothing else from being told", async () => {
    const mallory = await cluster.owner("mallory", 1_000_000n);
    const victim = await cluster.owner("victim", 1_000_000n);
    cluster.finalize();
    const { monitor, step, store, named, kinds } = await monitorOf();
    await step();
    const hidden = await withdraw(mallory, 5n);
    const { admin, guardian } = cluster.roles;
    const { instructions } = cluster;
    await cluster.send([await instructions.proposeAuthority("guardian", victim.key.address, admin.address)], [admin]);
    await withdraw(victim, 900_000n);
    cluster.finalize();
    const real = { signature: hidden, slot: Number((await clusterHead(client)).finalizedSlot) };
    const cheap = Array.from({ length: 4_500 }, (_, index) => ({
      ...{ signature: `cheap ${String(index)}`, slot: real.slot, err: null, blockTime: null },
      confirmationStatus: "finalized",
    }));
    const batch = client.batch.bind(client);
    const asked: string[] = [];
    let toldBefore: readonly { readonly kind: string }[] | undefined;
    let isDown = true;
    // The account's history as a stranger has made it: the event that is looked for lies behind thousands of others.
    client.batch = async (calls, retries) => {
      const [call] = calls;
      const [subject, config] = (call?.params ?? []) as [string, { readonly before?: string; readonly limit?: number }];
      if (call?.method === "getSignaturesForAddress" && subject === mallory.balance) {
        toldBefore ??= await db.query<{ kind: string }>("SELECT kind FROM audit_trail ORDER BY id");
        const all = [...cheap, { ...cheap[0], ...real }];
        const from = all.findIndex(({ signature }) => signature === config.before) + 1;
        return [{ ok: true, result: all.slice(from, from + (config.limit ?? 0)) }];
      }
      const isCheap = ({ method, params }: (typeof calls)[number]): boolean =>
        method === "getTransaction" && String(params[0]).startsWith("cheap");
      if (calls.some(isCheap)) {
        if (isDown) throw new RetryableError("RPC_UNREACHABLE", "nobody answered", "try again");
        asked.push(...calls.filter(isCheap).map(({ params }) => String(params[0])));
        const rest = calls.filter((one) => !isCheap(one));
        const others = rest.length === 0 ? [] : [...(await batch(rest, retries))];
        const result = { slot: real.slot, blockTime: null, meta: { err: null, logMessages: [] } };
        return calls.map((one) =>
          isCheap(one) ? { ok: true, result } : (others.shift() ?? { ok: true, result: null }),
        );
      }
      const answers = await batch(calls, retries);
      return answers.map((answer, index) => {
        const isList = calls[index]?.method === "getSignaturesForAddress" && calls[index].params[0] === vaultProgram.id;
        if (!isList || !answer.ok) return answer;
        const list = answer.result as { readonly signature: string }[];
        return { ok: true, result: list.filter(({ signature }) => signature !== hidden) };
      });
    };
    // Nobody answers: nothing is found yet, and everything else is recorded and told before anybody was asked.
    await step();
    expect(named("history.look-failed").map((entry) => entry["code"])).to.deep.equal(["RPC_UNREACHABLE"]);
    expect(kinds()).to.include.members(["role-changed", "large-withdrawal"]);
    expect(toldBefore?.map(({ kind }) => kind)).to.include.members(["role-changed", "large-withdrawal"]);
    expect(monitor.discrepancies).to.deep.equal([`events-missing ${mallory.balance}`]);
    // Read in parts, one in each pass, with what comes meanwhile told at once.
    isDown = false;
    await store?.release();
    const next = await monitorOf();
    await cluster.send([await instructions.pause(guardian.address)], [guardian]);
    cluster.advance(2);
    for (const read of [2_000, 4_000]) {
      await next.step();
      expect(asked).to.have.length(read);
      expect(next.monitor.discrepancies).to.deep.equal([`events-missing ${mallory.balance}`]);
    }
    expect(next.kinds()).to.include("paused");
    await next.step();
    expect(new Set(asked).size).to.equal(4_500);
    expect(next.monitor.discrepancies).to.deep.equal([]);
    expect(await db.query("SELECT amount FROM transactions WHERE signature = $1", [hidden])).to.deep.equal([
      { amount: 5n },
    ]);
  });

  it("MON-13: a withdrawal behind so much log that no node shows its event is told by what it took", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    const bob = await cluster.owner("bob", 1_000_000n);
    cluster.finalize();
    const { monitor, step, named, clear } = await monitorOf();
    await step();
    /** Forty calls that change nothing say 12 KB; nodes keep 10 KB of a transaction. */
    const noise: Instruction = {
      programAddress: cluster.mint.tokenProgram,
      accounts: [{ address: cluster.mint.address, role: AccountRole.READONLY }],
      data: Uint8Array.of(21),
    };
    const loud = async (owner: ClusterOwner, units: bigint): Promise<string> =>
      cluster.send(
        [...Array.from({ length: 40 }, () => noise), await cluster.instructions.withdraw(atOf(owner), units)],
        [owner.key],
      );
    const told = () =>
      named("collateral.activity").map((entry) => [
        entry["kind"],
        entry["subject"],
        entry["severity"],
        entry["amountUnits"],
      ]);
    const signature = await loud(alice, 10n);
    cluster.finalize();
    await step();
    expect(named("history.log-truncated").map((entry) => entry["signature"])).to.deep.equal([signature, signature]);
    expect(monitor.discrepancies).to.deep.equal([`events-missing ${alice.balance}`]);
    expect(told()).to.deep.equal([["unexplained-outflow", alice.balance, "warning", "10"]]);
    clear();
    await loud(alice, 900_000n);
    await deposit(bob, 1n);
    cluster.finalize();
    await step();
    await step();
    expect(told()).to.deep.equal([
      ["unexplained-outflow", alice.balance, "critical", "900000"],
      ["outflow", cluster.mint.address, "critical", undefined],
    ]);
    const trail = await db.query("SELECT kind, severity FROM audit_trail ORDER BY id");
    expect(trail).to.deep.equal([
      { kind: "unexplained-outflow", severity: "warning" },
      { kind: "unexplained-outflow", severity: "critical" },
      { kind: "outflow", severity: "critical" },
    ]);
  });

  it("MON-14: what somebody does with mints of his own is recorded and troubles nobody", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    const bob = await cluster.owner("bob", 1_000_000n);
    cluster.put(await marketAccount(cluster.mint.address));
    const own = await cluster.anotherMint("mint of a stranger");
    const strangers = [
      await cluster.owner("stranger 1", 1_000_000n, own),
      await cluster.owner("stranger 2", 1_000_000n, own),
      await cluster.owner("stranger 3", 1_000_000n, own),
    ];
    cluster.finalize();
    const { monitor, step, named } = await monitorOf();
    await step();
    const { instructions } = cluster;
    const frozen = (tokens: Address): void => {
      const account = cluster.account(tokens);
      if (account === undefined) throw new Error("no token account");
      const data = Uint8Array.from(account.data);
      data[108] = 2;
      new DataView(data.buffer).setBigUint64(64, 1n, true);
      cluster.put({ ...account, data });
    };
    for (const { key, vaultTokens } of strangers) {
      const at = { vault: { owner: key.address }, mint: own };
      await cluster.send([await instructions.withdraw(at, 900_000n)], [key]);
      const rules = { withdrawalDelaySeconds: 0n, whitelist: [key.address] };
      await cluster.send([await instructions.createSecurityConfig({ owner: key.address }, rules)], [key]);
      const secured = { owner: key.address, hasSecurityConfig: true };
      const addWallet = { kind: "addWallet" as const, wallet: alice.key.address };
      await cluster.send([await instructions.changeSecurity(secured, addWallet)], [key]);
      frozen(vaultTokens);
    }
    cluster.finalize();
    const asked: number[] = [];
    const batch = client.batch.bind(client);
    client.batch = (calls, retries) => {
      asked.push(
        ...calls.filter(({ method }) => method === "getMultipleAccounts").map(({ params }) => (params[0] as []).length),
      );
      return batch(calls, retries);
    };
    await step();
    // The market, the tokens of all five, and once more the three pairs that seem wrong.
    expect(asked).to.deep.equal([5, 1, 6]);
    client.batch = batch;
    expect(monitor.discrepancies).to.deep.equal([]);
    const severities = (event: string) => [...new Set(named(event).map((entry) => entry["severity"]))];
    expect(named("collateral.activity").length).to.be.greaterThan(6);
    expect(severities("collateral.activity")).to.deep.equal(["info"]);
    expect(severities("collateral.discrepancy")).to.deep.equal(["info"]);
    expect(monitor.figures).to.deep.include({ discrepancies: 0, ofOtherMints: 6 });
    const open = () =>
      db.query("SELECT DISTINCT code, severity FROM reconciliation_logs WHERE kind = 'opened' ORDER BY code");
    expect(await open()).to.deep.equal([
      { code: "tokens-frozen", severity: "info" },
      { code: "total-above-held", severity: "info" },
    ]);
    // The same with a mint of the market.
    await withdraw(bob, 900_000n);
    frozen(alice.vaultTokens);
    cluster.finalize();
    await step();
    expect(monitor.discrepancies).to.have.members([
      `total-above-held ${alice.balance}`,
      `tokens-frozen ${alice.balance}`,
    ]);
    expect(severities("collateral.activity")).to.have.members(["info", "warning", "critical"]);
  });

  it("MON-5: a node that is behind is not believed, whatever it is asked", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    cluster.finalize();
    const { monitor, step, named } = await monitorOf();
    await step();
    const batch = client.batch.bind(client);
    type Calls = Parameters<typeof batch>[0];
    const old = await batch([
      { method: "getProgramAccounts", params: [vaultProgram.id, { encoding: "base64", withContext: true }] },
    ]);
    await deposit(alice, 5n);
    await withdraw(alice, 600_000n);
    cluster.finalize();
    await step();
    const records = () => db.query("SELECT balance, slot, total FROM balance_snapshots ORDER BY slot");
    const before = await records();
    const asked: unknown[] = [];
    // A node whose slot is an old one, and which does not look at what is asked.
    client.batch = (calls: Calls, retries) => {
      if (calls[0]?.method !== "getProgramAccounts") return batch(calls, retries);
      asked.push((calls[0].params[1] as Record<string, unknown>)["minContextSlot"]);
      return Promise.resolve(old);
    };
    expect(await codeOf(step())).to.equal("NODE_BEHIND");
    expect(asked).to.deep.equal([Number((await clusterHead(client)).finalizedSlot)]);
    // A head that is behind as well changes nothing.
    const head = await clusterHead(client);
    const behind = monitor.step({ ...head, finalizedSlot: 1n }, cluster.now, PASS);
    expect(await codeOf(behind)).to.equal("NODE_BEHIND");
    client.batch = batch;
    await step();
    expect(monitor.discrepancies).to.deep.equal([]);
    expect(named("collateral.discrepancy")).to.deep.equal([]);
    expect(await records()).to.deep.equal(before);
  });

  it("MON-16: an answer in which an account is missing is none, and nothing is found wrong by it", async () => {
    await cluster.owner("alice", 1_000n);
    await cluster.owner("bob", 1_000n);
    cluster.finalize();
    const { monitor, step } = await monitorOf();
    const batch = client.batch.bind(client);
    client.batch = async (calls, retries) =>
      (await batch(calls, retries)).map((answer, index) => {
        if (calls[index]?.method !== "getMultipleAccounts" || !answer.ok) return answer;
        const { context, value } = answer.result as { context: unknown; value: readonly unknown[] };
        return { ok: true, result: { context, value: value.slice(1) } };
      });
    expect(await codeOf(step())).to.equal("RPC_MALFORMED");
    expect(monitor.discrepancies).to.deep.equal([]);
    client.batch = batch;
    await step();
    expect(monitor.discrepancies).to.deep.equal([]);
  });

  it("tells large and many withdrawals, changed rules before one, roles and pauses, but not what was before the start", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    const bob = await cluster.owner("bob", 1_000_000n);
    await withdraw(alice, 600_000n);
    cluster.finalize();
    const { step, kinds, clear } = await monitorOf();
    await step();
    expect(kinds()).to.deep.equal([]);

    await withdraw(bob, 10n);
    await step(NO_PASS);
    expect(kinds()).to.deep.equal([]);
    await withdraw(bob, 500_000n);
    cluster.advance(2);
    await step(NO_PASS);
    // With what left before the start it is the third withdrawal of the window, and 44 % of what was there.
    expect(kinds()).to.deep.equal(["large-withdrawal", "outflow", "withdrawal-rate"]);
    clear();
    const { admin, guardian } = cluster.roles;
    const { instructions } = cluster;
    await cluster.send([await instructions.proposeAuthority("guardian", alice.key.address, admin.address)], [admin]);
    await cluster.send([await instructions.pause(guardian.address)], [guardian]);
    const rules = { withdrawalDelaySeconds: 0n, whitelist: [bob.key.address] };
    await cluster.send([await instructions.createSecurityConfig({ owner: bob.key.address }, rules)], [bob.key]);
    cluster.wait(3_600n);
    const secured = { owner: bob.key.address, hasSecurityConfig: true };
    const addWallet = { kind: "addWallet" as const, wallet: alice.key.address };
    await cluster.send([await instructions.changeSecurity(secured, addWallet)], [bob.key]);
    cluster.advance(2);
    await step(NO_PASS);
    expect(kinds()).to.deep.equal(["role-changed", "paused", "whitelist-loosened"]);
    clear();
    cluster.finalize();
    const request = { amountUnits: 450_000n, timestamp: cluster.now };
    await cluster.send([await instructions.requestWithdrawal(atOf(bob, true), request)], [bob.key]);
    cluster.advance(2);
    await step(NO_PASS);
    expect(kinds()).to.deep.equal(["large-withdrawal", "loosened-before-withdrawal"]);
    const trail = await db.query<{ kind: string; severity: string }>(
      "SELECT kind, severity FROM audit_trail ORDER BY id",
    );
    expect(trail).to.have.length(8);
    expect(trail.at(-1)).to.deep.equal({ kind: "loosened-before-withdrawal", severity: "critical" });
  });

  it("MON-11: a copy that takes over knows the rules as they were, however old", async () => {
    const thief = await cluster.owner("thief", 0n);
    const owners = new Map([
      [1n, await cluster.owner("alice", 1_000_000n)],
      [80n, await cluster.owner("bob", 1_000_000n)],
    ]);
    const { instructions } = cluster;
    for (const { key } of owners.values()) {
      const rules = { withdrawalDelaySeconds: 0n, whitelist: [key.address] };
      await cluster.send([await instructions.createSecurityConfig({ owner: key.address }, rules)], [key]);
    }
    cluster.finalize();
    const before = await monitorOf();
    await before.step();
    await before.store?.release();
    for (const [hours, owner] of owners) {
      cluster.wait(hours * 3_600n);
      const next = await monitorOf();
      await next.step();
      expect(next.kinds()).to.deep.equal([]);
      const secured = { owner: owner.key.address, hasSecurityConfig: true };
      const addWallet = { kind: "addWallet" as const, wallet: thief.key.address };
      await cluster.send([await instructions.changeSecurity(secured, addWallet)], [owner.key]);
      cluster.advance(2);
      await next.step(NO_PASS);
      // The vetoer, whom nobody has set, is as he was.
      expect(next.kinds()).to.deep.equal(["whitelist-loosened"]);
      await next.store?.release();
      const last = await monitorOf();
      await last.step();
      cluster.wait(3_600n);
      const request = { amountUnits: 900_000n, timestamp: cluster.now };
      await cluster.send([await instructions.requestWithdrawal(atOf(owner, true), request)], [owner.key]);
      cluster.advance(2);
      await last.step(NO_PASS);
      expect(last.kinds()).to.deep.equal(["large-withdrawal", "loosened-before-withdrawal"]);
      expect(last.named("history.unreadable")).to.deep.equal([]);
      await last.store?.release();
    }
  });

  itWith(
    "commitments",
    "MON-6: one copy writes, another takes over where it stopped, and nothing is told or written twice",
    async () => {
      const alice = await cluster.owner("alice", 1_000_000n);
      cluster.finalize();
      const first = await monitorOf();
      const second = await monitorOf();
      await first.step();
      expect(await second.step()).to.equal(false);
      expect(second.counters.get("standby")).to.equal(1);
      await withdraw(alice, 900_000n);
      cluster.advance(2);
      await first.step(NO_PASS);
      expect(first.kinds()).to.include("large-withdrawal");
      await first.store?.release();
      expect(await second.step()).to.equal(true);
      expect(second.kinds()).to.deep.equal([]);
      const counts = await db.query("SELECT count(*)::integer AS n FROM transactions WHERE kind = 'withdrawn'");
      expect(counts).to.deep.equal([{ n: 1 }]);
      await first.step().then(
        (passed) => expect(passed).to.equal(false),
        () => undefined,
      );
      cluster.finalize();
      await second.step();
      expect(second.monitor.discrepancies).to.deep.equal([]);
    },
  );

  it("MON-6: a copy that was silent too long, and overtaken, goes on from what the other has written", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    cluster.finalize();
    const [silent, other] = [await monitorOf(), await monitorOf()];
    await silent.step();
    await db.query("UPDATE collateral_checkpoint SET held_until = clock_timestamp() - interval '1 second'");
    await withdraw(alice, 900_000n);
    cluster.finalize();
    await other.step();
    expect(other.kinds()).to.include("large-withdrawal");
    const read = () => db.query("SELECT signature, slot, generation FROM collateral_checkpoint");
    const written = await read();
    await other.store?.release();
    const counts = () =>
      db.query(
        "SELECT (SELECT count(*) FROM audit_trail)::integer AS told, (SELECT count(*) FROM transactions)::integer AS events",
      );
    const before = await counts();
    expect(await silent.step(NO_PASS)).to.equal(true);
    expect(silent.kinds()).to.deep.equal([]);
    expect(silent.monitor.discrepancies).to.deep.equal([]);
    expect(await counts()).to.deep.equal(before);
    expect(await read()).to.deep.equal(written.map((row) => ({ ...row, generation: 3n })));
  });

  it("MON-6: what was read before another copy wrote is not written", async () => {
    await cluster.owner("alice", 1_000_000n);
    cluster.finalize();
    const [silent, other] = [await monitorOf(), await monitorOf()];
    await silent.step();
    const batch = client.batch.bind(client);
    // Between its claim and its transaction the copy is silent for so long that another takes over, writes and ends.
    client.batch = async (calls, retries) => {
      if (calls[0]?.method !== "getProgramAccounts") return batch(calls, retries);
      client.batch = batch;
      await db.query("UPDATE collateral_checkpoint SET held_until = clock_timestamp() - interval '1 second'");
      await other.step();
      await other.store?.release();
      return batch(calls, retries);
    };
    const figures = () => db.query("SELECT count(*)::integer AS n FROM reconciliation_logs");
    expect(await codeOf(silent.step())).to.equal("NOT_LEADING");
    expect(await figures()).to.deep.equal([{ n: 2 }]);
    expect(await silent.step()).to.equal(true);
    expect(await figures()).to.deep.equal([{ n: 3 }]);
  });

  it("passes over 1,000 vaults, more than one request asks for, and over those that changed", async () => {
    const alice = await cluster.owner("alice", 1_000_000n);
    cluster.finalize();
    const template = (address: Address): EncodedAccount => {
      const account = cluster.account(address);
      if (account === undefined) throw new Error(`no account ${address}`);
      return account;
    };
    const accounts = [template(alice.vault), template(alice.balance), template(alice.vaultTokens)] as const;
    const addressOf = (kind: number, number: number): Uint8Array => {
      const bytes = new Uint8Array(32).fill(kind);
      new DataView(bytes.buffer).setUint32(0, number);
      return bytes;
    };
    const put = (
      account: EncodedAccount,
      address: Uint8Array,
      changes: readonly [offset: number, bytes: Uint8Array][],
    ) => {
      const data = Uint8Array.from(account.data);
      for (const [offset, bytes] of changes) data.set(bytes, offset);
      cluster.put({ ...account, address: getAddressDecoder().decode(address), data });
    };
    for (let number = 0; number < 999; number += 1) {
      const [vault, balance, tokens] = [addressOf(1, number), addressOf(2, number), addressOf(3, number)];
      put(accounts[0], vault, [[8, addressOf(4, number)]]);
      put(accounts[1], balance, [
        [8, vault],
        [72, tokens],
      ]);
      put(accounts[2], tokens, [[32, vault]]);
    }
    cluster.finalize();
    const { monitor, step } = await monitorOf({ dry: true });
    await step();
    expect([monitor.figures?.vaults, monitor.figures?.balances, monitor.discrepancies]).to.deep.equal([
      1_000,
      1_000,
      [],
    ]);
    expect(monitor.figures?.tvl[cluster.mint.address]?.held).to.equal(1_000_000_000n);
    await withdraw(alice, 400n);
    put(accounts[2], addressOf(3, 998), [
      [32, addressOf(1, 998)],
      [64, new Uint8Array(8)],
    ]);
    cluster.finalize();
    await step();
    expect(monitor.figures?.tvl[cluster.mint.address]).to.include({ total: 999_999_600n, held: 998_999_600n });
    expect(monitor.discrepancies).to.deep.equal([`total-above-held ${getAddressDecoder().decode(addressOf(2, 998))}`]);
  });

  it("runs as a program: dry run, recording run, doctor, status, policy", async () => {
    await cluster.owner("alice", 1_000_000n);
    cluster.finalize();
    const env = {
      SOLANA_LOCALNET_RPC_URL: cluster.url,
      DATABASE_URL: test.url,
      KEEPER_DATA_FOLDER: `/tmp/cantilever-monitor-${String(process.pid)}`,
      KEEPER_LOG_LEVEL: "silent",
    };
    const context = { network: "solana-localnet", env, signal: new AbortController().signal, say: () => undefined };
    const dry = await program.run({ ...context, execute: false, once: true, terminal: false });
    expect([dry.ok, dry.report["passes"]]).to.deep.equal([true, 1]);
    expect(await db.query("SELECT 1 AS one FROM transactions")).to.deep.equal([]);
    const real = await program.run({ ...context, execute: true, once: true, terminal: false });
    expect([real.ok, real.report["passes"], real.report["discrepancies"]]).to.deep.equal([true, 1, []]);
    expect(await db.query("SELECT kind FROM transactions ORDER BY slot, seq_num")).to.deep.include({
      kind: "deposited",
    });
    const doctor = await program.doctor(context);
    const failed = (doctor.report["checks"] as { name: string; ok: boolean }[]).filter(({ ok }) => !ok);
    // The copy has ended, so that nobody writes.
    expect(failed.map(({ name }) => name)).to.deep.equal(["records"]);
    const status = await program.status(context);
    expect([status.ok, status.report["discrepancies"]]).to.deep.equal([true, []]);
    expect((await program.policy(context)).report["rules"]).to.deep.equal([]);
    const nothing = { ...context, finding: "ledger-differs nobody", reason: "looked" };
    expect(await codeOf(program.accept?.(nothing) ?? Promise.resolve())).to.equal("FINDING_UNKNOWN");
  });

  itWith("liteSvm", "does not begin on a public cluster, nor on a network without parameters", async () => {
    const env = {
      SOLANA_LOCALNET_RPC_URL: cluster.url,
      KEEPER_LOG_LEVEL: "silent",
      KEEPER_DATA_FOLDER: `/tmp/cantilever-monitor-${String(process.pid)}`,
    };
    const context = {
      env,
      signal: new AbortController().signal,
      say: () => undefined,
      execute: false,
      once: true,
      terminal: false,
    };
    Object.assign(liteOf(cluster.node).bank, { genesisHash: "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG" });
    expect(await codeOf(program.run({ ...context, network: "solana-localnet" }))).to.equal("GATE_FAILED");
    expect(await codeOf(program.run({ ...context, network: "solana-nowhere" }))).to.equal("UNKNOWN_NETWORK");
  });
});
