/** JSON-RPC over HTTP, in batches: the indexer's own small client, because the keepers' belongs to processes that hold keys. */
import { z } from "zod";

import { RetryableError } from "../../protocol/errors.js";

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface RpcOptions {
  readonly url: string;
  readonly timeoutMs?: number;
  /** Calls per HTTP request; providers refuse large batches. */
  readonly batchSize?: number;
}

/** Codes with which nodes say that they do not have a method: JSON-RPC's own, EIP-1474's. */
const NO_METHOD = new Set([-32601, -32004]);

const answerSchema = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
type Answer = z.infer<typeof answerSchema>;

export class JsonRpc {
  readonly name: string;

  constructor(private readonly options: RpcOptions) {
    this.name = new URL(options.url).host;
  }

  /** Results in the order of the calls. @throws RetryableError SOURCE_UNREACHABLE, SOURCE_REFUSED, SOURCE_NO_METHOD. */
  async call(calls: readonly RpcCall[]): Promise<unknown[]> {
    const size = this.options.batchSize ?? 100;
    const results: unknown[] = [];
    for (let at = 0; at < calls.length; at += size) results.push(...(await this.batch(calls.slice(at, at + size))));
    return results;
  }

  private async batch(calls: readonly RpcCall[]): Promise<unknown[]> {
    const body = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
    const text = await this.post(JSON.stringify(body.length === 1 ? body[0] : body));
    const parsed = z.array(answerSchema).safeParse(Array.isArray(text) ? text : [text]);
    if (!parsed.success) throw this.failure("SOURCE_UNREACHABLE", "the answer is not JSON-RPC");
    const answers = new Map<number, Answer>(parsed.data.map((answer) => [answer.id, answer]));
    return calls.map(({ method }, id) => {
      const answer = answers.get(id);
      if (answer === undefined) throw this.failure("SOURCE_UNREACHABLE", `${method} was left without an answer`);
      if (answer.error === undefined) return answer.result;
      const code = NO_METHOD.has(answer.error.code) ? "SOURCE_NO_METHOD" : "SOURCE_REFUSED";
      throw this.failure(code, `${method}: error ${String(answer.error.code)}`);
    });
  }

  private async post(body: string): Promise<unknown> {
    try {
      const response = await fetch(this.options.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(this.options.timeoutMs ?? 10_000),
      });
      if (!response.ok) throw this.failure("SOURCE_UNREACHABLE", `HTTP ${String(response.status)}`);
      return await response.json();
    } catch (error) {
      if (error instanceof RetryableError) throw error;
      throw this.failure("SOURCE_UNREACHABLE", error instanceof Error ? error.name : "unknown");
    }
  }

  private failure(code: string, reason: string): RetryableError {
    return new RetryableError(code, `${this.name}: ${reason}`, "check the node, or name another one", {
      source: this.name,
      reason,
    });
  }
}
