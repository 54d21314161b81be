import type { Interface } from "ethers";

import { findRevertData, protocolDecoder, type DecodedRevert } from "../../protocol/revert.js";
import type { CallRequest, NextBlock } from "./nextBlock.js";
import type { Head } from "./provider.js";

/** What the chain would answer to exactly these bytes in the block after the head. */
export type Simulation =
  { readonly ok: true; readonly returnData: string } | { readonly ok: false; readonly revert: DecodedRevert };

/**
 * Runs the exact bytes from the real sender with the real gas limit, without sending them. A revert is an answer, named by the merged
 * ABI. Does not check that the sender can pay for the gas.
 * @throws RetryableError when no node answers; the node's error when it refuses the call without revert data.
 */
export async function simulate(
  nextBlock: NextBlock,
  request: CallRequest & { readonly to: string; readonly from: string },
  head: Head,
  preferred?: Interface,
): Promise<Simulation> {
  try {
    return { ok: true, returnData: await nextBlock.call(request, head) };
  } catch (error) {
    const data = findRevertData(error);
    if (data !== undefined) return { ok: false, revert: protocolDecoder().decode(data, preferred) };
    if (isBareRevert(error)) return { ok: false, revert: protocolDecoder().decode("0x", preferred) };
    throw error;
  }
}

/** ethers' name for a call that failed; without data the contract gave no reason (out of gas, `revert()`). */
function isBareRevert(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "CALL_EXCEPTION";
}
