/** What every feed says, in the same request as the question for the head: a block in which no round is due costs one request. */
import { ISignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import type { ChainClient, Head } from "../kit/provider.js";
import type { RpcAnswer } from "../kit/providers/transport.js";
import type { ConnectedFeed } from "./connect.js";
import type { ChainState } from "./types.js";

const feedAbi = ISignedPriceFeed__factory.createInterface();
const NEWEST_ROUND = feedAbi.encodeFunctionData("newestRound");

export class FeedBoard {
  private states = new Map<string, ChainState>();

  constructor(
    private readonly client: Pick<ChainClient, "look">,
    private readonly feeds: readonly ConnectedFeed[],
  ) {}

  /** The newest block. @throws like ChainClient.head */
  async head(): Promise<Head> {
    const { head, answers } = await this.client.look(() =>
      this.feeds.map(({ address }) => ({
        method: "eth_call",
        params: [{ to: address, data: NEWEST_ROUND }, "latest"],
      })),
    );
    const read = this.feeds.map(({ address }, index) => [address, readState(answers[index], head)] as const);
    this.states = new Map(read.flatMap(([address, state]) => (state === undefined ? [] : [[address, state]])));
    return head;
  }

  /** The feeds, reading what came with the head; once per look, so that whatever is tried again is read anew. */
  served(): readonly ConnectedFeed[] {
    return this.feeds.map((feed) => {
      const readState = (): Promise<ChainState> => {
        const known = this.states.get(feed.address);
        this.states.delete(feed.address);
        return known === undefined ? feed.target.readState() : Promise.resolve(known);
      };
      return { ...feed, target: { ...feed.target, readState } };
    });
  }
}

/** Undefined when the node gave no answer that can be read: the feed is then asked by itself, and says what is wrong. */
function readState(answer: RpcAnswer | undefined, head: Head): ChainState | undefined {
  if (answer === undefined || "error" in answer || typeof answer.result !== "string") return undefined;
  try {
    const [{ roundId, answer: price, observedAt }, arrivedInBlock] = feedAbi.decodeFunctionResult(
      "newestRound",
      answer.result,
    ) as unknown as [{ roundId: bigint; answer: bigint; observedAt: bigint }, bigint];
    const last = roundId === 0n ? undefined : { roundId, answer: price, observedAt, arrivedInBlock };
    return { last, blockNumber: BigInt(head.number), blockTimestamp: BigInt(head.timestamp) };
  } catch {
    return undefined;
  }
}
