import { RetryableError } from "../../../protocol/errors.js";
import { describeError, nodeMessage, type KeeperLog } from "../logger.js";
import type { ChainClient } from "../provider.js";
import type { Broadcaster, BroadcastOutcome } from "./broadcaster.js";

/** Hands the bytes to the nodes of the chain, from where everybody sees them. */
export class PublicBroadcaster implements Broadcaster {
  constructor(
    private readonly client: Pick<ChainClient, "request">,
    private readonly log: KeeperLog,
  ) {}

  async broadcast(bytes: string): Promise<BroadcastOutcome> {
    try {
      await this.client.request("eth_sendRawTransaction", [bytes]);
      return "taken";
    } catch (error) {
      const outcome = judgeRefusal(error);
      if (outcome !== "taken") this.log.warn("broadcast.failed", { outcome, ...describeError(error) });
      return outcome;
    }
  }
}

/** What a failed `eth_sendRawTransaction` says about the bytes. */
export function judgeRefusal(error: unknown): BroadcastOutcome {
  if (isAlreadyKnown(error)) return "taken";
  return error instanceof RetryableError ? "unanswered" : "refused";
}

/** The node has these very bytes already; geth, Besu and EDR each say it in their own words. */
function isAlreadyKnown(error: unknown): boolean {
  const words = /already known|known transaction|already imported|already exists/i;
  return error instanceof Error && words.test(`${error.message} ${nodeMessage(error)}`);
}
