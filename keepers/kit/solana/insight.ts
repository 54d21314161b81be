/** A Solana keeper's insight server, where one is asked for: the same answers as those of the other keepers, about one node. */
import type { ControlRow } from "../../../db/queries/control/rows.js";
import type { Counters } from "../counters.js";
import type { DatabaseState } from "../databaseWatch.js";
import type { Freshness } from "../health.js";
import { serveInsight, type InsightServer } from "../insight/server.js";
import type { LeaseInsight } from "../insight/status.js";
import type { FleetReport } from "../providers/fleet.js";
import type { InFlight } from "../submitter.js";
import type { SolanaConnection } from "./connection.js";
import type { SlotWatcher } from "./slotWatcher.js";

export interface SolanaInsightParts {
  readonly connection: SolanaConnection;
  readonly keeper: string;
  readonly execute: boolean;
  readonly watcher: SlotWatcher;
  readonly health: Freshness;
  readonly counters: Counters;
  /** Who leads; undefined in a dry run. */
  readonly lease: () => LeaseInsight | undefined;
  readonly control?: () => ControlRow | undefined;
  readonly database?: () => DatabaseState | undefined;
  readonly inFlight?: () => readonly InFlight[];
}

/** Called once the gate is passed. @returns undefined while no port is configured. @throws PermanentError INSIGHT_PORT */
export async function openSolanaInsight(parts: SolanaInsightParts): Promise<InsightServer | undefined> {
  const { connection, keeper, execute, watcher, health, counters, lease, control, database, inFlight } = parts;
  const { config, client, log } = connection;
  if (config.httpPort === 0) return undefined;
  return serveInsight(
    {
      ...{ keeper, execute, counters, lease },
      network: config.network.name,
      loops: () => ({ slots: health.report() }),
      head: () => watcher.head,
      gatePassed: () => true,
      control: () => control?.(),
      database: () => database?.(),
      inFlight: () => inFlight?.() ?? [],
      fleet: () => oneNode(client.shownUrl, watcher.away),
    },
    { host: config.httpHost ?? "127.0.0.1", port: config.httpPort },
    log,
  );
}

function oneNode(shown: string, isAway: boolean): FleetReport {
  const providers = [{ shown, quarantined: null }];
  if (!isAway) return { state: "healthy", reasons: [], quorum: 1, providers };
  return { state: "no-quorum", reasons: [`${shown}: unreachable`], quorum: 1, providers };
}
