/** Both ends at work, until the signal aborts or for one look. */
import { openDatabase, type OpenDatabase } from "../../db/open.js";
import { PermanentError } from "../../protocol/errors.js";
import { Counters } from "../kit/counters.js";
import { Freshness } from "../kit/health.js";
import { openInsight } from "../kit/insight/open.js";
import type { InsightServer } from "../kit/insight/server.js";
import { describeError } from "../kit/logger.js";
import type { ProgramResult, RunContext } from "../kit/program.js";
import { runKeeper } from "../kit/runner.js";
import { HeadWatcher } from "../kit/watcher.js";
import { decideConfigOf, reservedUnits } from "./config.js";
import { pairsOf, paramsOf, type Connection, type Connections } from "./connect.js";
import { HeadPairs } from "./heads.js";
import { KEEPER_NAME } from "./policy.js";
import { openSite, type Site } from "./site.js";
import { ArbitrageStore } from "./store.js";
import { ArbitrageTick } from "./tick.js";

/** How long the end waits for what is in flight. */
const SETTLE_MS = 5_000;
const ONCE_SETTLE_MS = 60_000;
/** The keeper's own statements beside those of its outboxes. */
const MAX_CONNECTIONS = 4;

/** Health of an end, which begins with the process: the gate may take its time. */
export type Healths = readonly [Freshness, Freshness];

/** The gate was passed before; the caller closes the connections. @throws what the parts throw that cannot be opened. */
export async function runBoth(connections: Connections, healths: Healths, context: RunContext): Promise<ProgramResult> {
  const { ends, named } = connections;
  const { execute, once, env } = context;
  const { log } = named;
  const pairs = pairsOf(ends);
  const own = new Counters();
  const counters = ends.map((end) => (end === named ? own : new Counters()));
  const sites: Site[] = [];
  const servers: InsightServer[] = [];
  let opened: OpenDatabase | undefined;
  let heads: HeadPairs | undefined;
  try {
    for (const [at, end] of ends.entries()) {
      sites.push(
        await openSite({
          ...{ own: end, other: ends[1 - at] ?? end, pairs, execute, env },
          ...{ health: healths[at] ?? healths[0], counters: counters[at] ?? own },
          // In one order, by chain id: two copies never wait for each other's lease.
          behind: sites[0]?.runtime?.lease,
        }),
      );
    }
    const [first, second] = sites;
    if (first === undefined || second === undefined) throw new Error("there are two ends");
    if (first.account.toLowerCase() !== second.account.toLowerCase())
      throw new PermanentError("KEY_DIFFERS", "the two ends have different keys", "use one key for both");
    if (first.runtime !== undefined) opened = await openBooks(named, env);
    const store = opened === undefined ? undefined : storeOf(opened, first, second);
    const params = paramsOf(named);
    const [a, b] = [first.side.place.chain, second.side.place.chain];
    const main = ends[0] === named ? first : second;
    const tick = new ArbitrageTick({
      ...{ sides: [first.side, second.side], account: first.account, store, config: named.config },
      decide: decideConfigOf(named.config, pairs),
      reservedUnits: reservedUnits(named.config, [a, b], (token) => params.tokens[token].decimals),
      ...{ counters: own, record: main.record, log },
    });
    const watched = new HeadPairs([watcherOf(ends[0], healths[0]), watcherOf(ends[1], healths[1])]);
    heads = watched;
    for (const [at, { connection, runtime, submitter }] of sites.entries()) {
      const insight = await openInsight({
        ...{ connection, keeper: KEEPER_NAME, execute, runtime, submitter },
        ...{ health: healths[at] ?? healths[0], counters: counters[at] ?? own },
        head: () => watched.newest(at === 0 ? 0 : 1)?.number,
      });
      if (insight !== undefined) servers.push(insight);
    }
    log.info("keeper.start", {
      ...{ execute, sender: first.submitter.sender, chains: [a, b], pairs: [...pairs] },
      rpc: ends.map(({ client }) => client.shownUrl),
    });
    const leaving = new AbortController();
    const busy = (): boolean => sites.some(({ submitter }) => submitter.pending().length > 0);
    const leads = (): boolean =>
      sites.every(({ runtime }) => runtime === undefined || runtime.lease.held !== undefined);
    const outcome = await runKeeper(
      {
        nextHead: (signal, again) => watched.next(signal, again),
        upkeep: (at) => tick.upkeep(at),
        tick: async ({ head }) => {
          const verdicts = await Promise.all(sites.map(async ({ runtime }) => runtime?.verdict() ?? "work"));
          if (verdicts.includes("leave") && !busy()) leaving.abort();
          if (!leads()) {
            own.add("standby");
            for (const [at, health] of healths.entries()) health.succeeded(head.heads[at === 0 ? 0 : 1].number);
            return;
          }
          const acts = verdicts.every((verdict) => verdict === "work");
          if (!acts) own.add("held");
          await tick.run(head, acts);
        },
        busy,
        afterTick: () => {
          for (const site of sites) site.showStatus(false);
        },
        health: new Freshness(named.config.staleAfterSeconds),
        log,
      },
      { once, settleMs: once ? ONCE_SETTLE_MS : SETTLE_MS },
      AbortSignal.any([context.signal, leaving.signal]),
    );
    for (const site of sites) site.showStatus(true);
    const report = {
      ...{ keeper: KEEPER_NAME, network: named.config.network.name, execute, ...outcome, pairs },
      trades: own.withPrefix("trades."),
      repairs: own.withPrefix("repairs."),
      transfers: own.get("transfers"),
      closed: own.get("trade.closed"),
      standbyTicks: own.get("standby"),
      control: main.runtime?.control.last?.state ?? null,
      skips: own.withPrefix("skip."),
      networks: Object.fromEntries(
        sites.map(({ connection, runtime }, at) => [
          connection.config.network.name,
          {
            sent: counters[at]?.withPrefix("sent.") ?? {},
            settled: counters[at]?.withPrefix("settled.") ?? {},
            control: runtime?.control.last?.state ?? null,
          },
        ]),
      ),
      errors: outcome.failedTicks,
    };
    return { ok: outcome.ticks > outcome.failedTicks && !outcome.leftInFlight, report };
  } finally {
    await heads?.close();
    for (const server of servers) await server.close();
    // The second lease first: it is never held alone.
    for (const site of [...sites].reverse()) await site.close();
    await opened?.close();
  }
}

function openBooks({ config }: Connection, env: RunContext["env"]): Promise<OpenDatabase> {
  return openDatabase({
    databaseUrl: env["DATABASE_URL"],
    ...(config.databaseFolder === undefined ? {} : { folder: config.databaseFolder }),
    role: "keeper_rw",
    applicationName: `cantilever ${KEEPER_NAME} books`,
    maxConnections: MAX_CONNECTIONS,
  });
}

function storeOf({ database: db }: OpenDatabase, first: Site, second: Site): ArbitrageStore {
  if (first.runtime === undefined || second.runtime === undefined) throw new Error("both ends send or none");
  const { deployment } = first.side.place;
  return new ArbitrageStore({
    ...{ db, role: KEEPER_NAME, account: first.account },
    chains: [first.side.place.chain, second.side.place.chain],
    leases: [first.runtime.lease, second.runtime.lease],
    addressOf: (token) => deployment.address(token),
  });
}

function watcherOf({ client, config, nextBlock, log }: Connection, health: Freshness): HeadWatcher {
  return new HeadWatcher(client, {
    ...{ pollMs: config.pollMs, blockMs: config.network.blockMs, log },
    onFailure: (error) => {
      health.failed(describeError(error).code);
    },
    onReconnect: async (head) => {
      await client.assertChain();
      await nextBlock.probe(head);
    },
  });
}
