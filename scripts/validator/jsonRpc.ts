/** JSON-RPC 2.0 as Solana's nodes speak it: batches, u64 as JSON integers without loss, errors with their codes. */

type Json = unknown;

/** Codes of Solana's nodes (rpc-client-api, `custom_error.rs`) and of JSON-RPC itself. */
export const RPC_CODE = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  blockCleanedUp: -32001,
  preflightFailure: -32002,
  signatureVerification: -32003,
  blockNotAvailable: -32004,
  nodeUnhealthy: -32005,
  slotSkipped: -32007,
  unsupportedTransactionVersion: -32015,
  minContextSlotNotReached: -32016,
} as const;

export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: Json,
  ) {
    super(message);
    this.name = "RpcError";
  }
}

export function invalidParams(what: string): RpcError {
  return new RpcError(RPC_CODE.invalidParams, `Invalid params: ${what}`);
}

/** JavaScript engines keep the text of a number; TypeScript 6 does not know that yet. */
type Reviver = (key: string, value: Json, context: { readonly source?: string }) => Json;
const lossless = JSON as unknown as {
  parse(text: string, reviver: Reviver): Json;
  rawJSON(text: string): Json;
};

/** Integers become `bigint`, so that no u64 loses digits. */
export function parseJson(text: string): Json {
  return lossless.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value,
  );
}

/** The reverse: `bigint` becomes a plain JSON integer, however large. */
export function stringifyJson(value: Json): string {
  return JSON.stringify(value, (_key, inner: Json) =>
    typeof inner === "bigint" ? lossless.rawJSON(String(inner)) : inner,
  );
}

/** One request of a batch, or the only one. */
export interface RpcCall {
  readonly id: Json;
  readonly method: string;
  readonly params: readonly Json[];
}

export type RpcAnswer =
  | { readonly jsonrpc: "2.0"; readonly id: Json; readonly result: Json }
  | { readonly jsonrpc: "2.0"; readonly id: Json; readonly error: { code: number; message: string; data?: Json } };

function failure(id: Json, error: unknown): RpcAnswer {
  if (!(error instanceof RpcError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { jsonrpc: "2.0", id, error: { code: RPC_CODE.internal, message: `Internal error: ${message}` } };
  }
  const { code, message, data } = error;
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

function readCall(value: Json): RpcCall {
  const call = value as Partial<Record<"jsonrpc" | "id" | "method" | "params", Json>> | null;
  if (call?.jsonrpc !== "2.0" || typeof call.method !== "string") {
    throw new RpcError(RPC_CODE.invalidRequest, "Invalid request");
  }
  const params = call.params ?? [];
  if (!Array.isArray(params)) throw invalidParams("expected an array of params");
  return { id: call.id ?? null, method: call.method, params: params as Json[] };
}

/** Most calls of one batch, and characters of its answer. */
const MAX_BATCH = 1_000;
const MAX_BATCH_CHARACTERS = 128 * 1024 * 1024;

/**
 * Answers a request body, single or batch; `answer` may throw an RpcError. Undefined when there is nothing to say: calls without an
 * id want no answer.
 */
export async function answerBody(body: string, answer: (call: RpcCall) => Promise<Json>): Promise<string | undefined> {
  let request: Json;
  try {
    request = parseJson(body);
  } catch {
    return stringifyJson(failure(null, new RpcError(RPC_CODE.parseError, "Parse error")));
  }
  const one = async (value: Json): Promise<string | undefined> => {
    const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
    try {
      const call = readCall(value);
      const result = await answer(call);
      return id === undefined ? undefined : stringifyJson({ jsonrpc: "2.0", id, result });
    } catch (error) {
      // Only a connection that must break ends the whole batch.
      if (error instanceof ConnectionLost) throw error;
      return stringifyJson(failure(id ?? null, error));
    }
  };
  if (!Array.isArray(request)) return one(request);
  if (request.length === 0 || request.length > MAX_BATCH) {
    const message = `Invalid request: a batch has 1 to ${String(MAX_BATCH)} calls`;
    return stringifyJson(failure(null, new RpcError(RPC_CODE.invalidRequest, message)));
  }
  const answers: string[] = [];
  let characters = 0;
  for (const value of request as Json[]) {
    const text = await one(value);
    if (text === undefined) continue;
    characters += text.length;
    if (characters > MAX_BATCH_CHARACTERS) {
      return stringifyJson(failure(null, new RpcError(RPC_CODE.internal, "the answer to this batch is too long")));
    }
    answers.push(text);
  }
  return answers.length === 0 ? undefined : `[${answers.join(",")}]`;
}

/** An injected fault: the socket closes without an answer. */
export class ConnectionLost extends Error {}
