/** The price reporter as a program: run, doctor, status. */
import { join } from "node:path";

import { ZeroAddress } from "ethers";

import { loadParams } from "../../protocol/params/load.js";
import { watchTroubles } from "../kit/alerts/open.js";
import { requireGate } from "../kit/checks.js";
import { Counters } from "../kit/counters.js";
import { checkLines, runChecks } from "../kit/doctor.js";
import { DryRunSubmitter } from "../kit/dryRunSubmitter.js";
import { Freshness } from "../kit/health.js";
import { KEY_GATE } from "../kit/keyRoles.js";
import { describeError } from "../kit/logger.js";
import type { EncodeAction } from "../kit/policy/action.js";
import { PolicyGate } from "../kit/policy/gate.js";
import { logPolicy, policyReport } from "../kit/policy/report.js";
import type { Policy } from "../kit/policy/types.js";
import type { KeeperProgram, ProgramContext, ProgramResult, ReplayContext, RunContext } from "../kit/program.js";
import { confirmWith } from "../kit/providers/confirm.js";
import { recordTo } from "../kit/audit/auditRecord.js";
import { accountNames } from "../kit/pnl/postings.js";
import { JsonlRecord } from "../kit/record.js";
import { runKeeper } from "../kit/runner.js";
import { openInsight } from "../kit/insight/open.js";
import type { InsightServer } from "../kit/insight/server.js";
import { openRuntime, type Runtime } from "../kit/runtime.js";
import { runtimeChecks } from "../kit/runtimeChecks.js";
import { describeRunning, readStatus, statusPath, writeStatus } from "../kit/statusFile.js";
import { HeadWatcher } from "../kit/watcher.js";
import { FeedBoard } from "./board.js";
import { loadConfig } from "./config.js";
import { connect, connectFeeds, createCosigner, KEEPER_NAME, type Connection } from "./connect.js";
import { collectSignatures } from "./cosign.js";
import { examine } from "./doctor.js";
import { reporterEncoder } from "./encode.js";
import { runPeer } from "./peer.js";
import { reporterPolicy } from "./policy.js";
import { replay } from "./replay.js";
import { RoundTick } from "./round.js";

/** How long the end waits for what is in flight. */
const SETTLE_MS = 5_000;
const ONCE_SETTLE_MS = 60_000;
const DEFAULT_DATA_FOLDER = "data/keepers";
/** Checks that must hold before anything may be sent; the others are advice. */
const GATE = new Set(["rpc", "chain-id", "feeds", "signers", "threshold", "sources", "key", ...KEY_GATE]);
/** Nothing is signed without nodes that agree. */
const EXECUTE_GATE = new Set([...GATE, "quorum"]);

export const program: KeeperProgram = { run, doctor, status, policy, replay: replayOwn };

async function run(context: RunContext): Promise<ProgramResult> {
  const connection = connect(context.network, context.env, context.terminal, context.pricesFile);
  const { config, client, log, nextBlock } = connection;
  let runtime: Runtime | undefined;
  let insight: InsightServer | undefined;
  let newest: number | undefined;
  let listening: { port: number; close: () => Promise<void> } | undefined;
  let troubles: { readonly stop: () => void } | undefined;
  try {
    if (config.duty === "cosign") return await runPeer(connection, context);
    requireGate(await examine(connection, context.execute), context.execute ? EXECUTE_GATE : GATE, log);
    const [payer, own] = await Promise.all([connection.signer(), connection.roundSigners()]);
    const policy = compilePolicy(connection, payer?.address);
    logPolicy(policy, log);
    const encode = compileEncoder(connection);
    const prices = connection.prices();
    if (context.execute && payer !== undefined) {
      const parts = { connection, keeper: KEEPER_NAME, signer: payer, policy, encode, env: context.env };
      // It pays for gas and moves nothing else; what the chain's coin is worth it does not know.
      runtime = await openRuntime({
        ...parts,
        names: accountNames({}),
        assetAddress: (asset) => asset,
        valueXauWei: () => undefined,
      });
    }
    const submitter =
      runtime?.submitter ?? new DryRunSubmitter(client, payer, new PolicyGate(policy, encode), config, log);
    const leaving = new AbortController();
    const standsBy = (): boolean => runtime !== undefined && runtime.lease.held === undefined;
    const folder = config.dataFolder ?? DEFAULT_DATA_FOLDER;
    const file = new JsonlRecord(join(folder, `${KEEPER_NAME}-${context.network}.jsonl`), log);
    const record = runtime === undefined ? file : recordTo(file, runtime.audit);
    const counters = new Counters();
    const health = new Freshness(config.staleAfterSeconds);
    troubles = watchTroubles(connection, health);
    const limits = { timeoutMs: config.httpTimeoutMs, maxBytes: config.httpMaxBytes };
    const tick = new RoundTick({
      config,
      fees: config,
      chainId: client.chainId,
      defaultSender: ZeroAddress,
      prices,
      sign: (feed) => async (feedId, round) =>
        collectSignatures(feedId, round, {
          own,
          peers: config.peers,
          threshold: feed.threshold,
          reporters: await feed.reporters(),
          limits,
          onRefusal: (peer, reason) => {
            counters.add("peer-refusals");
            log.warn("peer.refused", { feed: feed.description, peer, reason });
          },
        }),
      encode,
      chainClock: config.network.local,
      nextBlock,
      confirm: confirmWith(client, nextBlock, []),
      submitter,
      record,
      counters,
      log,
    });
    const feeds = await connectFeeds(connection, tick.send);
    const board = new FeedBoard(client, feeds);
    tick.take(board.served());
    const [port] = config.listenPort;
    if (port !== undefined) {
      const cosigner = createCosigner(connection, feeds, own, prices);
      listening = await cosigner.listen(config.listenHost, port);
    }
    const statusFile = statusPath(folder, KEEPER_NAME, context.network);
    const showStatus = (stopped: boolean): void => {
      // The file is the leader's.
      if (standsBy()) return;
      writeStatus(statusFile, {
        execute: context.execute,
        sender: submitter.sender,
        health: health.report(),
        inFlight: submitter.pending(),
        executions: counters.get("settled.mined"),
        skips: counters.withPrefix("skip."),
        stopped,
      });
    };
    const watcher = new HeadWatcher(board, {
      pollMs: config.pollMs,
      blockMs: config.network.blockMs,
      log,
      onFailure: (error) => {
        health.failed(describeError(error).code);
        showStatus(false);
      },
      onReconnect: async (head) => {
        await client.assertChain();
        await nextBlock.probe(head);
      },
    });
    const { execute } = context;
    const head = (): number | undefined => newest;
    insight = await openInsight({
      connection,
      keeper: KEEPER_NAME,
      execute,
      runtime,
      submitter,
      health,
      counters,
      head,
    });
    log.info("keeper.start", {
      execute: context.execute,
      sender: submitter.sender,
      rpc: client.shownUrl,
      feeds: feeds.map(({ description }) => description),
      listenPort: listening?.port,
    });
    const outcome = await runKeeper(
      {
        nextHead: async (signal, again) => {
          const news = await watcher.next(signal, again);
          newest = news?.head.number ?? newest;
          return news;
        },
        upkeep: (head) => tick.upkeep(head),
        tick: async ({ head }) => {
          const verdict = (await runtime?.verdict()) ?? "work";
          if (verdict === "leave") leaving.abort();
          if (verdict === "work") await tick.run(head);
          else counters.add(standsBy() ? "standby" : "held");
        },
        busy: () => submitter.pending().length > 0,
        afterTick: () => {
          showStatus(false);
        },
        health,
        log,
      },
      { once: context.once, settleMs: context.once ? ONCE_SETTLE_MS : SETTLE_MS },
      AbortSignal.any([context.signal, leaving.signal]),
    );
    showStatus(true);
    await record.close();
    const failures = counters.withPrefix("failed.");
    const report = {
      keeper: KEEPER_NAME,
      network: context.network,
      execute: context.execute,
      ...outcome,
      rounds: counters.get("rounds.sent") + counters.get("rounds.dry-run"),
      executions: counters.get("settled.mined"),
      standbyTicks: counters.get("standby"),
      control: runtime?.control.last?.state ?? null,
      skips: counters.withPrefix("skip."),
      settled: counters.withPrefix("settled."),
      failures,
      peerRefusals: counters.get("peer-refusals"),
      errors: outcome.failedTicks + Object.values(failures).reduce((sum, count) => sum + count, 0),
    };
    const failed = context.once && Object.keys(failures).length > 0;
    return { ok: !failed && outcome.ticks > outcome.failedTicks && !outcome.leftInFlight, report };
  } finally {
    troubles?.stop();
    await connection.alerts.close();
    await listening?.close();
    await insight?.close();
    await runtime?.close();
    client.close();
  }
}

async function doctor(context: ProgramContext): Promise<ProgramResult> {
  const connection = connect(context.network, context.env, false, context.pricesFile);
  const runtime = runtimeChecks({ connection, keeper: KEEPER_NAME, env: context.env });
  try {
    const checks = [...(await examine(connection, false, context.alertTest)), ...(await runChecks(runtime.plans))];
    for (const line of checkLines(checks)) context.say(line);
    return { ok: checks.every((check) => check.ok), report: { checks } };
  } finally {
    await runtime.close();
    connection.client.close();
  }
}

async function policy(context: ProgramContext): Promise<ProgramResult> {
  const connection = connect(context.network, context.env, false, context.pricesFile);
  try {
    const payer = await connection.signer();
    return policyReport(compilePolicy(connection, payer?.address), () => 0, context.say);
  } finally {
    connection.client.close();
  }
}

function replayOwn(context: ReplayContext): Promise<ProgramResult> {
  const { dataFolder } = loadConfig(context.network, context.env);
  const own = join(dataFolder ?? DEFAULT_DATA_FOLDER, `${KEEPER_NAME}-${context.network}.jsonl`);
  return replay(context.recordFile ?? own, context, context.say);
}

/** The policy of the key that pays; without a key it is nobody's. */
function compilePolicy({ config, deployment }: Connection, signer = ZeroAddress): Policy {
  const { params, local } = loadParams(config.network.name, config.deploymentsFolder);
  return reporterPolicy(deployment(), params, { ...config, local }, signer);
}

function compileEncoder({ config, deployment }: Connection): EncodeAction {
  return reporterEncoder(deployment(), loadParams(config.network.name, config.deploymentsFolder).params);
}

async function status(context: ProgramContext): Promise<ProgramResult> {
  const connection = connect(context.network, context.env, false, context.pricesFile);
  const { client, config } = connection;
  try {
    await client.assertChain();
    const feeds = await connectFeeds(connection, () => Promise.reject(new Error("status sends nothing")));
    const rounds: Record<string, unknown> = {};
    for (const feed of feeds) {
      const last = await feed.last();
      const shown = { roundId: last?.roundId, answer: last?.answer, observedAt: last?.observedAt };
      rounds[feed.description] = Object.fromEntries(
        Object.entries({ ...shown, arrivedInBlock: last?.arrivedInBlock }).map(([key, value]) => [
          key,
          value?.toString() ?? null,
        ]),
      );
      context.say(
        `${feed.description.padEnd(16)} round ${String(last?.roundId ?? "none")}: ${String(last?.answer ?? "–")}`,
      );
    }
    const running = readStatus(statusPath(config.dataFolder ?? DEFAULT_DATA_FOLDER, KEEPER_NAME, context.network));
    context.say(describeRunning(running, config.staleAfterSeconds));
    const report = { keeper: KEEPER_NAME, network: context.network, running: running ?? null, feeds: rounds };
    return { ok: true, report };
  } finally {
    client.close();
  }
}
