/** Several nodes as one for cheap reads: the first that may be asked answers, the next when it does not, inside one retry budget. */
import { PermanentError, RetryableError } from "../../../protocol/errors.js";
import { backoffMs, pause, RetryBudget } from "../retry.js";
import type { Endpoint } from "./endpoint.js";
import { TransportFailure } from "./failure.js";
import type { RpcAnswer, RpcRequest } from "./transport.js";

const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 2_000;
/** Repeats of all requests together: a burst of 20, then two a second. */
const BUDGET_CAPACITY = 20;
const BUDGET_PER_SECOND = 2;

export interface PoolOptions {
  /** Repeats of one request after a failure, beside one attempt at each further node. */
  readonly retries: number;
  readonly onRetry?: ((method: string, attempt: number, reason: string) => void) | undefined;
}

/** One question: what to ask of a node, and what its answers mean. */
export interface Question<T> {
  readonly method: string;
  /** What is asked may depend on what the node can do. */
  readonly requests: (endpoint: Endpoint) => readonly RpcRequest[] | Promise<readonly RpcRequest[]>;
  /** @throws TransportFailure `malformed` when the answers are not what was asked for. */
  readonly read: (answers: readonly RpcAnswer[], endpoint: Endpoint) => T | Promise<T>;
}

export class ProviderPool {
  private readonly budget = new RetryBudget(BUDGET_CAPACITY, BUDGET_PER_SECOND);

  constructor(
    readonly endpoints: readonly Endpoint[],
    private readonly options: PoolOptions,
  ) {}

  /** The node that is asked next. */
  get preferred(): Endpoint {
    return this.pick(new Set());
  }

  /** Nodes that may be believed together, in configured order. */
  get usable(): readonly Endpoint[] {
    return this.endpoints.filter(({ quarantine }) => quarantine.reason === undefined);
  }

  /** @throws RetryableError RPC_UNREACHABLE when nobody answered; PermanentError RPC_MALFORMED when everybody answered nonsense. */
  async ask<T>({ method, requests, read }: Question<T>): Promise<T> {
    const tried = new Set<Endpoint>();
    const attempts = Math.max(1 + this.options.retries, this.endpoints.length);
    for (let attempt = 1; ; attempt += 1) {
      const endpoint = this.pick(tried);
      let failure: TransportFailure;
      try {
        const asked = await requests(endpoint);
        const value = await understood(endpoint, read, await endpoint.ask(asked));
        endpoint.quarantine.good();
        return value;
      } catch (error) {
        if (!(error instanceof TransportFailure)) throw error;
        failure = error;
      }
      tried.add(endpoint);
      const fresh = this.endpoints.some((other) => !tried.has(other) && !other.quarantine.lied);
      // Nonsense from the only node that is left is no outage: waiting does not turn it into a node.
      if (failure instanceof Misunderstood && !fresh) throw notANode(method, endpoint);
      if (attempt >= attempts || !this.budget.spend()) throw unreachable(method, endpoint, failure, attempt);
      this.options.onRetry?.(method, attempt, failure.reason);
      if (!fresh) await pause(backoffMs(attempt, RETRY_BASE_MS, RETRY_MAX_MS));
    }
  }

  close(): void {
    for (const endpoint of this.endpoints) endpoint.close();
  }

  /** Usable before resting, untried before tried, in configured order. One that lied is asked only when nobody else is there. */
  private pick(tried: ReadonlySet<Endpoint>): Endpoint {
    const rank = (endpoint: Endpoint): number =>
      (endpoint.quarantine.lied ? 4 : endpoint.quarantine.reason === undefined ? 0 : 1) + (tried.has(endpoint) ? 2 : 0);
    const [first, ...others] = this.endpoints;
    if (first === undefined) throw new Error("a pool needs a node");
    return others.reduce((best, endpoint) => (rank(endpoint) < rank(best) ? endpoint : best), first);
  }
}

/** The node spoke JSON-RPC, but not about what was asked. */
class Misunderstood extends TransportFailure {}

async function understood<T>(endpoint: Endpoint, read: Question<T>["read"], answers: readonly RpcAnswer[]): Promise<T> {
  try {
    return await read(answers, endpoint);
  } catch (error) {
    // What a further question did not bring is noted where it was asked.
    if (!(error instanceof TransportFailure) || (error.reason !== "malformed" && error.reason !== "unknown-block"))
      throw error;
    endpoint.quarantine.fault(error.reason);
    throw error.reason === "malformed" ? new Misunderstood(error.reason) : error;
  }
}

function notANode(method: string, { shown }: Endpoint): PermanentError {
  return new PermanentError(
    "RPC_MALFORMED",
    `the node at ${shown} answered ${method} with something else than asked for`,
    "check that the address is a JSON-RPC endpoint of the chain",
  );
}

function unreachable(method: string, { shown }: Endpoint, failure: TransportFailure, attempts: number): RetryableError {
  return new RetryableError(
    "RPC_UNREACHABLE",
    `${method}: the node at ${shown} did not answer (${failure.message})`,
    "check that the node runs and the address is right",
    { method, reason: failure.reason, attempts: String(attempts) },
    { cause: failure },
  );
}
