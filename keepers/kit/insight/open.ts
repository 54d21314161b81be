/** A keeper's insight server, where one is asked for. */
import type { ChainConnection } from "../chain.js";
import type { Counters } from "../counters.js";
import type { Freshness } from "../health.js";
import type { Runtime } from "../runtime.js";
import type { Submitter } from "../submitter.js";
import { serveInsight, type InsightServer } from "./server.js";
import { leaseInsight } from "./status.js";

export interface InsightParts {
  readonly connection: ChainConnection;
  readonly keeper: string;
  readonly execute: boolean;
  /** undefined in a dry run. */
  readonly runtime: Runtime | undefined;
  readonly submitter: Submitter;
  readonly health: Freshness;
  readonly counters: Counters;
  /** Newest block seen. */
  readonly head: () => number | undefined;
}

/** Called once the gate is passed. @returns undefined while no port is configured. @throws PermanentError INSIGHT_PORT */
export async function openInsight(parts: InsightParts): Promise<InsightServer | undefined> {
  const { connection, runtime, submitter, health } = parts;
  const { config, client, log } = connection;
  if (config.httpPort === 0) return undefined;
  const { keeper, execute, counters, head } = parts;
  return serveInsight(
    {
      ...{ keeper, execute, counters, head },
      network: config.network.name,
      loops: () => ({ blocks: health.report() }),
      gatePassed: () => true,
      lease: () => leaseInsight(runtime),
      control: () => runtime?.control.last,
      database: () => runtime?.database(),
      inFlight: () => submitter.pending(),
      fleet: () => client.fleet.report(),
    },
    { host: config.httpHost ?? "127.0.0.1", port: config.httpPort },
    log,
  );
}
