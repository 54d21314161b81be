/**
 * The keeper with somebody else's hand on the clock: what finds, decides, redeems and settles, with outbox, books, policy and audit log, for a
 * chain of this machine whose blocks are made one by one. What else `run` puts together is left out: it claims no bounties, mints no TBTC, buys no
 * ether (and so holds no token back for that) and has no key for children of Bitcoin payments; nor does it watch for new blocks, check anything
 * at start-up, or write status file and metrics.
 */
import { setTimeout as rest } from "node:timers/promises";

import { openDatabase } from "../../db/open.js";
import { PermanentError, RetryableError } from "../../protocol/errors.js";
import { Counters } from "../kit/counters.js";
import type { Env } from "../kit/env.js";
import { accountNames } from "../kit/pnl/postings.js";
import { openRuntime } from "../kit/runtime.js";
import { failedCondition } from "./condition.js";
import { compilePolicy, connect, openSite } from "./connect.js";
import { redeemerEncoder } from "./encode.js";
import { redeemerGuard } from "./guard.js";
import { openTick } from "./openTick.js";
import { KEEPER_NAME } from "./policy.js";
import { RescueStore } from "./store.js";
import type { Watchlist } from "./watchlist.js";

export interface Rehearsal {
  /** Pays and signs; checksummed. */
  readonly account: string;
  readonly mode: string;
  readonly counters: Counters;
  /** Transactions that wait for a block. */
  pending(): number;
  /**
   * All that the keeper does about the newest block. What fails for a reason that may pass is tried again at the same block, as a running keeper
   * does while it is the newest. @throws what the last try throws.
   */
  step(): Promise<void>;
  close(): Promise<void>;
}

const TRIES = 5;
const PAUSE_MS = 1_000;
/** The next block is made when this one is done with: answers are waited for. */
const PATIENCE_MS = 60_000;

/**
 * @param env settings, nodes and database as `run` reads them; the database has all migrations.
 * @param nowMs the chain's clock, by which the keeper rests between two looks.
 * @throws PermanentError REHEARSAL_NOT_LOCAL; what `run` throws before its first block.
 */
export async function openRehearsal(network: string, env: Env, nowMs: () => number): Promise<Rehearsal> {
  const connection = connect(network, env, false);
  const { config, client } = connection;
  const ends: (() => Promise<void> | void)[] = [
    () => {
      client.close();
    },
    () => connection.alerts.close(),
  ];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const signer = await connection.signer();
    if (!config.network.local || signer === undefined) {
      throw new PermanentError("REHEARSAL_NOT_LOCAL", `${network} is no network of this machine, or has no key`);
    }
    const counters = new Counters();
    const site = openSite(connection, counters);
    const policy = compilePolicy(connection, site, signer.address);
    const encode = redeemerEncoder(site);
    const account = signer.address;
    const known: { watchlist?: Watchlist; store?: RescueStore } = {};
    const runtime = await openRuntime({
      ...{ connection, keeper: KEEPER_NAME, signer, policy, encode, env },
      isMember: (_, address) => known.watchlist?.has(address) ?? false,
      guard: redeemerGuard({ client, account, site }),
      conditions: [failedCondition(() => known.store?.failedToday() ?? Promise.resolve(0), config.maxFailedPerDay)],
      names: accountNames({}),
      assetAddress: () => site.token.address,
      valueXauWei: () => undefined,
    });
    ends.push(() => runtime.close());
    const books = await openDatabase({
      databaseUrl: env["DATABASE_URL"],
      ...(config.databaseFolder === undefined ? {} : { folder: config.databaseFolder }),
      role: "keeper_rw",
      applicationName: `cantilever ${KEEPER_NAME} rehearsal`,
    });
    ends.push(() => books.close());
    const { lease, submitter, audit: record } = runtime;
    const chainId = String(client.chainId);
    const store = new RescueStore({
      ...{ db: books.database, role: KEEPER_NAME, chainId, account, protocol: site.name, lease },
    });
    const { tick, watchlist } = openTick({
      ...{ connection, site, policy, encode, account, store, submitter, counters, record, nowMs },
      settlePatienceMs: PATIENCE_MS,
    });
    Object.assign(known, { watchlist, store });
    return {
      ...{ account, mode: config.mode, counters, close },
      pending: () => submitter.pending().length,
      step: async () => {
        for (let left = TRIES; ; left -= 1) {
          try {
            await look();
            return;
          } catch (error) {
            if (left <= 1 || !(error instanceof RetryableError)) throw error;
            counters.add("tried-again");
            await rest(PAUSE_MS);
          }
        }
      },
    };

    async function look(): Promise<void> {
      const head = await client.head();
      await tick.upkeep(head);
      const verdict = await runtime.verdict();
      if (lease.held === undefined) {
        throw new PermanentError("REHEARSAL_NOT_LEADING", "another process holds this keeper's lease");
      }
      if (verdict !== "work") counters.add("held");
      await tick.run(head, verdict === "work");
    }
  } catch (error) {
    await close();
    throw error;
  }
}
