/** The courtesy-call redeemer as a program: run, doctor, policy, status. */
import { formatEther, formatUnits } from "ethers";

import { openDatabase, type OpenDatabase } from "../../db/open.js";
import { watchTroubles } from "../kit/alerts/open.js";
import { requireGate } from "../kit/checks.js";
import { Counters } from "../kit/counters.js";
import { checkLines, runChecks } from "../kit/doctor.js";
import { Freshness } from "../kit/health.js";
import { openInsight } from "../kit/insight/open.js";
import type { InsightServer } from "../kit/insight/server.js";
import { describeError } from "../kit/logger.js";
import { accountNames } from "../kit/pnl/postings.js";
import { policyReport } from "../kit/policy/report.js";
import type { KeeperProgram, ProgramContext, ProgramResult, RunContext } from "../kit/program.js";
import { runKeeper } from "../kit/runner.js";
import { OUTBOX_WINDOW } from "../kit/runtime.js";
import { runtimeChecks } from "../kit/runtimeChecks.js";
import { describeRunning, readStatus, statusPath } from "../kit/statusFile.js";
import { HeadWatcher } from "../kit/watcher.js";
import { openWorkplace, type Workplace } from "../kit/workplace.js";
import { compilePolicy, connect, NOBODY, openChildKey, openSite, type Connection } from "./connect.js";
import { failedCondition } from "./condition.js";
import { examine, EXECUTE_GATE, GATE } from "./doctor.js";
import { EarningDesk } from "./earningDesk.js";
import { EarningStore } from "./earningStore.js";
import { actionOf, redeemerEncoder } from "./encode.js";
import { redeemerGuard } from "./guard.js";
import { openTick } from "./openTick.js";
import { KEEPER_NAME } from "./policy.js";
import { settlementChecks, settlementLines } from "./settlements.js";
import { POSITIONS, type EtherSupply, type RescueSite, type TokenSupply } from "./site.js";
import { standingOf } from "./standing.js";
import { RescueStore } from "./store.js";
import type { Watchlist } from "./watchlist.js";

/** How long the end waits for what is in flight. */
const SETTLE_MS = 5_000;
const ONCE_SETTLE_MS = 60_000;
/** So long a block waits for answers about a rescue that is being settled. */
const SETTLE_PATIENCE_MS = 3_000;

export const program: KeeperProgram = { run, doctor, status, policy };

async function run(context: RunContext): Promise<ProgramResult> {
  const connection = connect(context.network, context.env, context.terminal);
  const { config, client, log, nextBlock } = connection;
  const { execute, once, env } = context;
  const counters = new Counters();
  const health = new Freshness(config.staleAfterSeconds);
  let workplace: Workplace | undefined;
  let books: OpenDatabase | undefined;
  let insight: InsightServer | undefined;
  let site: RescueSite | undefined;
  let supply: TokenSupply | undefined;
  let etherSupply: EtherSupply | undefined;
  const troubles = watchTroubles(connection, health);
  try {
    requireGate(await examine(connection, counters, execute), execute ? EXECUTE_GATE : GATE, log);
    if (config.ignored.length > 0) log.warn("settings.unused", { names: config.ignored });
    site = openSite(connection, counters, execute ? await openChildKey(connection, env) : undefined);
    const { otherChain, token, earnings } = site;
    if (otherChain?.agreeing === 0 && config.mode !== "watch") log.warn("settle.no-servers", {});
    const signer = await connection.signer();
    const policy = compilePolicy(connection, site, signer?.address);
    const encode = redeemerEncoder(site);
    const account = signer?.address ?? NOBODY;
    // Told later: gate and breaker exist before what they ask.
    let store: RescueStore | undefined;
    let earningStore: EarningStore | undefined;
    const known: { watchlist?: Watchlist } = {};
    const isMember = (kind: string, address: string): boolean => {
      if (kind === POSITIONS) return known.watchlist?.has(address) ?? false;
      if (supply?.kind === kind) return supply.has(address);
      return earnings?.isMember(kind, address) ?? false;
    };
    workplace = await openWorkplace(
      {
        ...{ connection, keeper: KEEPER_NAME, signer, policy, encode, isMember, execute, env },
        guard: redeemerGuard({ client, account, site }),
        conditions: [failedCondition(() => store?.failedToday() ?? Promise.resolve(0), config.maxFailedPerDay)],
        belongings: {
          names: accountNames({}),
          assetAddress: () => token.address,
          // What is redeemed comes back as bitcoin: nothing here has a price in gold.
          valueXauWei: () => undefined,
        },
      },
      { health, counters, executions: "rescues.rescued" },
    );
    const { runtime, submitter, record, standsBy, showStatus } = workplace;
    if (runtime !== undefined) {
      books = await openDatabase({
        databaseUrl: env["DATABASE_URL"],
        ...(config.databaseFolder === undefined ? {} : { folder: config.databaseFolder }),
        role: "keeper_rw",
        applicationName: `cantilever ${KEEPER_NAME} books`,
      });
      const { lease } = runtime;
      const chainId = String(client.chainId);
      const written = { db: books.database, role: KEEPER_NAME, chainId, account, protocol: site.name, lease };
      store = new RescueStore(written);
      earningStore = new EarningStore(written);
      const db = books.database;
      const parts = { db, role: KEEPER_NAME, account, lease, encode, submitter, record, env };
      supply = await site.openSupply?.(parts);
      etherSupply = site.etherSupply?.open({ ...parts, otherNeedsWei: supply?.needsWei ?? 0n });
    }
    const { feeShareBps: stakeShareBps, maxFeePerGasWei, validBlocks, leastPayoutWei } = config;
    const desk =
      earnings === undefined
        ? undefined
        : new EarningDesk({
            ...{ earnings, account, store: earningStore, window: OUTBOX_WINDOW },
            ...{ encode, typed: (call) => actionOf(policy, call), submitter, counters, record, log },
            config: { maxFeePerGasWei, stakeShareBps, validBlocks, leastPayoutWei },
          });
    const { tick, watchlist } = openTick({
      ...(desk === undefined ? {} : { desk }),
      heldUnits: async () => (await etherSupply?.heldUnits()) ?? 0n,
      ...{ connection, site, policy, encode, account, store, submitter, counters, record },
      settlePatienceMs: SETTLE_PATIENCE_MS,
    });
    known.watchlist = watchlist;
    const watcher = new HeadWatcher(nextBlock, {
      pollMs: config.pollMs,
      blockMs: config.network.blockMs,
      log,
      onFailure: (error) => {
        health.failed(describeError(error).code);
        showStatus(false);
      },
      // The node that came back may be another one.
      onReconnect: () => client.assertChain(),
    });
    insight = await openInsight({
      ...{ connection, keeper: KEEPER_NAME, execute, runtime, submitter, health, counters },
      head: () => watcher.newest,
    });
    const { mode } = config;
    log.info("keeper.start", { execute, mode, sender: submitter.sender, rpc: client.shownUrl, protocol: site.name });
    const leaving = new AbortController();
    const outcome = await runKeeper(
      {
        nextHead: (signal, again) => watcher.next(signal, again),
        upkeep: (head) => tick.upkeep(head),
        tick: async ({ head }) => {
          const verdict = (await runtime?.verdict()) ?? "work";
          if (verdict === "leave") leaving.abort();
          if (standsBy()) {
            counters.add("standby");
            tick.forget();
            return;
          }
          if (verdict !== "work") counters.add("held");
          await tick.run(head, verdict === "work");
          await supply?.run(head, verdict === "work");
          await etherSupply?.run(head, verdict === "work", tick.needs);
        },
        busy: () => submitter.pending().length > 0,
        afterTick: () => {
          showStatus(false);
        },
        health,
        log,
      },
      { once, settleMs: once ? ONCE_SETTLE_MS : SETTLE_MS },
      AbortSignal.any([context.signal, leaving.signal]),
    );
    showStatus(true);
    const report = {
      ...{ keeper: KEEPER_NAME, network: context.network, execute, mode, ...outcome },
      positions: watchlist.size,
      watched: watchlist.watched().length,
      rescues: counters.withPrefix("rescues."),
      ...(desk === undefined ? {} : { earnings: counters.withPrefix("earnings.") }),
      ...(etherSupply === undefined ? {} : { swaps: counters.withPrefix("swaps.") }),
      sent: counters.withPrefix("sent."),
      planned: counters.withPrefix("dry-run."),
      left: counters.withPrefix("left."),
      skips: counters.withPrefix("skip."),
      settled: counters.withPrefix("settled."),
      settling: counters.withPrefix("settle."),
      standbyTicks: counters.get("standby"),
      control: runtime?.control.last?.state ?? null,
      errors: outcome.failedTicks + counters.get("settled.foreign"),
    };
    log.info("keeper.stop", { ticks: outcome.ticks, rescues: report.rescues, leftInFlight: outcome.leftInFlight });
    return { ok: outcome.ticks > 0 && outcome.failedTicks < outcome.ticks && !outcome.leftInFlight, report };
  } finally {
    await insight?.close();
    await workplace?.close();
    await books?.close();
    troubles.stop();
    site?.otherChain?.close();
    await connection.alerts.close();
    client.close();
  }
}

async function doctor(context: ProgramContext): Promise<ProgramResult> {
  const connection = connect(context.network, context.env, false);
  const runtime = runtimeChecks({ connection, keeper: KEEPER_NAME, env: context.env });
  try {
    const own = await examine(connection, new Counters(), false, context.alertTest);
    const settling = await settlementChecks(connection, context.env);
    const checks = [...own, ...settling, ...(await runChecks(runtime.plans))];
    for (const line of checkLines(checks)) context.say(line);
    return { ok: checks.every((check) => check.ok), report: { checks } };
  } finally {
    await runtime.close();
    connection.client.close();
  }
}

async function policy(context: ProgramContext): Promise<ProgramResult> {
  return withSite(context, async (connection, site) => {
    const signer = await connection.signer();
    const decimalsOf = (asset: string) => site.signing.perDay?.[asset]?.decimals ?? site.token.decimals;
    return policyReport(compilePolicy(connection, site, signer?.address), decimalsOf, context.say);
  });
}

/** What would be decided now if nothing were on its way: the books are a running keeper's. */
async function status(context: ProgramContext): Promise<ProgramResult> {
  return withSite(context, async (connection, site) => {
    const { config, client, log } = connection;
    await client.assertChain();
    const account = (await connection.signer())?.address ?? NOBODY;
    const standing = await standingOf({ site, config, client, account, log }, await client.head());
    const path = statusPath(config.dataFolder, KEEPER_NAME, context.network);
    context.say(describeRunning(readStatus(path), config.staleAfterSeconds));
    for (const { position, urgency, healthBps, deadline } of standing.endangered) {
      const health = healthBps === undefined ? "unknown" : `${formatUnits(healthBps, 2)} %`;
      context.say(`${position}  class ${urgency}, collateral ${health}, window ends ${String(deadline ?? "–")}`);
    }
    for (const { about, why } of standing.skips) context.say(`${about}  ${why}`);
    const { symbol, decimals } = site.token;
    for (const { position, effect, costUnits } of standing.chosen) {
      context.say(`would now ${effect} ${position} for ${formatUnits(costUnits, decimals)} ${symbol}`);
    }
    for (const line of settlementLines(standing)) context.say(line);
    for (const line of earningLines(standing.earnings, site.token)) context.say(line);
    return { ok: true, report: { keeper: KEEPER_NAME, network: context.network, mode: config.mode, ...standing } };
  });
}

function earningLines(
  earnings: Awaited<ReturnType<typeof standingOf>>["earnings"],
  { symbol, decimals }: RescueSite["token"],
): readonly string[] {
  if (earnings === undefined) return [];
  const lines = earnings.dues.map(({ kind, about, amount }) => {
    const what = kind === "recover" ? `${formatUnits(amount, decimals)} ${symbol}` : `${formatEther(amount)} ether`;
    return `can now ${kind} ${what}: ${about}`;
  });
  return [...lines, ...earnings.waiting.map((position) => `${position}  rescued, its bounty waits for the proof`)];
}

async function withSite<T>(
  context: ProgramContext,
  work: (connection: Connection, site: RescueSite) => Promise<T>,
): Promise<T> {
  const connection = connect(context.network, context.env, false);
  let site: RescueSite | undefined;
  try {
    site = openSite(connection, new Counters(), await openChildKey(connection, context.env));
    return await work(connection, site);
  } finally {
    site?.otherChain?.close();
    connection.client.close();
  }
}
