/** A reporter that only answers peers: its own key, its own sources, its own look at the chain. It decides and sends nothing. */
import { ZeroAddress } from "ethers";

import { UsageError } from "../../protocol/errors.js";
import { watchTroubles } from "../kit/alerts/open.js";
import { requireGate } from "../kit/checks.js";
import { Counters } from "../kit/counters.js";
import { DryRunSubmitter } from "../kit/dryRunSubmitter.js";
import { Freshness } from "../kit/health.js";
import { openInsight } from "../kit/insight/open.js";
import type { InsightServer } from "../kit/insight/server.js";
import { KEY_GATE } from "../kit/keyRoles.js";
import { describeError } from "../kit/logger.js";
import type { ProgramResult, RunContext } from "../kit/program.js";
import { encodeIntended, type IntendedBytes } from "../kit/policy/action.js";
import { runKeeper } from "../kit/runner.js";
import { HeadWatcher } from "../kit/watcher.js";
import { connectFeeds, createCosigner, KEEPER_NAME, type Connection } from "./connect.js";
import { examine } from "./doctor.js";

/** A co-signer has no action of its own. */
const NOTHING = {
  encode: (intended: IntendedBytes) => encodeIntended(() => undefined, ZeroAddress, intended),
};
/** Neither a payer nor other reporters are needed. */
const GATE = new Set(["rpc", "chain-id", "feeds", "signers", "sources", ...KEY_GATE]);

/**
 * Answers peers until the signal aborts; the caller closes the connection.
 * @throws UsageError CONFLICTING_FLAGS, MISSING_SETTING; PermanentError GATE_FAILED.
 */
export async function runPeer(connection: Connection, context: RunContext): Promise<ProgramResult> {
  const { config, client, log } = connection;
  const [port] = config.listenPort;
  if (context.execute) throw new UsageError("CONFLICTING_FLAGS", "REPORTER_DUTY=cosign sends nothing: no --execute");
  if (port === undefined) throw new UsageError("MISSING_SETTING", "REPORTER_DUTY=cosign needs REPORTER_LISTEN_PORT");
  requireGate(await examine(connection, false), GATE, log);
  const health = new Freshness(config.staleAfterSeconds);
  const counters = new Counters();
  const feeds = await connectFeeds(connection, () => Promise.reject(new Error("a co-signer sends nothing")));
  const cosigner = createCosigner(connection, feeds, await connection.roundSigners(), connection.prices());
  const troubles = watchTroubles(connection, health);
  const listening = await cosigner.listen(config.listenHost, port);
  let newest: number | undefined;
  let insight: InsightServer | undefined;
  try {
    insight = await openInsight({
      ...{ connection, keeper: KEEPER_NAME, execute: false, runtime: undefined, health, counters },
      submitter: new DryRunSubmitter(client, undefined, NOTHING, config, log),
      head: () => newest,
    });
    const watcher = new HeadWatcher(client, {
      ...{ pollMs: config.pollMs, blockMs: config.network.blockMs, log },
      onFailure: (error) => {
        health.failed(describeError(error).code);
      },
      onReconnect: () => client.assertChain(),
    });
    log.info("keeper.start", {
      ...{ duty: config.duty, rpc: client.shownUrl, listenPort: listening.port },
      feeds: feeds.map(({ description }) => description),
    });
    const outcome = await runKeeper(
      {
        nextHead: async (signal, again) => {
          const news = await watcher.next(signal, again);
          newest = news?.head.number ?? newest;
          return news;
        },
        upkeep: () => Promise.resolve(),
        tick: () => Promise.resolve(),
        busy: () => false,
        health,
        log,
      },
      { once: context.once, settleMs: 0 },
      context.signal,
    );
    const report = { keeper: KEEPER_NAME, network: context.network, duty: config.duty, ...outcome };
    return { ok: outcome.ticks > 0, report: { ...report, answers: cosigner.answers } };
  } finally {
    troubles.stop();
    await listening.close();
    await insight?.close();
  }
}
