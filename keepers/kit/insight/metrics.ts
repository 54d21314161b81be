/** Metrics for Prometheus. Names are an operator's vocabulary: add, never rename. The table in docs/keeper-runtime.md is made of this. */
import { Counter, Gauge, Registry } from "prom-client";

import type { Counters } from "../counters.js";
import type { ProcessStatus } from "./status.js";

interface MetricDeclaration {
  readonly kind: "gauge" | "counter";
  readonly labels: readonly string[];
  readonly help: string;
}

export const METRICS = {
  keeper_ready: {
    kind: "gauge",
    labels: [],
    help: "1 when the gate is passed, every loop has caught up and the lease is known.",
  },
  keeper_loop_age_seconds: { kind: "gauge", labels: ["loop"], help: "Seconds since the last successful unit of work." },
  keeper_loop_limit_seconds: { kind: "gauge", labels: ["loop"], help: "Age from which the loop counts as stale." },
  keeper_loop_height: { kind: "gauge", labels: ["loop"], help: "Block of the last successful unit of work." },
  keeper_loop_lag_blocks: { kind: "gauge", labels: ["loop"], help: "Blocks between that and the newest head." },
  keeper_control_state: {
    kind: "gauge",
    labels: ["state"],
    help: "1 for the state that holds: run, pause, drain or kill.",
  },
  keeper_lease_held: { kind: "gauge", labels: [], help: "1 while this process leads." },
  keeper_lease_fence: {
    kind: "gauge",
    labels: [],
    help: "Fence of the lease while it is held: grows with every change of hands.",
  },
  keeper_database_state: {
    kind: "gauge",
    labels: ["state"],
    help: "1 for the state that holds: healthy or degraded.",
  },
  keeper_in_flight: { kind: "gauge", labels: [], help: "Transactions that are not settled." },
  keeper_in_flight_oldest_blocks: { kind: "gauge", labels: [], help: "Blocks since the oldest of them was decided." },
  keeper_nodes_state: {
    kind: "gauge",
    labels: ["state"],
    help: "1 for the state that holds: healthy, degraded or no-quorum.",
  },
  keeper_events_total: {
    kind: "counter",
    labels: ["event"],
    help: "What happened, by the names of the log and of the skips: plans.sent, skip.inside-band, settled.mined, …",
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>;

type MetricName = keyof typeof METRICS;

const STATES = {
  control: ["run", "pause", "drain", "kill"],
  nodes: ["healthy", "degraded", "no-quorum"],
  database: ["healthy", "degraded"],
} as const;

export class KeeperMetrics {
  private readonly registry = new Registry();
  private readonly gauges = new Map<MetricName, Gauge>();
  private readonly events: Counter;

  constructor(keeper: string, network: string) {
    this.registry.setDefaultLabels({ keeper, network });
    for (const [name, { kind, labels, help }] of Object.entries(METRICS) as [MetricName, MetricDeclaration][]) {
      if (kind === "gauge") {
        this.gauges.set(name, new Gauge({ name, help, labelNames: [...labels], registers: [this.registry] }));
      }
    }
    const { help, labels } = METRICS.keeper_events_total;
    this.events = new Counter({
      name: "keeper_events_total",
      help,
      labelNames: [...labels],
      registers: [this.registry],
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text of a scrape. */
  async text(status: ProcessStatus, counters: Counters): Promise<string> {
    for (const gauge of this.gauges.values()) gauge.reset();
    this.set("keeper_ready", status.ready ? 1 : 0);
    for (const [loop, { ageSeconds, limitSeconds, height, lagBlocks }] of Object.entries(status.loops)) {
      this.set("keeper_loop_age_seconds", ageSeconds, { loop });
      this.set("keeper_loop_limit_seconds", limitSeconds, { loop });
      if (height !== null) this.set("keeper_loop_height", height, { loop });
      if (lagBlocks !== null) this.set("keeper_loop_lag_blocks", lagBlocks, { loop });
    }
    for (const state of STATES.control) {
      this.set("keeper_control_state", status.control?.state === state ? 1 : 0, { state });
    }
    for (const state of STATES.nodes) this.set("keeper_nodes_state", status.nodes.state === state ? 1 : 0, { state });
    for (const state of STATES.database) {
      this.set("keeper_database_state", status.database?.state === state ? 1 : 0, { state });
    }
    this.set("keeper_lease_held", status.lease?.held === true ? 1 : 0);
    this.set("keeper_lease_fence", Number(status.lease?.fence ?? 0));
    this.set("keeper_in_flight", status.inFlight.count);
    this.set("keeper_in_flight_oldest_blocks", status.inFlight.oldestBlocks);
    this.events.reset();
    for (const [event, count] of Object.entries(counters.withPrefix(""))) this.events.inc({ event }, count);
    return this.registry.metrics();
  }

  private set(name: MetricName, value: number, labels: Readonly<Record<string, string>> = {}): void {
    this.gauges.get(name)?.set({ ...labels }, value);
  }
}

/** The table of the documentation. */
export function metricsTable(): string {
  const rows = Object.entries(METRICS).map(
    ([name, { kind, labels, help }]) => `| \`${name}\` | ${kind} | ${labels.join(", ") || "–"} | ${help} |`,
  );
  return ["| Name | Kind | Labels | Meaning |", "|---|---|---|---|", ...rows].join("\n");
}
