/** What the chain says about hashes and nonces. */
import { z } from "zod";

import type { ChainClient } from "../provider.js";
import type { ReceiptLog } from "../submitter.js";

const receiptSchema = z
  .object({
    status: z.enum(["0x0", "0x1"]),
    blockNumber: z.string(),
    blockHash: z.string(),
    gasUsed: z.string(),
    effectiveGasPrice: z.string().optional(),
    logs: z.array(z.object({ address: z.string(), topics: z.array(z.string()), data: z.string() })),
  })
  .nullable();

export interface Receipt {
  readonly ok: boolean;
  readonly block: number;
  readonly blockHash: string;
  readonly gasUsed: number;
  readonly gasPriceWei: bigint | undefined;
  readonly logs: readonly ReceiptLog[];
}

/** The receipt of a transaction; undefined while it is in no block. @throws RetryableError when nobody answers. */
export async function receiptOf(client: Pick<ChainClient, "request">, hash: string): Promise<Receipt | undefined> {
  const receipt = receiptSchema.parse(await client.request("eth_getTransactionReceipt", [hash]));
  if (receipt === null) return undefined;
  const price = receipt.effectiveGasPrice;
  return {
    ok: receipt.status === "0x1",
    block: Number(receipt.blockNumber),
    blockHash: receipt.blockHash,
    gasUsed: Number(receipt.gasUsed),
    gasPriceWei: price === undefined ? undefined : BigInt(price),
    logs: receipt.logs,
  };
}

/** Hash of block 0: tells two chains with the same id apart. */
export async function genesisHash(client: Pick<ChainClient, "request">): Promise<string> {
  const block = z.object({ hash: z.string() }).parse(await client.request("eth_getBlockByNumber", ["0x0", false]));
  return block.hash;
}
