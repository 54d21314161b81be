/**
 * Who has ever borrowed, by the pool's Borrow events. A cursor remembers blocks by hash, close ones and ever farther ones: after a reorganisation
 * reading goes on behind the newest that still stands. Accounts found in a branch that is gone are harmless: they are read before anything is done.
 */
import { toQuantity } from "ethers";
import { z } from "zod";

import { aaveAbi } from "../../../../protocol/aave/contracts.js";
import { RetryableError } from "../../../../protocol/errors.js";
import type { MoneyRead } from "../../../kit/providers/agreement.js";
import { blockByNumber, readBlock, type Head } from "../../../kit/providers/head.js";
import type { ChainClient } from "../../../kit/provider.js";
import type { RpcAnswer } from "../../../kit/providers/transport.js";

export interface Checkpoint {
  readonly number: number;
  readonly hash: string;
}

/** Plain data: may be kept as JSON. */
export interface AaveCursor {
  /** Newest first; everything up to the first one has been read. */
  readonly checkpoints: readonly Checkpoint[];
}

export interface DiscoveryPlace {
  readonly pool: string;
  /** Block of the pool's deployment. */
  readonly startBlock: number;
  /** Blocks of one question. */
  readonly logRange: number;
}

/** Questions of one step: a long way is gone in several. */
const RANGES_AT_ONCE = 20;
/** Every further checkpoint lies at least twice as far back: more than the age of any chain. */
const MAX_CHECKPOINTS = 40;

const log = z.object({
  address: z.string(),
  topics: z.array(z.string()),
  data: z.string(),
  blockNumber: z.string(),
  logIndex: z.string(),
});

/** Accounts, lower case, in the order in which they first borrowed. @throws RetryableError NO_QUORUM, RPC_UNREACHABLE */
export async function discoverBorrowers(
  client: ChainClient,
  { pool, startBlock, logRange }: DiscoveryPlace,
  cursor: AaveCursor | undefined,
): Promise<{ readonly accounts: readonly string[]; readonly cursor: AaveCursor; readonly more: boolean }> {
  const head = await client.head();
  const standing = await stillStanding(client, cursor?.checkpoints ?? [], head);
  let from = Math.max(startBlock, (standing[0]?.number ?? startBlock - 1) + 1);
  const found = new Set<string>();
  let checkpoints = standing;
  for (let range = 0; range < RANGES_AT_ONCE && from <= head.number; range += 1) {
    const { to, accounts } = await readRange(client, pool, head, from, Math.min(from + logRange - 1, head.number));
    for (const account of accounts) found.add(account);
    checkpoints = thinned([to === head.number ? head : await blockAt(client, to), ...checkpoints]);
    from = to + 1;
  }
  return { accounts: [...found], cursor: { checkpoints }, more: from <= head.number };
}

/** Checkpoints from the newest one that is still a block of the chain. */
async function stillStanding(
  client: ChainClient,
  checkpoints: readonly Checkpoint[],
  head: Head,
): Promise<readonly Checkpoint[]> {
  for (const [index, { number, hash }] of checkpoints.entries()) {
    if (number <= head.number && (await blockAt(client, number)).hash === hash) return checkpoints.slice(index);
  }
  return [];
}

/** As much of the range as nodes answer for: where they agree on nothing it is halved, down to a block. */
async function readRange(
  client: ChainClient,
  pool: string,
  head: Head,
  from: number,
  to: number,
): Promise<{ readonly to: number; readonly accounts: readonly string[] }> {
  try {
    const [answer] = await client.agreed(head, [borrowsRead(pool, from, to)]);
    const accounts = readLogs(answer).flatMap(({ topics, data, address, blockNumber }) => {
      const block = Number(blockNumber);
      const isAsked = address.toLowerCase() === pool && block >= from && block <= to;
      const event = isAsked ? aaveAbi.pool.parseLog({ topics, data }) : null;
      return event?.name === "Borrow" ? [String(event.args["onBehalfOf"]).toLowerCase()] : [];
    });
    return { to, accounts };
  } catch (error) {
    // Nodes refuse what is too much for them, each in other words.
    const isMuch = error instanceof RetryableError && error.code === "NO_QUORUM" && to > from;
    if (!isMuch) throw error;
    return readRange(client, pool, head, from, Math.floor((from + to) / 2));
  }
}

/** Of all nodes of a quorum alike: one that leaves a log out is found out. */
function borrowsRead(pool: string, from: number, to: number): MoneyRead {
  const topic = aaveAbi.pool.getEvent("Borrow").topicHash;
  const filter = { address: pool, topics: [topic], fromBlock: toQuantity(from), toBlock: toQuantity(to) };
  return {
    method: "eth_getLogs",
    params: () => [filter],
    meaning: (answer) => readLogs(answer).map(({ topics, blockNumber, logIndex }) => [topics, blockNumber, logIndex]),
  };
}

function readLogs(answer: unknown): readonly z.infer<typeof log>[] {
  return z.array(log).parse(answer);
}

function blockAt(client: ChainClient, number: number): Promise<Checkpoint> {
  return client.ask({
    method: "eth_getBlockByNumber",
    requests: () => [blockByNumber(number)],
    read: ([answer]: readonly RpcAnswer[]) => {
      const block = readBlock(answer);
      if (block === undefined) {
        throw new RetryableError("AAVE_BLOCK_UNKNOWN", `no node has block ${String(number)}`, "it is asked for again");
      }
      return { number, hash: block.head.hash };
    },
  });
}

/** The newest, and every older one that lies at least twice as far back as the one kept before it. */
function thinned([newest, ...older]: readonly Checkpoint[]): readonly Checkpoint[] {
  if (newest === undefined) return [];
  const kept: Checkpoint[] = [{ number: newest.number, hash: newest.hash }];
  let least = 1;
  for (const checkpoint of older) {
    if (newest.number - checkpoint.number < least || kept.length >= MAX_CHECKPOINTS) continue;
    kept.push(checkpoint);
    least = 2 * (newest.number - checkpoint.number);
  }
  return kept;
}
