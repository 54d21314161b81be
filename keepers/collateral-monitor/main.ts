/** The collateral monitor as a program: run, doctor, status. It signs nothing and holds no key. */
import { openDatabase, type OpenDatabase } from "../../db/open.js";
import { assertDurable } from "../../db/durability.js";
import { PositionAddresses, VaultAddresses } from "../../protocol/solana/addresses.js";
import { positionProgram } from "../../protocol/solana/positionProgram.js";
import { vaultProgram } from "../../protocol/solana/vaultProgram.js";
import { watchKeeper } from "../kit/alerts/open.js";
import { requireGate } from "../kit/checks.js";
import { operator } from "../kit/control/operator.js";
import { Counters } from "../kit/counters.js";
import { checkLines } from "../kit/doctor.js";
import { Freshness } from "../kit/health.js";
import type { InsightServer } from "../kit/insight/server.js";
import { plain } from "../kit/logger.js";
import type { AcceptContext, KeeperProgram, ProgramContext, ProgramResult, RunContext } from "../kit/program.js";
import { runKeeper } from "../kit/runner.js";
import { openSolana, type SolanaConnection } from "../kit/solana/connection.js";
import { openSolanaInsight } from "../kit/solana/insight.js";
import { SlotWatcher, type SlotHead } from "../kit/solana/slotWatcher.js";
import { describeRunning, readStatus, statusPath, writeStatus } from "../kit/statusFile.js";
import { accept } from "./accept.js";
import { NO_BOOKS } from "./books.js";
import { activityRules, loadConfig, type MonitorConfig } from "./config.js";
import { doctorChecks, GATE, KEEPER_NAME, startChecks } from "./doctor.js";
import { figuresOf, Monitor, type PassFigures } from "./monitor.js";
import { CollateralReader } from "./reader.js";
import { reconcile } from "./reconcile.js";
import { CollateralStore } from "./store.js";
import { Watched, type Mints } from "./watched.js";

export const program: KeeperProgram = { run, doctor, policy, status, accept: acceptFinding };

const MS = 1_000;
const MS_PER_MINUTE = 60_000;

function connect(context: Pick<RunContext, "network" | "env">, terminal: boolean): SolanaConnection<MonitorConfig> {
  return openSolana(loadConfig(context.network, context.env), KEEPER_NAME, terminal);
}

async function run(context: RunContext): Promise<ProgramResult> {
  const connection = connect(context, context.terminal);
  const { config, client, log, alerts } = connection;
  const health = new Freshness(config.staleAfterSeconds);
  const troubles = watchKeeper({ config, alerts, log, health });
  let opened: OpenDatabase | undefined;
  let insight: InsightServer | undefined;
  try {
    requireGate(await startChecks(connection), GATE, log);
    const chainId = await connection.chainId();
    if (context.execute) opened = await openRecords(context, config);
    const vaults = vaultProgram.at(config.network.programIds["collateral-vault"]);
    const counters = new Counters();
    const store =
      opened && new CollateralStore(opened.database, { chainId, program: vaults.id }, config.takeOverSeconds * MS);
    const reader = new CollateralReader(client, vaults);
    const monitor = new Monitor({
      ...{ program: vaults, store, counters, log, mostHistory: config.mostHistory, reader },
      mints: await mintsOf(config, reader),
      authority: await new VaultAddresses(vaults.id).vaultAuthority(),
      rules: activityRules(config),
    });
    log.info("keeper.start", { execute: context.execute, rpc: client.shownUrl, chainId, program: vaults.id });
    const pace = new Pace(config);
    const showStatus = (stopped: boolean): void => {
      // The file is the leader's.
      if (context.execute && !monitor.leads) return;
      writeStatus(pathOf(config), {
        ...{ execute: context.execute, sender: undefined, health: health.report(), inFlight: [], stopped },
        ...{ executions: counters.get("passes"), skips: counters.withPrefix("activity.") },
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
      ...{ connection, keeper: KEEPER_NAME, execute: context.execute, watcher, health, counters },
      lease: () => store && { ...monitor.lease, owner: store.owner },
    });
    const outcome = await runKeeper<SlotHead>(
      {
        nextHead: (signal, again) => watcher.next(signal, again),
        upkeep: () => Promise.resolve(),
        tick: async ({ head }) => {
          const wishes = pace.wishes();
          const nowSeconds = BigInt(Math.floor(Date.now() / MS));
          if (await monitor.step(head, nowSeconds, wishes)) {
            counters.add("passes");
            pace.passed(wishes.figures);
          }
        },
        busy: () => false,
        afterTick: () => {
          showStatus(false);
        },
        ...{ health, log },
      },
      { once: context.once, settleMs: 0 },
      context.signal,
    );
    showStatus(true);
    await store?.release().catch(() => undefined);
    const { figures, discrepancies } = monitor;
    if (figures !== undefined) sayFigures(figures, context.say);
    for (const found of discrepancies) context.say(`DISCREPANCY ${found}`);
    const report = {
      ...{ keeper: KEEPER_NAME, network: config.network.name, execute: context.execute, ...outcome },
      passes: counters.get("passes"),
      standbyTicks: counters.get("standby"),
      events: counters.get("events"),
      gaps: counters.get("history.gaps"),
      activity: counters.withPrefix("activity."),
      discrepancies,
      figures: figures === undefined ? null : plain({ ...figures }),
      errors: outcome.failedTicks,
    };
    return { ok: outcome.ticks > outcome.failedTicks && discrepancies.length === 0, report };
  } finally {
    await insight?.close();
    troubles.stop();
    await alerts.close();
    await opened?.close();
  }
}

/** When a pass is due, and when its figures are to be kept. */
class Pace {
  private passedMs = -Infinity;
  private figuresMs = -Infinity;

  constructor(private readonly config: Pick<MonitorConfig, "passSeconds" | "figuresMinutes">) {}

  wishes(): { readonly pass: boolean; readonly figures: boolean } {
    const now = performance.now();
    const { passSeconds, figuresMinutes } = this.config;
    const pass = now - this.passedMs >= passSeconds * MS;
    return { pass, figures: pass && now - this.figuresMs >= figuresMinutes * MS_PER_MINUTE };
  }

  passed(withFigures: boolean): void {
    this.passedMs = performance.now();
    if (withFigures) this.figuresMs = this.passedMs;
  }
}

async function openRecords({ env }: ProgramContext, config: MonitorConfig): Promise<OpenDatabase> {
  const { databaseFolder, network } = config;
  const opened = await openDatabase({
    databaseUrl: env["DATABASE_URL"],
    ...(databaseFolder === undefined ? {} : { folder: databaseFolder }),
    role: "monitor_rw",
    applicationName: `cantilever ${KEEPER_NAME}`,
    maxConnections: 2,
  });
  try {
    if (!network.local) await assertDurable(opened.database);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function doctor(context: ProgramContext): Promise<ProgramResult> {
  const connection = connect(context, false);
  try {
    const checks = await doctorChecks(connection, context.env, context.alertTest === true);
    for (const line of checkLines(checks)) context.say(line);
    return { ok: checks.every(({ ok }) => ok), report: { checks } };
  } finally {
    await connection.alerts.close();
  }
}

async function acceptFinding(context: AcceptContext): Promise<ProgramResult> {
  const connection = connect(context, false);
  try {
    const chainId = await connection.chainId();
    const opened = await openRecords(context, connection.config);
    try {
      const { finding, reason } = context;
      const { code, subject, facts } = await accept(opened.database, chainId, { finding, reason, by: operator() });
      context.say(`accepted: ${code} ${subject} ${facts}; the next pass takes the account as it is`);
      return { ok: true, report: { keeper: KEEPER_NAME, code, subject, found: JSON.parse(facts) as unknown, reason } };
    } finally {
      await opened.close();
    }
  } finally {
    await connection.alerts.close();
  }
}

function policy({ say }: ProgramContext): Promise<ProgramResult> {
  say("the collateral monitor holds no key: it signs nothing");
  return Promise.resolve({ ok: true, report: { role: KEEPER_NAME, signer: null, rules: [], worstCaseLossPerDay: {} } });
}

/** What a running copy did last, and what a pass finds now. */
async function status(context: ProgramContext): Promise<ProgramResult> {
  const connection = connect(context, false);
  const { config, client, alerts } = connection;
  try {
    await connection.chainId();
    const vaults = vaultProgram.at(config.network.programIds["collateral-vault"]);
    const reader = new CollateralReader(client, vaults);
    const snapshot = await reader.snapshot(0n);
    const mints = await mintsOf(config, reader);
    const { findings: all } = await reconcile(snapshot, NO_BOOKS, {
      // Without records nothing is missing in them.
      lookAgain: () => Promise.resolve({ events: [], read: 0, rest: "", isFailed: false }),
      slotNow: () => Promise.resolve(snapshot.slot),
      pairs: (asked, slot) => reader.pairs(asked, slot),
      watched: new Watched(await mints(snapshot.slot), snapshot.balances.values()),
    });
    const figures = figuresOf(snapshot, { findings: all });
    const findings = all.filter(({ severity }) => severity !== "info");
    const running = readStatus(pathOf(config));
    context.say(describeRunning(running, config.staleAfterSeconds));
    sayFigures(figures, context.say);
    const discrepancies = findings.map(({ code, subject }) => `${code} ${subject}`);
    for (const found of discrepancies) context.say(`DISCREPANCY ${found}`);
    const { name: network } = config.network;
    const report = {
      keeper: KEEPER_NAME,
      network,
      running: running ?? null,
      figures: plain({ ...figures }),
      discrepancies,
    };
    return { ok: discrepancies.length === 0, report };
  } finally {
    await alerts.close();
  }
}

/** The mints that matter: those that are named, else those of the market. */
async function mintsOf({ mints, network }: MonitorConfig, reader: CollateralReader) {
  const positions = positionProgram.at(network.programIds["position-manager"]);
  const market = await new PositionAddresses(positions.id).market();
  return (leastSlot: bigint): Promise<Mints> =>
    mints === undefined ? reader.marketMints(positions, market, leastSlot) : Promise.resolve(mints);
}

function pathOf({ dataFolder, network }: MonitorConfig): string {
  return statusPath(dataFolder, KEEPER_NAME, network.name);
}

function sayFigures(
  { slot, vaults, balances, programLocks, pendingWithdrawals, tvl }: PassFigures,
  say: (line: string) => void,
) {
  const counts = `${String(vaults)} vaults, ${String(balances)} balances, ${String(programLocks)} program locks, ${String(pendingWithdrawals)} pending withdrawals`;
  say(`slot ${String(slot)}: ${counts}`);
  for (const [mint, { total, locked, held }] of Object.entries(tvl)) {
    say(`  ${mint}  total ${String(total)}  locked ${String(locked)}  held ${String(held)} (base units)`);
  }
}
