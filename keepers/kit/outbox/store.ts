/**
 * The outbox's transactions. Each one that lets bytes come into being proves in the same transaction that its writer leads, that signing
 * is not stopped, and that the policy allows the call; then the bytes are stored, and only afterwards may anybody send them.
 */
import type { Database, Queryable } from "../../../db/database.js";
import { lockLease } from "../../../db/queries/lease/lock.js";
import { addAttempt } from "../../../db/queries/outbox/addAttempt.js";
import { effectState } from "../../../db/queries/outbox/effectState.js";
import { insertOutbox } from "../../../db/queries/outbox/insert.js";
import { loadOutbox } from "../../../db/queries/outbox/load.js";
import {
  killSigner,
  lockSigner,
  readSigner,
  registerSigner,
  setNextNonce,
  type SignerRow,
} from "../../../db/queries/outbox/signer.js";
import { markEnded, markForeign, markMined, markUnwound } from "../../../db/queries/outbox/settle.js";
import { PermanentError } from "../../../protocol/errors.js";
import type { Fees } from "../fees.js";
import type { HeldLease } from "../lease.js";
import type { Intent, Refusal } from "../submitter.js";
import { actionJson } from "../policy/actionJson.js";
import type { SimulatedBytes } from "../policy/types.js";
import { attemptRow, entryOf, intentJson, noOp, type Attempt, type Entry, type MinedAt } from "./entry.js";
import type { AtFaultPoint } from "./faultPoints.js";
import type { Receipt } from "./receipts.js";
import type { SignableCall, SigningGate } from "./signingGate.js";

/** Ends a transaction because the intent is refused; nothing of it stays. */
export class Refused extends Error {
  constructor(
    readonly refusal: Refusal,
    readonly facts: Readonly<Record<string, string>> = {},
  ) {
    super(refusal);
  }
}

/** Whether new bytes may be made now; asked inside the transaction. `replace`: for an effect that is in flight already. */
export type SigningStop = (tx: Queryable, what: "new" | "replace") => Promise<"paused" | undefined>;

/** What the outbox sees of the lease under which it writes. */
export interface LeaseView {
  /** The lease as held now; undefined while another process leads. */
  readonly held: HeldLease | undefined;
  /** Nobody has said that it is lost. */
  readonly claimed: boolean;
  /** A transaction found that it is. */
  lost(why: string): void;
}

export interface StoreParts {
  readonly db: Database;
  readonly lease: LeaseView;
  readonly role: string;
  readonly chainId: string;
  readonly address: string;
  readonly gate: SigningGate;
  /** False while the database is known to store nothing: what could not be stored is not signed either. */
  readonly writable?: () => boolean;
  readonly stop?: SigningStop;
  /** Runs in the transaction that ends a row, exactly once per end: books and the like. */
  readonly onEnded?: (
    tx: Queryable,
    entry: Entry,
    end: "final" | "reverted" | "cancelled",
    at: MinedAt,
    receipt: Receipt,
  ) => Promise<void>;
  /** Runs in the transaction that puts a row in flight again, ended before or not. */
  readonly onUnwound?: (tx: Queryable, entry: Entry) => Promise<void>;
  readonly at?: AtFaultPoint;
}

/** One intent with the fees of its first bytes. */
export interface Priced {
  readonly intent: Intent;
  readonly fees: Fees;
}

export class OutboxStore {
  constructor(private readonly parts: StoreParts) {}

  /** False once another process leads. */
  get leading(): boolean {
    return this.parts.lease.claimed;
  }

  get writable(): boolean {
    return this.parts.writable?.() ?? true;
  }

  /** What is open, and the rows of `nonces`. */
  async load(nonces: readonly number[] = []): Promise<Entry[]> {
    const rows = await loadOutbox(this.parts.db, this.parts.chainId, this.parts.address, nonces.map(BigInt));
    return rows.map(entryOf);
  }

  /** What to sign for an intent: the policy's own bytes, never the caller's. @throws Refused `policy`. */
  encode(intent: Intent): SimulatedBytes {
    const encoded = this.parts.gate.encode(intent);
    if (encoded.ok) return encoded.bytes;
    throw new Refused("policy", { check: encoded.check, message: encoded.message });
  }

  signer(): Promise<SignerRow | undefined> {
    return readSigner(this.parts.db, this.parts.chainId, this.parts.address);
  }

  register(genesisHash: string, nextNonce: number): Promise<void> {
    return registerSigner(this.parts.db, this.parts.chainId, this.parts.address, genesisHash, BigInt(nextNonce));
  }

  kill(reason: string): Promise<void> {
    return killSigner(this.parts.db, this.parts.chainId, this.parts.address, reason);
  }

  /**
   * Gives consecutive nonces to all intents, or to none. `sign` makes the bytes inside the transaction; left out (a remote signer), rows
   * stay `assigned` until `storeBytes`. @throws Refused; what the database throws, and in doubt the caller must load again.
   */
  async assign(
    priced: readonly Priced[],
    sinceBlock: number,
    windowSize: number,
    sign: ((intent: Intent, nonce: number, fees: Fees) => Promise<Attempt>) | undefined,
  ): Promise<Entry[]> {
    const { parts } = this;
    const entries = await parts.db.transaction(async (tx) => {
      const fence = await this.mayWrite(tx, "new");
      const signer = await this.lockLiving(tx);
      const open = await loadOutbox(tx, parts.chainId, parts.address);
      if (open.filter(({ state }) => state !== "mined").length + priced.length > windowSize)
        throw new Refused("window");
      const written: Entry[] = [];
      for (const [index, { intent, fees }] of priced.entries()) {
        const nonce = Number(signer.nextNonce) + index;
        const entry = await this.insert(tx, intent, nonce, sinceBlock, fence);
        await this.authorize(tx, intent, fees, false);
        if (sign !== undefined) {
          const attempt = await sign(intent, nonce, fees);
          await this.addBytes(tx, entry, attempt);
          append(entry, attempt);
        }
        written.push(entry);
      }
      await setNextNonce(tx, parts.chainId, parts.address, signer.nextNonce + BigInt(priced.length));
      await parts.at?.("submit.before-commit");
      return written;
    });
    await parts.at?.(sign === undefined ? "submit.after-assign" : "submit.after-commit");
    return entries;
  }

  /** Stores further bytes of a row, before anybody sends them. @throws Refused */
  async storeBytes(entry: Entry, attempt: Attempt): Promise<void> {
    const { parts } = this;
    const first = entry.attempts.length === 0;
    await parts.db.transaction(async (tx) => {
      await this.mayWrite(tx, "replace");
      await this.lockLiving(tx);
      // The amounts of an assigned row were booked when it got its nonce.
      const intent = attempt.kind === "cancel" ? noOp(entry.intent, this.parts.address) : entry.intent;
      await this.authorize(tx, intent, attempt.fees, true);
      await this.addBytes(tx, entry, attempt);
      await parts.at?.(first ? "submit.before-commit" : "bump.before-commit");
    });
    append(entry, attempt);
    await parts.at?.(first ? "submit.after-commit" : "bump.after-commit");
  }

  /** A nonce that nothing of ours uses gets a row that does nothing. @throws Refused */
  async fillHole(nonce: number, sinceBlock: number, intent: Intent, attempt: Attempt): Promise<Entry> {
    return this.parts.db.transaction(async (tx) => {
      const fence = await this.mayWrite(tx, "replace");
      await this.lockLiving(tx);
      const entry = await this.insert(tx, intent, nonce, sinceBlock, fence);
      await this.authorize(tx, intent, attempt.fees, true);
      await this.addBytes(tx, entry, attempt);
      append(entry, attempt);
      return entry;
    });
  }

  async mined(entry: Entry, at: MinedAt): Promise<void> {
    await this.parts.at?.("settle.before-commit");
    await this.change(() => markMined(this.parts.db, entry.id, { ...at, block: BigInt(at.block) }));
    await this.parts.at?.("settle.after-commit");
  }

  /**
   * Back to in flight. When its key has been given to another row meanwhile, both could happen: the account is killed instead.
   * @throws Refused `stale` or `foreign-nonce`.
   */
  async unwound(entry: Entry): Promise<void> {
    await this.parts.at?.("unwind.before-commit");
    try {
      await this.change(() =>
        this.parts.db.transaction(async (tx) => {
          const changed = await markUnwound(tx, entry.id);
          if (changed) await this.parts.onUnwound?.(tx, entry);
          return changed;
        }),
      );
    } catch (error) {
      if (!(error instanceof PermanentError && error.code === "DB_UNIQUE")) throw error;
      await this.kill(`a settled transaction of ${entry.intent.key} was unwound after its key had been used again`);
      throw new Refused("foreign-nonce", { key: entry.intent.key });
    }
    await this.parts.at?.("unwind.after-commit");
  }

  async ended(entry: Entry, end: "final" | "reverted" | "cancelled", at: MinedAt, receipt: Receipt): Promise<void> {
    await this.change(() =>
      this.parts.db.transaction(async (tx) => {
        const changed = await markEnded(tx, entry.id, end, at);
        if (changed) await this.parts.onEnded?.(tx, entry, end, at, receipt);
        return changed;
      }),
    );
  }

  /** Somebody else has the key: the row ends and the account signs nothing more. */
  async foreign(entry: Entry, reason: string): Promise<void> {
    await this.parts.db.transaction(async (tx) => {
      await markForeign(tx, entry.id);
      await killSigner(tx, this.parts.chainId, this.parts.address, reason);
    });
  }

  /** @returns the fence under which this transaction writes. */
  private async mayWrite(tx: Queryable, what: "new" | "replace"): Promise<bigint> {
    const { parts } = this;
    const lease = parts.lease.held;
    if (lease === undefined) throw new Refused("not-leading");
    if (!(await lockLease(tx, lease.name, lease.owner, lease.fence))) {
      parts.lease.lost("the fence has moved on");
      throw new Refused("not-leading");
    }
    const stopped = await parts.stop?.(tx, what);
    if (stopped !== undefined) throw new Refused(stopped);
    return lease.fence;
  }

  /** The account, locked; a killed one makes no bytes of any kind. @throws Refused `foreign-nonce`. */
  private async lockLiving(tx: Queryable): Promise<SignerRow> {
    const signer = await lockSigner(tx, this.parts.chainId, this.parts.address);
    if (signer === undefined) throw new PermanentError("SIGNER_UNKNOWN", "the outbox was not opened");
    if (signer.killedReason !== null) throw new Refused("foreign-nonce", { reason: signer.killedReason });
    return signer;
  }

  private async insert(tx: Queryable, intent: Intent, nonce: number, since: number, fence: bigint): Promise<Entry> {
    const { chainId, role, address: signer, gate } = this.parts;
    const id = await insertOutbox(tx, {
      chainId,
      signer,
      role,
      fence,
      policyHash: gate.policyHash,
      effectKey: intent.key,
      nonce: BigInt(nonce),
      intent: intentJson(intent),
      action: actionJson(intent.action),
      sinceBlock: BigInt(since),
      validUntil: BigInt(intent.validUntilBlock),
    });
    if (id === undefined) {
      const state = await effectState(tx, chainId, role, intent.key);
      throw new Refused(state === "final" || state === "foreign" ? "done" : "in-flight", { key: intent.key });
    }
    return {
      id,
      intent,
      nonce,
      sinceBlock: since,
      state: "assigned",
      mined: undefined,
      attempts: [],
      answer: "unanswered",
      waitsFrom: 0,
      usedByOthers: 0,
      told: false,
    };
  }

  private async authorize(tx: Queryable, intent: Intent, fees: Fees, replacement: boolean): Promise<void> {
    const { chainId, address: signer, gate } = this.parts;
    const { action, to, data, valueWei, gasLimit, key } = intent;
    const { maxFeePerGasWei } = fees;
    const terms = { chainId, signer, valueWei, gasLimit, maxFeePerGasWei };
    const call: SignableCall = { action, to, data, ...terms, key, replacement };
    const answer = await gate.authorize(tx, call);
    if (!answer.ok) throw new Refused("policy", { check: answer.check, message: answer.message });
  }

  private async addBytes(tx: Queryable, entry: Entry, attempt: Attempt): Promise<void> {
    if (!(await addAttempt(tx, entry.id, attemptRow(attempt)))) throw new Refused("stale");
  }

  private async change(work: () => Promise<boolean>): Promise<void> {
    if (!(await work())) throw new Refused("stale");
  }
}

/** What is stored is remembered only now. */
function append(entry: Entry, attempt: Attempt): void {
  entry.attempts.push(attempt);
  entry.state = "signed";
  entry.answer = "unanswered";
}
