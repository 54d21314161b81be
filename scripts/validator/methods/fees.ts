/** Methods about what transactions cost. */
import { getBase64Encoder, getCompiledTransactionMessageDecoder, type Address } from "@solana/kit";
import { z } from "zod";

import type { Block } from "../blocks.js";
import type { Cluster } from "../cluster.js";
import { feeLamports } from "../computeBudget.js";
import { invalidParams } from "../jsonRpc.js";
import { address, blockFor, contextConfig, read, withContext } from "../params.js";
import type { Methods } from "../rpcNode.js";
import type { CompiledMessage } from "../wire.js";

/** Blocks that nodes remember fees of, and accounts that may be asked for at once. */
const REMEMBERED_BLOCKS = 150n;
const MAX_ACCOUNTS = 128;

/** Lowest price that got into the block, or that got a write lock on one of the accounts there. */
function lowestPrice(block: Block, accounts: readonly Address[]): bigint {
  const prices = block.transactions.map(({ microLamportsPerUnit, writable }) => ({ microLamportsPerUnit, writable }));
  const lowest = (list: typeof prices): bigint =>
    list.reduce<bigint | undefined>(
      (least, { microLamportsPerUnit: price }) => (least === undefined || price < least ? price : least),
      undefined,
    ) ?? 0n;
  const all = [lowest(prices), ...accounts.map((one) => lowest(prices.filter(({ writable }) => writable.has(one))))];
  return all.reduce((most, price) => (price > most ? price : most));
}

function decodeMessage(text: string): CompiledMessage {
  try {
    return getCompiledTransactionMessageDecoder().decode(getBase64Encoder().encode(text));
  } catch {
    throw invalidParams("failed to deserialize the message");
  }
}

export function feeMethods(cluster: Cluster): Methods {
  const { bank } = cluster;
  return {
    getFeeForMessage: (params) => {
      const [text, config] = read(params, z.string(), contextConfig);
      const message = decodeMessage(text);
      const block = blockFor(cluster, config);
      const isKnown = bank.isBlockhashValid(message.lifetimeToken, block);
      return withContext(block, isKnown ? feeLamports(message) : null);
    },
    getRecentPrioritizationFees: (params) => {
      const [accounts] = read(params, z.array(address).max(MAX_ACCOUNTS).nullish());
      const { open } = bank.blocks;
      const closed = bank.blocks.after(open.slot - REMEMBERED_BLOCKS - 1n).slice(0, -1);
      return closed.map((block) => ({
        slot: block.slot,
        prioritizationFee: lowestPrice(block, accounts ?? []),
      }));
    },
  };
}
