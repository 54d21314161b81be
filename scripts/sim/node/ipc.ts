/** JSON-RPC over a local socket, a line per answer: a third of what HTTP costs, for a caller that asks a million times. */
import { connect, type Socket } from "node:net";

import { JsonRpcApiProvider, type JsonRpcError, type JsonRpcPayload, type JsonRpcResult } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

interface Waiting {
  readonly method: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: PermanentError) => void;
}

export class IpcClient {
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #read: string[] = [];
  #end: PermanentError | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.#take(text);
    });
    socket.on("error", (error) => {
      this.#ended(error);
    });
    socket.on("close", () => {
      this.#ended(undefined);
    });
  }

  /** @throws what the socket says when nobody listens there. */
  static async open(path: string): Promise<IpcClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new IpcClient(socket);
  }

  /** @throws PermanentError RPC_GONE when the other side has ended, RPC_REFUSED when it says no. */
  async request(method: string, params: readonly unknown[]): Promise<unknown> {
    const { error, result } = await this.exchange(method, params);
    if (error !== undefined)
      throw new PermanentError("RPC_REFUSED", `${method}: ${error.message}`, undefined, { method });
    return result;
  }

  /** @throws PermanentError RPC_GONE when the other side has ended. */
  async exchange(method: string, params: unknown): Promise<Answer> {
    if (this.#end !== undefined) throw this.#end;
    this.#id += 1;
    const id = this.#id;
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { method, resolve, reject });
      this.socket.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #take(text: string): void {
    const lines = text.split("\n");
    // What has no end yet waits for the rest of it; an answer can come in many pieces.
    for (const line of lines.slice(0, -1)) {
      const answer = JSON.parse(this.#read.join("") + line) as Answer;
      this.#read = [];
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
    }
    const rest = lines.at(-1) ?? "";
    if (rest !== "") this.#read.push(rest);
  }

  #ended(cause: Error | undefined): void {
    this.#end ??= new PermanentError(
      "RPC_GONE",
      "the node of the simulation no longer answers",
      "look for an earlier message of the node, free memory if it was killed, and start again",
      {},
      { cause },
    );
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
  }
}

/** ethers over such a socket. */
export class IpcProvider extends JsonRpcApiProvider {
  constructor(
    private readonly client: IpcClient,
    chainId: number,
  ) {
    super(chainId, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1, batchStallTime: 0 });
    this._start();
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<(JsonRpcResult | JsonRpcError)[]> {
    return Promise.all(
      [payload].flat().map(async ({ id, method, params }) => {
        const { result, error } = await this.client.exchange(method, params);
        return error === undefined ? { id, result } : { id, error };
      }),
    );
  }
}
