import { createKeyPairSignerFromPrivateKeyBytes, getAddressEncoder, type Address } from "@solana/kit";
import { expect } from "chai";
import { encryptKeystoreJson, Wallet } from "ethers";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

import { program } from "../../../keepers/collateral-crank/main.js";
import { CrankReader } from "../../../keepers/collateral-crank/observe.js";
import { SolanaClient } from "../../../keepers/kit/solana/client.js";
import { readStatus, statusPath } from "../../../keepers/kit/statusFile.js";
import { readProposal } from "../../../protocol/solana/accounts.js";
import { localSigner } from "../../../protocol/solana/programKeys.js";
import { associatedTokenAddress } from "../../../protocol/solana/addresses.js";
import { proposalHash } from "../../../protocol/solana/proposals.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { readTokenAccount } from "../../../protocol/solana/tokens.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { loadUpgradeable } from "../../../scripts/validator/programs.js";
import { freePort } from "../../../scripts/world/child.js";
import { CollateralCluster, type ClusterOwner } from "../../helpers/collateralCluster.js";
import { describeWith } from "../../helpers/describeWith.js";
import { TEST_RPC_TIMEOUT_MS } from "../../helpers/limits.js";
import { PositionExchange, type Member } from "../../helpers/positionExchange.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { codeOf } from "../../helpers/rejection.js";
import { keyOf } from "../../helpers/solanaVault/svm.js";

const DELAY = 86_400n;
/** The request has matured, its limits count and have filled up. */
const LONG = 5n * DELAY;
const LAMPORTS = 100_000_000n;
const SLOT_MS = 25;

describeWith("ownCluster", "collateral crank on a cluster", () => {
  const postgres = usePostgres();
  const folder = `/tmp/cantilever-crank-${String(process.pid)}`;
  let cluster: CollateralCluster;
  let test: TestDatabase;
  let crank: Address;
  let seeds = 0;
  const ends: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    seeds += 1;
    cluster = await CollateralCluster.start({ seed: `crank ${String(seeds)}` });
    test = await postgres.testDatabase();
    crank = (await localSigner("collateral-crank")).address;
    cluster.fund(crank, LAMPORTS);
  });

  afterEach(async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
    await cluster.stop();
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const env = (more: Readonly<Record<string, string>> = {}) => ({
    SOLANA_LOCALNET_RPC_URL: cluster.url,
    DATABASE_URL: test.url,
    KEEPER_DATA_FOLDER: folder,
    KEEPER_LOG_LEVEL: process.env["CRANK_TEST_LOG"] ?? "silent",
    KEEPER_POLL_MS: "20",
    ...more,
  });
  const context = (more: Readonly<Record<string, string>> = {}, signal = new AbortController().signal) => ({
    ...{ network: "solana-localnet", env: env(more), signal, say: () => undefined },
  });

  /** Runs while blocks go on. */
  async function crankOnce(execute = true, more: Readonly<Record<string, string>> = {}) {
    const timer = setInterval(() => {
      cluster.advance();
    }, SLOT_MS);
    try {
      return await program.run({ ...context(more), execute, once: true, terminal: false });
    } finally {
      clearInterval(timer);
    }
  }

  const vaultOf = (owner: ClusterOwner, hasMultiSig = false) => ({
    ...{ owner: owner.key.address, hasSecurityConfig: true, hasMultiSig },
  });
  const atOf = (owner: ClusterOwner) => ({ vault: vaultOf(owner), mint: cluster.mint });

  /** An owner who has asked for `units`, and whose wait is over. */
  async function matured(name: string, units: bigint): Promise<ClusterOwner & { readonly request: Address }> {
    const { instructions } = cluster;
    const owner = await cluster.owner(name, 1_000n);
    const rules = { withdrawalDelaySeconds: DELAY, whitelist: null };
    await cluster.send([await instructions.createSecurityConfig({ owner: owner.key.address }, rules)], [owner.key]);
    const limits = { perTransaction: 1_000n, capacity: 1_000n, refillPerDay: 1_000n };
    await cluster.send([await instructions.setLimits(atOf(owner), limits)], [owner.key]);
    const timestamp = cluster.now;
    const asked = await instructions.requestWithdrawal(atOf(owner), { amountUnits: units, timestamp });
    await cluster.send([asked], [owner.key]);
    return { ...owner, request: await instructions.addresses.pendingWithdrawal(owner.vault, timestamp) };
  }

  async function walletUnits(owner: ClusterOwner): Promise<bigint> {
    const { address, tokenProgram } = cluster.mint;
    const account = cluster.account(await associatedTokenAddress(owner.key.address, address, tokenProgram));
    return account === undefined
      ? 0n
      : readTokenAccount(account.programAddress, account.data as Uint8Array).amountUnits;
  }

  const rows = () =>
    test.database.query<{ key: string; state: string }>(
      "SELECT effect_key AS key, state FROM keeper_outbox ORDER BY id",
    );

  /** So many transactions of a kind that failed on the chain. */
  async function failed(kind: string, count: number, minutesAgo = 0, role = "collateral-crank"): Promise<void> {
    const { chainId } = (await program.policy(context())).report;
    await test.database.query(
      `INSERT INTO keeper_outbox (chain_id, signer, role, fence, policy_hash, effect_key, state, intent, since_block,
         valid_until, mined_hash, mined_block, mined_block_hash, updated_at)
       SELECT $1, 'signer', $2, 1, '0x', $3 || ':' || n, 'reverted', '{}', 1, 2, 'hash', 1, 'block',
         now() - make_interval(mins => $4::integer)
       FROM generate_series(1, $5::integer) AS n`,
      [String(chainId), role, kind, minutesAgo, count],
    );
  }

  /** A crank that goes on until its end is asked for. */
  function started(more: Readonly<Record<string, string>>) {
    const stop = new AbortController();
    const timer = setInterval(() => {
      cluster.advance();
    }, SLOT_MS);
    const running = program.run({ ...context(more, stop.signal), execute: true, once: false, terminal: false });
    const end = async () => {
      stop.abort();
      clearInterval(timer);
      return (await running).report;
    };
    ends.push(end);
    return end;
  }

  async function until(isDone: () => Promise<boolean>): Promise<void> {
    while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async function pauseEnds(): Promise<void> {
    await cluster.send([await cluster.instructions.pause(cluster.roles.guardian.address)], [cluster.roles.guardian]);
    cluster.wait(1_800n);
    cluster.advance(2);
  }

  it("CRANK-1: executes matured withdrawals to where they go and ends an expired pause, once, from its own fees", async () => {
    const alice = await matured("alice", 300n);
    const bob = await matured("bob", 200n);
    cluster.wait(LONG);
    const carol = await matured("carol", 100n);
    await pauseEnds();
    const dry = await crankOnce(false);
    expect([dry.ok, dry.report["intents"], await rows()]).to.deep.equal([true, 3, []]);
    expect(await walletUnits(alice)).to.equal(1_000n);

    const real = await crankOnce();
    expect(real.report).to.deep.include({ intents: 3, executions: 3, errors: 0, refusals: {}, simulations: {} });
    expect(real.report["skips"]).to.deep.equal({ "withdrawal.not-matured": 1 });
    expect([await walletUnits(alice), await walletUnits(bob), await walletUnits(carol)]).to.deep.equal([
      ...[1_300n, 1_200n, 1_000n],
    ]);
    const account = cluster.account(await cluster.instructions.addresses.vaultAuthority());
    expect(vaultProgram.decodeAccount("vaultAuthority", account?.data as Uint8Array).isPauseOpen).to.equal(0);
    expect(cluster.account(crank)?.lamports).to.be.within(LAMPORTS - 3n * 25_000n, LAMPORTS - 3n * 5_000n);

    const again = await crankOnce();
    expect(again.report).to.deep.include({ intents: 0, errors: 0 });
    expect([(await rows()).length, await walletUnits(alice)]).to.deep.equal([3, 1_300n]);
    const doctor = await program.doctor(context());
    expect((doctor.report["checks"] as { name: string; ok: boolean }[]).filter(({ ok }) => !ok)).to.deep.equal([]);
    const status = await program.status(context());
    expect(status.report["actions"]).to.deep.equal([]);
    const policy = await program.policy(context());
    expect((policy.report["rules"] as unknown[]).length).to.equal(5);
  });

  it("CRANK-12: believes no answer in which an account is missing", async () => {
    const owners = [await matured("alice", 400n), await matured("bob", 300n)];
    cluster.wait(LONG);
    cluster.advance(2);
    const client = new SolanaClient({ url: cluster.url, timeoutMs: TEST_RPC_TIMEOUT_MS, retries: 0 });
    const reader = new CrankReader(client, vaultProgram, positionProgram, crank);
    const { tokens } = await reader.observe();
    expect(owners.every(({ vaultTokens }) => tokens.has(vaultTokens))).to.equal(true);
    const batch = client.batch.bind(client);
    client.batch = async (calls, retries) =>
      (await batch(calls, retries)).map((answer, index) => {
        if (calls[index]?.method !== "getMultipleAccounts" || !answer.ok) return answer;
        const { context, value } = answer.result as { context: unknown; value: readonly unknown[] };
        return { ok: true, result: { context, value: value.slice(0, -1) } };
      });
    expect(await codeOf(reader.observe())).to.equal("RPC_MALFORMED");
  });

  it("CRANK-2: applies waiting owners of a multi-sig and closes what it has proposed", async () => {
    const { instructions } = cluster;
    const owner = await matured("alice", 300n);
    const [one, two, three] = await Promise.all([keyOf("owner one"), keyOf("owner two"), keyOf("owner three")]);
    for (const { address } of [one, two]) cluster.fund(address);
    const first = { owners: [one.address, two.address], threshold: 1 };
    await cluster.send([await instructions.createMultiSig(vaultOf(owner), first)], [owner.key]);
    cluster.wait(8n * DELAY);
    await cluster.send([await instructions.applyMultiSig(vaultOf(owner))], []);
    const vault = vaultOf(owner, true);
    const instruction = await instructions.changeMultiSig(vault, {
      owners: [one.address, two.address, three.address],
      threshold: 1,
    });
    const expiresAtSeconds = cluster.now + 3_600n;
    await cluster.send(
      [await instructions.propose(vault, one.address, { instruction, index: 0n, expiresAtSeconds })],
      [one],
    );
    const multiSig = await instructions.addresses.multiSigVault(owner.vault);
    const at = await instructions.addresses.proposal(multiSig, 0n);
    const proposal = readProposal(cluster.account(at)?.data as Uint8Array);
    await cluster.send([await instructions.approve(vault, 0n, two.address, await proposalHash(proposal))], [two]);
    const stored = proposal.accounts;
    await cluster.send([await instructions.executeProposal(vault, 0n, two.address, stored)], [two]);
    const owners = () =>
      vaultProgram.decodeAccount("multiSigVault", cluster.account(multiSig)?.data as Uint8Array).ownerCount;
    expect(owners()).to.equal(2);
    cluster.wait(8n * DELAY);
    cluster.advance(2);

    const real = await crankOnce();
    // The request was made before the multi-sig: its rules are not those of the vault any more.
    expect(real.report["skips"]).to.deep.equal({ "withdrawal.stale-config": 1 });
    expect(real.report).to.deep.include({ intents: 2, executions: 2, errors: 0 });
    expect(owners()).to.equal(3);
    expect(cluster.account(at)?.lamports ?? 0n).to.equal(0n);
  });

  it("CRANK-3: two copies do it once, and a policy without room signs nothing", async () => {
    const alice = await matured("alice", 300n);
    cluster.wait(LONG);
    cluster.advance(2);
    const refused = await crankOnce(true, { CRANK_FEE_LAMPORTS_PER_DAY: "9000" });
    expect(refused.report["refusals"]).to.deep.equal({ policy: 1 });
    expect(await rows()).to.deep.equal([]);

    const ports = [await freePort(), await freePort()];
    const copies = ports.map((port) => started({ KEEPER_HTTP_PORT: String(port) }));
    await until(async () => (await walletUnits(alice)) > 1_000n);
    const metrics = (port: number) =>
      fetch(`http://127.0.0.1:${String(port)}/metrics`).then(
        (answer) => answer.text(),
        () => "",
      );
    const counted = async (event: string) =>
      (await Promise.all(ports.map(metrics))).some((text) => text.includes(`event="${event}"`));
    // The payment is there before its copy has heard of it.
    await until(async () => (await counted("standby")) && (await counted("executions")));
    const reports = await Promise.all(copies.map((end) => end()));
    expect(await walletUnits(alice)).to.equal(1_300n);
    expect((await rows()).map(({ key }) => key)).to.deep.equal([`withdrawal:${alice.request}`]);
    const total = (name: string) => reports.reduce((sum, report) => sum + Number(report[name]), 0);
    expect([total("intents"), total("executions")]).to.deep.equal([1, 1]);
    expect(total("standbyTicks")).to.be.above(0);
  });

  it("CRANK-4: liquidates into its own vault, and nothing without one", async () => {
    const exchange = await PositionExchange.create();
    const trader = await exchange.trader("alice");
    await exchange.openFor(trader, true, 100n, exchange.units(300n));
    await exchange.walkPrice(7_900_000_000n);
    await cluster.stop();
    cluster = await CollateralCluster.start({ seed: "market", genesisTime: exchange.rig.now });
    cluster.fund(crank, LAMPORTS);
    cluster.fund(trader.wallet.address);
    await moveMarket(exchange, trader);
    cluster.advance(2);

    const without = await crankOnce(true, { CRANK_OWN_VAULT: "allow" });
    expect(without.report["skips"]).to.deep.equal({ "liquidation.no-own-vault": 1 });
    const key = await localSigner("collateral-crank");
    const at = { vault: { owner: crank }, mint: cluster.mint };
    const { instructions } = cluster;
    await cluster.send([await instructions.initialize(crank), await instructions.openBalance(at)], [key]);
    cluster.advance(2);
    expect(await codeOf(crankOnce())).to.equal("GATE_FAILED");
    await failed("withdrawal", 21);
    const real = await crankOnce(true, { CRANK_OWN_VAULT: "allow" });
    expect(real.report).to.deep.include({ intents: 1, simulations: {}, skips: {}, errors: 0 });
    expect((real.report["executed"] as Record<string, number>)["liquidation"]).to.equal(1);
    const balance = await instructions.addresses.balance(
      await instructions.addresses.vault(crank),
      cluster.mint.address,
    );
    const ledger = vaultProgram.decodeAccount("balance", cluster.account(balance)?.data as Uint8Array);
    // 1 % of 100 contracts at 7.9.
    expect(ledger.total).to.equal(7_900_000n);
    expect(cluster.account(trader.position)?.lamports ?? 0n).to.equal(0n);
  });

  /** The accounts of a market that was made elsewhere. */
  async function moveMarket(
    { rig, market, price, access, house, mint }: PositionExchange,
    trader: Member,
  ): Promise<void> {
    const so = readFileSync("programs/prebuilt/position_manager.so");
    const upgradeAuthority = cluster.roles.upgradeAuthority.address;
    const { deploySlot: slot } = rig.read("authorizedProgram", access.authorizedProgram);
    await loadUpgradeable(cluster.node, { programId: positionProgram.id, so, upgradeAuthority, slot });
    const ofMembers = [house, trader].flatMap((member) => [
      ...[member.vault, member.balance, member.programLock, member.tokens],
    ]);
    const { vaultAuthority, authorizedProgram } = access;
    for (const address of [
      market,
      price,
      trader.position,
      mint.address,
      vaultAuthority,
      authorizedProgram,
      ...ofMembers,
    ]) {
      const account = rig.svm.getAccount(address);
      if (!account.exists) throw new Error(`${address} does not exist`);
      cluster.put(account);
    }
  }

  it("CRANK-5: refuses to start with a key that is worth stealing", async () => {
    const run = (more: Readonly<Record<string, string>> = {}) =>
      program.run({ ...context(more), execute: true, once: true, terminal: false });
    expect(await codeOf(run({ CRANK_MAX_LAMPORTS: String(LAMPORTS - 1n) }))).to.equal("GATE_FAILED");
    const account = cluster.account(await cluster.instructions.addresses.vaultAuthority());
    if (account === undefined) throw new Error("the program has no configuration");
    const { roles } = cluster;
    const key = Buffer.from(account.data as Uint8Array);
    const guardian = key.indexOf(Buffer.from(getAddressEncoder().encode(roles.guardian.address)));
    key.set(getAddressEncoder().encode(crank), guardian);
    cluster.put({ ...account, data: new Uint8Array(key) });
    cluster.advance(2);
    expect(await codeOf(run())).to.equal("GATE_FAILED");
    cluster.put(account);
    cluster.advance(2);
    expect((await run()).ok).to.equal(true);
    // The program whose upgrade it can sign is worth everything.
    const so = readFileSync("programs/prebuilt/collateral_vault.so");
    await loadUpgradeable(cluster.node, { programId: vaultProgram.id, so, upgradeAuthority: crank, slot: 0n });
    cluster.advance(2);
    expect(await codeOf(run())).to.equal("GATE_FAILED");
  });

  it("CRANK-6: starts with no role that strangers gave unless told so, and stops for any other that it gets", async () => {
    const owner = await cluster.owner("stranger", 0n);
    const { address: other } = await keyOf("other");
    const given = { owners: [crank, other], threshold: 1 };
    await cluster.send([await cluster.instructions.createMultiSig({ owner: owner.key.address }, given)], [owner.key]);
    cluster.advance(2);
    expect(await codeOf(crankOnce())).to.equal("GATE_FAILED");

    const own = `${folder}/roles`;
    const end = started({ CRANK_GIVEN_ROLES: "accept", KEEPER_DATA_FOLDER: own });
    const said = () => readStatus(statusPath(own, "collateral-crank", "solana-localnet"));
    const skipped = () => said()?.skips["key-holds-role"] ?? 0;
    // It has started, and looks on.
    await until(() => Promise.resolve(said()?.lastBlock !== undefined));
    const alice = await matured("alice", 300n);
    const account = cluster.account(await cluster.instructions.addresses.vaultAuthority());
    if (account === undefined) throw new Error("the program has no configuration");
    const key = Buffer.from(account.data as Uint8Array);
    const guardian = getAddressEncoder().encode(cluster.roles.guardian.address);
    key.set(getAddressEncoder().encode(crank), key.indexOf(Buffer.from(guardian)));
    cluster.put({ ...account, data: new Uint8Array(key) });
    await until(() => Promise.resolve(skipped() > 0));
    cluster.wait(LONG);
    const before = skipped();
    await until(() => Promise.resolve(skipped() > before + 3));
    expect(await end()).to.deep.include({ intents: 0, errors: 0 });
    expect(await walletUnits(alice)).to.equal(1_000n);
  });

  it("CRANK-7: pauses with an empty purse", async () => {
    await matured("alice", 300n);
    cluster.wait(LONG);
    cluster.advance(2);
    const empty = await crankOnce(true, { CRANK_MIN_LAMPORTS: String(LAMPORTS + 1n) });
    expect(empty.report).to.deep.include({ control: "pause", intents: 0, errors: 0 });
    expect(await rows()).to.deep.equal([]);
  });

  it("CRANK-10: what fails on the chain too often stops its own kind alone, and for an hour", async () => {
    const alice = await matured("alice", 300n);
    cluster.wait(LONG);
    await pauseEnds();
    await failed("withdrawal", 21);
    await failed("unpause", 20);
    await failed("unpause", 1, 61);
    await failed("unpause", 1, 0, "another keeper");
    const held = await crankOnce();
    expect(held.report).to.deep.include({ control: "run", intents: 1, executed: { unpause: 1 }, errors: 0 });
    expect(held.report["skips"]).to.deep.equal({ "withdrawal.too-many-failures": 1 });

    await test.database.query("UPDATE keeper_outbox SET updated_at = now() - interval '61 minutes'");
    expect((await crankOnce()).report).to.deep.include({ intents: 1, skips: {}, errors: 0 });
    expect(await walletUnits(alice)).to.equal(1_300n);
  });

  it("CRANK-11: two cranks with a key, a database and a folder each do not stop each other", async () => {
    const alice = await matured("alice", 300n);
    cluster.wait(LONG);
    const other = new Wallet(`0x${"07".repeat(32)}`);
    const own = `${folder}/own`;
    mkdirSync(own, { recursive: true });
    writeFileSync(`${own}/key.json`, await encryptKeystoreJson(other, "passphrase", { scrypt: { N: 2 } }));
    const { address } = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(7));
    cluster.fund(address, LAMPORTS);
    const second = {
      ...{ CRANK_DOES: "unpause", DATABASE_URL: (await postgres.testDatabase()).url, KEEPER_DATA_FOLDER: own },
      ...{ KEEPER_KEYSTORE_FILE: `${own}/key.json`, KEEPER_KEYSTORE_PASSPHRASE: "passphrase" },
    };
    const cranks = [started({ CRANK_DOES: "withdrawal" }), started(second)];
    await until(async () => (await walletUnits(alice)) > 1_000n);
    await pauseEnds();
    const isPauseOpen = async () => {
      const account = cluster.account(await cluster.instructions.addresses.vaultAuthority());
      return vaultProgram.decodeAccount("vaultAuthority", account?.data as Uint8Array).isPauseOpen === 1;
    };
    await until(async () => !(await isPauseOpen()));
    // The first still works after the second has started.
    const bob = await matured("bob", 200n);
    cluster.wait(LONG);
    await until(async () => (await walletUnits(bob)) > 1_000n);
    const reports = await Promise.all(cranks.map((end) => end()));
    expect(reports.map(({ intents, control, errors }) => [intents, control, errors])).to.deep.equal([
      [2, "run", 0],
      [1, "run", 0],
    ]);
    for (const more of [{}, second]) {
      const { running } = (await program.status(context(more))).report as { running: { sender: string } };
      expect(running.sender).to.equal(more === second ? address : crank);
    }
  });
});
