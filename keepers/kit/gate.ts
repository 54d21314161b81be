/** The gate at the start of a keeper: what is wrong ends the start, a network that is down is waited for. */
import { CantileverError, RetryableError } from "../../protocol/errors.js";
import { requireGate } from "./checks.js";
import type { Check } from "./doctor.js";
import type { KeeperLog } from "./logger.js";
import { pause } from "./retry.js";

/** Between two attempts to reach a network that is down at the start: so many looks at a head. */
const RETRY_POLLS = 25;

/** What is told before an attempt is made again. */
export interface WaitParts {
  readonly config: { readonly pollMs: number };
  readonly log: KeeperLog;
}

/** A check of the gate failed. */
export function isGateFailure(error: unknown): error is CantileverError {
  return error instanceof CantileverError && error.code === "GATE_FAILED";
}

/** Nobody answers for the network now. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof RetryableError) return true;
  return isGateFailure(error) && error.details["checks"]?.split(",").includes("rpc") === true;
}

/** Waits before a network that is down is tried again. */
export async function waitForNetwork({ config, log }: WaitParts, signal: AbortSignal): Promise<void> {
  const retryMs = config.pollMs * RETRY_POLLS;
  log.warn("network.waiting", { retryMs });
  await pause(retryMs, signal);
}

/**
 * Passes the gate of every connection, one after another, and waits for those that are down; `once` does not wait.
 * @returns false when the signal came first. @throws PermanentError GATE_FAILED, and what `examine` throws.
 */
export async function passGates<C extends WaitParts>(
  connections: readonly C[],
  gate: ReadonlySet<string>,
  examine: (connection: C) => Promise<readonly Check[]>,
  { once, signal }: { readonly once: boolean; readonly signal: AbortSignal },
): Promise<boolean> {
  for (const connection of connections) {
    for (;;) {
      try {
        requireGate(await examine(connection), gate, connection.log);
        break;
      } catch (error) {
        if (!isUnreachable(error) || once) throw error;
        await waitForNetwork(connection, signal);
        if (signal.aborted) return false;
      }
    }
  }
  return true;
}
