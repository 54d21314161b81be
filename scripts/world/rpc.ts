/** The market's own connections to the node: plain JSON-RPC over HTTP that never waits for ever, and the one behind contracts' handles. */
import { JsonRpcProvider, type JsonRpcPayload, type JsonRpcResult } from "ethers";

import { PermanentError } from "../../protocol/errors.js";

const TIMEOUT_MS = 15_000;

export interface RpcLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
}

export interface RpcReceipt {
  readonly ok: boolean;
  readonly gasUsed: number;
  readonly logs: readonly RpcLog[];
  readonly blockNumber: number;
}

export interface MinedTransaction {
  readonly from: string;
  readonly to: string | null;
  readonly input: string;
}

/** A transaction of one of the node's own accounts. */
export interface RpcTransaction {
  readonly from: string;
  readonly to: string;
  readonly data: string;
  readonly gas?: number;
  /** Wei per gas; what stands in front or behind in a block. */
  readonly gasPriceWei?: bigint;
}

/** Gas price of ordinary market transactions. */
export const MARKET_GAS_PRICE_WEI = 3_000_000_000n;
const DEFAULT_GAS = 100_000_000;

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function gone(url: string, method: string, cause: unknown): PermanentError {
  return new PermanentError(
    "RPC_GONE",
    `the chain at ${url} no longer answers (${method})`,
    "look for an earlier message of the node, free memory if it was killed, and start again",
    { url, method },
    { cause },
  );
}

/** What contracts' handles ask. @throws PermanentError RPC_GONE where ethers would hand on whatever the socket said. */
export class WorldProvider extends JsonRpcProvider {
  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    try {
      return await super._send(payload);
    } catch (error) {
      const methods = [payload].flat().map(({ method }) => method);
      throw gone(this._getConnection().url, methods.join(", "), error);
    }
  }
}

export class Rpc {
  #id = 0;

  constructor(readonly url: string) {}

  /** @throws PermanentError RPC_GONE when nobody answers in time, RPC_REFUSED when the node says no. */
  async request<T>(method: string, params: readonly unknown[]): Promise<T> {
    this.#id += 1;
    let answer: { result?: T; error?: { message: string } };
    try {
      const response = await fetch(this.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: this.#id, method, params }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer = (await response.json()) as typeof answer;
    } catch (error) {
      throw gone(this.url, method, error);
    }
    if (answer.error !== undefined) {
      throw new PermanentError("RPC_REFUSED", `${method}: ${answer.error.message}`, undefined, { method });
    }
    return answer.result as T;
  }

  async blockNumber(): Promise<number> {
    return Number(await this.request<string>("eth_blockNumber", []));
  }

  /** Of a block, unix seconds. */
  async timestamp(block: number | "latest" = "latest"): Promise<number> {
    const tag = typeof block === "number" ? hex(block) : block;
    const found = await this.request<{ timestamp: string } | null>("eth_getBlockByNumber", [tag, false]);
    return Number(found?.timestamp ?? 0);
  }

  async blockHash(block: number): Promise<string> {
    const found = await this.request<{ hash: string } | null>("eth_getBlockByNumber", [hex(block), false]);
    return found?.hash ?? "";
  }

  async call(to: string, data: string, block: number | "latest" | "pending" = "latest"): Promise<string> {
    return this.request<string>("eth_call", [{ to, data }, typeof block === "number" ? hex(block) : block]);
  }

  async send(transaction: RpcTransaction): Promise<string> {
    const { from, to, data, gas = DEFAULT_GAS, gasPriceWei = MARKET_GAS_PRICE_WEI } = transaction;
    return this.request<string>("eth_sendTransaction", [{ from, to, data, gas: hex(gas), gasPrice: hex(gasPriceWei) }]);
  }

  /** Undefined while the transaction is not in a block. */
  async receipt(hash: string): Promise<RpcReceipt | undefined> {
    const raw = await this.request<{ status: string; gasUsed: string; logs: RpcLog[]; blockNumber: string } | null>(
      "eth_getTransactionReceipt",
      [hash],
    );
    if (raw === null) return undefined;
    return {
      ok: raw.status === "0x1",
      gasUsed: Number(raw.gasUsed),
      logs: raw.logs,
      blockNumber: Number(raw.blockNumber),
    };
  }

  async logs(
    address: string | readonly string[],
    fromBlock: number,
    toBlock: number,
    topics: readonly string[] = [],
  ): Promise<RpcLog[]> {
    const range = { fromBlock: hex(fromBlock), toBlock: hex(toBlock) };
    return this.request<RpcLog[]>("eth_getLogs", [{ address, topics, ...range }]);
  }

  /** What a block holds, in its order. */
  async transactions(block: number): Promise<readonly MinedTransaction[]> {
    const found = await this.request<{ transactions: MinedTransaction[] } | null>("eth_getBlockByNumber", [
      hex(block),
      true,
    ]);
    return found?.transactions ?? [];
  }
}
