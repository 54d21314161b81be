/** A proxy in front of a JSON-RPC node that can misbehave as real ones do: vanish, hang, lose replies, lie about single methods. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What to do with a request instead of forwarding it. */
export type Fault =
  /** Close the connection without asking the node. */
  | { readonly kind: "refuse" }
  /** Let the node do it, then close the connection. */
  | { readonly kind: "lose-reply" }
  /** Never answer. */
  | { readonly kind: "hang" }
  /** Answer with this HTTP status. */
  | { readonly kind: "status"; readonly status: number }
  /** Answer with a JSON-RPC result or error of the test's own. */
  | { readonly kind: "answer"; readonly body: { readonly result: unknown } | { readonly error: unknown } }
  /** Ask the node something else. */
  | { readonly kind: "rewrite"; readonly params: readonly unknown[] };

export class FlakyRpc {
  /** Decides per request; undefined forwards it untouched. */
  fault: (request: RpcRequest) => Fault | undefined | Promise<Fault | undefined> = () => undefined;
  /** Every request that arrived, in order. */
  readonly seen: RpcRequest[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: () => string,
  ) {}

  /** Starts a proxy in front of `target`, on a free port of this machine. */
  static async start(target: () => string): Promise<FlakyRpc> {
    const server = createServer();
    const proxy = new FlakyRpc(server, target);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      proxy.handle(request, response).catch(() => {
        response.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** How often a method was asked. */
  count(method: string): number {
    return this.seen.filter((request) => request.method === method).length;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as RpcRequest | RpcRequest[];
    const request = Array.isArray(body) ? body[0] : body;
    if (request === undefined) throw new Error("an empty batch");
    this.seen.push(request);
    const fault = await this.fault(request);
    switch (fault?.kind) {
      case "refuse":
        response.destroy();
        return;
      case "hang":
        return;
      case "status":
        response.writeHead(fault.status).end();
        return;
      case "answer":
        this.reply(
          response,
          Array.isArray(body) ? [{ ...fault.body, id: request.id }] : { ...fault.body, id: request.id },
        );
        return;
      case "lose-reply":
        await this.forward(body);
        response.destroy();
        return;
      case "rewrite":
        this.reply(response, await this.forward({ ...request, params: fault.params }));
        return;
      case undefined:
        this.reply(response, await this.forward(body));
    }
  }

  private async forward(body: unknown): Promise<unknown> {
    const answer = await fetch(this.target(), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", ...(body as object) }),
    });
    return answer.json();
  }

  private reply(response: ServerResponse, body: unknown): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(Array.isArray(body) ? body : { jsonrpc: "2.0", ...(body as object) }));
  }
}
