/**
 * The Solana outbox's transactions. As in store.ts every one that lets bytes come into being proves in the same transaction that its
 * writer leads; and because no account nonce keeps two attempts of one effect apart, an attempt is stored only by who knows all earlier ones.
 */
import type { Database, Queryable } from "../../../../db/database.js";
import { lockLease } from "../../../../db/queries/lease/lock.js";
import { addAttemptAt } from "../../../../db/queries/outbox/addAttemptAt.js";
import { cancelExpired } from "../../../../db/queries/outbox/cancelExpired.js";
import { effectState } from "../../../../db/queries/outbox/effectState.js";
import { insertOutbox } from "../../../../db/queries/outbox/insert.js";
import { loadOutbox } from "../../../../db/queries/outbox/load.js";
import type { OutboxState } from "../../../../db/queries/outbox/rows.js";
import { markEnded, markMined, markUnwound } from "../../../../db/queries/outbox/settle.js";
import { killSigner, lockSigner, readSigner, registerSigner } from "../../../../db/queries/outbox/signer.js";
import { outboxStates } from "../../../../db/queries/outbox/states.js";
import { PermanentError } from "../../../../protocol/errors.js";
import type { AtFaultPoint } from "../faultPoints.js";
import { Refused, type LeaseView, type SigningStop } from "../store.js";
import type { SolanaAttempt } from "./attempt.js";
import { executedRow, solanaAttemptRow, solanaEntryOf, type ExecutedAt, type SolanaEntry } from "./entry.js";
import { solanaIntentJson, type SolanaIntent } from "./intent.js";
import type { SolanaSigningGate } from "./signingGate.js";

export interface SolanaStoreParts {
  readonly db: Database;
  readonly lease: LeaseView;
  readonly role: string;
  /** Genesis hash of the cluster. */
  readonly chainId: string;
  readonly address: string;
  readonly gate: SolanaSigningGate;
  readonly stop?: SigningStop;
  /** Runs in the transaction that ends a row, exactly once per end. */
  readonly onEnded?: (tx: Queryable, entry: SolanaEntry, end: "final" | "reverted" | "cancelled") => Promise<void>;
  readonly at?: AtFaultPoint;
}

/** Makes the first bytes of a row; inside the transaction when the key is local. */
export type SignFirst = (intent: SolanaIntent) => Promise<SolanaAttempt>;

export class SolanaOutboxStore {
  constructor(private readonly parts: SolanaStoreParts) {}

  /** False once another process leads. */
  get leading(): boolean {
    return this.parts.lease.claimed;
  }

  /** Makes the account known. @returns why it signs nothing any more, if so. */
  async open(): Promise<string | undefined> {
    const { db, chainId, address } = this.parts;
    await registerSigner(db, chainId, address, chainId, 0n);
    return (await readSigner(db, chainId, address))?.killedReason ?? undefined;
  }

  async load(): Promise<SolanaEntry[]> {
    return (await loadOutbox(this.parts.db, this.parts.chainId, this.parts.address)).map(solanaEntryOf);
  }

  states(ids: readonly bigint[]): Promise<ReadonlyMap<bigint, OutboxState>> {
    return outboxStates(this.parts.db, ids);
  }

  kill(reason: string): Promise<void> {
    return killSigner(this.parts.db, this.parts.chainId, this.parts.address, reason);
  }

  /**
   * Writes all intents down, or none; each must happen after the one before it. `sign` makes the first one's bytes in the same
   * transaction; the others get theirs when their turn comes. @throws Refused; what the database throws.
   */
  async assign(
    intents: readonly SolanaIntent[],
    sinceBlock: bigint,
    windowSize: number,
    firstPrice: bigint,
    sign: SignFirst | undefined,
  ): Promise<SolanaEntry[]> {
    const { parts } = this;
    const entries = await parts.db.transaction(async (tx) => {
      const fence = await this.mayWrite(tx, "new");
      const signer = await lockSigner(tx, parts.chainId, parts.address);
      if (signer === undefined) throw new PermanentError("SIGNER_UNKNOWN", "the outbox was not opened");
      if (signer.killedReason !== null) throw new Refused("foreign-nonce", { reason: signer.killedReason });
      const open = await loadOutbox(tx, parts.chainId, parts.address);
      if (open.filter(({ state }) => state !== "mined").length + intents.length > windowSize)
        throw new Refused("window");
      const written: SolanaEntry[] = [];
      for (const intent of intents) {
        const entry = await this.insert(tx, intent, written.at(-1)?.id, sinceBlock, fence);
        await this.authorize(tx, intent, firstPrice, false);
        written.push(entry);
      }
      const [first] = written;
      if (sign !== undefined && first !== undefined) {
        const attempt = await sign(first.intent);
        await this.addBytes(tx, first, attempt);
        append(first, attempt);
      }
      await parts.at?.("submit.before-commit");
      return written;
    });
    await parts.at?.(sign === undefined ? "submit.after-assign" : "submit.after-commit");
    return entries;
  }

  /** Stores further bytes of a row, before anybody sends them. @throws Refused */
  async storeBytes(entry: SolanaEntry, attempt: SolanaAttempt): Promise<void> {
    const { parts } = this;
    const first = entry.attempts.length === 0;
    await parts.db.transaction(async (tx) => {
      await this.mayWrite(tx, "replace");
      await this.authorize(tx, entry.intent, attempt.microLamportsPerUnit, true);
      await this.addBytes(tx, entry, attempt);
      await parts.at?.(first ? "submit.before-commit" : "bump.before-commit");
    });
    append(entry, attempt);
    await parts.at?.(first ? "submit.after-commit" : "bump.after-commit");
  }

  async mined(entry: SolanaEntry, at: ExecutedAt): Promise<void> {
    await this.parts.at?.("settle.before-commit");
    await this.change(() => markMined(this.parts.db, entry.id, executedRow(at)));
    await this.parts.at?.("settle.after-commit");
  }

  /** Its fork was dropped: back to in flight. */
  async unwound(entry: SolanaEntry): Promise<void> {
    await this.parts.at?.("unwind.before-commit");
    await this.change(() => markUnwound(this.parts.db, entry.id));
    await this.parts.at?.("unwind.after-commit");
  }

  async ended(entry: SolanaEntry, end: "final" | "reverted", at: ExecutedAt): Promise<void> {
    await this.change(() =>
      this.parts.db.transaction(async (tx) => {
        const changed = await markEnded(tx, entry.id, end, executedRow(at));
        if (changed) await this.parts.onEnded?.(tx, entry, end);
        return changed;
      }),
    );
  }

  /** Nothing of the row can happen any more. Frees its key, so that only the leader may say it. @throws Refused */
  async cancelled(entry: SolanaEntry): Promise<void> {
    await this.parts.at?.("settle.before-commit");
    await this.change(() =>
      this.parts.db.transaction(async (tx) => {
        await this.mayLead(tx);
        const changed = await cancelExpired(tx, entry.id, entry.attempts.length);
        if (changed) await this.parts.onEnded?.(tx, entry, "cancelled");
        return changed;
      }),
    );
    await this.parts.at?.("settle.after-commit");
  }

  /** @returns the fence under which this transaction writes. */
  private async mayLead(tx: Queryable): Promise<bigint> {
    const { lease } = this.parts;
    const { held } = lease;
    if (held === undefined) throw new Refused("not-leading");
    if (await lockLease(tx, held.name, held.owner, held.fence)) return held.fence;
    lease.lost("the fence has moved on");
    throw new Refused("not-leading");
  }

  private async mayWrite(tx: Queryable, what: "new" | "replace"): Promise<bigint> {
    const fence = await this.mayLead(tx);
    const stopped = await this.parts.stop?.(tx, what);
    if (stopped !== undefined) throw new Refused(stopped);
    return fence;
  }

  private async insert(
    tx: Queryable,
    intent: SolanaIntent,
    after: bigint | undefined,
    sinceBlock: bigint,
    fence: bigint,
  ): Promise<SolanaEntry> {
    const { chainId, role, address: signer, gate } = this.parts;
    const id = await insertOutbox(tx, {
      ...{ chainId, signer, role, fence, policyHash: gate.policyHash, effectKey: intent.key, nonce: null, sinceBlock },
      action: null,
      intent: solanaIntentJson(intent, after),
      validUntil: intent.validUntilBlock,
    });
    if (id === undefined) {
      const state = await effectState(tx, chainId, role, intent.key);
      throw new Refused(state === "final" || state === "foreign" ? "done" : "in-flight", { key: intent.key });
    }
    const unsent = { state: "assigned", answer: "unanswered", sentAtSlot: undefined } as const;
    const unseen = { executed: undefined, level: undefined, failed: false, told: false };
    return { id, intent, after, sinceBlock, attempts: [], ...unsent, ...unseen };
  }

  private async authorize(tx: Queryable, intent: SolanaIntent, price: bigint, replacement: boolean): Promise<void> {
    const { chainId, address: signer, gate } = this.parts;
    const { instructions, computeUnitLimit, key } = intent;
    const call = { chainId, signer, instructions, computeUnitLimit, microLamportsPerUnit: price, key, replacement };
    const answer = await gate.authorize(tx, call);
    if (!answer.ok) throw new Refused("policy", { check: answer.check, message: answer.message });
  }

  private async addBytes(tx: Queryable, entry: SolanaEntry, attempt: SolanaAttempt): Promise<void> {
    const stored = await addAttemptAt(tx, entry.id, entry.attempts.length, solanaAttemptRow(attempt));
    if (!stored) throw new Refused("stale");
  }

  private async change(work: () => Promise<boolean>): Promise<void> {
    if (!(await work())) throw new Refused("stale");
  }
}

/** What is stored is remembered only now. */
function append(entry: SolanaEntry, attempt: SolanaAttempt): void {
  entry.attempts.push(attempt);
  entry.state = "signed";
  entry.answer = "unanswered";
  entry.sentAtSlot = undefined;
}
