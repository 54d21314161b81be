/** A node as a source of blocks and logs. Answers are checked for their form here; whether they are true is judged elsewhere. */
import { z } from "zod";

import { RetryableError } from "../../protocol/errors.js";
import { headerHash } from "../../protocol/headerHash.js";
import { receiptsRoot } from "../../protocol/receiptsRoot.js";
import type { BlockHeader, ChainLog, ChainSource, LogFilter } from "./chainSource.js";
import { JsonRpc, type RpcOptions } from "./jsonRpc.js";

const quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]+$/)
  .transform(BigInt);
const bytes = z
  .string()
  .regex(/^0x(?:[0-9a-fA-F]{2})*$/)
  .transform((text) => text.toLowerCase());
const bytesOrNibble = z.string().regex(/^0x[0-9a-fA-F]+$/);
const hash = bytes.refine((text) => text.length === 66);

const headerSchema = z
  .object({
    number: quantity,
    hash,
    parentHash: hash,
    logsBloom: bytes,
    timestamp: quantity,
    transactions: z.array(z.unknown()),
  })
  .transform(({ transactions, ...header }) => ({ ...header, hasTransactions: transactions.length > 0 }));

const logSchema = z.object({
  blockNumber: quantity,
  blockHash: hash,
  logIndex: quantity.transform(Number),
  transactionHash: hash,
  address: bytes,
  topics: z.array(hash),
  data: bytes,
});
const receiptSchema = z.object({
  blockHash: hash,
  type: bytesOrNibble.default("0x0"),
  status: bytesOrNibble.optional(),
  root: bytes.optional(),
  cumulativeGasUsed: bytesOrNibble,
  logsBloom: bytes,
  logs: z.array(logSchema),
});
const anyHeader = z.record(z.string(), z.unknown());
const transactionHashes = z.object({ hash, transactions: z.array(hash) });

/**
 * required: receipts count only when they are what the block's hash commits to. off: for chains whose headers cannot be recomputed, because
 * they are sealed another way (QBFT and IBFT of Besu); receipts of several nodes are then all there is.
 */
export type ReceiptProof = "required" | "off";

export class RpcSource implements ChainSource {
  private readonly rpc: JsonRpc;
  private hasBlockReceipts = true;

  constructor(
    options: RpcOptions,
    private readonly proof: ReceiptProof = "required",
  ) {
    this.rpc = new JsonRpc(options);
  }

  get name(): string {
    return this.rpc.name;
  }

  async header(at: bigint | "latest" | "safe" | "finalized"): Promise<BlockHeader | undefined> {
    const tag = typeof at === "bigint" ? hex(at) : at;
    const [found] = await this.rpc.call([{ method: "eth_getBlockByNumber", params: [tag, false] }]);
    return this.read(headerSchema.nullish(), found) ?? undefined;
  }

  async headers(from: bigint, to: bigint): Promise<readonly BlockHeader[]> {
    const numbers = Array.from({ length: Number(to - from) + 1 }, (_, index) => from + BigInt(index));
    const found = await this.rpc.call(
      numbers.map((number) => ({ method: "eth_getBlockByNumber", params: [hex(number), false] })),
    );
    const headers = this.read(z.array(headerSchema.nullish()), found);
    const end = headers.findIndex((header) => header == null);
    return headers.slice(0, end < 0 ? undefined : end).filter((header) => header != null);
  }

  async logs(filter: LogFilter, from: bigint, to: bigint): Promise<readonly ChainLog[]> {
    const wanted = {
      ...{ fromBlock: hex(from), toBlock: hex(to) },
      ...{ address: filter.addresses, topics: [filter.topics0] },
    };
    const [found] = await this.rpc.call([{ method: "eth_getLogs", params: [wanted] }]);
    return this.read(z.array(logSchema), found);
  }

  async receiptLogs(blockHash: string): Promise<readonly ChainLog[] | undefined> {
    const receipts = this.hasBlockReceipts ? await this.blockReceipts(blockHash) : await this.eachReceipt(blockHash);
    if (receipts?.some((receipt) => receipt.blockHash !== blockHash) === true) return undefined;
    if (receipts !== undefined && this.proof === "required" && !(await this.prove(blockHash, receipts)))
      return undefined;
    return receipts?.flatMap(({ logs }) => logs);
  }

  /**
   * The receipts are all of that block's and as they were executed, for certain: its hash covers the root of their trie.
   * @returns false when the node does not know the block. @throws RetryableError HEADER_UNPROVEN, RECEIPTS_FALSE.
   */
  private async prove(blockHash: string, receipts: readonly z.infer<typeof receiptSchema>[]): Promise<boolean> {
    const [found] = await this.rpc.call([{ method: "eth_getBlockByHash", params: [blockHash, false] }]);
    const header = this.read(anyHeader.nullish(), found);
    if (header == null) return false;
    if (headerHash(header) !== blockHash) {
      const fix =
        "find out whether the node lies; a chain that seals its headers another way needs receipt proofs `off`";
      throw this.untrue("HEADER_UNPROVEN", `the header of ${blockHash} does not hash to it`, fix);
    }
    if (receiptsRoot(receipts) !== header["receiptsRoot"]) {
      const fix = "find out which node lies and remove it";
      throw this.untrue("RECEIPTS_FALSE", `these are not the receipts of ${blockHash}`, fix);
    }
    return true;
  }

  private untrue(code: string, message: string, fix: string): RetryableError {
    return new RetryableError(code, `${this.name}: ${message}`, fix, { source: this.name });
  }

  private async blockReceipts(blockHash: string): Promise<z.infer<typeof receiptSchema>[] | undefined> {
    try {
      const [found] = await this.rpc.call([{ method: "eth_getBlockReceipts", params: [{ blockHash }] }]);
      return this.read(z.array(receiptSchema).nullish(), found) ?? undefined;
    } catch (error) {
      if (!(error instanceof RetryableError && error.code === "SOURCE_NO_METHOD")) throw error;
      this.hasBlockReceipts = false;
      return this.eachReceipt(blockHash);
    }
  }

  /** For nodes without eth_getBlockReceipts. */
  private async eachReceipt(blockHash: string): Promise<z.infer<typeof receiptSchema>[] | undefined> {
    const [found] = await this.rpc.call([{ method: "eth_getBlockByHash", params: [blockHash, false] }]);
    const block = this.read(transactionHashes.nullish(), found);
    if (block == null) return undefined;
    const calls = block.transactions.map((id) => ({ method: "eth_getTransactionReceipt", params: [id] }));
    const receipts = this.read(z.array(receiptSchema.nullish()), await this.rpc.call(calls));
    const known = receipts.filter((receipt) => receipt != null);
    return known.length === receipts.length ? known : undefined;
  }

  private read<T>(schema: z.ZodType<T>, answer: unknown): T {
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new RetryableError(
      "SOURCE_MALFORMED",
      `${this.name}: the answer has another form than the method's`,
      undefined,
      {
        source: this.name,
      },
    );
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
