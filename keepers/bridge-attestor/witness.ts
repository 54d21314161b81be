/**
 * What several nodes of one chain say alike. Heights count that enough nodes have reached, so that one that runs ahead makes nothing
 * deeper than it is; hashes that enough nodes show; and state and logs that enough nodes answer alike for one block.
 */
import { z } from "zod";

import { RetryableError } from "../../protocol/errors.js";
import { logSchema } from "../../protocol/receiptsRoot.js";
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

/** A log as every node has it, whatever else it adds. */
const witnessedSchema = logSchema
  .extend({ blockNumber: quantity, blockHash: z.string(), logIndex: quantity })
  .transform((log) => ({ ...log, block: Number(log.blockNumber) }));
export type WitnessedLog = z.infer<typeof witnessedSchema>;

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
    return height === undefined || height < 0 ? undefined : this.blockAt(height);
  }

  /** The block of a height. @throws RetryableError NO_QUORUM */
  async blockAt(height: number): Promise<WitnessedBlock> {
    const hash = await this.hashAt(height);
    if (hash === undefined) throw this.noQuorum("hash-disagreement");
    return { number: height, hash };
  }

  /** The hash that enough nodes show at a height, and no other as many; undefined without it. */
  async hashAt(height: number): Promise<string | undefined> {
    return (await this.hashesAt([height]))[0];
  }

  /** The same of several heights, in their order. */
  async hashesAt(heights: readonly number[]): Promise<readonly (string | undefined)[]> {
    const found: (string | undefined)[] = [];
    for (let from = 0; from < heights.length; from += AT_ONCE) {
      const some = heights.slice(from, from + AT_ONCE);
      const shown = await Promise.all(this.usable().map((endpoint) => hashesOf(endpoint, some)));
      found.push(...some.map((_, index) => this.elected(shown.map((hashes) => hashes[index]))));
    }
    return found;
  }

  private elected(hashes: readonly (string | undefined)[]): string | undefined {
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
  return z.array(witnessedSchema).parse(answer);
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

/** By index; nothing where the node does not know the block, or did not answer. */
async function hashesOf(endpoint: Endpoint, heights: readonly number[]): Promise<readonly (string | undefined)[]> {
  try {
    const answers = await endpoint.ask(heights.map((height) => blockByNumber(height)));
    return heights.map((height, index) => hashIn(answers[index], height));
  } catch {
    return [];
  }
}

function hashIn(answer: RpcAnswer | undefined, height: number): string | undefined {
  try {
    const head = readBlock(answer)?.head;
    return head?.number === height ? head.hash.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
