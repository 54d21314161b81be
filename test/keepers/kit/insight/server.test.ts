import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { Counters } from "../../../../keepers/kit/counters.js";
import { Freshness } from "../../../../keepers/kit/health.js";
import { METRICS } from "../../../../keepers/kit/insight/metrics.js";
import { serveInsight, type InsightServer } from "../../../../keepers/kit/insight/server.js";
import type { InsightSources, LeaseInsight } from "../../../../keepers/kit/insight/status.js";
import { withMetrics } from "../../../../keepers/settingTables.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { codeOf } from "../../../helpers/rejection.js";

/** A process whose parts are this test. */
class Scene {
  nowMs = 1_000_000;
  head: number | undefined = 100;
  gate = true;
  lease: LeaseInsight | undefined = { known: true, held: true, owner: "me", fence: 7n };
  readonly ticks = new Freshness(30, () => this.nowMs);
  readonly counters = new Counters();
  readonly sources: InsightSources = {
    keeper: "role",
    network: "localhost",
    execute: true,
    loops: () => ({ ticks: this.ticks.report() }),
    head: () => this.head,
    gatePassed: () => this.gate,
    lease: () => this.lease,
    control: () => ({
      state: "pause",
      reason: "by hand",
      actor: "a@b",
      cause: "operator",
      changedAt: new Date(0),
    }),
    database: () => ({ state: "degraded", reason: "DB_STORAGE" }),
    inFlight: () => [
      { key: "a", nonce: 1, hashes: ["0x01"], sinceBlock: 98 },
      { key: "b", nonce: 2, hashes: [], sinceBlock: 95 },
    ],
    fleet: () => ({ state: "degraded", reasons: ["node-1: head-stale"], quorum: 2, providers: [] }),
    counters: this.counters,
  };
}

describe("keepers/kit/insight/server", () => {
  let scene: Scene;
  let server: InsightServer;

  beforeEach(async () => {
    scene = new Scene();
    server = await serveInsight(scene.sources, { host: "127.0.0.1", port: 0 }, capturedLog().log);
  });
  afterEach(() => server.close());

  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${String(server.port)}${path}`, init).then(async (response) => ({
      status: response.status,
      text: await response.text(),
    }));
  const ready = async () => {
    const { status, text } = await get("/ready");
    return [status, (JSON.parse(text) as { notReady: string[] }).notReady];
  };

  it("is ready only when the gate is passed, every loop has caught up and the lease is known", async () => {
    expect(await ready()).to.deep.equal([503, ["loop:ticks"]]);
    scene.ticks.succeeded(100);
    expect(await ready()).to.deep.equal([200, []]);
    scene.nowMs += 30_001;
    expect(await ready()).to.deep.equal([503, ["loop:ticks"]]);
    scene.ticks.succeeded(101);
    scene.gate = false;
    scene.lease = { known: false, held: false, owner: "me", fence: undefined };
    expect(await ready()).to.deep.equal([503, ["gate", "lease"]]);
    scene.gate = true;
    scene.lease = { known: true, held: false, owner: "me", fence: undefined };
    expect(await ready()).to.deep.equal([200, []]);
    scene.lease = undefined;
    expect(await ready()).to.deep.equal([200, []]);
    expect((await get("/health")).status).to.equal(200);
  });

  it("says per loop when it last worked, where, how far behind and why not", async () => {
    scene.ticks.succeeded(97);
    scene.nowMs += 5_000;
    scene.ticks.failed("RPC_UNREACHABLE");
    const status = JSON.parse((await get("/status")).text) as Record<string, unknown>;
    expect((status["loops"] as Record<string, object>)["ticks"]).to.deep.include({
      state: "failing",
      reason: "RPC_UNREACHABLE",
      ageSeconds: 5,
      limitSeconds: 30,
      height: 97,
      lagBlocks: 3,
    });
    expect(status).to.deep.include({
      lease: { held: true, owner: "me", fence: "7" },
      control: { state: "pause", reason: "by hand", actor: "a@b", cause: "operator" },
      inFlight: { count: 2, oldestBlocks: 5 },
      database: { state: "degraded", reason: "DB_STORAGE" },
      nodes: { state: "degraded", reasons: ["node-1: head-stale"] },
    });
  });

  it("gives Prometheus exactly the documented names, twice the same counts", async () => {
    scene.ticks.succeeded(97);
    scene.counters.add("skip.inside-band", 3);
    const first = (await get("/metrics")).text;
    const { text } = await get("/metrics");
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name ?? ""} ${kind ?? ""}`);
    expect(names.sort()).to.deep.equal(
      Object.entries(METRICS)
        .map(([name, { kind }]) => `${name} ${kind}`)
        .sort(),
    );
    const own = `keeper="role",network="localhost"`;
    for (const line of [
      `keeper_events_total{event="skip.inside-band",${own}} 3`,
      `keeper_control_state{state="pause",${own}} 1`,
      `keeper_control_state{state="run",${own}} 0`,
      `keeper_database_state{state="degraded",${own}} 1`,
      `keeper_database_state{state="healthy",${own}} 0`,
      `keeper_loop_lag_blocks{loop="ticks",${own}} 3`,
      `keeper_lease_fence{${own}} 7`,
      `keeper_in_flight{${own}} 2`,
    ]) {
      expect(text.split("\n")).to.include(line);
      expect(first.split("\n")).to.include(line);
    }
  });

  it("answers reads of four paths and nothing else", async () => {
    expect((await get("/secrets")).status).to.equal(404);
    expect((await get("/status", { method: "POST", body: "x" })).status).to.equal(405);
    expect((await get("/status?pretty=1")).status).to.equal(200);
  });

  it("names a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const taken = serveInsight(scene.sources, { host: "127.0.0.1", port }, capturedLog().log);
    expect(await codeOf(taken)).to.equal("INSIGHT_PORT");
    other.close();
  });

  it("has its metrics in docs/keeper-runtime.md; npm run generate writes them anew", () => {
    const text = readFileSync(new URL("../../../../docs/keeper-runtime.md", import.meta.url), "utf8");
    const cells = (table: string) => table.split("\n").map((line) => line.replaceAll(/ +/g, "").replaceAll(/-+/g, "-"));
    expect(cells(withMetrics(text))).to.deep.equal(cells(text));
  });
});
