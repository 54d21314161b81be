/** A reporter that only answers peers: its own key, its own sources, its own look at the chain. It decides and sends nothing. */
import { ZeroAddress } from "ethers";

import { UsageError } from "../../protocol/errors.js";
import { requireGate } from "../kit/checks.js";
import { Counters } from "../kit/counters.js";
import { DryRunSubmitter } from "../kit/dryRunSubmitter.js";
import { openInsight } from "../kit/insight/open.js";
import type { InsightServer } from "../kit/insight/server.js";
import { KEY_GATE } from "../kit/keyRoles.js";
import { describeError } from "../kit/logger.js";
import type { ProgramResult, RunContext } from "../kit/program.js";
import { encodeIntended, type IntendedBytes } from "../kit/policy/action.js";
import { runKeeper } from "../kit/runner.js";
import { HeadWatcher } from "../kit/watcher.js";
import {
  connectFeeds,
  cosignedFeeds,
  createCosigner,
  KEEPER_NAME,
  type ConnectedFeed,
  type Connection,
} from "./connect.js";
import type { Cosigner } from "./cosign.js";
import { examine } from "./doctor.js";
import type { RoundSigner } from "./sign.js";
import type { SiteParts } from "./site.js";
import type { PriceSource } from "./sources.js";

/** A co-signer has no action of its own. */
const NOTHING = {
  encode: (intended: IntendedBytes) => encodeIntended(() => undefined, ZeroAddress, intended),
};
/** Neither a payer nor other reporters are needed. */
const GATE = new Set(["rpc", "chain-id", "feeds", "signers", "sources", ...KEY_GATE]);

/** Where peers reach this process: one port for all its networks. */
export class PeerDesk {
  private cosigner: Cosigner | undefined;
  private listening: Promise<{ readonly port: number; close(): Promise<void> }> | undefined;
  private open: number | undefined;

  /** The port, once it is open. */
  get port(): number | undefined {
    return this.open;
  }

  /** How often was answered what. */
  get answers(): Readonly<Record<string, number>> {
    return this.cosigner?.answers ?? {};
  }

  /** Answers for the feeds of a network, if this process answers at all. */
  async join(
    connection: Connection,
    feeds: readonly ConnectedFeed[],
    own: readonly RoundSigner[],
    prices: PriceSource,
  ): Promise<void> {
    const { listenHost, listenPort } = connection.config;
    const [port] = listenPort;
    if (port === undefined) return;
    if (this.cosigner === undefined) {
      this.cosigner = createCosigner(connection, feeds, own, prices);
      this.listening = this.cosigner.listen(listenHost, port);
    } else this.cosigner.join(cosignedFeeds(feeds, prices));
    this.open = (await this.listening)?.port;
  }

  async close(): Promise<void> {
    await (await this.listening?.catch(() => undefined))?.close();
  }
}

/**
 * Answers peers for one network until the signal aborts; the caller closes the connection.
 * @throws UsageError CONFLICTING_FLAGS, MISSING_SETTING; PermanentError GATE_FAILED.
 */
export async function runPeer(
  { connection, shared: { desk }, health, onStart }: SiteParts,
  context: RunContext,
): Promise<ProgramResult> {
  const { config, client, log } = connection;
  if (context.execute) throw new UsageError("CONFLICTING_FLAGS", "REPORTER_DUTY=cosign sends nothing: no --execute");
  if (config.listenPort.length === 0)
    throw new UsageError("MISSING_SETTING", "REPORTER_DUTY=cosign needs REPORTER_LISTEN_PORT");
  requireGate(await examine(connection, false), GATE, log);
  const counters = new Counters();
  const feeds = await connectFeeds(connection, () => Promise.reject(new Error("a co-signer sends nothing")));
  await desk.join(connection, feeds, await connection.roundSigners(), connection.prices());
  onStart();
  let insight: InsightServer | undefined;
  try {
    const watcher = new HeadWatcher(client, {
      ...{ pollMs: config.pollMs, blockMs: config.network.blockMs, log },
      onFailure: (error) => {
        health.failed(describeError(error).code);
      },
      onReconnect: () => client.assertChain(),
    });
    insight = await openInsight({
      ...{ connection, keeper: KEEPER_NAME, execute: false, runtime: undefined, health, counters },
      submitter: new DryRunSubmitter(client, undefined, NOTHING, config, log),
      head: () => watcher.newest,
    });
    log.info("keeper.start", {
      ...{ duty: config.duty, rpc: client.shownUrl, listenPort: desk.port },
      feeds: feeds.map(({ description }) => description),
    });
    const outcome = await runKeeper(
      {
        nextHead: (signal, again) => watcher.next(signal, again),
        upkeep: () => Promise.resolve(),
        tick: () => Promise.resolve(),
        busy: () => false,
        health,
        log,
      },
      { once: context.once, settleMs: 0 },
      context.signal,
    );
    const report = { keeper: KEEPER_NAME, network: config.network.name, duty: config.duty, ...outcome };
    return { ok: outcome.ticks > 0, report: { ...report, answers: desk.answers } };
  } finally {
    await insight?.close();
  }
}
