/** JSON-RPC whose caller waits: the thread sleeps while another one asks. Only for nodes that live in another process. */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";

import { parseJson, RpcError, stringifyJson } from "../../../scripts/validator/jsonRpc.js";
import type { Answer, Question, Wiring } from "./syncRpcWorker.js";

const ANSWER_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;

interface Link {
  ask(url: string, body: string): string;
}

let link: Link | undefined;

/** One thread for the whole process. */
function connect(): Link {
  const awake = new Int32Array(new SharedArrayBuffer(4));
  const { port1: inbox, port2: answers } = new MessageChannel();
  const worker = new Worker(new URL("./syncRpcWorker.ts", import.meta.url), {
    workerData: { awake, answers } satisfies Wiring,
    transferList: [answers],
    execArgv: ["--import", "tsx"],
  });
  worker.unref();
  let asked = 0;
  return {
    ask(url, body) {
      const id = (asked += 1);
      const end = Date.now() + ANSWER_WITHIN_MS;
      worker.postMessage({ id, url, body } satisfies Question);
      while (Date.now() < end) {
        // Read before the inbox: what arrives in between ends the wait at once.
        const seen = Atomics.load(awake, 0);
        const { message } = (receiveMessageOnPort(inbox) ?? {}) as { message?: Answer };
        if (message === undefined) Atomics.wait(awake, 0, seen, LOOK_EVERY_MS);
        else if (message.id === id) {
          if (message.text === undefined) throw new Error(`${url}: ${message.failure ?? "no answer"}`);
          return message.text;
        }
      }
      throw new Error(`${url}: no answer in a minute`);
    },
  };
}

interface Reply {
  readonly result?: unknown;
  readonly error?: { readonly code: bigint; readonly message: string; readonly data?: unknown };
}

/** The `result` of one request; integers are `bigint`. @throws RpcError when the node answers with an error. */
export function askNow(url: string, method: string, ...params: readonly unknown[]): unknown {
  link ??= connect();
  const { result, error } = parseJson(link.ask(url, stringifyJson({ jsonrpc: "2.0", id: 1, method, params }))) as Reply;
  if (error !== undefined) {
    throw new RpcError(
      Number(error.code),
      `${method}: ${error.message} ${stringifyJson(error.data ?? "")}`,
      error.data,
    );
  }
  return result;
}
