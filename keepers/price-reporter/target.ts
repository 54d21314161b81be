import type { TransactionRequest, TransactionResponse } from "ethers";

import { ISignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import { encodeSubmit } from "../../protocol/signedRound.js";
import type { FeedTarget } from "./reporter.js";
import type { LastRound, ReportSettings } from "./types.js";

/** What pays for a report: any funded account; it needs no role. */
export interface ReportSender {
  readonly provider: Parameters<typeof ISignedPriceFeed__factory.connect>[1] & {
    getBlock(tag: "latest"): Promise<{ number: number; timestamp: number } | null>;
  };
  sendTransaction(request: TransactionRequest): Promise<TransactionResponse>;
}

/** When to report; everything else is read from the feed. */
export type ReportPolicy = Pick<ReportSettings, "deviationWad" | "heartbeatSeconds">;

/**
 * A feed on one chain, with the limits its contract enforces.
 * @throws what the provider throws when the feed cannot be read.
 */
export async function connectTarget(
  name: string,
  feedAddress: string,
  policy: ReportPolicy,
  sender: ReportSender,
): Promise<FeedTarget> {
  const feed = ISignedPriceFeed__factory.connect(feedAddress, sender.provider);
  const [minGapBlocks, minAnswer, maxAnswer] = await Promise.all([
    feed.minGapBlocks(),
    feed.minAnswer(),
    feed.maxAnswer(),
  ]);
  return {
    name,
    settings: { ...policy, minGapBlocks, minAnswer, maxAnswer },
    async readState() {
      const block = await sender.provider.getBlock("latest");
      if (block === null) throw new Error(`${name} has no block yet`);
      return {
        last: await readLast(),
        blockNumber: BigInt(block.number),
        blockTimestamp: BigInt(block.timestamp),
      };
    },
    async send({ round, signatures }) {
      const data = encodeSubmit(round, signatures);
      const transaction = await sender.sendTransaction({ to: feedAddress, data });
      return transaction.hash;
    },
  };

  /** The newest round, or undefined when the feed says that it has none. */
  async function readLast(): Promise<LastRound | undefined> {
    const [{ roundId, answer, observedAt }, arrivedInBlock] = await feed.newestRound();
    return roundId === 0n ? undefined : { roundId, answer, observedAt, arrivedInBlock };
  }
}
