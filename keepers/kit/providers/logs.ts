/** Logs of one block, complete: `eth_getLogs` sometimes leaves out logs under the right block hash, and only receipts show it. */
import { z } from "zod";

import type { ChainClient } from "../provider.js";
import type { Endpoint } from "./endpoint.js";
import { TransportFailure } from "./failure.js";
import { headerHash } from "../../../protocol/headerHash.js";
import {
  bloomMayHold,
  logSchema,
  receiptsRoot,
  receiptsSchema,
  type ChainLog,
} from "../../../protocol/receiptsRoot.js";
import type { RpcAnswer } from "./transport.js";

export interface LogFilter {
  readonly address: string;
  /** The first topic; every event of the address without it. */
  readonly topic?: string;
}

export interface CompleteLogs {
  readonly logs: readonly ChainLog[];
  /** How many of them `eth_getLogs` left out. */
  readonly omitted: number;
  /**
   * bloom: certainly none. receipts: the header vouches for each of them. unproven: the blocks of this chain cannot be checked by their
   * hash, so receipts and logs of one node were compared with each other only.
   */
  readonly proof: "bloom" | "receipts" | "unproven";
}

const blockSchema = z.looseObject({
  logsBloom: z.string().regex(/^0x[0-9a-fA-F]{512}$/),
  receiptsRoot: z.string(),
  hash: z.string(),
  transactions: z.array(z.string()),
});
const EMPTY_BLOOM = `0x${"0".repeat(512)}`;

/**
 * All logs of the block that match. A node that left one out, or whose receipts are not the block's, is noted as a liar; the logs are
 * then those of the receipts, or the next node's. @throws RetryableError RPC_UNREACHABLE; PermanentError RPC_MALFORMED when no node can
 * say.
 */
export function completeLogs(client: ChainClient, blockHash: string, filter: LogFilter): Promise<CompleteLogs> {
  const { address, topic } = filter;
  const wanted = { blockHash, address, topics: topic === undefined ? [] : [topic] };
  return client.ask({
    method: "eth_getLogs",
    requests: () => [
      { method: "eth_getBlockByHash", params: [blockHash, false] },
      { method: "eth_getLogs", params: [wanted] },
    ],
    read: ([block, logs], endpoint) => judge(endpoint, filter, blockHash, block, logs),
  });
}

async function judge(
  endpoint: Endpoint,
  filter: LogFilter,
  blockHash: string,
  blockAnswer: RpcAnswer | undefined,
  logsAnswer: RpcAnswer | undefined,
): Promise<CompleteLogs> {
  const block = parse(blockSchema, blockAnswer);
  const told = parse(z.array(logSchema), logsAnswer);
  const computed = headerHash(block);
  if (block.hash !== blockHash) throw new TransportFailure("malformed", "another block");
  const proven = computed === blockHash;
  const items = filter.topic === undefined ? [filter.address] : [filter.address, filter.topic];
  // Some chains fill in no blooms: an empty one counts only where the block's hash vouches for it, or where nothing happened.
  const trusted = proven || block.logsBloom !== EMPTY_BLOOM || block.transactions.length === 0;
  if (trusted && !bloomMayHold(block.logsBloom, items)) {
    if (told.length > 0) throw new TransportFailure("malformed", "a log that the bloom excludes");
    return { logs: [], omitted: 0, proof: "bloom" };
  }
  const receipts = await readReceipts(endpoint, blockHash, block.transactions);
  if (proven && receiptsRoot(receipts) !== block.receiptsRoot) {
    endpoint.quarantine.fault("log-omission");
    throw new TransportFailure("malformed", "receipts of another block");
  }
  const logs = receipts
    .flatMap((receipt) => receipt.logs)
    .filter(
      ({ address, topics }) =>
        same(address, filter.address) && (filter.topic === undefined || same(topics[0], filter.topic)),
    );
  const toldKeys = new Set(told.map(keyOf));
  const omitted = logs.filter((log) => !toldKeys.has(keyOf(log))).length;
  const invented = told.length - (logs.length - omitted);
  if (omitted > 0 || invented > 0) endpoint.quarantine.fault("log-omission");
  return { logs, omitted, proof: proven ? "receipts" : "unproven" };
}

/** At once where the node can, else one by one. @throws TransportFailure */
async function readReceipts(endpoint: Endpoint, blockHash: string, transactions: readonly string[]) {
  const [answer] = await endpoint.ask([{ method: "eth_getBlockReceipts", params: [blockHash] }]);
  if (answer !== undefined && "result" in answer && answer.result !== null) return parse(receiptsSchema, answer);
  const answers = await endpoint.ask(
    transactions.map((hash) => ({ method: "eth_getTransactionReceipt", params: [hash] })),
  );
  return answers.map((one) => parse(receiptsSchema.element, one));
}

/** @throws TransportFailure malformed */
function parse<T>(schema: z.ZodType<T>, answer: RpcAnswer | undefined): T {
  const parsed = schema.safeParse(answer !== undefined && "result" in answer ? answer.result : undefined);
  if (!parsed.success) throw new TransportFailure("malformed");
  return parsed.data;
}

/** Everything of a log that matters, so that a changed one counts as left out. */
function keyOf({ address, topics, data, logIndex }: ChainLog): string {
  return [Number(logIndex), address, data, ...topics].join(" ").toLowerCase();
}

function same(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
