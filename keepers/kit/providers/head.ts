/** The newest block as a keeper needs it, read from what a node says. */
import { z } from "zod";

import { TransportFailure } from "./failure.js";
import type { RpcAnswer, RpcRequest } from "./transport.js";

export interface Head {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Base fee of the *next* block, wei per gas; undefined on chains without one (before London). */
  readonly nextBaseFeeWei: bigint | undefined;
}

/** A block with everything its node said about it. */
export interface SeenBlock {
  readonly head: Head;
  readonly raw: Readonly<Record<string, unknown>>;
}

const quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]+$/)
  .transform(BigInt);
const hash = z.string().regex(/^0x[0-9a-fA-F]{64}$/);
const blockHeader = z.object({
  number: quantity,
  hash,
  parentHash: hash,
  timestamp: quantity,
  gasLimit: quantity,
  gasUsed: quantity,
  baseFeePerGas: quantity.optional(),
});

export const LATEST_BLOCK: RpcRequest = { method: "eth_getBlockByNumber", params: ["latest", false] };
export const CHAIN_ID: RpcRequest = { method: "eth_chainId", params: [] };

export function blockByNumber(height: number): RpcRequest {
  return { method: "eth_getBlockByNumber", params: [`0x${height.toString(16)}`, false] };
}

/** @returns undefined when the node does not know the block. @throws TransportFailure malformed */
export function readBlock(answer: RpcAnswer | undefined): SeenBlock | undefined {
  const raw = result(answer);
  if (raw === null) return undefined;
  const parsed = blockHeader.safeParse(raw);
  if (!parsed.success) throw new TransportFailure("malformed", "not a block");
  const block = parsed.data;
  const { baseFeePerGas } = block;
  return {
    head: {
      number: Number(block.number),
      hash: block.hash,
      parentHash: block.parentHash,
      timestamp: Number(block.timestamp),
      nextBaseFeeWei:
        baseFeePerGas === undefined ? undefined : nextBaseFeeWei(baseFeePerGas, block.gasUsed, block.gasLimit),
    },
    raw: raw as Record<string, unknown>,
  };
}

/** @throws TransportFailure malformed */
export function readChainId(answer: RpcAnswer | undefined): bigint {
  const parsed = quantity.safeParse(result(answer));
  if (!parsed.success) throw new TransportFailure("malformed", "not a chain id");
  return parsed.data;
}

function result(answer: RpcAnswer | undefined): unknown {
  if (answer === undefined || "error" in answer)
    throw new TransportFailure("malformed", "an error instead of an answer");
  return answer.result;
}

/** EIP-1559: base fee of the next block from this one's, wei per gas; rounded as the protocol does. */
export function nextBaseFeeWei(baseFeeWei: bigint, gasUsed: bigint, gasLimit: bigint): bigint {
  const target = gasLimit / 2n;
  if (baseFeeWei === 0n || target === 0n || gasUsed === target) return baseFeeWei;
  if (gasUsed > target) {
    const rise = (baseFeeWei * (gasUsed - target)) / target / 8n;
    return baseFeeWei + (rise > 0n ? rise : 1n);
  }
  return baseFeeWei - (baseFeeWei * (target - gasUsed)) / target / 8n;
}
