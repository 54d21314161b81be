/** The deviation stabilizer as a program: run, doctor, status. */
import { join } from "node:path";

import type { Deployment } from "../../protocol/addresses.js";
import { loadParams } from "../../protocol/params/load.js";
import { decodePegStatus, pegReport, pegStatusCall } from "../../protocol/pegBoard.js";
import { reserveSnapshotCall } from "../../protocol/reserveLens.js";
import { formatWadAsBps } from "../../protocol/units.js";
import { watchTroubles } from "../kit/alerts/open.js";
import { requireGate } from "../kit/checks.js";
import { Counters, summarize } from "../kit/counters.js";
import { checkLines, runChecks } from "../kit/doctor.js";
import { KEY_GATE } from "../kit/keyRoles.js";
import { describeError } from "../kit/logger.js";
import { Freshness } from "../kit/health.js";
import type { SigningGuard } from "../kit/policy/guard.js";
import { policyReport } from "../kit/policy/report.js";
import type { Policy } from "../kit/policy/types.js";
import type { KeeperProgram, ProgramContext, ProgramResult, ReplayContext, RunContext } from "../kit/program.js";
import { confirmWith, pinnedCall } from "../kit/providers/confirm.js";
import { accountNames } from "../kit/pnl/postings.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { PriceBook } from "./priceBook.js";
import { runKeeper } from "../kit/runner.js";
import { openInsight } from "../kit/insight/open.js";
import type { InsightServer } from "../kit/insight/server.js";
import { runtimeChecks } from "../kit/runtimeChecks.js";
import { describeRunning, readStatus, statusPath } from "../kit/statusFile.js";
import { HeadWatcher } from "../kit/watcher.js";
import { openWorkplace, type Workplace } from "../kit/workplace.js";
import { addresses, connect, KEEPER_NAME, NOBODY, poolNames, type Connection } from "./connect.js";
import { loadConfig } from "./config.js";
import { decide } from "./decide.js";
import { examine } from "./doctor.js";
import { stabilizerEncoder } from "./encode.js";
import { explain } from "./explain.js";
import { stabilizerGuard } from "./guard.js";
import { observe, snapshotCall } from "./observe.js";
import { stabilizerPolicy } from "./policy.js";
import { PegWatch } from "./pegWatch.js";
import { RefillWatch } from "./refillWatch.js";
import { replay } from "./replay.js";
import { BLOCK_ENDS, StabilizerTick } from "./tick.js";

/** How long the end waits for what is in flight. */
const SETTLE_MS = 5_000;
const ONCE_SETTLE_MS = 60_000;
/** The peg in the folder of a relative path, so that tests and worlds can keep theirs apart. */
/** Checks that must hold before anything may be sent; the others are advice. */
const GATE = new Set(["rpc", "chain-id", "deployment", "code-hash", "pools", "key", ...KEY_GATE]);
/** Nothing is signed without nodes that agree. */
const EXECUTE_GATE = new Set([...GATE, "quorum"]);

export const program: KeeperProgram = { run, doctor, status, policy, replay: replayRecord };

async function run(context: RunContext): Promise<ProgramResult> {
  const connection = connect(context.network, context.env, context.terminal);
  const { config, client, log, nextBlock } = connection;
  let workplace: Workplace | undefined;
  let insight: InsightServer | undefined;
  let troubles: { readonly stop: () => void } | undefined;
  try {
    requireGate(await examine(connection, context.execute), context.execute ? EXECUTE_GATE : GATE, log);
    const deployment = connection.deployment();
    const { lens, stabilizer } = addresses(deployment);
    const signer = await connection.signer();
    const policy = compilePolicy(connection, deployment, signer?.address);
    const encode = stabilizerEncoder({
      stabilizer,
      pegBoard: deployment.address("PegBoard"),
      buckets: deployment.address("CapitalBuckets"),
    });
    const prices = new PriceBook(
      client,
      deployment.address("XAUOracle"),
      tokenNames.map((name) => deployment.token(name)),
      log,
    );
    const { execute, env } = context;
    const leaving = new AbortController();
    const counters = new Counters();
    const health = new Freshness(config.staleAfterSeconds);
    workplace = await openWorkplace(
      {
        ...{ connection, keeper: KEEPER_NAME, signer, policy, encode, execute, env },
        ...(signer === undefined ? {} : { guard: guardOf(connection, deployment, signer.address) }),
        belongings: {
          names: accountNames({ [stabilizer]: "own:stabilizer" }),
          assetAddress: (asset) => deployment.token(asset as TokenName),
          valueXauWei: prices.valueXauWei,
        },
      },
      { health, counters, executions: "executions" },
    );
    const { runtime, submitter, record, standsBy, showStatus } = workplace;
    troubles = watchTroubles(connection, health);
    const confirm = confirmWith(client, nextBlock, [pinnedCall(snapshotCall(lens, BLOCK_ENDS))]);
    const tick = new StabilizerTick({
      config,
      fees: config,
      chainId: client.chainId,
      lensAddress: lens,
      stabilizerAddress: stabilizer,
      defaultSender: NOBODY,
      poolName: poolNames(deployment),
      encode,
      nextBlock,
      confirm,
      submitter,
      onRevert: runtime?.onRevert,
      onNativePrice: (priceXauWei) => {
        prices.setNative(priceXauWei);
      },
      record,
      counters,
      log,
    });
    const duties = {
      chainId: client.chainId,
      defaultSender: NOBODY,
      tokenName: (address: string) => deployment.tokenAt(address) ?? address,
      maxFeePerGasWei: config.maxFeePerGasWei,
      validBlocks: config.validBlocks,
      onRevert: runtime?.onRevert,
      encode,
      nextBlock,
      confirm,
      submitter,
      record,
      counters,
      log,
    };
    const pegs = new PegWatch({ ...duties, boardAddress: deployment.address("PegBoard") });
    const refills = new RefillWatch({
      ...duties,
      lensAddress: deployment.address("ReserveLens"),
    });
    // What is read in every block travels with the question for the head.
    nextBlock.prepare([
      snapshotCall(lens, BLOCK_ENDS),
      pegStatusCall(deployment.address("PegBoard")),
      reserveSnapshotCall(deployment.address("ReserveLens")),
    ]);
    const watcher = new HeadWatcher(nextBlock, {
      pollMs: config.pollMs,
      blockMs: config.network.blockMs,
      log,
      onFailure: (error) => {
        health.failed(describeError(error).code);
        showStatus(false);
      },
      // The node that came back may be another one: another chain, or one that answers `pending` differently.
      onReconnect: async (head) => {
        await client.assertChain();
        log.info("next-block", { mode: await nextBlock.probe(head) });
      },
    });
    const head = (): number | undefined => watcher.newest;
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
      nextBlock: nextBlock.mode,
      pools: Object.keys(deployment.pools()),
      stabilizer,
    });
    const outcome = await runKeeper(
      {
        nextHead: (signal, again) => watcher.next(signal, again),
        upkeep: (head) => tick.upkeep(head),
        tick: async ({ head }) => {
          const verdict = (await runtime?.verdict()) ?? "work";
          if (verdict === "leave") leaving.abort();
          if (verdict !== "work") {
            counters.add(standsBy() ? "standby" : "held");
            return;
          }
          await tick.run(head);
          await pegs.run(head);
          await refills.run(head);
          // What has just been sent is booked once it is settled, at about today's prices.
          if (submitter.pending().length > 0) await prices.refresh();
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
    const report = {
      keeper: KEEPER_NAME,
      network: context.network,
      execute: context.execute,
      ...outcome,
      plans: counters.get("plans.sent") + counters.get("plans.dry-run"),
      executions: counters.get("executions"),
      standbyTicks: counters.get("standby"),
      control: runtime?.control.last?.state ?? null,
      skips: counters.withPrefix("skip."),
      settled: counters.withPrefix("settled."),
      // A revert is not among them: somebody else's trade came first. It is counted under `settled`.
      errors: outcome.failedTicks + counters.get("settled.foreign"),
      pegs: pegs.report,
      pokes: counters.get("pokes.sent") + counters.get("pokes.dry-run"),
      tiers: refills.report,
      refills: counters.get("refills.sent") + counters.get("refills.dry-run"),
      gasPerExecution: summarize(tick.gasPerExecution) ?? null,
      decisionMs: summarize(tick.decisionMs) ?? null,
    };
    log.info("keeper.stop", {
      ticks: outcome.ticks,
      executions: report.executions,
      leftInFlight: outcome.leftInFlight,
    });
    return { ok: outcome.ticks > 0 && outcome.failedTicks < outcome.ticks && !outcome.leftInFlight, report };
  } finally {
    await insight?.close();
    await workplace?.close();
    troubles?.stop();
    await connection.alerts.close();
    client.close();
  }
}

async function doctor(context: ProgramContext): Promise<ProgramResult> {
  const connection = connect(context.network, context.env, false);
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
  const connection = connect(context.network, context.env, false);
  try {
    const signer = await connection.signer();
    const { tokens } = loadParams(context.network, connection.config.deploymentsFolder).params;
    const decimalsOf = (asset: string): number => tokens[asset as keyof typeof tokens].decimals;
    return policyReport(compilePolicy(connection, connection.deployment(), signer?.address), decimalsOf, context.say);
  } finally {
    connection.client.close();
  }
}

function replayRecord(context: ReplayContext): Promise<ProgramResult> {
  const { dataFolder } = loadConfig(context.network, context.env);
  const own = join(dataFolder, `${KEEPER_NAME}-${context.network}.jsonl`);
  return replay(context.recordFile ?? own, context, context.say);
}

/** The policy of this connection; without a key it is nobody's. */
function compilePolicy({ config }: Connection, deployment: Deployment, signer = NOBODY): Policy {
  return stabilizerPolicy(deployment, loadParams(config.network.name, config.deploymentsFolder).params, config, signer);
}

/** The last look before this connection's key signs. */
function guardOf({ client, config }: Connection, deployment: Deployment, signer: string): SigningGuard {
  return stabilizerGuard({
    client,
    signer,
    oracle: deployment.address("XAUOracle"),
    stabilizer: deployment.address("Stabilizer"),
    buckets: deployment.address("CapitalBuckets"),
    pools: Object.entries(deployment.pools()).map(([pair, address]) => {
      const [base = "", quote = ""] = pair.split("/").map((token) => deployment.token(token as TokenName));
      return { address, base, quote };
    }),
    sizeHeadroomBps: config.sizeHeadroomBps,
  });
}

async function status(context: ProgramContext): Promise<ProgramResult> {
  const { client, config, nextBlock, ...connection } = connect(context.network, context.env, false);
  try {
    const head = await client.head();
    await client.assertChain();
    const deployment = connection.deployment();
    const name = poolNames(deployment);
    const chain = await observe((request) => nextBlock.call(request, head), addresses(deployment).lens, 1);
    const views = decodePegStatus(await nextBlock.call(pegStatusCall(deployment.address("PegBoard")), head));
    const pegs = pegReport(views, (address) => deployment.tokenAt(address) ?? address, chain.timestamp);
    const decision = decide(
      { ...chain, gasPriceWei: head.nextBaseFeeWei ?? 0n, inFlight: 0, backoffUntilBlock: new Map() },
      config,
    );
    const answers = new Map(decision.skips.map((skip) => [skip.pool, { decision: skip.reason, why: explain(skip) }]));
    const pools = Object.fromEntries(
      chain.pools.map((pool) => {
        const { decision: answer, why } = answers.get(pool.pool) ?? { decision: "execute", why: "allowed now" };
        const deviationBps = pool.readable ? Number(formatWadAsBps(pool.allowance.blockEndDeviationWad)) : null;
        return [name(pool.pool), { address: pool.pool, deviationBps, decision: answer, why }];
      }),
    );
    const running = readStatus(statusPath(config.dataFolder, KEEPER_NAME, context.network));
    context.say(describeRunning(running, config.staleAfterSeconds));
    for (const [pool, answer] of Object.entries(pools)) {
      context.say(
        `${pool.padEnd(14)} ${answer.deviationBps === null ? "?" : answer.deviationBps.toFixed(2)} bps  ${answer.decision}: ${answer.why}`,
      );
    }
    for (const [token, peg] of Object.entries(pegs)) {
      const off = peg.priceDeviationBps === null ? "price unknown" : `${peg.priceDeviationBps.toFixed(2)} bps off`;
      context.say(`${token.padEnd(14)} peg ${peg.state}, ${off}${peg.vetoUntil === null ? "" : ", under a veto"}`);
    }
    const report = {
      keeper: KEEPER_NAME,
      network: context.network,
      block: Number(chain.blockNumber),
      running: running ?? null,
      pools,
      pegs,
    };
    return { ok: true, report };
  } finally {
    client.close();
  }
}
