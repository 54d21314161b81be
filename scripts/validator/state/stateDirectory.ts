/**
 * A cluster kept on disk. `bank.bin` is replaced as a whole and says how much of `transactions.ndjson` belongs to it; what is behind that
 * is of a save that did not end, and is written over. So whatever is written when the machine stops, the last complete state is there.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
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
  /** Of the ledger, that belong to `bank.bin`. */
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

  /** Undefined where no save has ended yet. @throws PermanentError STATE_UNREADABLE. */
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
      const lines = ledger.subarray(0, saved.transactionBytes).toString("utf8").split("\n");
      const transactions = lines.filter((line) => line !== "").map(decodeTransaction);
      this.transactionBytes = saved.transactionBytes;
      return {
        ...{ ...saved, transactions },
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

  /** Keeps a state, with the transactions since the last one that was kept, as lines. */
  async save(state: Omit<SavedCluster, "transactions">, newTransactions: readonly string[]): Promise<void> {
    const lines = Buffer.from(newTransactions.map((line) => `${line}\n`).join(""));
    const transactionBytes = this.transactionBytes + lines.length;
    const ledger = await fs.open(this.file("transactions.ndjson"), constants.O_RDWR | constants.O_CREAT);
    try {
      await ledger.truncate(this.transactionBytes);
      for (let at = 0; at < lines.length;) {
        at += (await ledger.write(lines, at, lines.length - at, this.transactionBytes + at)).bytesWritten;
      }
      await ledger.sync();
    } finally {
      await ledger.close();
    }
    const { accounts, airdrops, ...rest } = state;
    const counts = { airdrops: BigInt(airdrops), transactionBytes: BigInt(transactionBytes) };
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
    this.transactionBytes = transactionBytes;
  }

  async close(): Promise<void> {
    await fs.rm(this.lock, { force: true });
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
