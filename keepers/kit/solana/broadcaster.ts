/** Sends signed bytes to the node, which hands them to the leaders. */
import type { Broadcaster, BroadcastOutcome } from "../broadcast/broadcaster.js";
import { describeError, type KeeperLog } from "../logger.js";
import type { SolanaClient } from "./client.js";

/** A node's words for bytes that it can never take: not a transaction, or not signed by who must. */
const REFUSALS = new Set([-32602, -32003]);

export class SolanaBroadcaster implements Broadcaster {
  constructor(
    private readonly client: SolanaClient,
    private readonly log: KeeperLog,
  ) {}

  async broadcast(bytes: string): Promise<BroadcastOutcome> {
    const text = Buffer.from(bytes.slice(2), "hex").toString("base64");
    // Without preflight: the keeper has simulated, and a node that lags behind would refuse a blockhash it does not know yet.
    const params = [text, { encoding: "base64", skipPreflight: true }];
    try {
      const [answer] = await this.client.batch([{ method: "sendTransaction", params }], 0);
      if (answer?.ok !== false) return "taken";
      this.log.warn("tx.broadcast-failed", { code: answer.code });
      return REFUSALS.has(answer.code) ? "refused" : "unanswered";
    } catch (error) {
      this.log.warn("tx.broadcast-failed", describeError(error));
      return "unanswered";
    }
  }
}
