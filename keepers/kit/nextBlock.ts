/**
 * Reads and simulations as of the *next* block. What a stabilizer may do depends on `block.number` (block ends, cooldown), and an
 * eth_call on `latest` runs with the number of the block that has already ended: a keeper that asks that way acts one block late.
 *
 * Measured: EDR 0.15, anvil 1.7.1 and geth 1.17.0 answer `latest` with N and `pending` with N + 1; geth and anvil take block
 * overrides, EDR refuses them. Reported for some versions of Besu and Nethermind: `pending` is answered like `latest`. So the way is
 * found by asking the node, best first:
 * - `override`: state after the pinned head, block number N + 1. Nothing in the mempool can influence it.
 * - `pending`: the node's own next block, which includes what waits in the mempool.
 * - `latest`: works everywhere, one block late.
 */
import { z } from "zod";

import { PermanentError } from "../../protocol/errors.js";
import type { ChainClient, Head } from "./provider.js";

export type NextBlockMode = "override" | "pending" | "latest";

/** A call as nodes take it. */
export interface CallRequest {
  readonly to?: string;
  readonly from?: string;
  readonly data: string;
  readonly valueWei?: bigint;
  readonly gasLimit?: bigint;
}

/** EVM code that returns block.number: NUMBER, MSTORE at 0, RETURN 32 bytes. Called without address, so it needs no contract. */
const RETURN_BLOCK_NUMBER = "0x4360005260206000f3";
const PENDING_ATTEMPTS = 3;
const hexData = z.string().regex(/^0x([0-9a-fA-F]{2})*$/);

/** Asks the chain about its next block, in the best way its node offers. */
export class NextBlock {
  private found: NextBlockMode | undefined;

  constructor(private readonly client: Pick<ChainClient, "request" | "shownUrl">) {}

  /** The way in use; undefined before the first `probe`. */
  get mode(): NextBlockMode | undefined {
    return this.found;
  }

  /** Finds the best way and keeps it. Call again after the node may have been replaced. */
  async probe(head: Head): Promise<NextBlockMode> {
    if ((await this.numberSeen(head, "override")) === BigInt(head.number) + 1n) return (this.found = "override");
    // `latest` is asked after `pending`: a node that answers both alike can then never look as if it were ahead, even when a block
    // arrives in between. An honest node may lose that race, hence several attempts.
    for (let attempt = 0; attempt < PENDING_ATTEMPTS; attempt += 1) {
      const pending = await this.numberSeen(head, "pending");
      if (pending > (await this.numberSeen(head, "latest"))) return (this.found = "pending");
    }
    return (this.found = "latest");
  }

  /**
   * eth_call in the context of the block after `head`.
   * @returns the returned data. @throws RetryableError when nobody answers; ethers' error, with revert data, when the call fails.
   */
  async call(request: CallRequest, head: Head): Promise<string> {
    const mode = this.found ?? (await this.probe(head));
    return this.callAs(mode, request, head);
  }

  private async callAs(mode: NextBlockMode, request: CallRequest, head: Head): Promise<string> {
    const answer = hexData.safeParse(await this.client.request("eth_call", callParameters(mode, request, head)));
    if (answer.success) return answer.data;
    throw new PermanentError("RPC_MALFORMED", `the node at ${this.client.shownUrl} answered eth_call with no bytes`);
  }

  /** The block number a call sees; -1 when the node refuses the question. */
  private async numberSeen(head: Head, mode: NextBlockMode): Promise<bigint> {
    try {
      const seen = await this.callAs(mode, { data: RETURN_BLOCK_NUMBER }, head);
      return seen === "0x" ? -1n : BigInt(seen);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "RPC_UNREACHABLE") throw error;
      return -1n;
    }
  }
}

function callParameters(mode: NextBlockMode, request: CallRequest, head: Head): unknown[] {
  const call = {
    data: request.data,
    ...(request.to === undefined ? {} : { to: request.to }),
    ...(request.from === undefined ? {} : { from: request.from }),
    ...(request.valueWei === undefined ? {} : { value: hex(request.valueWei) }),
    ...(request.gasLimit === undefined ? {} : { gas: hex(request.gasLimit) }),
  };
  if (mode !== "override") return [call, mode];
  // The next block's timestamp is not known; the smallest possible one is used. Oracle ages then err by less than a block.
  const next = { number: hex(BigInt(head.number) + 1n), time: hex(BigInt(head.timestamp) + 1n) };
  return [call, { blockHash: head.hash }, {}, next];
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
