import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as rest } from "node:timers/promises";

import { type Address, type Instruction, type KeyPairSigner } from "@solana/kit";
import { expect } from "chai";

import { program as crankProgram } from "../../../keepers/collateral-crank/main.js";
import { program as monitorProgram } from "../../../keepers/collateral-monitor/main.js";
import type { ProgramResult } from "../../../keepers/kit/program.js";
import { localSigner } from "../../../protocol/solana/programKeys.js";
import { associatedTokenAddress } from "../../../protocol/solana/addresses.js";
import { TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { VaultInstructions } from "../../../protocol/solana/instructions.js";
import { createTokensInstruction } from "../../../protocol/solana/tokens.js";
import { Rng } from "../../../scripts/market/rng.js";
import { freePort } from "../../../scripts/world/child.js";
import { localPayer } from "../../../scripts/validator/localPayer.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { ask, sendSigned } from "../../helpers/solana.js";
import { createMintInstructions, mintToInstruction } from "../../helpers/solanaVault/mints.js";
import { keyOf } from "../../helpers/solanaVault/svm.js";

const PROGRAMS = { "collateral-crank": crankProgram, "collateral-monitor": monitorProgram } as const;
const NETWORK = "solana-localnet";
const ROOT = resolve(import.meta.dirname, "../../..");
const MINT_RENT = 1_461_600n;
const CRANK_LAMPORTS = 100_000_000n;
/** Set by `npm run test:keepers -- --all-kills`. */
const [KILLS, WITHDRAWALS, POLL_MS] = process.env["CANTILEVER_ALL_KILLS"] === "1" ? [60, 62, 1_000] : [2, 24, 200];
/** Kills that must meet withdrawals which wait: all of few, three quarters of many, whose lives may outlast the work. */
const LEAST_AT_WORK = KILLS - Math.floor(KILLS / 4);
/** Of one transaction, which has room for them. */
const REQUESTS_AT_ONCE = 4;
/** After the first transaction of a life, which ends within this long. */
const LIFE_MS = 400;
/** Every third dies at its start already. */
const START_MS = 4_000;

/** A command of the project as a process of its own. */
class Command {
  readonly process: ChildProcess;
  readonly errors: string[] = [];
  #last = "";

  constructor(script: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.process = spawn(process.execPath, ["--import", "tsx", script, ...args, "--json"], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { stdout, stderr } = this.process;
    if (stdout === null || stderr === null) throw new Error("the command has no output");
    createInterface({ input: stdout }).on("line", (line) => (this.#last = line));
    createInterface({ input: stderr }).on("line", (line) => this.errors.push(line));
  }

  /** The first line of the log that says so. */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.errors.find((text) => pattern.test(text));
      if (line !== undefined) return line;
      if (this.process.exitCode !== null) throw new Error(`ended: ${this.errors.slice(-5).join("\n")}`);
      await rest(5);
    }
  }

  async ends(): Promise<{ readonly code: number | null; readonly report: Readonly<Record<string, unknown>> }> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit");
    // Its last line may still be on the way.
    await rest(20);
    const report = JSON.parse(this.#last === "" ? "{}" : this.#last) as Record<string, unknown>;
    return { code: this.process.exitCode, report };
  }
}

describe("collateral crank as a process", function () {
  this.timeout(300_000 + KILLS * 20_000);
  const postgres = usePostgres();
  const instructions = new VaultInstructions();
  const running: Command[] = [];
  let folder: string;
  let validator: Command;
  let test: TestDatabase;
  let url: string;
  let payer: KeyPairSigner;
  let crank: Address;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "cantilever-crank-"));
    validator = start("scripts/validator.ts", ["--port", "0", "--seconds-per-slot", "0.1"], {});
    test = await postgres.testDatabase();
    payer = await localPayer();
    crank = (await localSigner("collateral-crank")).address;
    await validator.says(/Ctrl-C/);
    url = /^rpc +(\S+)$/.exec(await validator.says(/^rpc /))?.[1] ?? "";
    await ask(url, "requestAirdrop", crank, CRANK_LAMPORTS);
  });

  after(async () => {
    for (const { process: child } of running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  function start(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Command {
    const command = new Command(script, args, env);
    running.push(command);
    return command;
  }

  const settings = (): Record<string, string> => ({
    ...{ SOLANA_LOCALNET_RPC_URL: url, DATABASE_URL: test.url, KEEPER_DATA_FOLDER: folder },
    ...{ KEEPER_POLL_MS: "50", KEEPER_LEASE_SECONDS: "10" },
  });
  function keeper(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
    // Whoever comes after one that was killed need not wait long.
    const more = { KEEPER_LOG_FORMAT: "json", KEEPER_LEASE_SECONDS: "1", ...env };
    return start("keepers/main.ts", [name, "--network", NETWORK, "--execute", ...args], { ...settings(), ...more });
  }

  /** The same in this process: what a start costs is paid where something is to be killed. */
  function begin(name: keyof typeof PROGRAMS, once: boolean, more: Readonly<Record<string, string>> = {}) {
    const ending = new AbortController();
    const env = { ...settings(), KEEPER_LOG_LEVEL: "silent", ...more };
    const context = { network: NETWORK, env, signal: ending.signal, say: () => undefined };
    const result = PROGRAMS[name].run({ ...context, execute: true, once, terminal: false });
    return {
      result,
      stop: (): Promise<ProgramResult> => {
        ending.abort();
        return result;
      },
    };
  }

  const send = (made: readonly Instruction[], signers: readonly KeyPairSigner[] = []) =>
    sendSigned(url, payer, made, signers);

  /** A vault whose owner has asked for so many withdrawals, of 1, 2, 4, … units: the sum says which have been paid. */
  async function matured(count: number) {
    const [owner, mintKey] = await Promise.all([keyOf("owner"), keyOf("mint 1")]);
    const mint = { address: mintKey.address, tokenProgram: TOKEN_PROGRAM as Address, decimals: 6 };
    const roles = { admin: (await keyOf("admin")).address, guardian: (await keyOf("guardian")).address };
    await send([await instructions.initializeAuthority(roles, payer.address, payer.address)]);
    await send(createMintInstructions(payer.address, mint.address, payer.address, MINT_RENT, mint), [mintKey]);
    const wallet = owner.address;
    const tokens = await associatedTokenAddress(wallet, mint.address, mint.tokenProgram);
    const at = { vault: { owner: wallet, hasSecurityConfig: true }, mint };
    const bare = { vault: { owner: wallet }, mint };
    const sum = 2n ** BigInt(count) - 1n;
    await send([
      await createTokensInstruction(payer.address, wallet, mint.address, mint.tokenProgram),
      mintToInstruction(mint.tokenProgram, mint.address, tokens, payer.address, sum),
    ]);
    await send(
      [
        await instructions.initialize(wallet, payer.address),
        await instructions.openBalance(bare, payer.address),
        await instructions.deposit(bare, sum),
      ],
      [owner],
    );
    // Limits first: they count at once while there is no configuration.
    const limits = { perTransaction: sum, capacity: sum, refillPerDay: sum };
    const rules = { withdrawalDelaySeconds: 1n, whitelist: null };
    await send(
      [
        await instructions.setLimits(bare, limits),
        await instructions.createSecurityConfig(bare.vault, rules, payer.address),
      ],
      [owner],
    );
    const from = BigInt(Math.floor(Date.now() / 1_000)) - 40n;
    const vault = await instructions.addresses.vault(wallet);
    const timestamps = Array.from({ length: count }, (_, index) => from + BigInt(index));
    const made = await Promise.all(
      timestamps.map((timestamp, index) => {
        const request = { amountUnits: 2n ** BigInt(index), timestamp };
        return instructions.requestWithdrawal(at, request, payer.address);
      }),
    );
    // In the order of their times, as the vault wants them.
    for (let index = 0; index < count; index += REQUESTS_AT_ONCE)
      await send(made.slice(index, index + REQUESTS_AT_ONCE), [owner]);
    const requests = await Promise.all(
      timestamps.map((timestamp) => instructions.addresses.pendingWithdrawal(vault, timestamp)),
    );
    await rest(1_500);
    return { tokens, sum, requests };
  }

  const unitsOf = async (tokens: Address) =>
    BigInt(
      (await ask<{ value: { amount: string } }>(url, "getTokenAccountBalance", tokens)).result?.value.amount ?? "0",
    );

  it("CRANK-8: killed at random moments it pays every withdrawal once, and the monitor finds nothing wrong", async () => {
    const { tokens, sum, requests } = await matured(WITHDRAWALS);
    const rng = new Rng(KILLS, "kills");
    // One a look, so that no life gets far.
    const slowly = { CRANK_MAX_ACTIONS: "1", KEEPER_POLL_MS: String(POLL_MS) };
    let atWork = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const life = keeper("collateral-crank", [], slowly);
      const isEarly = kill % 3 === 2;
      // Nothing is left to do after many kills: then it dies while it has nothing to do.
      if (!isEarly)
        await Promise.race([life.says(/"crank.intent"/), life.says(/keeper.start/).then(() => rest(5_000))]);
      await rest(Math.floor(rng.uniform() * (isEarly ? START_MS : LIFE_MS)));
      life.process.kill("SIGKILL");
      await once(life.process, "exit");
      if ((await unitsOf(tokens)) < sum) atWork += 1;
    }
    process.stdout.write(`      ${String(atWork)} of ${String(KILLS)} kills while withdrawals waited\n`);
    expect(atWork).to.be.at.least(LEAST_AT_WORK);

    const last = begin("collateral-crank", false);
    await until(async () => (await unitsOf(tokens)) >= sum);
    const { ok, report } = await last.stop();
    expect({ ok, ...report }).to.include({ ok: true, keeper: "collateral-crank", errors: 0 });
    const idle = await begin("collateral-crank", true).result;
    expect([idle.ok, idle.report["intents"]]).to.deep.equal([true, 0]);

    // On the chain: what was asked for, in as many transactions, none of which failed.
    expect(await unitsOf(tokens)).to.equal(sum);
    const config = { encoding: "base64", commitment: "confirmed" };
    const left = await ask<{ value: readonly unknown[] }>(url, "getMultipleAccounts", requests, config);
    expect(left.result?.value.filter((account) => account !== null)).to.deep.equal([]);
    const sent = await ask<readonly { err: unknown }[]>(url, "getSignaturesForAddress", crank, { limit: 1_000n });
    const ours = sent.result?.filter(({ err }) => err === null).length;
    // The first is the faucet's.
    expect([ours, sent.result?.length]).to.deep.equal([WITHDRAWALS + 1, WITHDRAWALS + 1]);
    const keys = await test.database.query<{ key: string }>(
      "SELECT effect_key AS key FROM keeper_outbox WHERE state IN ('mined', 'final') ORDER BY effect_key",
    );
    expect(keys.map(({ key }) => key)).to.deep.equal(requests.map((request) => `withdrawal:${request}`).sort());

    const monitor = await begin("collateral-monitor", true).result;
    expect([monitor.ok, monitor.report["passes"], monitor.report["discrepancies"]]).to.deep.equal([true, 1, []]);
  });

  it("CRANK-13: crank and monitor say over HTTP that they are ready, who leads, and that their node is away", async () => {
    for (const [name, control] of [
      ["collateral-crank", "run"],
      ["collateral-monitor", undefined],
    ] as const) {
      const port = await freePort();
      const life = begin(name, false, {
        KEEPER_HTTP_PORT: String(port),
        KEEPER_RPC_RETRIES: "0",
        KEEPER_RPC_TIMEOUT_MS: "5000",
      });
      const get = (path: string) => fetch(`http://127.0.0.1:${String(port)}/${path}`);
      const status = async () => (await (await get("status")).json()) as Status;
      await until(() =>
        get("ready").then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      await until(async () => (await status()).lease.held);
      await until(async () => {
        const { loops, nodes, ...seen } = await status();
        return loops.slots.state === "healthy" && nodes.state === "healthy" && seen.control?.state === control;
      });
      const scraped = await (await get("metrics")).text();
      expect(scraped).to.match(/keeper_loop_height\{[^}]*loop="slots"[^}]*\} [1-9]/);
      expect(scraped).to.match(new RegExp(`keeper_lease_held\\{keeper="${name}",network="solana-localnet"\\} 1`));
      validator.process.kill("SIGSTOP");
      try {
        await until(async () => {
          const { loops, nodes } = await status();
          const { state, reason } = loops.slots;
          return nodes.state === "no-quorum" && state === "failing" && reason === "RPC_UNREACHABLE";
        });
      } finally {
        validator.process.kill("SIGCONT");
      }
      await until(async () => (await status()).nodes.state === "healthy");
      expect((await life.stop()).report).to.include({ keeper: name });
    }
  });
});

interface Status {
  readonly loops: { readonly slots: { readonly state: string; readonly reason: string | null } };
  readonly nodes: { readonly state: string };
  readonly lease: { readonly held: boolean };
  readonly control: { readonly state: string } | null;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await rest(50);
}
