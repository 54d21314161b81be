/**
 * Hands the bytes to block builders past the public mempool, as Flashbots' relay and those like it take them: JSON-RPC over HTTPS with
 * the header `X-Flashbots-Signature: <address>:<signature>`, where the signature is the EIP-191 one over the text of the keccak256 of the
 * body. The signing identity holds nothing; it only gives the sender a reputation.
 */
import { id } from "ethers";
import { z } from "zod";

import { describeError, type KeeperLog } from "../logger.js";
import { TransportFailure } from "../providers/failure.js";
import { HttpTransport } from "../providers/http.js";
import type { ChainClient } from "../provider.js";
import type { Broadcaster, BroadcastOutcome } from "./broadcaster.js";
import { judgeRefusal } from "./public.js";

/** Signs messages (EIP-191); an ethers Wallet is one. */
export interface Identity {
  readonly address: string;
  signMessage(message: string): Promise<string>;
}

export interface PrivateOptions {
  /** May carry a key: it is never shown. */
  readonly url: URL;
  /** `private-transaction`: the endpoint tries for some blocks. `bundle`: the next block or not at all; upkeep tries again. */
  readonly method: "private-transaction" | "bundle";
  /** Blocks for which a private transaction is wanted. */
  readonly validBlocks: number;
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 1024 * 1024;
const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number().optional(), message: z.string() }).optional(),
});

export class PrivateBroadcaster implements Broadcaster {
  private readonly transport: HttpTransport;

  /** @param fallback takes the bytes when the endpoint does not; without one they reach nobody else. */
  constructor(
    private readonly options: PrivateOptions,
    private readonly identity: Identity,
    private readonly client: Pick<ChainClient, "head">,
    private readonly log: KeeperLog,
    private readonly fallback?: Broadcaster,
  ) {
    const limits = { timeoutMs: options.timeoutMs, maxBytes: MAX_ANSWER_BYTES };
    this.transport = new HttpTransport(options.url, limits, async (body) => ({
      "x-flashbots-signature": `${identity.address}:${await identity.signMessage(id(body))}`,
    }));
  }

  async broadcast(bytes: string): Promise<BroadcastOutcome> {
    const outcome = await this.submit(bytes);
    if (outcome === "taken" || this.fallback === undefined) return outcome;
    this.log.warn("broadcast.public", { outcome });
    const publicOutcome = await this.fallback.broadcast(bytes);
    // An endpoint that did not answer may have them all the same.
    return publicOutcome === "refused" ? outcome : publicOutcome;
  }

  close(): void {
    this.transport.close();
  }

  private async submit(bytes: string): Promise<BroadcastOutcome> {
    try {
      const { number } = await this.client.head();
      const request = { jsonrpc: "2.0", id: 1, ...this.requestFor(bytes, number) };
      const answer = answerSchema.safeParse(await this.transport.exchange(request));
      if (!answer.success) throw new TransportFailure("malformed");
      if (answer.data.error === undefined) return "taken";
      const refusal = new Error(answer.data.error.message.slice(0, 200));
      const outcome = judgeRefusal(refusal);
      if (outcome !== "taken")
        this.log.warn("broadcast.failed", { node: "private", outcome, ...describeError(refusal) });
      return outcome;
    } catch (error) {
      this.log.warn("broadcast.failed", { node: "private", outcome: "unanswered", ...describeError(error) });
      return "unanswered";
    }
  }

  private requestFor(bytes: string, head: number): { method: string; params: readonly unknown[] } {
    const block = (ahead: number): string => `0x${(head + ahead).toString(16)}`;
    if (this.options.method === "bundle") {
      return { method: "eth_sendBundle", params: [{ txs: [bytes], blockNumber: block(1) }] };
    }
    const transaction = { tx: bytes, maxBlockNumber: block(this.options.validBlocks), preferences: { fast: true } };
    return { method: "eth_sendPrivateTransaction", params: [transaction] };
  }
}
