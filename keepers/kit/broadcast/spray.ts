import { describeError, type KeeperLog } from "../logger.js";
import type { ChainClient } from "../provider.js";
import type { Endpoint } from "../providers/endpoint.js";
import { TransportFailure } from "../providers/failure.js";
import type { Broadcaster, BroadcastOutcome } from "./broadcaster.js";
import { judgeRefusal } from "./public.js";

/** Hands the bytes to every node at once, also to those that rest: whoever gets them on is welcome, and nobody has to be believed. */
export class SprayBroadcaster implements Broadcaster {
  constructor(
    private readonly client: Pick<ChainClient, "endpoints" | "errorOf">,
    private readonly log: KeeperLog,
  ) {}

  async broadcast(bytes: string): Promise<BroadcastOutcome> {
    const outcomes = await Promise.all(this.client.endpoints.map((endpoint) => this.give(endpoint, bytes)));
    if (outcomes.includes("taken")) return "taken";
    return outcomes.includes("unanswered") ? "unanswered" : "refused";
  }

  private async give(endpoint: Endpoint, bytes: string): Promise<BroadcastOutcome> {
    const request = { method: "eth_sendRawTransaction", params: [bytes] };
    try {
      const [answer] = await endpoint.ask([request]);
      if (answer !== undefined && "result" in answer) return "taken";
      if (answer === undefined) return "unanswered";
      const error = this.client.errorOf(request, answer);
      const outcome = judgeRefusal(error);
      if (outcome !== "taken") this.tell(endpoint, outcome, error);
      return outcome;
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error;
      this.tell(endpoint, "unanswered", error);
      return "unanswered";
    }
  }

  private tell({ shown }: Endpoint, outcome: BroadcastOutcome, error: Error): void {
    this.log.warn("broadcast.failed", { node: shown, outcome, ...describeError(error) });
  }
}
