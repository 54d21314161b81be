/** The way from a node in another process to its leader, with the faults that LiteSVM's own cluster can have there. */
import { getBase58Decoder, getBase64Encoder, getTransactionDecoder } from "@solana/kit";

import type { Faults } from "../../../scripts/validator/cluster.js";
import { RpcError } from "../../../scripts/validator/jsonRpc.js";
import { FlakyRpc, type Fault, type RpcRequest } from "../flakyRpc.js";
import type { EngineNode } from "./engine.js";
import { askNow } from "./syncRpc.js";

interface Late {
  readonly params: readonly unknown[];
  slotsLeft: number;
}

export class FlakySends {
  private late: Late[] = [];

  private constructor(
    private readonly proxy: FlakyRpc,
    private readonly node: EngineNode,
    private readonly faults: Faults,
  ) {
    proxy.fault = (request) => this.befalls(request);
  }

  static async start(node: EngineNode, faults: Faults): Promise<FlakySends> {
    return new FlakySends(await FlakyRpc.start(() => node.url), node, faults);
  }

  get url(): string {
    return this.proxy.url;
  }

  /** Delivers what is due. */
  slotPassed(): void {
    for (const entry of this.late) entry.slotsLeft -= 1;
    const due = this.late.filter(({ slotsLeft }) => slotsLeft <= 0);
    this.late = this.late.filter(({ slotsLeft }) => slotsLeft > 0);
    for (const { params } of due) {
      try {
        askNow(this.node.url, "sendTransaction", ...params);
      } catch (error) {
        // What the leader cannot execute any more is nobody's business.
        if (!(error instanceof RpcError)) throw error;
      }
    }
  }

  stop(): Promise<void> {
    return this.proxy.stop();
  }

  private befalls({ method, params }: RpcRequest): Fault | undefined {
    if (method !== "sendTransaction") return undefined;
    const signature = signatureOf(params[0] as string);
    const fault = this.faults.send?.(signature);
    if (fault?.kind === "delay" || fault?.kind === "duplicate") this.late.push({ params, slotsLeft: fault.slots });
    switch (fault?.kind) {
      case "drop":
      case "delay":
        return { kind: "answer", body: { result: signature } };
      case "refuse":
      case "lose-reply":
        return fault;
      case "duplicate":
      case undefined:
        return undefined;
    }
  }
}

function signatureOf(wire: string): string {
  const { signatures } = getTransactionDecoder().decode(getBase64Encoder().encode(wire));
  const [first] = Object.values(signatures);
  if (!first) throw new Error("the transaction is not signed");
  return getBase58Decoder().decode(first);
}
