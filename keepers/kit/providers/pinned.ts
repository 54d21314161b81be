/**
 * Cheap reads of one block, many in one exchange: what a keeper looks at, not what it signs by (agreement.ts). Every answer is of the
 * named block or there is none, also at a node that takes heights only: its hash at that height is asked after the reads.
 */
import type { ChainClient } from "../provider.js";
import { isMeant, pins, type MoneyRead } from "./agreement.js";
import { TransportFailure } from "./failure.js";
import { blockByNumber, readBlock, type Head } from "./head.js";
import type { RpcAnswer } from "./transport.js";

/** Reads of one exchange; providers refuse large ones. */
const READS_AT_ONCE = 200;

/**
 * Answers in the order of the reads; a call that reverts is an answer.
 * @throws RetryableError RPC_UNREACHABLE when no node knows the block or can say; PermanentError RPC_MALFORMED.
 */
export async function readPinned(
  client: Pick<ChainClient, "ask">,
  block: Pick<Head, "number" | "hash">,
  reads: readonly MoneyRead[],
  atOnce = READS_AT_ONCE,
): Promise<readonly RpcAnswer[]> {
  const answers: RpcAnswer[] = [];
  for (let from = 0; from < reads.length; from += atOnce) {
    answers.push(...(await readBatch(client, block, reads.slice(from, from + atOnce))));
  }
  return answers;
}

function readBatch(
  client: Pick<ChainClient, "ask">,
  { number, hash }: Pick<Head, "number" | "hash">,
  reads: readonly MoneyRead[],
): Promise<readonly RpcAnswer[]> {
  return client.ask({
    method: reads[0]?.method ?? "batch",
    requests: async (endpoint) => {
      const at = (await pins(endpoint, hash)) ? { blockHash: hash } : `0x${number.toString(16)}`;
      return [...reads.map(({ method, params }) => ({ method, params: params(at) })), blockByNumber(number)];
    },
    read: (given) => {
      if (readBlock(given.at(-1))?.head.hash !== hash) throw new TransportFailure("unknown-block");
      const answers = given.slice(0, -1);
      if (!answers.every(isMeant)) throw new TransportFailure("unreachable", "a read without an answer");
      return answers;
    },
  });
}
