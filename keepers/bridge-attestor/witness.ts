/**
 * What several nodes of one chain say alike. Heights count that enough nodes have reached, so that one that runs ahead makes nothing
 * deeper than it is; hashes that enough nodes show; and state and logs that enough nodes answer alike for one block.
 */
import { z } from "zod";

import { RetryableError } from "../../protocol/errors.js";
import type { ChainClient } from "../kit/provider.js";
import type { MoneyRead } from "../kit/providers/agreement.js";
import type { Endpoint } from "../kit/providers/endpoint.js";
import { blockByNumber, LATEST_BLOCK, readBlock } from "../kit/providers/head.js";
import type { RpcAnswer, RpcRequest } from "../kit/providers/transport.js";

const FINALIZED_BLOCK: RpcRequest = { method: "eth_getBlockByNumber", params: ["finalized", false] };
const quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]+$/)
  .transform(BigInt);
const bytes = z.string().regex(/^0x(?:[0-9a-fA-F]{2})*$/);

/** A log as every node has it, whatever else it adds. */
const logSchema = z
  .object({
    address: bytes,
    topics: z.array(bytes),
    data: bytes,
    blockNumber: quantity,
    blockHash: bytes,
    transactionHash: bytes,
    logIndex: quantity,
  })
  .transform((log) => ({ ...log, block: Number(log.blockNumber) }));
export type WitnessedLog = z.infer<typeof logSchema>;

export interface WitnessedBlock {
  readonly number: number;
  readonly hash: string;
}

/** How far the chain has come, as enough nodes say. */
export interface Heights {
  readonly latest: number;
  /** undefined: too few nodes know such a block. */
  readonly finalized: number | undefined;
}

export class Witness {
  constructor(readonly client: ChainClient) {}

  /** @throws RetryableError NO_QUORUM */
  async heights(): Promise<Heights> {
    const seen = await Promise.all(this.usable().map((endpoint) => heightsOf(endpoint)));
    const latest = this.reached(seen.map((one) => one?.latest));
    if (latest === undefined) throw this.noQuorum("too-few-providers");
    return { latest, finalized: this.reached(seen.map((one) => one?.finalized)) };
  }

  /**
   * The newest block that is so deep; 0 confirmations: the finalized one. @returns undefined where there is none yet.
   * @throws RetryableError NO_QUORUM
   */
  async settled({ latest, finalized }: Heights, confirmations: bigint): Promise<WitnessedBlock | undefined> {
    const height = confirmations === 0n ? finalized : latest - Number(confirmations);
    if (height === undefined || height < 0) return undefined;
    const hash = await this.hashAt(height);
    if (hash === undefined) throw this.noQuorum("hash-disagreement");
    return { number: height, hash };
  }

  /** The hash that enough nodes show at a height, and no other as many; undefined without it. */
  async hashAt(height: number): Promise<string | undefined> {
    const hashes = await Promise.all(this.usable().map((endpoint) => hashOf(endpoint, height)));
    const votes = new Map<string, number>();
    for (const hash of hashes) if (hash !== undefined) votes.set(hash, (votes.get(hash) ?? 0) + 1);
    const [first, second] = [...votes].sort(([, a], [, b]) => b - a);
    if (first === undefined || first[1] < this.client.quorum || first[1] === second?.[1]) return undefined;
    return first[0];
  }

  /** Answers that enough nodes give alike for one block, in the order of the questions. @throws RetryableError NO_QUORUM */
  async read(block: WitnessedBlock, reads: readonly MoneyRead[]): Promise<readonly unknown[]> {
    const answers: unknown[] = [];
    for (let from = 0; from < reads.length; from += AT_ONCE) {
      answers.push(...(await this.client.agreed(block, reads.slice(from, from + AT_ONCE))));
    }
    return answers;
  }

  /** Nodes that may be believed together. */
  usable(): readonly Endpoint[] {
    return this.client.endpoints.filter(({ quarantine }) => quarantine.reason === undefined);
  }

  /** What as many nodes as must agree have at least reached. */
  private reached(heights: readonly (number | undefined)[]): number | undefined {
    return heights.filter((height) => height !== undefined).sort((a, b) => b - a)[this.client.quorum - 1];
  }

  private noQuorum(reason: string): RetryableError {
    return new RetryableError(
      "NO_QUORUM",
      `${String(this.client.quorum)} nodes of chain ${String(this.client.chainId)} must agree: ${reason}`,
      "look at the nodes: doctor shows what each of them says",
      { reason, quorum: String(this.client.quorum), chainId: String(this.client.chainId) },
    );
  }
}

/** Questions in one exchange: small enough for a slow node. */
const AT_ONCE = 64;

/** Logs of one block of an address with these topics, compared by what every node says of a log. */
export function logsRead(address: string, topics: readonly string[], block: number): MoneyRead {
  const at = `0x${block.toString(16)}`;
  return {
    method: "eth_getLogs",
    params: () => [{ address, topics, fromBlock: at, toBlock: at }],
    meaning: (result) => readLogs(result).map(meaningOf),
  };
}

/** Throws when the answer is no list of logs. */
export function readLogs(answer: unknown): readonly WitnessedLog[] {
  return z.array(logSchema).parse(answer);
}

function meaningOf({ address, topics, data, block, blockHash, transactionHash, logIndex }: WitnessedLog): unknown {
  return [address, topics, data, block, blockHash, transactionHash, logIndex.toString()];
}

async function heightsOf(endpoint: Endpoint): Promise<Heights | undefined> {
  try {
    const [latest, finalized] = await endpoint.ask([LATEST_BLOCK, FINALIZED_BLOCK]);
    const head = readBlock(latest)?.head.number;
    return head === undefined ? undefined : { latest: head, finalized: numberOf(finalized) };
  } catch {
    // Whatever it was, it is noted with the node.
    return undefined;
  }
}

/** Chains without finality answer with an error. */
function numberOf(answer: RpcAnswer | undefined): number | undefined {
  try {
    return readBlock(answer)?.head.number;
  } catch {
    return undefined;
  }
}

async function hashOf(endpoint: Endpoint, height: number): Promise<string | undefined> {
  try {
    const [answer] = await endpoint.ask([blockByNumber(height)]);
    const head = readBlock(answer)?.head;
    return head?.number === height ? head.hash.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
