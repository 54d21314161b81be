/** What a process says about itself, put together when somebody asks. Nothing here can fail or wait: it reads what the parts remember. */
import type { ControlRow } from "../../../db/queries/control/rows.js";
import type { ControlWatch } from "../control/watch.js";
import type { Counters } from "../counters.js";
import type { DatabaseState } from "../databaseWatch.js";
import type { HealthReport } from "../health.js";
import type { Lease } from "../lease.js";
import type { FleetReport } from "../providers/fleet.js";
import type { InFlight } from "../submitter.js";

/** The parts of a process, each as a question. */
export interface InsightSources {
  readonly keeper: string;
  readonly network: string;
  readonly execute: boolean;
  /** Each loop with the age of its last success. */
  readonly loops: () => Readonly<Record<string, HealthReport>>;
  /** Newest block that any node has told. */
  readonly head: () => number | undefined;
  readonly gatePassed: () => boolean;
  /** undefined: needs none (a dry run). `owner` is this process; held: it leads. known: the database has said who leads. */
  readonly lease: () => LeaseInsight | undefined;
  readonly control: () => ControlRow | undefined;
  /** undefined: needs none. */
  readonly database: () => DatabaseState | undefined;
  readonly inFlight: () => readonly InFlight[];
  readonly fleet: () => FleetReport;
  readonly counters: Counters;
}

export interface LeaseInsight {
  readonly known: boolean;
  readonly held: boolean;
  readonly owner: string;
  readonly fence: bigint | undefined;
}

/** Who leads, as a process knows it that works with a lease; undefined for one that needs none (a dry run). */
export function leaseInsight(
  runtime: { readonly lease: Lease; readonly control: ControlWatch } | undefined,
): LeaseInsight | undefined {
  if (runtime === undefined) return undefined;
  const { lease, control } = runtime;
  const known = lease.claimed || control.known;
  return { known, held: lease.held !== undefined, owner: lease.owner, fence: lease.held?.fence };
}

export type LoopState = "healthy" | "failing" | "stale";

export interface LoopStatus {
  readonly state: LoopState;
  readonly reason: string | null;
  /** RFC 3339; of the last success, or of the start when there was none. */
  readonly lastSuccess: string;
  readonly ageSeconds: number;
  readonly limitSeconds: number;
  readonly height: number | null;
  readonly lagBlocks: number | null;
}

export interface ProcessStatus {
  readonly keeper: string;
  readonly network: string;
  readonly execute: boolean;
  readonly ready: boolean;
  /** Why not; stable words. */
  readonly notReady: readonly string[];
  readonly loops: Readonly<Record<string, LoopStatus>>;
  readonly lease: { readonly held: boolean; readonly owner: string; readonly fence: string | null } | null;
  readonly control: {
    readonly state: string;
    readonly reason: string;
    readonly actor: string;
    readonly cause: string;
  } | null;
  /** null: needs none. */
  readonly database: DatabaseState | null;
  readonly inFlight: { readonly count: number; readonly oldestBlocks: number };
  readonly nodes: { readonly state: string; readonly reasons: readonly string[] };
}

export function statusOf(sources: InsightSources, nowMs: number = Date.now()): ProcessStatus {
  const head = sources.head();
  const loops = Object.fromEntries(
    Object.entries(sources.loops()).map(([name, report]) => [name, loopStatus(report, head, nowMs)]),
  );
  const lease = sources.lease();
  const control = sources.control();
  const inFlight = sources.inFlight();
  const oldest = Math.min(...inFlight.map(({ sinceBlock }) => sinceBlock));
  const { state, reasons } = sources.fleet();
  const notReady = [
    ...(sources.gatePassed() ? [] : ["gate"]),
    ...Object.entries(loops).flatMap(([name, { state: is, height }]) =>
      is === "stale" || height === null ? [`loop:${name}`] : [],
    ),
    ...(lease === undefined || lease.known ? [] : ["lease"]),
  ];
  return {
    keeper: sources.keeper,
    network: sources.network,
    execute: sources.execute,
    ready: notReady.length === 0,
    notReady,
    loops,
    lease:
      lease === undefined ? null : { held: lease.held, owner: lease.owner, fence: lease.fence?.toString() ?? null },
    control:
      control === undefined
        ? null
        : { state: control.state, reason: control.reason, actor: control.actor, cause: control.cause },
    database: sources.database() ?? null,
    inFlight: {
      count: inFlight.length,
      oldestBlocks: inFlight.length === 0 || head === undefined ? 0 : Math.max(0, head - oldest),
    },
    nodes: { state, reasons },
  };
}

function loopStatus(report: HealthReport, head: number | undefined, nowMs: number): LoopStatus {
  const { healthy, ageSeconds, limitSeconds, lastBlock, lastError } = report;
  return {
    state: !healthy ? "stale" : lastError === undefined ? "healthy" : "failing",
    reason: lastError ?? (healthy ? null : "no success within the limit"),
    lastSuccess: new Date(nowMs - ageSeconds * 1000).toISOString(),
    ageSeconds,
    limitSeconds,
    height: lastBlock ?? null,
    lagBlocks: head === undefined || lastBlock === undefined ? null : Math.max(0, head - lastBlock),
  };
}
