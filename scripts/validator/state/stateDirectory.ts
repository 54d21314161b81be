/**
 * A cluster kept on disk. `transactions.ndjson` only grows; `bank.bin` is replaced as a whole and says how much of the other belongs to
 * it, so that whatever is written when the machine stops, the last complete state is there.
 */
import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";

import type { Blockhash } from "@solana/kit";
import { z } from "zod";

import { PermanentError } from "../../../protocol/errors.js";
import { parseJson, stringifyJson } from "../jsonRpc.js";
import type { SavedBank } from "../savedBank.js";
import { decodeTransaction } from "./transactionCodec.js";

const FORMAT = 1n;
const DIGEST_BYTES = 32;
const LENGTH_BYTES = 4;

const header = z.object({
  format: z.literal(FORMAT),
  genesisHash: z.string(),
  slot: z.bigint(),
  height: z.bigint(),
  parentHash: z.string(),
  timeMs: z.bigint(),
  blockhashes: z.array(z.object({ blockhash: z.string().transform((hash) => hash as Blockhash), height: z.bigint() })),
  /** Airdrops so far: no two are the same transaction. */
  airdrops: z.bigint().transform(Number),
  transactionBytes: z.bigint().transform(Number),
});

export interface SavedCluster extends SavedBank {
  readonly airdrops: number;
}

export class StateDirectory {
  private transactionBytes = 0;

  private constructor(
    readonly path: string,
    private readonly lock: string,
  ) {}

  /** @throws PermanentError STATE_IN_USE while another validator has it. */
  static async open(directory: string): Promise<StateDirectory> {
    await fs.mkdir(directory, { recursive: true });
    const lock = path.join(directory, "validator.pid");
    const holder = Number(await readIfExists(lock));
    if (holder > 0 && holder !== process.pid && isAlive(holder)) {
      throw new PermanentError(
        "STATE_IN_USE",
        `${directory} belongs to the running process ${String(holder)}`,
        `stop it, choose another directory, or delete ${lock} when that process is no validator`,
        { directory, pid: String(holder) },
      );
    }
    await fs.writeFile(lock, String(process.pid));
    return new StateDirectory(directory, lock);
  }

  /** Undefined in an empty directory. @throws PermanentError STATE_UNREADABLE. */
  async load(): Promise<SavedCluster | undefined> {
    const file = await readBytesIfExists(this.file("bank.bin"));
    if (file === undefined) return undefined;
    try {
      const digest = file.subarray(0, DIGEST_BYTES);
      const rest = file.subarray(DIGEST_BYTES);
      if (Buffer.compare(sha256(rest), digest) !== 0) throw new Error("bank.bin is damaged");
      const length = rest.readUInt32LE(0);
      const saved = header.parse(parseJson(rest.subarray(LENGTH_BYTES, LENGTH_BYTES + length).toString("utf8")));
      const ledger = (await readBytesIfExists(this.file("transactions.ndjson"))) ?? Buffer.alloc(0);
      if (ledger.length < saved.transactionBytes) throw new Error("transactions.ndjson is shorter than it was");
      await this.truncateLedger(saved.transactionBytes);
      const lines = ledger.subarray(0, saved.transactionBytes).toString("utf8").split("\n");
      return {
        ...saved,
        transactions: lines.filter((line) => line !== "").map(decodeTransaction),
        accounts: new Uint8Array(rest.subarray(LENGTH_BYTES + length)),
      };
    } catch (cause) {
      throw new PermanentError(
        "STATE_UNREADABLE",
        `${this.path}: ${cause instanceof Error ? cause.message : String(cause)}`,
        "start with another directory; this one is left as it is",
        { directory: this.path },
        { cause },
      );
    }
  }

  /** Keeps a state, with the transactions since the last one, as lines. */
  async save(state: Omit<SavedCluster, "transactions">, newTransactions: readonly string[]): Promise<void> {
    const ledger = await fs.open(this.file("transactions.ndjson"), "a");
    try {
      const lines = Buffer.from(newTransactions.map((line) => `${line}\n`).join(""));
      await ledger.appendFile(lines);
      await ledger.sync();
      this.transactionBytes += lines.length;
    } finally {
      await ledger.close();
    }
    const { accounts, airdrops, ...rest } = state;
    const counts = { airdrops: BigInt(airdrops), transactionBytes: BigInt(this.transactionBytes) };
    const text = Buffer.from(stringifyJson({ format: FORMAT, ...rest, ...counts }));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(text.length);
    const body = Buffer.concat([length, text, accounts]);
    const next = this.file("bank.bin.next");
    const file = await fs.open(next, "w");
    try {
      await file.writeFile(Buffer.concat([sha256(body), body]));
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(next, this.file("bank.bin"));
  }

  async close(): Promise<void> {
    await fs.rm(this.lock, { force: true });
  }

  private async truncateLedger(bytes: number): Promise<void> {
    this.transactionBytes = bytes;
    if (bytes > 0) await fs.truncate(this.file("transactions.ndjson"), bytes);
    else await fs.rm(this.file("transactions.ndjson"), { force: true });
  }

  private file(name: string): string {
    return path.join(this.path, name);
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

async function readBytesIfExists(file: string): Promise<Buffer | undefined> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function readIfExists(file: string): Promise<string | undefined> {
  return (await readBytesIfExists(file))?.toString("utf8");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
