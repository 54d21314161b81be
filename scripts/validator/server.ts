/** The cluster behind HTTP, with slots that pass on a timer or on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { Cluster, type ClusterOptions } from "./cluster.js";
import { answerBody, ConnectionLost, RPC_CODE, RpcError, type RpcCall } from "./jsonRpc.js";
import { accountMethods } from "./methods/accounts.js";
import { blockMethods } from "./methods/blocks.js";
import { feeMethods } from "./methods/fees.js";
import { localMethods } from "./methods/local.js";
import { networkMethods } from "./methods/network.js";
import { sendingMethods } from "./methods/sending.js";
import { tokenMethods } from "./methods/tokens.js";
import { transactionMethods } from "./methods/transactions.js";

export type Method = (params: readonly unknown[]) => unknown;
export type Methods = Readonly<Record<string, Method>>;

/** Larger bodies are refused. */
const MAX_BODY_BYTES = 512 * 1024;

/** Answers single requests; the part of a node that tests can call without a socket. */
export class RpcNode {
  private readonly methods: Methods;

  constructor(readonly cluster: Cluster) {
    this.methods = {
      ...networkMethods(cluster),
      ...accountMethods(cluster),
      ...tokenMethods(cluster),
      ...blockMethods(cluster),
      ...feeMethods(cluster),
      ...localMethods(cluster),
      ...transactionMethods(cluster),
      ...sendingMethods(cluster),
    };
  }

  /** @throws ConnectionLost when an injected fault wants the socket closed. */
  answer(body: string): Promise<string> {
    return answerBody(body, (call) => this.call(call));
  }

  private async call({ method, params }: RpcCall): Promise<unknown> {
    const run = Object.hasOwn(this.methods, method) ? this.methods[method] : undefined;
    if (run === undefined) throw new RpcError(RPC_CODE.methodNotFound, `Method not found: ${method}`);
    const fault = this.cluster.faults.request?.(method);
    if (fault === "refuse") throw new ConnectionLost();
    if (fault === "unhealthy")
      throw new RpcError(RPC_CODE.nodeUnhealthy, "Node is unhealthy", { numSlotsBehind: null });
    const result: unknown = await run(params);
    if (fault === "lose-reply") throw new ConnectionLost();
    return result;
  }
}

export interface ServerOptions extends ClusterOptions {
  /** 0 takes a free port. */
  readonly port?: number;
  /** Milliseconds between slots; without it they pass on demand only. */
  readonly slotMs?: number;
}

/** A running endpoint on this machine. */
export class ValidatorServer {
  private constructor(
    readonly cluster: Cluster,
    private readonly server: Server,
    private readonly timer: NodeJS.Timeout | undefined,
  ) {}

  static async start(options: ServerOptions = {}): Promise<ValidatorServer> {
    const cluster = await Cluster.create(options);
    const node = new RpcNode(cluster);
    const server = createServer((request, response) => {
      handle(node, request, response).catch(() => {
        response.destroy();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    const timer =
      options.slotMs === undefined
        ? undefined
        : setInterval(() => {
            cluster.advance();
          }, options.slotMs);
    return new ValidatorServer(cluster, server, timer);
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }
}

async function handle(node: RpcNode, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "GET" && request.url === "/health") {
    response.end("ok");
    return;
  }
  if (request.method !== "POST") {
    response.writeHead(405).end();
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) {
      response.writeHead(413).end();
      return;
    }
  }
  let answer: string;
  try {
    answer = await node.answer(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    request.socket.destroy();
    return;
  }
  response.writeHead(200, { "content-type": "application/json" }).end(answer);
}
