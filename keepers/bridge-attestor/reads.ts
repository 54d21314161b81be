/** Questions to a bridge as money reads, and their answers. */
import type { Result } from "ethers";

import { bridgeAbi } from "../../protocol/bridgeMessage.js";
import { RetryableError } from "../../protocol/errors.js";
import type { MoneyRead } from "../kit/providers/agreement.js";

type View =
  | "attestorEpoch"
  | "attestorThreshold"
  | "attestors"
  | "scheduledAttestors"
  | "pausedUntil"
  | "remoteChainId"
  | "remoteBridge"
  | "lastNonce"
  | "statusOf"
  | "acceptedEpoch"
  | "tiers"
  | "book";

/** A view of a bridge at the block of the read. */
export function bridgeRead(bridge: string, view: View, args: readonly unknown[] = []): MoneyRead {
  const data = bridgeAbi.encodeFunctionData(view as "statusOf", args as [string]);
  return { method: "eth_call", params: (block) => [{ to: bridge, data }, block] };
}

/** What a view answered. @throws RetryableError BRIDGE_MALFORMED when it is no answer of a bridge. */
export function bridgeAnswer(view: View, answer: unknown): Result {
  try {
    return bridgeAbi.decodeFunctionResult(view as "statusOf", String(answer));
  } catch (error) {
    const fix = "is that address a bridge? npx hardhat deployment verify";
    throw new RetryableError(
      "BRIDGE_MALFORMED",
      `the bridge's ${view} answered nothing`,
      fix,
      { view },
      { cause: error },
    );
  }
}
