/** What the benchmark and its workers tell each other. */
import type { FaultPoint } from "../../../keepers/kit/outbox/faultPoints.js";

/** Die at the `nth` next passing of a place; with a remote signer where the place needs one. */
export interface Arm {
  readonly arm: FaultPoint;
  readonly nth: number;
  readonly remote: boolean;
}

/** leading: the first care for what is in flight has succeeded under a new lease. */
export type WorkerNews = { readonly kind: "leading" } | { readonly kind: "fatal"; readonly message: string };

/** How a worker is started; every value as text in its environment. */
export interface WorkerSettings {
  readonly databaseUrl: string;
  readonly rpcUrl: string;
  readonly recorder: string;
  readonly leaseMs: number;
}

export const ROLE = "crash";
export const CHAIN_ID = 138;
/** Name of the variable that carries the settings as JSON. */
export const SETTINGS_VARIABLE = "CANTILEVER_CRASH_WORKER";
