/** The cluster behind HTTP and WebSocket on this machine, with slots that pass on a timer or on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

import { Cluster, type ClusterOptions } from "./cluster.js";
import { ConnectionLost } from "./jsonRpc.js";
import { isLocalCaller } from "./localCaller.js";
import { closeServer, listenOnPair, portOf } from "./ports.js";
import { CLOSE } from "./pubsub/frames.js";
import { PubSub } from "./pubsub/session.js";
import { WebSocketConnection } from "./pubsub/webSocket.js";
import { RpcNode } from "./rpcNode.js";
import { SlotTimer } from "./slotTimer.js";

/** Larger bodies are refused. */
const MAX_BODY_BYTES = 512 * 1024;
/** Requests and subscribers at a time, each. */
const MAX_CONNECTIONS = 256;

interface ServingOptions {
  /** 0 takes a free port; the port after it is that of WebSockets, as clients expect. */
  readonly port?: number;
  /** Milliseconds between slots; without it they pass on demand only. */
  readonly slotMs?: number;
}

export interface ServerOptions extends ClusterOptions, ServingOptions {}

/** A running endpoint on this machine. */
export class ValidatorServer {
  private readonly connections = new Set<WebSocketConnection>();
  private timer: SlotTimer | undefined;

  private constructor(
    readonly cluster: Cluster,
    private readonly node: RpcNode,
    private readonly pubSub: PubSub,
    private readonly http: Server,
    private readonly sockets: Server,
  ) {
    http.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.handle(request, response).catch(() => {
        response.destroy();
      });
    });
    sockets.on("request", (_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(426, { upgrade: "websocket" }).end();
    });
    for (const server of [http, sockets]) {
      server.maxConnections = MAX_CONNECTIONS;
      server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        this.upgrade(request, socket, head);
      });
    }
  }

  /** @throws PermanentError PORT_IN_USE. */
  static async start(options: ServerOptions = {}): Promise<ValidatorServer> {
    return ValidatorServer.serve(await Cluster.create(options), options);
  }

  /** Opens a cluster to callers. @throws PermanentError PORT_IN_USE. */
  static async serve(cluster: Cluster, { port = 0, slotMs }: ServingOptions = {}): Promise<ValidatorServer> {
    const [http, sockets] = [createServer(), createServer()];
    const server = new ValidatorServer(cluster, new RpcNode(cluster), new PubSub(cluster), http, sockets);
    await listenOnPair(http, sockets, port);
    if (slotMs !== undefined) server.timer = new SlotTimer(cluster, slotMs);
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${String(portOf(this.http))}`;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${String(portOf(this.sockets))}`;
  }

  /** Of all subscribers. */
  get subscriptions(): number {
    return this.pubSub.size;
  }

  async stop(): Promise<void> {
    this.timer?.stop();
    for (const connection of this.connections) connection.close(CLOSE.goingAway);
    await Promise.all([closeServer(this.http), closeServer(this.sockets)]);
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // The server has let go of the socket: without this, one that is reset ends the process.
    socket.on("error", () => socket.destroy());
    if (!isLocalCaller(request.headers) || this.connections.size >= MAX_CONNECTIONS) {
      const status = isLocalCaller(request.headers) ? "503 Service Unavailable" : "403 Forbidden";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      return;
    }
    WebSocketConnection.accept(request, socket, head, (connection) => {
      const session = this.pubSub.connect((text) => {
        connection.send(text);
      });
      this.connections.add(connection);
      return {
        message: (text) => {
          session.handle(text).catch(() => {
            connection.close(CLOSE.policy);
          });
        },
        closed: () => {
          this.connections.delete(connection);
          session.close();
        },
      };
    });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isLocalCaller(request.headers)) {
      response.writeHead(403).end();
      return;
    }
    const { origin } = request.headers;
    if (origin !== undefined) {
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-allow-headers", "content-type, solana-client");
      response.setHeader("vary", "origin");
    }
    if (request.method === "OPTIONS") {
      response.writeHead(204).end();
      return;
    }
    if (request.method === "GET" && request.url === "/health") {
      response.end("ok");
      return;
    }
    if (request.method !== "POST") {
      response.writeHead(405).end();
      return;
    }
    if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
      response.writeHead(415).end();
      return;
    }
    const body = await readBody(request);
    if (body === undefined) {
      response.writeHead(413, { connection: "close" }).end();
      return;
    }
    let answer: string | undefined;
    try {
      answer = await this.node.answer(body);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      request.socket.destroy();
      return;
    }
    response.writeHead(200, { "content-type": "application/json" }).end(answer ?? "");
  }
}

/** Undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}
