/** One network of the reporter at work: its own node, account, lease, outbox, policy, books and evidence. */
import { ZeroAddress } from "ethers";

import { loadParams } from "../../protocol/params/load.js";
import { requireGate } from "../kit/checks.js";
import { Counters } from "../kit/counters.js";
import type { Freshness } from "../kit/health.js";
import { KEY_GATE } from "../kit/keyRoles.js";
import { describeError } from "../kit/logger.js";
import type { EncodeAction } from "../kit/policy/action.js";
import type { Policy } from "../kit/policy/types.js";
import type { ProgramResult, RunContext } from "../kit/program.js";
import { confirmWith } from "../kit/providers/confirm.js";
import { runKeeper } from "../kit/runner.js";
import { openInsight } from "../kit/insight/open.js";
import type { InsightServer } from "../kit/insight/server.js";
import { HeadWatcher } from "../kit/watcher.js";
import { openWorkplace, type Workplace } from "../kit/workplace.js";
import { FeedBoard } from "./board.js";
import type { ChainClocks, RoundBooks } from "./book.js";
import { connectFeeds, KEEPER_NAME, type ConnectedFeed, type Connection } from "./connect.js";
import { collectSignatures } from "./cosign.js";
import { examine } from "./doctor.js";
import { reporterEncoder } from "./encode.js";
import type { PeerDesk } from "./peer.js";
import { reporterPolicy } from "./policy.js";
import { RoundTick, type FeedSigning } from "./round.js";
import type { SignedReport } from "./reporter.js";

/** How long the end waits for what is in flight. */
const SETTLE_MS = 5_000;
const ONCE_SETTLE_MS = 60_000;
/** Checks that must hold before anything may be sent; the others are advice. */
const GATE = new Set(["rpc", "chain-id", "feeds", "signers", "threshold", "sources", "key", ...KEY_GATE]);
/** Nothing is signed without nodes that agree. */
const EXECUTE_GATE = new Set([...GATE, "quorum"]);

/** What the networks of one process have in common. */
export interface SiteShared {
  readonly books: RoundBooks;
  readonly clocks: ChainClocks;
  readonly desk: PeerDesk;
}

export interface SiteParts {
  readonly connection: Connection;
  readonly shared: SiteShared;
  readonly health: Freshness;
  /** The gate is passed and work begins. */
  readonly onStart: () => void;
}

/**
 * Works on one network until the signal aborts, or for one tick; the caller closes the connection.
 * @throws PermanentError GATE_FAILED, and what the parts throw that cannot be opened.
 */
export async function runSite(
  { connection, shared, health, onStart }: SiteParts,
  context: RunContext,
): Promise<ProgramResult> {
  const { config, client, log, nextBlock } = connection;
  const network = config.network.name;
  let workplace: Workplace | undefined;
  let insight: InsightServer | undefined;
  try {
    requireGate(await examine(connection, context.execute), context.execute ? EXECUTE_GATE : GATE, log);
    const [payer, own] = await Promise.all([connection.signer(), connection.roundSigners()]);
    const policy = compilePolicy(connection, payer?.address);
    const encode = compileEncoder(connection);
    const prices = connection.prices();
    const { execute, env } = context;
    const leaving = new AbortController();
    const counters = new Counters();
    workplace = await openWorkplace(
      { connection, keeper: KEEPER_NAME, signer: payer, policy, encode, execute, env },
      { health, counters, executions: "settled.mined" },
    );
    const { runtime, submitter, record, standsBy, showStatus } = workplace;
    const limits = { timeoutMs: config.httpTimeoutMs, maxBytes: config.httpMaxBytes };
    const signing = (feed: ConnectedFeed): FeedSigning => {
      let reporters: readonly string[] = [];
      return {
        prepare: async () => {
          reporters = await feed.reporters();
        },
        accepts: (report) => isSignedFor(report, reporters, feed.threshold),
        sign: (feedId, round) =>
          collectSignatures(feedId, round, {
            own,
            peers: config.peers,
            threshold: feed.threshold,
            reporters,
            limits,
            onRefusal: (peer, reason) => {
              counters.add("peer-refusals");
              log.warn("peer.refused", { feed: feed.description, peer, reason });
            },
          }),
      };
    };
    const tick = new RoundTick({
      config,
      network,
      fees: config,
      chainId: client.chainId,
      defaultSender: ZeroAddress,
      prices,
      signing,
      books: shared.books,
      clocks: shared.clocks,
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
    for (const feed of feeds) shared.books.of(feed.feedId).uses((await feed.last())?.roundId ?? 0n);
    await shared.desk.join(connection, feeds, own, prices);
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
      feeds: feeds.map(({ description }) => description),
      listenPort: shared.desk.port,
    });
    onStart();
    const outcome = await runKeeper(
      {
        nextHead: (signal, again) => watcher.next(signal, again),
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
    const failures = counters.withPrefix("failed.");
    const report = {
      keeper: KEEPER_NAME,
      network,
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
    await insight?.close();
    await workplace?.close();
  }
}

/** Whether a feed with these reporters would accept the round. */
function isSignedFor({ signatures }: SignedReport, reporters: readonly string[], threshold: number): boolean {
  const known = new Set(reporters.map((address) => address.toLowerCase()));
  return signatures.length >= threshold && signatures.every(({ signer }) => known.has(signer.toLowerCase()));
}

/** The policy of the key that pays; without a key it is nobody's. */
export function compilePolicy({ config, deployment }: Connection, signer = ZeroAddress): Policy {
  const { params, local } = loadParams(config.network.name, config.deploymentsFolder);
  return reporterPolicy(deployment(), params, { ...config, local }, signer);
}

function compileEncoder({ config, deployment }: Connection): EncodeAction {
  return reporterEncoder(deployment(), loadParams(config.network.name, config.deploymentsFolder).params);
}
