/** The connection to one chain: ethers behind a retry budget, with errors that say whether trying again can help. */
import {
  FetchRequest,
  JsonRpcProvider,
  Network,
  type JsonRpcError,
  type JsonRpcPayload,
  type JsonRpcResult,
} from "ethers";
import { z } from "zod";

import { PermanentError, RetryableError } from "../../protocol/errors.js";
import { backoffMs, pause, RetryBudget } from "./retry.js";

/** The newest block as far as a keeper needs it. */
export interface Head {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Base fee of the *next* block, wei per gas; undefined on chains without one (before London). */
  readonly nextBaseFeeWei: bigint | undefined;
}

export interface ClientOptions {
  readonly url: string;
  readonly chainId: number;
  readonly timeoutMs: number;
  /** Repeats of one request after a transport failure. */
  readonly retries: number;
  /** Called for each transport failure that is repeated. */
  readonly onRetry?: (method: string, attempt: number, reason: string) => void;
}

const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 2_000;
/** Repeats of all requests together: a burst of 20, then two a second. */
const BUDGET_CAPACITY = 20;
const BUDGET_PER_SECOND = 2;
/** JSON-RPC codes with which nodes ask for patience (EIP-1474 "limit exceeded" and its HTTP cousin). */
const BUSY_CODES = new Set([-32005, 429]);

const quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]+$/)
  .transform(BigInt);
const hash = z.string().regex(/^0x[0-9a-fA-F]{64}$/);
const blockHeader = z.object({
  number: quantity,
  hash,
  parentHash: hash,
  timestamp: quantity,
  gasLimit: quantity,
  gasUsed: quantity,
  baseFeePerGas: quantity.optional(),
});

/**
 * ethers' provider with three differences: one fixed chain, no reuse of answers, and transport failures repeated inside a budget.
 * A node that *answers* with an error is never asked again here, because the answer may already have had an effect.
 */
class PatientProvider extends JsonRpcProvider {
  private readonly budget = new RetryBudget(BUDGET_CAPACITY, BUDGET_PER_SECOND);

  constructor(private readonly patience: ClientOptions) {
    const request = new FetchRequest(patience.url);
    request.timeout = patience.timeoutMs;
    request.setThrottleParams({ maxAttempts: 1, slotInterval: RETRY_BASE_MS });
    const network = Network.from(patience.chainId);
    // Without cacheTimeout -1 two quick transactions can get one nonce; without batches nothing is worth waiting for.
    super(request, network, { staticNetwork: network, cacheTimeout: -1, batchMaxCount: 1, batchStallTime: 0 });
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const method = Array.isArray(payload) ? (payload[0]?.method ?? "batch") : payload.method;
    for (let attempt = 1; ; attempt += 1) {
      let failure: unknown;
      try {
        const answers = await super._send(payload);
        const busy = answers.find(isBusy);
        if (busy === undefined) return answers;
        failure = new Error("the node asks for patience");
      } catch (error) {
        failure = error;
      }
      const reason = transportReason(failure);
      if (attempt > this.patience.retries || !this.budget.spend()) {
        throw new RetryableError(
          "RPC_UNREACHABLE",
          `${method}: the node at ${redactUrl(this.patience.url)} did not answer (${reason})`,
          "check that the node runs and the address is right",
          { method, reason, attempts: String(attempt) },
          { cause: failure },
        );
      }
      this.patience.onRetry?.(method, attempt, reason);
      await pause(backoffMs(attempt, RETRY_BASE_MS, RETRY_MAX_MS));
    }
  }
}

/** ethers types answers as results, but errors come the same way. */
function isBusy(answer: JsonRpcResult | JsonRpcError): boolean {
  return "error" in answer && BUSY_CODES.has(answer.error.code);
}

/** One connection to one chain. */
export class ChainClient {
  readonly provider: JsonRpcProvider;
  readonly chainId: number;

  constructor(private readonly options: ClientOptions) {
    this.provider = new PatientProvider(options);
    this.chainId = options.chainId;
  }

  /** The address without user name, path and query, in which providers keep their keys. */
  get shownUrl(): string {
    return redactUrl(this.options.url);
  }

  /**
   * One request. @throws RetryableError RPC_UNREACHABLE when nobody answered; ethers' error when the node answered with one.
   */
  async request(method: string, params: readonly unknown[]): Promise<unknown> {
    return (await this.provider.send(method, [...params])) as unknown;
  }

  /**
   * The newest block. @throws RetryableError RPC_UNREACHABLE; PermanentError RPC_MALFORMED when the answer is not a block.
   */
  async head(): Promise<Head> {
    const parsed = blockHeader.safeParse(await this.request("eth_getBlockByNumber", ["latest", false]));
    if (!parsed.success) {
      throw new PermanentError(
        "RPC_MALFORMED",
        `the node at ${this.shownUrl} answered eth_getBlockByNumber with something that is not a block`,
        "check that the address is a JSON-RPC endpoint of the chain",
      );
    }
    const block = parsed.data;
    return {
      number: Number(block.number),
      hash: block.hash,
      parentHash: block.parentHash,
      timestamp: Number(block.timestamp),
      nextBaseFeeWei:
        block.baseFeePerGas === undefined
          ? undefined
          : nextBaseFeeWei(block.baseFeePerGas, block.gasUsed, block.gasLimit),
    };
  }

  /** @throws PermanentError WRONG_CHAIN when the node serves another chain than configured. */
  async assertChain(): Promise<void> {
    const connected = quantity.parse(await this.request("eth_chainId", []));
    if (connected !== BigInt(this.chainId)) {
      throw new PermanentError(
        "WRONG_CHAIN",
        `the node at ${this.shownUrl} serves chain ${String(connected)}, expected ${String(this.chainId)}`,
        "point the RPC variable of this network to a node of its chain",
        { connected: String(connected), expected: String(this.chainId) },
      );
    }
  }

  close(): void {
    this.provider.destroy();
  }
}

/** EIP-1559: base fee of the next block from this one's, wei per gas; rounded as the protocol does. */
export function nextBaseFeeWei(baseFeeWei: bigint, gasUsed: bigint, gasLimit: bigint): bigint {
  const target = gasLimit / 2n;
  if (baseFeeWei === 0n || target === 0n || gasUsed === target) return baseFeeWei;
  if (gasUsed > target) {
    const rise = (baseFeeWei * (gasUsed - target)) / target / 8n;
    return baseFeeWei + (rise > 0n ? rise : 1n);
  }
  return baseFeeWei - (baseFeeWei * (target - gasUsed)) / target / 8n;
}

function redactUrl(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}`;
}

/** A short stable word for a transport failure; never a URL or a body. */
function transportReason(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string")
    return error.code;
  return error instanceof Error ? error.message.slice(0, 80) : "unknown";
}
