/** Methods about whole blocks. */
import { z } from "zod";

import type { Block } from "../blocks.js";
import type { Cluster } from "../cluster.js";
import { invalidParams, RPC_CODE, RpcError } from "../jsonRpc.js";
import { blockFor, contextConfig, read } from "../params.js";
import type { Methods } from "../rpcNode.js";
import { transactionWithMeta } from "../transactionJson.js";

/** Most slots of one getBlocks. */
const MAX_SLOTS = 500_000n;

const blockConfig = z
  .object({
    commitment: z.enum(["confirmed", "finalized"]).optional(),
    encoding: z.enum(["json", "jsonParsed", "base58", "base64"]).optional(),
    transactionDetails: z.enum(["full", "signatures", "none"]).optional(),
    maxSupportedTransactionVersion: z.bigint().optional(),
    rewards: z.boolean().optional(),
  })
  .nullish();

type BlockConfig = z.infer<typeof blockConfig>;

export function blockMethods(cluster: Cluster): Methods {
  const { blocks } = cluster.bank;
  /** @throws RpcError for a slot that has no block, or has none any more or yet. */
  const blockAt = (slot: bigint, config: BlockConfig): Block => {
    if (slot > blockFor(cluster, { commitment: config?.commitment }).slot) {
      throw new RpcError(RPC_CODE.blockNotAvailable, `Block not available for slot ${String(slot)}`);
    }
    if (slot < blocks.first.slot || slot < cluster.firstAvailableSlot) {
      const first = String(blocks.first.slot);
      throw new RpcError(RPC_CODE.blockCleanedUp, `Block ${String(slot)} cleaned up, first available block: ${first}`);
    }
    const block = blocks.bySlot(slot);
    if (block === undefined) throw new RpcError(RPC_CODE.slotSkipped, `Slot ${String(slot)} was skipped`);
    return block;
  };
  const slots = (from: bigint, to: bigint): bigint[] =>
    blocks
      .after(from - 1n)
      .map(({ slot }) => slot)
      .filter((slot) => slot <= to);
  return {
    getBlock: (params) => {
      const [slot, config] = read(params, z.bigint().min(0n), blockConfig);
      return blockJson(blockAt(slot, config), config);
    },
    getBlocks: (params) => {
      const [from, second, third] = read(
        params,
        z.bigint().min(0n),
        z.union([z.bigint(), contextConfig]),
        contextConfig,
      );
      const newest = blockFor(cluster, (typeof second === "bigint" ? third : second) ?? null).slot;
      const to = typeof second === "bigint" && second < newest ? second : newest;
      if (to - from > MAX_SLOTS) throw invalidParams(`Slot range too large; max ${String(MAX_SLOTS)}`);
      return slots(from, to);
    },
    getBlocksWithLimit: (params) => {
      const [from, limit, config] = read(params, z.bigint().min(0n), z.bigint().min(0n).max(MAX_SLOTS), contextConfig);
      return slots(from, blockFor(cluster, config).slot).slice(0, Number(limit));
    },
  };
}

function blockJson(block: Block, config: BlockConfig): unknown {
  const details = config?.transactionDetails ?? "full";
  const { encoding = "json", maxSupportedTransactionVersion: most } = config ?? {};
  return {
    blockhash: block.blockhash,
    previousBlockhash: block.parentHash,
    parentSlot: block.parentSlot,
    blockHeight: block.height,
    blockTime: block.time,
    ...(config?.rewards === false ? {} : { rewards: [] }),
    ...(details === "signatures" ? { signatures: block.transactions.map(({ wire }) => wire.signature) } : {}),
    ...(details === "full"
      ? { transactions: block.transactions.map((executed) => transactionWithMeta(executed, encoding, most)) }
      : {}),
  };
}
