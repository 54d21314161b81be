/** Epochs of a cluster: all of one length from the first one on. */
import type { Bank } from "./bank.js";
import type { Block } from "./blocks.js";

export const SLOTS_PER_EPOCH = 432_000n;

export function epochInfo(bank: Bank, block: Block): Record<string, bigint> {
  return {
    epoch: block.slot / SLOTS_PER_EPOCH,
    slotIndex: block.slot % SLOTS_PER_EPOCH,
    slotsInEpoch: SLOTS_PER_EPOCH,
    absoluteSlot: block.slot,
    blockHeight: block.height,
    transactionCount: BigInt(bank.history.size),
  };
}
