/**
 * Finds the messages of a bridge. Its nonces have no gaps, so that a message that a node left out is missed: it is then looked for at every
 * node, and at last in the receipts of the block in which the bridge counted it. Finding is for liveness only; what is found is a hint.
 */
import type { BridgeEventRow } from "../../db/queries/bridge/rows.js";
import {
  BRIDGE_TOPICS,
  messageIdOf,
  messageJson,
  readBridgeLog,
  type BridgeLog,
  type BridgePlace,
} from "../../protocol/bridgeMessage.js";
import { CantileverError } from "../../protocol/errors.js";
import type { Counters } from "../kit/counters.js";
import { describeError, type KeeperLog } from "../kit/logger.js";
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
/** Questions, newest blocks first, of one search for a single log. */
const SEARCH_RANGES = 64;

type Topic = keyof typeof BRIDGE_TOPICS;
const ALL: readonly Topic[] = ["sent", "cancelled", "delivered"];

export class Scanner {
  constructor(private readonly parts: ScannerParts) {}

  /** Reads on, and looks for what is missing. @returns whether everything up to the head has been read. @throws what nodes and store throw. */
  async step({ latest }: Heights): Promise<boolean> {
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
    return done;
  }

  /** The block of the log that ended a message, asked of every node, newest blocks first; undefined when none of them has it. */
  async find(kind: "cancelled" | "delivered" | "sent", messageId: string, latest: number): Promise<number | undefined> {
    const { store, startBlock, logRange, witness } = this.parts;
    let to = latest;
    for (let range = 0; range < SEARCH_RANGES && to >= startBlock; range += 1) {
      const from = Math.max(startBlock, to - logRange + 1);
      for (const endpoint of witness.usable()) {
        const found = await this.ask(endpoint, from, to, [kind], messageId).catch(() => []);
        if (found.length === 0) continue;
        await store.write(found);
        return Number(found[0]?.block);
      }
      to = from - 1;
    }
    return undefined;
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
      if (nonce > complete + 1n) {
        await this.recover(complete + 1n, lower, Math.min(Number(block), height));
        return complete;
      }
      complete = nonce;
      lower = Number(block);
    }
    const full = complete - from >= BigInt(NONCES_AT_ONCE - 1);
    if (complete < last && !full) {
      counters.add("logs.missing");
      log.warn("bridge.log-missing", { chainId: place.chainId, nonce: complete + 1n, from: lower, to: height });
      await this.recover(complete + 1n, lower, height);
    }
    return complete;
  }

  /** Looks for one message between two blocks. What is found counts at the next step. */
  private async recover(nonce: bigint, from: number, to: number): Promise<void> {
    const { store, witness, logRange, place, counters, log } = this.parts;
    const silent: Endpoint[] = [];
    for (const endpoint of witness.usable()) {
      const found: BridgeEventRow[] = [];
      for (let at = from; at <= to; at += logRange) {
        found.push(...(await this.ask(endpoint, at, Math.min(to, at + logRange - 1), ["sent"]).catch(() => [])));
      }
      await store.write(found);
      if (!found.some((event) => event.nonce === nonce)) {
        silent.push(endpoint);
        continue;
      }
      for (const other of silent) other.quarantine.fault("log-omission");
      counters.add("logs.recovered");
      log.warn("bridge.log-omitted", { chainId: place.chainId, nonce, nodes: silent.map(({ shown }) => shown) });
      return;
    }
    await this.fromReceipts(nonce, from, to);
  }

  /** The block in which the bridge counted the nonce, by halves, and the logs in its receipts. */
  private async fromReceipts(nonce: bigint, from: number, to: number): Promise<void> {
    const { store, witness, place, counters, log } = this.parts;
    try {
      let [low, high] = [from, to];
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if ((await this.lastNonceAt(middle)) >= nonce) high = middle;
        else low = middle + 1;
      }
      const hash = await witness.hashAt(high);
      if (hash === undefined) return;
      const filter = { address: place.bridge, topic: BRIDGE_TOPICS.sent };
      const { logs } = await completeLogs(witness.client, hash, filter);
      const found = logs.flatMap((entry) => this.eventOf(readBridgeLog(entry), high));
      await store.write(found);
      if (!found.some((event) => event.nonce === nonce)) return;
      counters.add("logs.recovered");
      log.warn("bridge.log-omitted", { chainId: place.chainId, nonce, block: high });
    } catch (error) {
      // Old state is not everywhere: the next step looks again.
      if (!(error instanceof CantileverError)) throw error;
      log.warn("bridge.log-not-found", { chainId: place.chainId, nonce, ...describeError(error) });
    }
  }

  private lastNonceAt(block: number): Promise<bigint> {
    const { witness, place } = this.parts;
    const request = requestOf(bridgeRead(place.bridge, "lastNonce").params(`0x${block.toString(16)}`));
    return witness.client.ask({
      method: request.method,
      requests: () => [request, blockByNumber(block)],
      read: ([answer, at]) => {
        if (answer === undefined || "error" in answer) throw new TransportFailure("unknown-block", "no state");
        if (readBlock(at) === undefined) throw new TransportFailure("unknown-block");
        return bridgeAnswer("lastNonce", answer.result)[0] as bigint;
      },
    });
  }

  private read(from: number, to: number, topics: readonly Topic[]): Promise<readonly BridgeEventRow[]> {
    return this.parts.witness.client.ask({
      method: "eth_getLogs",
      requests: () => [this.logsOf(from, to, topics)],
      read: ([answer]) => this.events(answer, from, to),
    });
  }

  private async ask(
    endpoint: Endpoint,
    from: number,
    to: number,
    topics: readonly Topic[],
    messageId?: string,
  ): Promise<readonly BridgeEventRow[]> {
    const [answer] = await endpoint.ask([this.logsOf(from, to, topics, messageId)]);
    return this.events(answer, from, to).filter((event) => messageId === undefined || event.messageId === messageId);
  }

  private logsOf(from: number, to: number, topics: readonly Topic[], messageId?: string): RpcRequest {
    const first = topics.map((topic) => BRIDGE_TOPICS[topic]);
    const range = { fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}` };
    const filter = {
      address: this.parts.place.bridge,
      topics: [first, ...(messageId === undefined ? [] : [messageId])],
    };
    return { method: "eth_getLogs", params: [{ ...filter, ...range }] };
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

function requestOf(params: readonly unknown[]): RpcRequest {
  return { method: "eth_call", params };
}
