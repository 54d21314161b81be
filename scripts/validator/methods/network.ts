/** Methods about the cluster itself: heights, blockhashes, versions. */
import { z } from "zod";

import { lastValidBlockHeight } from "../blockhashes.js";
import type { Block } from "../blocks.js";
import type { Cluster } from "../cluster.js";
import { epochInfo, SLOTS_PER_EPOCH } from "../epochInfo.js";
import { API_VERSION, blockFor, contextConfig, read, withContext } from "../params.js";
import type { Methods } from "../rpcNode.js";

/** The newest hash that a block on this commitment can name: the open block has none of its own yet. */
function latestHashBlock(cluster: Cluster, block: Block): Block {
  const { blocks } = cluster.bank;
  return block === blocks.open ? blocks.parent : block;
}

export function networkMethods(cluster: Cluster): Methods {
  const { bank } = cluster;
  const config = (params: readonly unknown[], position = 0): Block => {
    const [given] = read(params.slice(position), contextConfig);
    return blockFor(cluster, given);
  };
  return {
    getHealth: () => "ok",
    getVersion: () => ({ "solana-core": API_VERSION, "feature-set": 0 }),
    getGenesisHash: () => bank.genesisHash,
    getSlot: (params) => config(params).slot,
    getBlockHeight: (params) => config(params).height,
    getFirstAvailableBlock: () => cluster.firstAvailableSlot,
    getEpochInfo: (params) => epochInfo(bank, config(params)),
    getEpochSchedule: () => ({
      slotsPerEpoch: SLOTS_PER_EPOCH,
      leaderScheduleSlotOffset: SLOTS_PER_EPOCH,
      warmup: false,
      firstNormalEpoch: 0n,
      firstNormalSlot: 0n,
    }),
    getTransactionCount: () => BigInt(bank.history.size),
    minimumLedgerSlot: () => cluster.firstAvailableSlot,
    getBlockTime: (params) => {
      const [slot] = read(params, z.bigint());
      return bank.blocks.bySlot(slot)?.time ?? null;
    },
    getLatestBlockhash: (params) => {
      const block = config(params);
      const { blockhash, height } = latestHashBlock(cluster, block);
      return withContext(block, { blockhash, lastValidBlockHeight: lastValidBlockHeight(height) });
    },
    isBlockhashValid: (params) => {
      const [blockhash] = read(params, z.string());
      const block = config(params, 1);
      return withContext(block, bank.isBlockhashValid(blockhash, block));
    },
  };
}
