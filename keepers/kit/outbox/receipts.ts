/** What the chain says about an account's nonces and about hashes. */
import { z } from "zod";

import type { ChainClient } from "../provider.js";
import { TransportFailure } from "../providers/failure.js";
import type { RpcAnswer, RpcRequest } from "../providers/transport.js";
import type { ReceiptLog } from "../submitter.js";

const quantity = z.string().regex(/^0x[0-9a-fA-F]+$/);
const receiptSchema = z
  .object({
    status: z.enum(["0x0", "0x1"]),
    blockNumber: quantity,
    blockHash: z.string(),
    gasUsed: quantity,
    effectiveGasPrice: quantity.optional(),
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

/** One node's view, taken in one exchange. */
export interface AccountView {
  /** Nonces that are used; asked before the receipts, so that a used nonce of ours has its receipt among them. */
  readonly used: number;
  readonly receipts: ReadonlyMap<string, Receipt>;
}

/** Requests that a node answers in one batch without complaint. */
const BATCH = 100;

/** Nonces and receipts of an account. @throws RetryableError RPC_UNREACHABLE; PermanentError RPC_MALFORMED. */
export async function viewAccount(
  client: Pick<ChainClient, "ask">,
  address: string,
  hashes: readonly string[],
): Promise<AccountView> {
  const receipts = new Map<string, Receipt>();
  let used: number | undefined;
  for (let from = 0; used === undefined || from < hashes.length; from += BATCH) {
    const part = hashes.slice(from, from + BATCH);
    const view = await client.ask({
      method: COUNT,
      requests: () => [countOf(address), ...part.map((hash) => ({ method: RECEIPT, params: [hash] }))],
      read: ([count, ...answers]) => ({
        used: Number(resultOf(count, quantity)),
        receipts: answers.map((answer) => receiptFrom(resultOf(answer, receiptSchema))),
      }),
    });
    used = Math.min(used ?? view.used, view.used);
    for (const [index, receipt] of view.receipts.entries()) {
      const hash = part[index];
      if (receipt !== undefined && hash !== undefined) receipts.set(hash, receipt);
    }
  }
  return { used, receipts };
}

/** Hash of block 0: tells two chains with the same id apart. */
export function genesisHash(client: Pick<ChainClient, "ask">): Promise<string> {
  const block = z.object({ hash: z.string() });
  return client.ask({
    method: BLOCK,
    requests: () => [{ method: BLOCK, params: ["0x0", false] }],
    read: ([answer]) => resultOf(answer, block).hash,
  });
}

const COUNT = "eth_getTransactionCount";
const RECEIPT = "eth_getTransactionReceipt";
const BLOCK = "eth_getBlockByNumber";

function countOf(address: string): RpcRequest {
  return { method: COUNT, params: [address, "latest"] };
}

function resultOf<T>(answer: RpcAnswer | undefined, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(answer !== undefined && "result" in answer ? answer.result : undefined);
  if (!parsed.success) throw new TransportFailure("malformed");
  return parsed.data;
}

function receiptFrom(receipt: z.infer<typeof receiptSchema>): Receipt | undefined {
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
