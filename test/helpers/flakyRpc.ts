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
  /** Every request that arrived, in order; those of a batch one by one. */
  readonly seen: RpcRequest[] = [];
  /** Exchanges: a batch is one. */
  exchanges = 0;

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
    this.exchanges += 1;
    if (Array.isArray(body)) {
      await this.handleBatch(body, response);
      return;
    }
    const request = body;
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
        this.reply(response, { ...fault.body, id: request.id });
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

  /** The first fault that concerns the connection concerns the whole batch; answers and rewrites are one request's own. */
  private async handleBatch(batch: readonly RpcRequest[], response: ServerResponse): Promise<void> {
    this.seen.push(...batch);
    const faults: (Fault | undefined)[] = [];
    for (const request of batch) faults.push(await this.fault(request));
    const broken = faults.find((fault) => fault !== undefined && !["answer", "rewrite"].includes(fault.kind));
    if (broken?.kind === "hang") return;
    if (broken?.kind === "status") {
      response.writeHead(broken.status).end();
      return;
    }
    if (broken?.kind === "refuse") {
      response.destroy();
      return;
    }
    const asked = batch.flatMap((request, index) => {
      const fault = faults[index];
      if (fault?.kind === "answer") return [];
      return [fault?.kind === "rewrite" ? { ...request, params: fault.params } : request];
    });
    const answers = asked.length === 0 ? [] : ((await this.forward(asked)) as { id: number }[]);
    if (broken !== undefined) {
      response.destroy();
      return;
    }
    const told = batch.map(({ id }, index) => {
      const fault = faults[index];
      return fault?.kind === "answer" ? { ...fault.body, id } : answers.find((answer) => answer.id === id);
    });
    this.reply(response, told);
  }

  private async forward(body: object): Promise<unknown> {
    const answer = await fetch(this.target(), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(Array.isArray(body) ? body : { jsonrpc: "2.0", ...body }),
    });
    return answer.json();
  }

  private reply(response: ServerResponse, body: unknown): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(Array.isArray(body) ? body : { jsonrpc: "2.0", ...(body as object) }));
  }
}
