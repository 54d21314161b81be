/** One Electrum server: the questions that a redemption has, each with an answer of the right form or a typed error. What is true of it is judged elsewhere. */
import { z } from "zod";

import { type CantileverError, PermanentError, RetryableError } from "../../../../protocol/errors.js";
import { DuplexTransport } from "../../../kit/providers/duplex.js";
import { TransportFailure } from "../../../kit/providers/failure.js";
import type { TransportLimits } from "../../../kit/providers/transport.js";
import { backoffMs } from "../../../kit/retry.js";
import { rateFromBtc } from "../fee.js";
import { parseTransaction } from "../rawTransaction.js";
import { openLine } from "./line.js";
import { type BroadcastRefusal, refusalOf } from "./refusal.js";
import type { ElectrumServer } from "./server.js";

const CLIENT_NAME = "cantilever";
/** First version with `cp_height` and stable errors; every server of today speaks it. */
const PROTOCOL_VERSION = "1.4";
const BACKOFF_BASE_MS = 500;
const BACKOFF_MAX_MS = 60_000;
const NEXT_BLOCK = 1;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** No transaction is larger than a block of 4 MB. */
const MOST_TRANSACTION_BYTES = 4_000_000;
const HEADER_BYTES = 80;
const header = hexOf(HEADER_BYTES, HEADER_BYTES);
const tip = z.object({ height: z.int().nonnegative(), hex: header });
const history = z.array(z.object({ tx_hash: hash, height: z.int().min(-1) })).max(100_000);
const unspent = z
  .array(
    z.object({
      ...{ tx_hash: hash, tx_pos: z.int().nonnegative(), height: z.int().min(-1) },
      value: z.int().nonnegative().transform(BigInt),
    }),
  )
  .max(100_000);
const merkle = z.object({
  block_height: z.int().nonnegative(),
  merkle: z.array(hash).max(32),
  pos: z.int().nonnegative(),
});
const transaction = hexOf(1, MOST_TRANSACTION_BYTES);
const headersUpTo = (most: number) => z.object({ count: z.int().nonnegative(), hex: hexOf(0, most * HEADER_BYTES) });
const answer = z.object({
  result: z.unknown().optional(),
  error: z.union([z.null(), z.object({ code: z.number().optional(), message: z.string() })]).optional(),
});

export type Tip = z.infer<typeof tip>;
export interface HistoryEntry {
  readonly txid: string;
  /** 0 and -1: in no block. */
  readonly height: number;
}
export interface UnspentOutput extends HistoryEntry {
  readonly index: number;
  readonly amountSat: bigint;
}
export interface MerkleAnswer {
  readonly height: number;
  /** As explorers show them. */
  readonly branch: readonly string[];
  readonly index: number;
}

export interface ClientLimits extends TransportLimits {
  readonly nowMs?: () => number;
}

export class ElectrumClient {
  readonly name: string;
  private readonly transport: DuplexTransport;
  private readonly nowMs: () => number;
  private failures = 0;
  private quietUntilMs = 0;

  constructor(server: ElectrumServer, limits: ClientLimits) {
    this.name = server.name;
    this.nowMs = limits.nowMs ?? Date.now;
    this.transport = new DuplexTransport(async (events) => {
      const line = await openLine(server, limits, events);
      // The protocol wants this first; its answer matches no question and is passed over.
      line.send(JSON.stringify({ id: "version", method: "server.version", params: [CLIENT_NAME, PROTOCOL_VERSION] }));
      return line;
    }, limits);
  }

  tip(): Promise<Tip> {
    return this.ask("blockchain.headers.subscribe", [], tip);
  }

  /** Transactions that touch a script, by its scripthash. */
  async history(scripthash: string): Promise<HistoryEntry[]> {
    return entries(await this.ask("blockchain.scripthash.get_history", [scripthash], history));
  }

  /** Those of them that are in no block. */
  async mempool(scripthash: string): Promise<HistoryEntry[]> {
    return entries(await this.ask("blockchain.scripthash.get_mempool", [scripthash], history));
  }

  /** Outputs to a script that nothing spends, in no block either. */
  async unspent(scripthash: string): Promise<UnspentOutput[]> {
    const list = await this.ask("blockchain.scripthash.listunspent", [scripthash], unspent);
    return list.map(({ tx_hash: txid, tx_pos: index, height, value: amountSat }) => {
      return { txid, index, height, amountSat };
    });
  }

  /** Hex, with witness. */
  transaction(txid: string): Promise<string> {
    return this.ask("blockchain.transaction.get", [txid], transaction);
  }

  async merkle(txid: string, height: number): Promise<MerkleAnswer> {
    const path = await this.ask("blockchain.transaction.get_merkle", [txid, height], merkle);
    return { height: path.block_height, branch: path.merkle, index: path.pos };
  }

  /** At most so many headers upwards, 0x and 80 bytes each; servers give fewer at the tip. */
  async headers(from: number, count: number): Promise<string[]> {
    const chunk = await this.ask("blockchain.block.headers", [from, count], headersUpTo(count));
    const all = chunk.hex.match(/.{160}/g) ?? [];
    if (all.length !== chunk.count || chunk.hex.length !== 2 * HEADER_BYTES * all.length) {
      throw this.malformed("blockchain.block.headers");
    }
    return all.map((one) => `0x${one}`);
  }

  /** Satoshis per 1,000 virtual bytes for the next block; undefined when the server does not know. */
  async nextBlockRate(): Promise<bigint | undefined> {
    return rateFromBtc(await this.ask("blockchain.estimatefee", [NEXT_BLOCK], z.number()));
  }

  /** Hands a transaction over. @returns why the server refused it, or undefined when it has it */
  async broadcast(raw: string): Promise<BroadcastRefusal | undefined> {
    try {
      const taken = await this.ask("blockchain.transaction.broadcast", [raw], hash);
      if (taken !== parseTransaction(raw)?.txid) throw this.malformed("blockchain.transaction.broadcast");
      return undefined;
    } catch (error) {
      if (!(error instanceof PermanentError) || error.code !== "BTC_SERVER_REFUSED") throw error;
      const refusal = refusalOf(error.details["answer"] ?? "");
      return refusal === "known" ? undefined : refusal;
    }
  }

  close(): void {
    this.transport.close();
  }

  /**
   * @throws RetryableError BTC_SERVER_RESTING, BTC_SERVER_UNREACHABLE, BTC_SERVER_SILENT; PermanentError BTC_SERVER_REFUSED,
   * BTC_SERVER_MALFORMED
   */
  private async ask<T>(method: string, params: readonly unknown[], form: z.ZodType<T>): Promise<T> {
    if (this.nowMs() < this.quietUntilMs) {
      throw new RetryableError("BTC_SERVER_RESTING", `${this.name} failed and is left alone for a while`);
    }
    try {
      const reply = answer.safeParse(await this.transport.exchange({ jsonrpc: "2.0", method, params }));
      if (!reply.success) throw this.malformed(method);
      const { error, result } = reply.data;
      this.failures = 0;
      if (error != null) {
        throw new PermanentError("BTC_SERVER_REFUSED", `${this.name} refused ${method}`, undefined, {
          server: this.name,
          answer: error.message,
        });
      }
      const parsed = form.safeParse(result);
      if (!parsed.success) throw this.malformed(method);
      return parsed.data;
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error;
      this.failures += 1;
      this.quietUntilMs = this.nowMs() + backoffMs(this.failures, BACKOFF_BASE_MS, BACKOFF_MAX_MS);
      throw this.failed(method, error);
    }
  }

  private failed(method: string, error: TransportFailure): CantileverError {
    if (error.reason === "malformed" || error.reason === "too-large") return this.malformed(method);
    const code = error.reason === "timeout" ? "BTC_SERVER_SILENT" : "BTC_SERVER_UNREACHABLE";
    return new RetryableError(code, `${this.name}: ${error.message}`, undefined, { server: this.name });
  }

  private malformed(method: string): PermanentError {
    const details = { server: this.name, method };
    return new PermanentError(
      "BTC_SERVER_MALFORMED",
      `${this.name} answered ${method} with something else`,
      undefined,
      details,
    );
  }
}

/** Whole bytes. Its length is looked at first: a pattern with groups takes stack for each of them, and answers can have megabytes. */
function hexOf(least: number, most: number): z.ZodType<string> {
  const isHex = (text: string): boolean =>
    text.length % 2 === 0 && text.length >= 2 * least && text.length <= 2 * most && !/[^0-9a-f]/.test(text);
  return z.string().refine(isHex);
}

function entries(list: z.infer<typeof history>): HistoryEntry[] {
  return list.map(({ tx_hash: txid, height }) => ({ txid, height }));
}
