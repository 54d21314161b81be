/** Answers single requests; the part of a node that tests can call without a socket. */
import type { Cluster } from "./cluster.js";
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

export class RpcNode {
  private readonly methods: Methods;

  constructor(readonly cluster: Cluster) {
    this.methods = {
      ...networkMethods(cluster),
      ...accountMethods(cluster),
      ...tokenMethods(cluster),
      ...blockMethods(cluster),
      ...feeMethods(cluster),
      ...transactionMethods(cluster),
      ...sendingMethods(cluster),
      ...localMethods(cluster),
    };
  }

  /** Undefined when nobody wants an answer. @throws ConnectionLost when an injected fault wants the socket closed. */
  answer(body: string): Promise<string | undefined> {
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
