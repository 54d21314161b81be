/** `/health`, `/ready`, `/status` and `/metrics` of one process. Tells, takes no orders, and shows no secret. */
import { sendJson, serveReads, type Served } from "../http/serve.js";
import type { KeeperLog } from "../logger.js";
import { KeeperMetrics } from "./metrics.js";
import { statusOf, type InsightSources } from "./status.js";

export type InsightServer = Served;

export interface InsightAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** @throws PermanentError INSIGHT_PORT when the port cannot be had. */
export function serveInsight(
  sources: InsightSources,
  { host, port }: InsightAddress,
  log: KeeperLog,
): Promise<InsightServer> {
  const metrics = new KeeperMetrics(sources.keeper, sources.network);
  return serveReads(
    {
      ...{ name: "insight", host, port, failure: { status: 500, error: "failed" } },
      taken: { code: "INSIGHT_PORT", setting: "KEEPER_HTTP_PORT" },
    },
    async ({ pathname }, response) => {
      switch (pathname) {
        case "/health":
          sendJson(response, 200, { ok: true });
          return;
        case "/ready": {
          const { ready, notReady } = statusOf(sources);
          sendJson(response, ready ? 200 : 503, { ready, notReady });
          return;
        }
        case "/status":
          sendJson(response, 200, statusOf(sources));
          return;
        case "/metrics":
          response
            .writeHead(200, { "content-type": metrics.contentType })
            .end(await metrics.text(statusOf(sources), sources.counters));
          return;
        default:
          sendJson(response, 404, { error: "not-found", paths: ["/health", "/ready", "/status", "/metrics"] });
      }
    },
    log,
  );
}
