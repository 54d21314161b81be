/** The last question before a signature, where more than one node must agree: does everybody see this block, and would the call pass? */
import { RetryableError } from "../../../protocol/errors.js";
import type { CallRequest, NextBlock } from "../nextBlock.js";
import type { ChainClient, Head } from "../provider.js";
import type { MoneyRead } from "./agreement.js";

/** @throws RetryableError NO_QUORUM; nothing may be signed then. */
export type Confirm = (call: CallRequest, head: Head) => Promise<void>;

/**
 * Asks `quorum` nodes for the state that the decision came from, pinned to the head, and lets each of them run the exact bytes as of its
 * own next block, because a node that lies only about that would pass the first question. With a quorum of one nothing is asked: the
 * caller has simulated already.
 */
export function confirmWith(client: ChainClient, nextBlock: NextBlock, reads: readonly MoneyRead[]): Confirm {
  return async (call, head) => {
    const { quorum } = client;
    if (quorum < 2) return;
    await client.agreed(head, reads);
    const passed = await nextBlock.passes(call, head, quorum);
    if (passed >= quorum) return;
    throw new RetryableError(
      "NO_QUORUM",
      `the call passes at ${String(passed)} nodes, ${String(quorum)} must agree`,
      "look at the nodes: doctor shows what each of them says",
      { reason: "simulation-disagreement", quorum: String(quorum) },
    );
  };
}

/** A call of the state at the head, for `confirmWith`. */
export function pinnedCall({ to, data }: { readonly to: string; readonly data: string }): MoneyRead {
  return { method: "eth_call", params: (block) => [{ to, data }, block] };
}
