/** One node: its connection, what is known about it, and answers matched to questions. */
import { z } from "zod";

import type { NodeAddress } from "./address.js";
import { TransportFailure } from "./failure.js";
import { Quarantine, type QuarantineRules } from "./quarantine.js";
import { openTransport, type RpcAnswer, type RpcRequest, type Transport, type TransportLimits } from "./transport.js";

const answerSchema = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
});
/** JSON-RPC codes with which nodes ask for patience (EIP-1474 "limit exceeded" and its HTTP cousin). */
const BUSY_CODES = new Set([-32005, 429]);

export class Endpoint {
  readonly shown: string;
  readonly quarantine: Quarantine;
  /** How it answers for the next block (../nextBlock.ts); undefined until asked. */
  nextBlockMode: "override" | "pending" | "latest" | undefined;
  /** Whether it takes a block's hash in place of its height; undefined until asked. */
  pinsByHash: boolean | undefined;
  private readonly transport: Transport;
  /** Some nodes refuse batches; they are then asked one by one. */
  private batches = true;

  constructor(address: NodeAddress, limits: TransportLimits, rules?: QuarantineRules) {
    this.shown = address.shown;
    this.transport = openTransport(address, limits);
    this.quarantine = new Quarantine(rules);
  }

  /**
   * Asks one request, or several at once in one exchange. Notes what a failure says about the node; that an answer is good is for the
   * caller to say, who knows what it should be. @throws TransportFailure
   */
  async ask(requests: readonly RpcRequest[]): Promise<readonly RpcAnswer[]> {
    try {
      const answers = this.batches || requests.length < 2 ? await this.once(requests) : await this.oneByOne(requests);
      if (answers.some((answer) => "error" in answer && BUSY_CODES.has(answer.error.code))) {
        throw new TransportFailure("throttled", "the node asks for patience");
      }
      return answers;
    } catch (error) {
      const failure = error instanceof TransportFailure ? error : new TransportFailure("unreachable");
      this.quarantine.fault(failure.reason);
      throw failure;
    }
  }

  close(): void {
    this.transport.close();
  }

  private async once(requests: readonly RpcRequest[]): Promise<readonly RpcAnswer[]> {
    const [only] = requests;
    if (requests.length === 1 && only !== undefined) {
      return [matched(0, await this.transport.exchange({ jsonrpc: "2.0", id: 0, ...only }))];
    }
    const payload = requests.map((request, id) => ({ jsonrpc: "2.0", id, ...request }));
    const body = await this.transport.exchange(payload);
    if (!Array.isArray(body)) {
      if (typeof body !== "object" || body === null || !("error" in body)) throw new TransportFailure("malformed");
      this.batches = false;
      return this.oneByOne(requests);
    }
    if (body.length !== requests.length) throw new TransportFailure("malformed", "answers missing");
    const byId = new Map((body as unknown[]).map((answer) => [idOf(answer), answer]));
    return requests.map((_, id) => matched(id, byId.get(id)));
  }

  private async oneByOne(requests: readonly RpcRequest[]): Promise<readonly RpcAnswer[]> {
    const answers: RpcAnswer[] = [];
    for (const request of requests) answers.push(...(await this.once([request])));
    return answers;
  }
}

function idOf(answer: unknown): unknown {
  return typeof answer === "object" && answer !== null && "id" in answer ? answer.id : undefined;
}

/** @throws TransportFailure malformed */
function matched(id: number, body: unknown): RpcAnswer {
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success || parsed.data.id !== id) throw new TransportFailure("malformed");
  const { error } = parsed.data;
  if (error !== undefined) {
    const { code, message } = error;
    return { error: error.data === undefined ? { code, message } : { code, message, data: error.data } };
  }
  if (typeof body !== "object" || body === null || !("result" in body)) throw new TransportFailure("malformed");
  return { result: parsed.data.result };
}
