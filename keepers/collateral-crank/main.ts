/** The collateral crank as a program: run, doctor, policy, status. */
import { join } from "node:path";

import type { Address } from "@solana/kit";
import { LOCAL_GENESIS } from "../../protocol/solana/cluster.js";
import { ZERO_ADDRESS } from "../../protocol/solana/instructions.js";
import { OUR_PROGRAMS } from "../../protocol/solana/errors.js";
import { positionProgram } from "../../protocol/solana/positionProgram.js";
import { vaultProgram } from "../../protocol/solana/vaultProgram.js";
import { watchKeeper } from "../kit/alerts/open.js";
import { recordTo } from "../kit/audit/auditRecord.js";
import { requireGate } from "../kit/checks.js";
import { Counters } from "../kit/counters.js";
import { checkLines } from "../kit/doctor.js";
import { Freshness } from "../kit/health.js";
import { policyHash } from "../kit/policy/canonical.js";
import { solanaMeters } from "../kit/policy/solana/gate.js";
import type { SolanaPolicy } from "../kit/policy/solana/types.js";
import type { KeeperProgram, ProgramContext, ProgramResult, RunContext } from "../kit/program.js";
import { JsonlRecord } from "../kit/record.js";
import { runKeeper } from "../kit/runner.js";
import type { InsightServer } from "../kit/insight/server.js";
import { leaseInsight } from "../kit/insight/status.js";
import { lamportsOf } from "../kit/solana/balance.js";
import { openSolana, type SolanaConnection } from "../kit/solana/connection.js";
import { SolanaDryRunSubmitter } from "../kit/solana/dryRun.js";
import { openSolanaInsight } from "../kit/solana/insight.js";
import { loadSolanaKey } from "../kit/solana/key.js";
import { openSolanaRuntime, type SolanaRuntime } from "../kit/solana/runtime.js";
import type { SolanaSigner } from "../kit/solana/signer.js";
import { SlotWatcher, type SlotHead } from "../kit/solana/slotWatcher.js";
import { describeRunning, readStatus, statusPath, writeStatus } from "../kit/statusFile.js";
import { loadConfig, type CrankConfig } from "./config.js";
import { Crank } from "./crank.js";
import { decide, type Rest } from "./decide.js";
import { doctorChecks, GATE, startChecks, type CrankSeat } from "./doctor.js";
import { CrankEncoder } from "./encode.js";
import { CrankReader } from "./observe.js";
import { crankPolicy, KEEPER_NAME } from "./policy.js";
import type { ActionKind } from "./types.js";

export const program: KeeperProgram = { run, doctor, policy, status };

/** How long the end waits for what is in flight. */
const SETTLE_MS = 5_000;
const ONCE_SETTLE_MS = 60_000;
/** Rows that are in no block at a time: one look's, beside those of the one before. */
const WINDOW = 64;
const RESEND_AFTER_SLOTS = 4n;

interface Seat extends CrankSeat {
  readonly programs: { readonly vault: typeof vaultProgram; readonly position: typeof positionProgram };
  readonly payer: Address;
}

async function seatOf(context: Pick<RunContext, "network" | "env">, terminal: boolean): Promise<Seat> {
  const config = loadConfig(context.network, context.env);
  const signer = await loadSolanaKey(context.env, KEEPER_NAME, config.network.local);
  const connection: SolanaConnection<CrankConfig> = openSolana(config, KEEPER_NAME, terminal);
  const { programIds } = config.network;
  const vault = vaultProgram.at(programIds["collateral-vault"]);
  const position = positionProgram.at(programIds["position-manager"]);
  const reader = new CrankReader(connection.client, vault, position, signer?.address);
  return { connection, signer, reader, programs: { vault, position }, payer: signer?.address ?? ZERO_ADDRESS };
}

function compile({ connection, programs, payer }: Seat, chainId: string): SolanaPolicy {
  return crankPolicy(programs, connection.config, chainId, payer);
}

async function run(context: RunContext): Promise<ProgramResult> {
  const { execute } = context;
  const seat = await seatOf(context, context.terminal);
  const { connection, reader, signer, programs, payer } = seat;
  const { config, client, log, alerts } = connection;
  const health = new Freshness(config.staleAfterSeconds);
  const troubles = watchKeeper({
    ...{ config, alerts, log, health, minBalance: config.minLamports },
    balance: () => (signer === undefined ? Promise.resolve(undefined) : lamportsOf(client, signer.address)),
  });
  let runtime: SolanaRuntime | undefined;
  let insight: InsightServer | undefined;
  try {
    requireGate(await startChecks(seat, execute), GATE, log);
    const chainId = await connection.chainId();
    const compiled = compile(seat, chainId);
    log.info("policy", { policyHash: policyHash(compiled), rules: compiled.rules.length });
    if (execute && signer !== undefined) runtime = await openRuntime(context, connection, signer, compiled);
    const price = config.baseMicroLamportsPerUnit;
    const submitter = runtime?.submitter ?? new SolanaDryRunSubmitter(client, signer, compiled, price, log);
    const folder = config.dataFolder;
    const file = new JsonlRecord(join(folder, `${KEEPER_NAME}-${context.network}.jsonl`), log);
    const record = runtime === undefined ? file : recordTo(file, runtime.audit);
    const counters = new Counters();
    const encoder = new CrankEncoder(programs.vault, programs.position, payer);
    const named = [programs.vault, programs.position, ...OUR_PROGRAMS];
    const crank = new Crank({
      ...{ config, client, reader, encoder, submitter, record, counters, log },
      ...{ payer: signer?.address, programs: named, failures: runtime?.failures },
    });
    log.info("keeper.start", { execute, sender: submitter.sender, rpc: client.shownUrl, chainId });
    const leaving = new AbortController();
    const standsBy = (): boolean => runtime !== undefined && runtime.lease.held === undefined;
    const showStatus = (stopped: boolean): void => {
      // The file is the leader's.
      if (standsBy()) return;
      writeStatus(pathOf(config), {
        ...{ execute, sender: submitter.sender, health: health.report(), inFlight: submitter.pending(), stopped },
        ...{ executions: counters.get("executions"), skips: counters.withPrefix("skip.") },
      });
    };
    const watcher = new SlotWatcher(client, {
      ...{ pollMs: config.pollMs, log },
      onFailure: () => {
        health.failed("RPC_UNREACHABLE");
        showStatus(false);
      },
    });
    insight = await openSolanaInsight({
      ...{ connection, keeper: KEEPER_NAME, execute, watcher, health, counters },
      lease: () => leaseInsight(runtime),
      control: () => runtime?.control.last,
      database: () => runtime?.database(),
      inFlight: () => submitter.pending(),
    });
    const outcome = await runKeeper<SlotHead>(
      {
        nextHead: (signal, again) => watcher.next(signal, again),
        upkeep: (head) => crank.upkeep(head),
        tick: async ({ head }) => {
          const verdict = (await runtime?.verdict()) ?? "work";
          if (verdict === "leave") leaving.abort();
          if (verdict === "work") await crank.run(head);
          else counters.add(verdict === "standby" ? "standby" : "held");
        },
        busy: () => submitter.pending().length > 0,
        afterTick: () => {
          showStatus(false);
        },
        ...{ health, log },
      },
      { once: context.once, settleMs: context.once ? ONCE_SETTLE_MS : SETTLE_MS },
      AbortSignal.any([context.signal, leaving.signal]),
    );
    showStatus(true);
    await record.close();
    const report = {
      ...{ keeper: KEEPER_NAME, network: context.network, execute, ...outcome },
      intents: counters.get("intents.sent") + counters.get("intents.dry-run"),
      executions: counters.get("executions"),
      executed: counters.withPrefix("executed."),
      standbyTicks: counters.get("standby"),
      control: runtime?.control.last?.state ?? null,
      skips: counters.withPrefix("skip."),
      simulations: counters.withPrefix("simulation."),
      refusals: counters.withPrefix("refused."),
      settled: counters.withPrefix("settled."),
      errors: outcome.failedTicks,
    };
    return { ok: outcome.ticks > outcome.failedTicks && !outcome.leftInFlight, report };
  } finally {
    await insight?.close();
    await runtime?.close();
    troubles.stop();
    await alerts.close();
  }
}

async function openRuntime(
  { env }: RunContext,
  connection: SolanaConnection<CrankConfig>,
  signer: SolanaSigner,
  compiled: SolanaPolicy,
): Promise<SolanaRuntime> {
  const { leaseSeconds, policyAccept, baseMicroLamportsPerUnit, minLamports } = connection.config;
  return openSolanaRuntime({
    ...{ connection, keeper: KEEPER_NAME, chainId: compiled.chainId, signer, policy: compiled, env },
    ...{ leaseSeconds, policyAccept, minLamports },
    outbox: {
      baseMicroLamportsPerUnit,
      resendAfterSlots: RESEND_AFTER_SLOTS,
      window: WINDOW,
      batchStep: "confirmed",
    },
  });
}

async function doctor(context: ProgramContext): Promise<ProgramResult> {
  const seat = await seatOf(context, false);
  try {
    const checks = await doctorChecks(seat, context.env, context.alertTest === true, (chainId) =>
      compile(seat, chainId),
    );
    for (const line of checkLines(checks)) context.say(line);
    return { ok: checks.every(({ ok }) => ok), report: { checks } };
  } finally {
    await seat.connection.alerts.close();
  }
}

/** Where the parameters do not name the cluster (a local one), its node is asked. */
async function policy(context: ProgramContext): Promise<ProgramResult> {
  const seat = await seatOf(context, false);
  try {
    const { genesisHash } = seat.connection.config.network;
    const compiled = compile(seat, genesisHash === LOCAL_GENESIS ? await seat.connection.chainId() : genesisHash);
    const { role, chainId, signer, rules } = compiled;
    const hash = policyHash(compiled);
    context.say(`${role} on cluster ${chainId}, signed by ${signer}: policy ${hash}`);
    for (const rule of rules) {
      context.say(`  ${rule.name.padEnd(34)} ${rule.program}  at most ${String(rule.perHour)} an hour`);
    }
    const native = [...solanaMeters(compiled)].find(([name]) => name.startsWith("amount:"))?.[1];
    const lamports = native === undefined ? 0n : native.capacity + native.refill;
    context.say("blast radius: whatever this process is made to sign, in any 24 hours at most");
    context.say(`  ${String(lamports)} lamports, as fees`);
    const report = { role, policyHash: hash, chainId, signer, rules, worstCaseLossPerDay: { native: lamports } };
    return { ok: true, report };
  } finally {
    await seat.connection.alerts.close();
  }
}

/** What a running copy did last, and what it would do now. */
async function status(context: ProgramContext): Promise<ProgramResult> {
  const { connection, reader, signer } = await seatOf(context, false);
  const { config, alerts } = connection;
  try {
    await connection.chainId();
    const seen = await reader.observe();
    const nothing = { inFlight: new Set<string>(), rests: new Map<string, Rest>(), failing: new Set<ActionKind>() };
    const { actions, skips } = decide(seen, { ...config, signer: signer?.address }, nothing);
    const running = readStatus(pathOf(config));
    context.say(describeRunning(running, config.staleAfterSeconds));
    for (const { kind, subject } of actions) context.say(`${kind.padEnd(12)} ${subject}  would be sent`);
    for (const { kind, subject, reason } of skips) context.say(`${kind.padEnd(12)} ${subject}  ${reason}`);
    const report = {
      ...{ keeper: KEEPER_NAME, network: context.network, slot: Number(seen.slot), running: running ?? null },
      ...{ actions, skips },
    };
    return { ok: true, report };
  } finally {
    await alerts.close();
  }
}

function pathOf({ dataFolder, network }: CrankConfig): string {
  return statusPath(dataFolder, KEEPER_NAME, network.name);
}
