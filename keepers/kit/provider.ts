/** The connection to one chain: any number of nodes behind one surface, with errors that say whether trying again can help. */
import { FetchRequest, JsonRpcProvider, Network, type JsonRpcPayload, type JsonRpcResult } from "ethers";

import { PermanentError, RetryableError } from "../../protocol/errors.js";
import { parseAddresses } from "./providers/address.js";
import { agree, type MoneyRead } from "./providers/agreement.js";
import { Endpoint } from "./providers/endpoint.js";
import { TransportFailure } from "./providers/failure.js";
import { Fleet, type FleetReport } from "./providers/fleet.js";
import { CHAIN_ID, LATEST_BLOCK, readBlock, readChainId, type Head } from "./providers/head.js";
import { Judge } from "./providers/judge.js";
import { ProviderPool, type Question } from "./providers/pool.js";
import type { QuarantineRules } from "./providers/quarantine.js";
import type { RpcAnswer, RpcRequest } from "./providers/transport.js";

export { nextBaseFeeWei, type Head } from "./providers/head.js";

export interface ClientOptions {
  /** Addresses of nodes, separated by commas (providers/address.ts); the first one that may be asked is. */
  readonly url: string;
  readonly chainId: number;
  readonly timeoutMs: number;
  /** Repeats of one request after a transport failure. */
  readonly retries: number;
  /** Nodes that must agree on money reads; one unless told otherwise. */
  readonly quorum?: number;
  /** Usual time between two blocks. */
  readonly blockMs?: number;
  /** How often all nodes are compared while all is well. */
  readonly probeMs?: number;
  readonly maxAnswerBytes?: number;
  readonly quarantine?: QuarantineRules;
  /** Called for each transport failure that is repeated. */
  readonly onRetry?: (method: string, attempt: number, reason: string) => void;
  /** Called when the state of the nodes, or the reason for it, changes. */
  readonly onFleet?: (report: FleetReport) => void;
}

const DEFAULT_BLOCK_MS = 2_000;
const DEFAULT_PROBE_MS = 60_000;
const DEFAULT_MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * ethers' provider on the pool: one fixed chain, no reuse of answers, and transport failures repeated inside a budget. A node that
 * *answers* with an error is never asked again here, because the answer may already have had an effect.
 */
class PooledProvider extends JsonRpcProvider {
  constructor(
    chainId: number,
    private readonly pool: ProviderPool,
  ) {
    const network = Network.from(chainId);
    // The address is never used: _send goes to the pool. Without cacheTimeout -1 two quick transactions can get one nonce.
    super(new FetchRequest("http://pool.invalid"), network, {
      staticNetwork: network,
      cacheTimeout: -1,
      batchMaxCount: 1,
      batchStallTime: 0,
    });
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const requests = Array.isArray(payload) ? payload : [payload];
    const answers = await this.pool.ask({
      method: requests[0]?.method ?? "batch",
      requests: () => requests.map(({ method, params }) => ({ method, params: params as readonly unknown[] })),
      read: (given) => given,
    });
    // ethers types answers as results, but errors come the same way.
    return answers.map((answer, index) => ({ id: requests[index]?.id ?? index, ...answer })) as JsonRpcResult[];
  }
}

/** What came back with the newest block. */
export interface Look {
  readonly head: Head;
  readonly endpoint: Endpoint;
  /** Answers to the further requests, in their order. */
  readonly answers: readonly RpcAnswer[];
}

/** What enough nodes answered alike to one read; the error is that of a call that reverts. */
export type AgreedAnswer =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: Error };

/** One connection to one chain. */
export class ChainClient {
  readonly provider: JsonRpcProvider;
  readonly chainId: number;
  /** What the nodes are worth together. */
  readonly fleet: Fleet;
  /** Nodes that must agree on money reads. */
  readonly quorum: number;
  private readonly pool: ProviderPool;
  private readonly judge: Judge;
  private newestHash = "";
  private skew: number | undefined;

  constructor(options: ClientOptions) {
    const { chainId, timeoutMs, quorum = 1, blockMs = DEFAULT_BLOCK_MS, probeMs = DEFAULT_PROBE_MS } = options;
    const limits = { timeoutMs, maxBytes: options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES };
    const endpoints = parseAddresses(options.url).map((address) => new Endpoint(address, limits, options.quarantine));
    this.pool = new ProviderPool(endpoints, { retries: options.retries, onRetry: options.onRetry });
    this.judge = new Judge(chainId);
    this.fleet = new Fleet(this.pool, this.judge, { quorum, blockMs, probeMs, onChange: options.onFleet });
    this.provider = new PooledProvider(chainId, this.pool);
    this.chainId = chainId;
    this.quorum = quorum;
  }

  /** The addresses without user name, path and query, in which providers keep their keys. */
  get shownUrl(): string {
    return this.pool.endpoints.map(({ shown }) => shown).join(", ");
  }

  /** How old the newest block was when it was first seen, seconds by this machine's clock; undefined before. */
  get skewSeconds(): number | undefined {
    return this.skew;
  }

  /** The node that is asked next. */
  get preferred(): Endpoint {
    return this.pool.preferred;
  }

  /** Every node, whatever is thought of it. */
  get endpoints(): readonly Endpoint[] {
    return this.pool.endpoints;
  }

  /**
   * One cheap read. @throws RetryableError RPC_UNREACHABLE when nobody answered; ethers' error when the node answered with one.
   */
  request(method: string, params: readonly unknown[]): Promise<unknown> {
    return this.provider.send(method, [...params]);
  }

  /** One exchange with one node, the next one when it fails. @throws RetryableError RPC_UNREACHABLE; PermanentError RPC_MALFORMED. */
  ask<T>(question: Question<T>): Promise<T> {
    return this.pool.ask(question);
  }

  /** ethers' error for a node's answer: reverts carry their data. */
  errorOf({ method, params }: RpcRequest, answer: Extract<RpcAnswer, { error: unknown }>): Error {
    const payload = { id: 0, jsonrpc: "2.0" as const, method, params: [...params] };
    return this.provider.getRpcError(payload, { id: 0, error: answer.error });
  }

  /** The newest block. @throws RetryableError RPC_UNREACHABLE; PermanentError RPC_MALFORMED when the answer is not a block. */
  async head(): Promise<Head> {
    return (await this.look(() => [])).head;
  }

  /** The newest block and, in the same exchange with the same node, answers to further requests. @throws like `head`. */
  async look(further: (endpoint: Endpoint) => readonly RpcRequest[]): Promise<Look> {
    const seen = await this.lookOnce(further);
    const isNews = seen.head.hash !== this.newestHash;
    if (isNews) this.skew = Date.now() / 1000 - seen.head.timestamp;
    this.newestHash = seen.head.hash;
    await this.fleet.watch(isNews);
    // The comparison may have found that this node stands still.
    return seen.endpoint.quarantine.reason !== undefined && this.preferred !== seen.endpoint
      ? this.lookOnce(further)
      : seen;
  }

  /**
   * A money read: what `quorum` nodes say alike about one block. @throws RetryableError NO_QUORUM; nothing may be signed then.
   * ethers' error when they agree that a call reverts.
   */
  async agreed(head: Pick<Head, "number" | "hash">, reads: readonly MoneyRead[]): Promise<readonly unknown[]> {
    return (await this.agreedEach(head, reads)).map((answer) => {
      if (answer.ok) return answer.result;
      throw answer.error;
    });
  }

  /**
   * Like `agreed`, but a call of which they agree that it reverts costs only its own answer. @throws RetryableError NO_QUORUM.
   */
  async agreedEach(head: Pick<Head, "number" | "hash">, reads: readonly MoneyRead[]): Promise<readonly AgreedAnswer[]> {
    const { pool, judge, fleet, quorum } = this;
    const agreement = await agree({ pool, judge, fleet, quorum }, head, reads);
    if (!agreement.ok) {
      throw new RetryableError(
        "NO_QUORUM",
        `${String(quorum)} nodes must agree on block ${String(head.number)}: ${agreement.reason}`,
        "look at the nodes: doctor shows what each of them says",
        { reason: agreement.reason, answered: String(agreement.answered), quorum: String(quorum) },
      );
    }
    return agreement.answers.map((answer, index) => {
      if ("result" in answer) return { ok: true, result: answer.result };
      const read = reads[index];
      // With what was asked, or an error that carries revert data cannot be made.
      const asked = { method: read?.method ?? "", params: read?.params(head.hash) ?? [] };
      return { ok: false, error: this.errorOf(asked, answer) };
    });
  }

  /** @throws PermanentError WRONG_CHAIN when no node serves the configured chain; one that serves another is not asked again. */
  async assertChain(): Promise<void> {
    let wrong: bigint | undefined;
    try {
      await this.pool.ask({
        method: CHAIN_ID.method,
        requests: () => [CHAIN_ID],
        read: ([answer], endpoint) => {
          const connected = readChainId(answer);
          if (connected !== BigInt(this.chainId)) wrong = connected;
          this.judge.chain(endpoint, connected);
        },
      });
    } catch (error) {
      if (wrong === undefined) throw error;
      throw new PermanentError(
        "WRONG_CHAIN",
        `the node at ${this.shownUrl} serves chain ${String(wrong)}, expected ${String(this.chainId)}`,
        "point the RPC variable of this network to a node of its chain",
        { connected: String(wrong), expected: String(this.chainId) },
      );
    }
  }

  close(): void {
    this.provider.destroy();
    this.pool.close();
  }

  private lookOnce(further: (endpoint: Endpoint) => readonly RpcRequest[]): Promise<Look> {
    return this.pool.ask({
      method: LATEST_BLOCK.method,
      requests: (endpoint) => [LATEST_BLOCK, ...further(endpoint)],
      read: ([latest, ...answers], endpoint) => {
        const block = readBlock(latest);
        if (block === undefined) throw new TransportFailure("malformed", "no newest block");
        this.judge.newest(endpoint, block);
        return { head: block.head, endpoint, answers };
      },
    });
  }
}
