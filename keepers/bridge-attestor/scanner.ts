/**
 * Finds the messages of a bridge. Its nonces have no gaps, so that a message that a node left out is missed: the block in which the bridge
 * counted it is then found by halves in what nodes agree on, and its receipts hold the log. Where old state is gone, logs of every node are
 * looked through. Finding is for liveness only; what is found is a hint.
 */
import type { BridgeEventRow } from "../../db/queries/bridge/rows.js";
import {
  BRIDGE_TOPICS,
  messageIdOf,
  messageJson,
  messageState,
  readBridgeLog,
  type BridgeLog,
  type BridgePlace,
} from "../../protocol/bridgeMessage.js";
import { CantileverError } from "../../protocol/errors.js";
import type { Counters } from "../kit/counters.js";
import { describeError, type KeeperLog } from "../kit/logger.js";
import type { MoneyRead } from "../kit/providers/agreement.js";
import type { Endpoint } from "../kit/providers/endpoint.js";
import { TransportFailure } from "../kit/providers/failure.js";
import { blockByNumber, readBlock } from "../kit/providers/head.js";
import { completeLogs } from "../kit/providers/logs.js";
import type { RpcAnswer, RpcRequest } from "../kit/providers/transport.js";
import { bridgeAnswer, bridgeRead } from "./reads.js";
import type { EventStore } from "./store.js";
import { readLogs, type Heights, type Witness } from "./witness.js";

export interface ScannerParts {
  readonly witness: Witness;
  readonly place: BridgePlace;
  readonly other: BridgePlace;
  readonly store: EventStore;
  /** Block of the bridge's deployment. */
  readonly startBlock: number;
  readonly settleBlocks: number;
  readonly logRange: number;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/** Questions of one step: a long way is gone in several. */
const RANGES_AT_ONCE = 20;
/** Known nonces that one look compares. */
const NONCES_AT_ONCE = 1_000;
/** Nodes are asked for the number of messages so many blocks below the head: every one of them has that state. */
const COUNT_DEPTH = 8;
/** Questions to each node, newest blocks first, of one search through logs; the next one goes on below. */
const SEARCH_RANGES = 16;
/** Blocks of one search whose receipts are read: every node may name another one. */
const PROVED_AT_ONCE = 4;
/** Searches that are not over. */
const MAX_SEARCHES = 256;

type Topic = keyof typeof BRIDGE_TOPICS;
const ALL: readonly Topic[] = ["sent", "cancelled", "delivered"];

/** What a search is for. */
interface Wanted {
  readonly name: string;
  readonly topic: Topic;
  readonly matches: (event: BridgeEventRow) => boolean;
  /** Whether it had happened at a block, as enough nodes say. @throws RetryableError NO_QUORUM */
  readonly happened: (block: number) => Promise<boolean>;
}

/** What a node shows, and whether it has the block in question. */
interface Shown {
  readonly endpoint: Endpoint;
  readonly knows: boolean;
  readonly events: readonly BridgeEventRow[];
}

export class Scanner {
  /** Where searches through logs go on. */
  private readonly reached = new Map<string, number>();

  constructor(private readonly parts: ScannerParts) {}

  /** Reads on, and looks for one message that is missing. @throws what nodes and store throw. */
  async step({ latest }: Heights): Promise<void> {
    const { store, settleBlocks, startBlock, logRange } = this.parts;
    const known = (await store.scan()) ?? { nextBlock: BigInt(startBlock), completeNonce: 0n };
    let from = Number(known.nextBlock);
    for (let range = 0; range < RANGES_AT_ONCE && from <= latest; range += 1) {
      const to = Math.min(from + logRange - 1, latest);
      await store.write(await this.read(from, to, ALL));
      from = to + 1;
    }
    const next = Math.max(Number(known.nextBlock), Math.min(from, latest - settleBlocks + 1));
    const done = from > latest;
    const completeNonce = done ? await this.complete(known.completeNonce, latest) : known.completeNonce;
    await store.scanned({ nextBlock: BigInt(next), completeNonce });
  }

  /**
   * The block of the log about what had happened at block `until`, as enough nodes say. @returns undefined when it was not found this time.
   */
  find(kind: "cancelled" | "sent", messageId: string, until: number): Promise<number | undefined> {
    const { place, startBlock } = this.parts;
    const wanted: Wanted = {
      name: `${kind} ${messageId}`,
      topic: kind,
      matches: (event) => event.kind === kind && event.messageId === messageId,
      happened: async (block) => {
        const state = messageState(
          await this.numberAt(block, "statusOf", bridgeRead(place.bridge, "statusOf", [messageId])),
        );
        return kind === "sent" ? state !== "none" : state === "cancelled";
      },
    };
    return this.search(wanted, startBlock, until);
  }

  /** The largest nonce up to which every message is known. */
  private async complete(from: bigint, latest: number): Promise<bigint> {
    const { store, witness, place, startBlock, counters, log } = this.parts;
    const height = Math.max(startBlock, latest - COUNT_DEPTH);
    const hash = await witness.hashAt(height);
    if (hash === undefined || height > latest) return from;
    const [answer] = await witness.read({ number: height, hash }, [bridgeRead(place.bridge, "lastNonce")]);
    const [last] = bridgeAnswer("lastNonce", answer) as unknown as [bigint];
    if (last <= from) return from;
    let complete = from;
    let lower = startBlock;
    for (const { nonce, block } of await store.sentFrom(from, NONCES_AT_ONCE)) {
      // What is beyond the last one is invented.
      if (nonce > complete + 1n || nonce > last) break;
      complete = nonce;
      lower = Number(block);
    }
    const full = complete - from >= BigInt(NONCES_AT_ONCE - 1);
    if (complete >= last || full) return complete;
    const nonce = complete + 1n;
    counters.add("logs.missing");
    log.warn("bridge.log-missing", { chainId: place.chainId, nonce, from: lower, to: height });
    const wanted: Wanted = {
      name: `nonce ${String(nonce)}`,
      topic: "sent",
      matches: (event) => event.kind === "sent" && event.nonce === nonce,
      happened: async (at) => (await this.numberAt(at, "lastNonce", bridgeRead(place.bridge, "lastNonce"))) >= nonce,
    };
    // What is found counts at the next step.
    await this.search(wanted, Math.min(lower, height), height);
    return complete;
  }

  /** Looks for one log that is not above `to`; below `from` only when it had happened there already. */
  private async search(wanted: Wanted, from: number, to: number): Promise<number | undefined> {
    const { place, counters, log } = this.parts;
    const facts = { chainId: place.chainId, wanted: wanted.name };
    try {
      const block = await this.halved(wanted, from, to);
      const blocks = block === undefined ? await this.named(wanted, to) : [block];
      for (const at of blocks) {
        const silent = await this.prove(wanted, at);
        if (silent === undefined) continue;
        this.reached.delete(wanted.name);
        counters.add("logs.recovered");
        log.warn("bridge.log-omitted", { ...facts, block: at, nodes: silent });
        return at;
      }
      log.warn("bridge.log-not-found", facts);
      // Enough nodes agree on the block, whatever one of them shows there.
      return block;
    } catch (error) {
      if (!(error instanceof CantileverError)) throw error;
      log.warn("bridge.log-not-found", { ...facts, ...describeError(error) });
      return undefined;
    }
  }

  /** The block in which it happened, by halves; undefined where nodes do not agree on state that is so old. */
  private async halved({ happened }: Wanted, from: number, to: number): Promise<number | undefined> {
    const { startBlock } = this.parts;
    try {
      let [low, high] = [from, to];
      // Where to begin is a hint.
      if (low > startBlock && (await happened(low))) [low, high] = [startBlock, low];
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (await happened(middle)) high = middle;
        else low = middle + 1;
      }
      return high;
    } catch (error) {
      if (error instanceof CantileverError) return undefined;
      throw error;
    }
  }

  /** Blocks in which any node shows it. A search that was left goes on where it was. */
  private async named({ name, topic, matches }: Wanted, latest: number): Promise<readonly number[]> {
    const { store, startBlock, logRange } = this.parts;
    const blocks = new Set<number>();
    let to = Math.min(latest, this.reached.get(name) ?? latest);
    for (let range = 0; range < SEARCH_RANGES && to >= startBlock && blocks.size === 0; range += 1) {
      const from = Math.max(startBlock, to - logRange + 1);
      const events = (await this.shown(topic, from, to)).flatMap((one) => one.events);
      await store.write(events);
      for (const event of events.filter(matches)) blocks.add(Number(event.block));
      to = from - 1;
    }
    this.reached.delete(name);
    if (to >= startBlock) this.reached.set(name, to);
    const [oldest] = this.reached.keys();
    if (this.reached.size > MAX_SEARCHES && oldest !== undefined) this.reached.delete(oldest);
    return [...blocks].sort((a, b) => b - a).slice(0, PROVED_AT_ONCE);
  }

  /**
   * Writes what the receipts of the block hold, and what every node shows of the blocks up to it. @returns undefined when the receipts do not
   * have it; else the nodes that have the block and do not show the log. They are noted as liars when the header vouches for it and another
   * node shows it: what all of them leave out is a way of theirs, and nothing is gained by asking nobody.
   */
  private async prove({ topic, matches }: Wanted, block: number): Promise<readonly string[] | undefined> {
    const { store, witness, place, startBlock, logRange } = this.parts;
    const { hash } = await witness.blockAt(block);
    const { logs, proof } = await completeLogs(witness.client, hash, {
      address: place.bridge,
      topic: BRIDGE_TOPICS[topic],
    });
    const held = logs.flatMap((entry) => this.eventOf(readBridgeLog(entry), block));
    const shown = await this.shown(topic, Math.max(startBlock, block - logRange + 1), block, hash);
    await store.write([...shown.flatMap((one) => one.events), ...held]);
    if (!held.some(matches)) return undefined;
    const silent = shown.filter(({ knows, events }) => knows && !events.some(matches));
    const isShown = shown.some(({ events }) => events.some(matches));
    if (isShown && proof === "receipts") for (const { endpoint } of silent) endpoint.quarantine.fault("log-omission");
    return silent.map(({ endpoint }) => endpoint.shown);
  }

  /** What each usable node shows. One that does not answer says nothing, and leaves nothing out. */
  private async shown(topic: Topic, from: number, to: number, hash?: string): Promise<readonly Shown[]> {
    const asked = this.parts.witness.usable().map(async (endpoint): Promise<Shown[]> => {
      try {
        const [block, logs] = await endpoint.ask([blockByNumber(to), this.logsOf(from, to, [topic])]);
        const knows = readBlock(block)?.head.hash.toLowerCase() === hash;
        return [{ endpoint, knows, events: this.events(logs, from, to) }];
      } catch (error) {
        if (error instanceof TransportFailure) return [];
        throw error;
      }
    });
    return (await Promise.all(asked)).flat();
  }

  private async numberAt(block: number, view: "lastNonce" | "statusOf", read: MoneyRead): Promise<bigint> {
    const { witness } = this.parts;
    const [answer] = await witness.read(await witness.blockAt(block), [read]);
    return bridgeAnswer(view, answer)[0] as bigint;
  }

  private read(from: number, to: number, topics: readonly Topic[]): Promise<readonly BridgeEventRow[]> {
    return this.parts.witness.client.ask({
      method: "eth_getLogs",
      requests: () => [this.logsOf(from, to, topics)],
      read: ([answer]) => this.events(answer, from, to),
    });
  }

  private logsOf(from: number, to: number, topics: readonly Topic[]): RpcRequest {
    const range = { fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}` };
    const first = topics.map((topic) => BRIDGE_TOPICS[topic]);
    return { method: "eth_getLogs", params: [{ address: this.parts.place.bridge, topics: [first], ...range }] };
  }

  /** @throws TransportFailure malformed */
  private events(answer: RpcAnswer | undefined, from: number, to: number): readonly BridgeEventRow[] {
    const { bridge } = this.parts.place;
    let logs;
    try {
      logs = readLogs(answer !== undefined && "result" in answer ? answer.result : undefined);
    } catch {
      throw new TransportFailure("malformed", "no logs");
    }
    return logs.flatMap((entry) => {
      const isAsked = entry.address.toLowerCase() === bridge.toLowerCase() && entry.block >= from && entry.block <= to;
      if (!isAsked) throw new TransportFailure("malformed", "a log that was not asked for");
      return this.eventOf(readBridgeLog(entry), entry.block);
    });
  }

  /** None for a message whose fields do not hash to its id: no bridge emits it. */
  private eventOf(event: BridgeLog | undefined, block: number): BridgeEventRow[] {
    if (event === undefined) return [];
    const { kind, messageId, message } = event;
    const row = { kind, messageId, block: BigInt(block) };
    if (message === undefined) return [{ ...row, nonce: null, message: null }];
    const { place, other, counters, log } = this.parts;
    if (messageIdOf({ source: place, destination: other }, message) !== messageId) {
      counters.add("logs.invented");
      log.warn("bridge.log-invented", { chainId: place.chainId, messageId, block });
      return [];
    }
    return [{ ...row, nonce: message.nonce, message: messageJson(message) }];
  }
}
