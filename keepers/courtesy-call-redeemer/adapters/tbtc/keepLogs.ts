/**
 * Logs of keep factories and of the system, range by range. A range that is too much for the nodes is halved until it is not; what a
 * range brought counts only on the branch that was read before.
 */
import { z } from "zod";

import { RetryableError } from "../../../../protocol/errors.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import type { ChainClient } from "../../../kit/provider.js";
import type { Endpoint } from "../../../kit/providers/endpoint.js";
import { TransportFailure } from "../../../kit/providers/failure.js";
import { blockByNumber, readBlock } from "../../../kit/providers/head.js";
import type { RpcAnswer } from "../../../kit/providers/transport.js";

/** A keep as the log of its factory names it. Addresses are lower case. */
export interface LoggedKeep {
  readonly factory: string;
  readonly keep: string;
  readonly members: readonly string[];
  readonly owner: string;
  readonly application: string;
}

export interface LogRange {
  readonly keeps: readonly LoggedKeep[];
  /** Factories that the system has taken into use. */
  readonly factories: readonly string[];
  /** Last block that was read, and its hash. */
  readonly to: number;
  readonly hash: string;
}

const KEEP_TOPICS = [
  tbtcAbi.keepFactory.getEvent("BondedECDSAKeepCreated").topicHash,
  tbtcAbi.fullyBackedFactory.getEvent("FullyBackedECDSAKeepCreated").topicHash,
];
const UPDATE_TOPIC = tbtcAbi.system.getEvent("KeepFactoriesUpdated").topicHash;
/** What a node that cannot manage a range may do instead of saying so. */
const OVERWHELMED = new Set(["throttled", "timeout", "too-large", "http-status"]);
/** Ranges after which more is tried than was too much. */
const PATIENCE = 64;
const NOBODY = `0x${"00".repeat(20)}`;

const logSchema = z.array(
  z.object({
    address: z.string(),
    topics: z.array(z.string()),
    data: z.string(),
    blockNumber: z.string().regex(/^0x[0-9a-fA-F]+$/),
    removed: z.boolean().optional(),
  }),
);
type RawLog = z.infer<typeof logSchema>[number];

export class KeepLogs {
  private span: number;
  /** Blocks of a range that was not too much, as far as is known; now and then more is tried. */
  private ceiling: number;
  private successes = 0;
  /** Nodes that have answered since the last `settle`. */
  private readonly answerers = new Set<Endpoint>();

  constructor(
    private readonly client: Pick<ChainClient, "ask">,
    private readonly system: string,
    /** Blocks of the largest range. */
    private readonly maxSpan: number,
  ) {
    this.span = maxSpan;
    this.ceiling = maxSpan;
  }

  /** The node that gave all logs since the last call; undefined when several did. */
  settle(): Endpoint | undefined {
    const [only, ...others] = this.answerers;
    this.answerers.clear();
    return others.length === 0 ? only : undefined;
  }

  /**
   * As many blocks from `from` on, at most to `to`, as the nodes manage at once.
   * @param before a block that was read: it must still be there.
   * @throws RetryableError TBTC_CHAIN_CHANGED, TBTC_LOGS_REFUSED when not even one block can be read.
   */
  async read(
    factories: readonly string[],
    from: number,
    to: number,
    before: { readonly number: number; readonly hash: string } | undefined,
  ): Promise<LogRange> {
    for (let end = Math.min(to, from + this.span - 1); ;) {
      const answer = await this.tryRange(factories, from, end, before);
      if ("keeps" in answer) {
        this.grow();
        return answer;
      }
      if (end === from) {
        const details = { block: String(from) };
        const fix = "name another node";
        throw new RetryableError("TBTC_LOGS_REFUSED", "no node gives the logs of one block", fix, details, {
          cause: answer.refused,
        });
      }
      this.ceiling = end - from;
      end = from + Math.floor((end - from) / 2);
      this.span = end - from + 1;
    }
  }

  /** A little more each time; beyond what was too much only after a while, because that may have been one crowded range. */
  private grow(): void {
    this.successes += 1;
    if (this.successes % PATIENCE === 0) this.ceiling = Math.min(this.maxSpan, 2 * this.ceiling);
    this.span = Math.min(this.ceiling, this.span + Math.ceil(this.span / 8));
  }

  private async tryRange(
    factories: readonly string[],
    from: number,
    to: number,
    before: { readonly number: number; readonly hash: string } | undefined,
  ): Promise<LogRange | { readonly refused: unknown }> {
    const filter = {
      address: [...factories, this.system],
      topics: [[...KEEP_TOPICS, UPDATE_TOPIC]],
      fromBlock: `0x${from.toString(16)}`,
      toBlock: `0x${to.toString(16)}`,
    };
    const older = before === undefined ? [] : [blockByNumber(before.number)];
    try {
      return await this.client.ask({
        method: "eth_getLogs",
        requests: () => [{ method: "eth_getLogs", params: [filter] }, blockByNumber(to), ...older],
        read: ([logs, last, then], endpoint) => {
          if (logs !== undefined && "error" in logs) return { refused: logs.error };
          const { hash } = readBlock(last)?.head ?? {};
          if (hash === undefined) throw new TransportFailure("unknown-block");
          if (before !== undefined && readBlock(then)?.head.hash !== before.hash) throw chainChanged(before.number);
          const found = this.parse(logs, factories, from, to);
          this.answerers.add(endpoint);
          return { ...found, to, hash };
        },
      });
    } catch (error) {
      if (!isOverwhelmed(error)) throw error;
      return { refused: error };
    }
  }

  /** @throws TransportFailure malformed: the node gave something that was not asked for. */
  private parse(
    answer: RpcAnswer | undefined,
    factories: readonly string[],
    from: number,
    to: number,
  ): Pick<LogRange, "keeps" | "factories"> {
    const parsed = logSchema.safeParse(answer !== undefined && "result" in answer ? answer.result : undefined);
    if (!parsed.success) throw new TransportFailure("malformed", "no logs");
    const keeps: LoggedKeep[] = [];
    const learned: string[] = [];
    for (const log of parsed.data) {
      const address = log.address.toLowerCase();
      const block = Number(log.blockNumber);
      if (block < from || block > to) throw new TransportFailure("malformed", "a log that was not asked for");
      if (log.removed === true) continue;
      if (log.topics[0] === UPDATE_TOPIC && address === this.system) learned.push(...factoriesOf(log));
      else if (factories.includes(address)) keeps.push(keepOf(address, log));
      else throw new TransportFailure("malformed", "a log that was not asked for");
    }
    return { keeps, factories: learned };
  }
}

/** Whether a node may have failed because it was asked for too much at once. */
export function isOverwhelmed(error: unknown): boolean {
  const reason = error instanceof RetryableError ? error.details["reason"] : undefined;
  return reason !== undefined && OVERWHELMED.has(reason);
}

function keepOf(factory: string, { topics, data }: RawLog): LoggedKeep {
  const event = decoded(
    () => tbtcAbi.keepFactory.parseLog({ topics, data }) ?? tbtcAbi.fullyBackedFactory.parseLog({ topics, data }),
  );
  const args = event.args as unknown as {
    readonly keepAddress: string;
    readonly members: readonly string[];
    readonly owner: string;
    readonly application: string;
  };
  return {
    factory,
    keep: args.keepAddress.toLowerCase(),
    members: args.members.map((member) => member.toLowerCase()),
    owner: args.owner.toLowerCase(),
    application: args.application.toLowerCase(),
  };
}

/** The staked and the fully backed one; the third address only chooses between them. */
function factoriesOf({ topics, data }: RawLog): readonly string[] {
  const { args } = decoded(() => tbtcAbi.system.parseLog({ topics, data }));
  return [args[0], args[1]].map((factory) => String(factory).toLowerCase()).filter((factory) => factory !== NOBODY);
}

function decoded<T>(parse: () => T | null): T {
  try {
    const event = parse();
    if (event !== null) return event;
  } catch {
    // Told below: ethers throws where the data does not fit the topic.
  }
  throw new TransportFailure("malformed", "a log that is not what its topic says");
}

function chainChanged(block: number): RetryableError {
  return new RetryableError(
    "TBTC_CHAIN_CHANGED",
    `block ${String(block)} is another one than before`,
    "the next look goes back to where the branches part",
    { block: String(block) },
  );
}
