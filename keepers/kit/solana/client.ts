/** The connection to one Solana cluster: JSON-RPC in batches behind a retry budget, with errors that say whether trying again can help. */
import { z } from "zod";

import { PermanentError, RetryableError } from "../../../protocol/errors.js";
import { isBusyCode } from "../../../protocol/solana/rpc.js";
import { backoffMs, pause, RetryBudget } from "../retry.js";

export interface SolanaClientOptions {
  readonly url: string;
  readonly timeoutMs: number;
  /** Repeats of a request after a transport failure; sending bytes is never repeated here. */
  readonly retries: number;
  readonly onRetry?: (method: string, attempt: number, reason: string) => void;
}

export interface SolanaCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What a node answered to one call of a batch. */
export type SolanaAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: number; readonly message: string; readonly data?: unknown };

const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 2_000;
const BUDGET_CAPACITY = 20;
const BUDGET_PER_SECOND = 2;

/** Integers above 2^53 fail here instead of being rounded. */
const answerSchema = z.union([
  z.object({ id: z.int(), result: z.unknown() }),
  z.object({ id: z.int(), error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }) }),
]);

export class SolanaClient {
  private readonly budget = new RetryBudget(BUDGET_CAPACITY, BUDGET_PER_SECOND);

  constructor(private readonly options: SolanaClientOptions) {}

  /** The address without user name, path and query, in which providers keep their keys. */
  get shownUrl(): string {
    const { protocol, host } = new URL(this.options.url);
    return `${protocol}//${host}`;
  }

  /**
   * One HTTP request for all calls; answers in their order. @throws RetryableError RPC_UNREACHABLE when nobody answered, or the node
   * asked for patience; PermanentError RPC_MALFORMED.
   */
  async batch(calls: readonly SolanaCall[], retries = this.options.retries): Promise<readonly SolanaAnswer[]> {
    const method = calls[0]?.method ?? "batch";
    for (let attempt = 1; ; attempt += 1) {
      let reason: string;
      let cause: unknown;
      try {
        const answers = await this.post(calls);
        const busy = answers.find((answer) => !answer.ok && isBusyCode(answer.code));
        if (busy === undefined) return answers;
        reason = "the node asks for patience";
      } catch (error) {
        if (error instanceof PermanentError) throw error;
        reason = transportReason(error);
        cause = error;
      }
      if (attempt > retries || !this.budget.spend()) {
        throw new RetryableError(
          "RPC_UNREACHABLE",
          `${method}: the node at ${this.shownUrl} did not answer (${reason})`,
          "check that the node runs and the address is right",
          { method, reason, attempts: String(attempt) },
          { cause },
        );
      }
      this.options.onRetry?.(method, attempt, reason);
      await pause(backoffMs(attempt, RETRY_BASE_MS, RETRY_MAX_MS));
    }
  }

  /** One call whose answer has a shape. @throws as `batch`; PermanentError RPC_REFUSED when the node said no. */
  async request<T>(method: string, params: readonly unknown[], shape: z.ZodType<T>): Promise<T> {
    const [answer] = await this.batch([{ method, params }]);
    return this.read(method, answer, shape);
  }

  /** The result of one answer. @throws PermanentError RPC_REFUSED, RPC_MALFORMED. */
  read<T>(method: string, answer: SolanaAnswer | undefined, shape: z.ZodType<T>): T {
    if (answer?.ok === false) {
      throw new PermanentError(
        "RPC_REFUSED",
        `${method}: the node at ${this.shownUrl} said ${answer.message}`,
        undefined,
        {
          method,
          code: String(answer.code),
        },
      );
    }
    const parsed = shape.safeParse(answer?.result);
    if (!parsed.success) throw this.malformed(method);
    return parsed.data;
  }

  private async post(calls: readonly SolanaCall[]): Promise<readonly SolanaAnswer[]> {
    const response = await fetch(this.options.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(calls.map((call, id) => ({ jsonrpc: "2.0", id, ...call }))),
      signal: AbortSignal.timeout(this.options.timeoutMs),
    });
    if (!response.ok) throw new Error(`HTTP ${String(response.status)}`);
    const parsed = z.array(answerSchema).safeParse(await response.json());
    if (!parsed.success) throw this.malformed(calls[0]?.method ?? "batch");
    const byId = new Map(parsed.data.map((answer) => [answer.id, answer]));
    return calls.map(({ method }, id): SolanaAnswer => {
      const answer = byId.get(id);
      if (answer === undefined) throw this.malformed(method);
      return "error" in answer ? { ok: false, ...answer.error } : { ok: true, result: answer.result };
    });
  }

  private malformed(method: string): PermanentError {
    return new PermanentError(
      "RPC_MALFORMED",
      `the node at ${this.shownUrl} answered ${method} with something that is not an answer to it`,
      "check that the address is a JSON-RPC endpoint of a Solana cluster",
      { method },
    );
  }
}

/** A short stable word for a transport failure; never a URL or a body. */
function transportReason(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { cause } = error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return error.name === "TimeoutError" ? "timeout" : error.message.slice(0, 80);
}
