/** Questions to contracts of tBTC v1 at a block, and what their answers mean. */
import { Interface, toQuantity, type Result } from "ethers";

import { decodeAnswer, encodeCall } from "../../../../protocol/calldata.js";
import { RetryableError } from "../../../../protocol/errors.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import type { MoneyRead } from "../../../kit/providers/agreement.js";
import type { RpcAnswer } from "../../../kit/providers/transport.js";

const ABIS = {
  ...(tbtcAbi as unknown as Record<keyof typeof tbtcAbi, Interface>),
  priceFeed: new Interface(["function getWorkingEthBtcFeed() view returns (address)"]),
  /** Maker's, of which tBTC v1 itself asks for the price alone: unix seconds of the last one. */
  medianizer: new Interface(["function age() view returns (uint32)"]),
  /** Both kinds of factory have it. */
  factoryClock: new Interface(["function getKeepOpenedTimestamp(address keep) view returns (uint256)"]),
  erc721: new Interface(["function getApproved(uint256 tokenId) view returns (address)"]),
} as const;

/** A view of a contract, as the chain answers it at the block of the read. */
export interface View {
  readonly read: MoneyRead;
  /** @throws RetryableError TBTC_MALFORMED when it is no answer of that contract. */
  decode(answer: unknown): Result;
}

/** @param from whom the contract sees asking, where that matters */
export function view(
  abi: keyof typeof ABIS,
  to: string,
  name: string,
  args: readonly unknown[] = [],
  from?: string,
): View {
  const data = encodeCall(ABIS[abi], name, args);
  const call = from === undefined ? { to, data } : { from, to, data };
  return {
    read: { method: "eth_call", params: (block) => [call, block] },
    decode: (answer) => {
      try {
        return decodeAnswer(ABIS[abi], name, String(answer));
      } catch (error) {
        const fix = "are the addresses those of tBTC v1 on this chain?";
        throw new RetryableError(
          "TBTC_MALFORMED",
          `${to} gave no answer to ${name}`,
          fix,
          { to, name },
          { cause: error },
        );
      }
    },
  };
}

/**
 * A word of storage at a block. By height, because many nodes that take hashes elsewhere refuse them here; whoever asks compares the hash
 * at that height afterwards.
 */
export function slotRead(of: string, slot: string, { number }: { readonly number: number }): MoneyRead {
  return { method: "eth_getStorageAt", params: () => [of, slot, toQuantity(number)] };
}

/** What a read brought; undefined when it reverted, or nobody is at that address. */
export function answered(answer: RpcAnswer | undefined): unknown {
  return answer === undefined || "error" in answer || answer.result === "0x" ? undefined : answer.result;
}

/** The same as its contract means it; undefined also when whatever is at that address answers like no such contract. */
export function meant(view: View, answer: RpcAnswer | undefined): Result | undefined {
  const result = answered(answer);
  try {
    return result === undefined ? undefined : view.decode(result);
  } catch (error) {
    if (error instanceof RetryableError) return undefined;
    throw error;
  }
}

export function numberOf(result: Result): bigint {
  return result[0] as bigint;
}

/** Lower case, as addresses are compared here. */
export function addressOf(result: Result): string {
  return String(result[0]).toLowerCase();
}
