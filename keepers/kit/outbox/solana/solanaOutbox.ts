/**
 * The crash-exact submitter of a Solana account. Intent and signed bytes are stored, with the last block height at which they can be
 * executed, before the first send; afterwards identical bytes are sent again until they are in a block, or until a finalized block above
 * that height shows that they never will be. Only then the same row gets new bytes. So at any time at most one attempt of an effect can
 * happen, whenever the process dies. The database remembers, this class only mirrors it.
 *
 * What it relies on: the lease (one process leads and every write of bytes proves it), a cluster that executes identical bytes once and none
 * after their blockhash has expired, and nodes that do not deny a finalized transaction inside their own memory. It signs no durable nonces.
 */
import { isNotNow } from "../../../../db/pgErrors.js";
import { PermanentError, RetryableError } from "../../../../protocol/errors.js";
import type { Broadcaster } from "../../broadcast/broadcaster.js";
import { describeError, type KeeperLog } from "../../logger.js";
import type { SolanaClient } from "../../solana/client.js";
import {
  firstAvailableSlot,
  freshLifetime,
  genesisHash,
  signatureStatusesOf,
  type SignatureStatus,
  type SolanaHead,
} from "../../solana/cluster.js";
import type { SolanaSigner } from "../../solana/signer.js";
import type { InFlight, Settled, Submission, Submitter } from "../../submitter.js";
import type { AtFaultPoint } from "../faultPoints.js";
import { Refused } from "../store.js";
import { nextPrice, signIntent, type SolanaAttempt } from "./attempt.js";
import type { ExecutedAt, SolanaEntry } from "./entry.js";
import type { SolanaIntent } from "./intent.js";
import { couldBeExpired, judge, type Verdict } from "./judge.js";
import type { SolanaOutboxStore } from "./store.js";

export interface SolanaOutboxOptions {
  /** Price of first bytes, micro-lamports per compute unit. */
  readonly baseMicroLamportsPerUnit: bigint;
  /** Slots after which bytes that are in no block are sent again. */
  readonly resendAfterSlots: bigint;
  /** Most rows that are in no block at a time. */
  readonly window: number;
  /** What a transaction of a batch must have reached before the next one is signed. */
  readonly batchStep: "confirmed" | "finalized";
}

export interface SolanaOutboxParts {
  readonly store: SolanaOutboxStore;
  readonly client: SolanaClient;
  /** Genesis hash of the cluster that rows belong to. */
  readonly chainId: string;
  readonly signer: SolanaSigner;
  readonly broadcaster: Broadcaster;
  readonly options: SolanaOutboxOptions;
  readonly log: KeeperLog;
  readonly at?: AtFaultPoint;
}

const OPEN: ReadonlySet<string> = new Set(["assigned", "signed", "mined"]);

export class SolanaOutbox implements Submitter<SolanaIntent, SolanaHead> {
  private entries: SolanaEntry[] = [];
  /** The mirror may differ from the database: load before the next step. */
  private doubtful = true;
  /** Everything in flight was looked after once under this lease; before that nothing new is taken. */
  private watched = false;
  /** Ends that a look from inside `submit` has found. */
  private untold: Settled[] = [];

  constructor(private readonly parts: SolanaOutboxParts) {}

  get sender(): string {
    return this.parts.signer.address;
  }

  pending(): readonly InFlight[] {
    return this.entries
      .filter(({ state }) => state !== "mined")
      .map(({ id, intent, sinceBlock, attempts }) => {
        const hashes = attempts.map(({ signature }) => signature);
        return { key: intent.key, nonce: Number(id), sinceBlock: Number(sinceBlock), hashes };
      });
  }

  async submit(intent: SolanaIntent, head: SolanaHead): Promise<Submission> {
    return this.submitBatch([intent], head);
  }

  /**
   * Takes all intents, in this order, or none: each is signed when the one before it has happened, and cancelled when that one failed.
   * @throws RetryableError when the cluster, the database or the signer cannot be asked; the next upkeep finds what was stored.
   */
  async submitBatch(intents: readonly SolanaIntent[], head: SolanaHead): Promise<Submission> {
    const { store, client, options, signer } = this.parts;
    if (!store.leading) return { accepted: false, refusal: "not-leading" };
    await this.ready();
    if (!this.watched) this.untold.push(...(await this.lookAfterAll(head)));
    const base = options.baseMicroLamportsPerUnit;
    if (intents.some(({ maxMicroLamportsPerUnit: most }) => most < base)) {
      return { accepted: false, refusal: "fee-ceiling" };
    }
    let written: SolanaEntry[];
    try {
      const lifetime = await freshLifetime(client);
      const sign = (intent: SolanaIntent) => signIntent(signer, intent, lifetime, nextPrice(intent, base, undefined));
      const inside = signer.remote === true ? undefined : sign;
      written = await this.orDoubt(store.assign(intents, head.blockHeight, options.window, base, inside));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.doubtful ||= error.refusal === "stale";
      this.parts.log.warn("outbox.refused", { refusal: error.refusal, ...error.facts });
      return { accepted: false, refusal: error.refusal };
    }
    this.entries.push(...written);
    const [first] = written;
    if (first === undefined) throw new PermanentError("EMPTY_BATCH", "a batch without intents was submitted");
    try {
      if (first.attempts.length === 0) await this.newBytes(first, head);
    } catch (error) {
      this.notNow(error, first);
    }
    await this.send(first, head, "tx.sent");
    return { accepted: true, hash: first.attempts[0]?.signature ?? "", nonce: Number(first.id), broadcast: true };
  }

  async upkeep(head: SolanaHead): Promise<readonly Settled[]> {
    if (!this.parts.store.leading) {
      // Who leads now cares for them.
      this.entries = [];
      this.doubtful = true;
      this.watched = false;
      return this.untold.splice(0);
    }
    await this.orMemory(this.ready());
    const settled = await this.lookAfterAll(head);
    return [...this.untold.splice(0), ...settled];
  }

  /** Loads what is open, of this cluster and no other. */
  private async ready(): Promise<void> {
    if (!this.doubtful) return;
    const { store, client, chainId, log } = this.parts;
    const found = await genesisHash(client);
    if (found !== chainId) {
      throw new PermanentError(
        "WRONG_GENESIS",
        `the node at ${client.shownUrl} serves the cluster ${found}, but this outbox belongs to ${chainId}`,
        "point the RPC variable to the right cluster, or use another database",
        { found, expected: chainId },
      );
    }
    const killed = await store.open();
    if (killed !== undefined) log.error("outbox.killed", { reason: killed });
    const before = new Map(this.entries.map((entry) => [entry.id, entry]));
    const entries = await store.load();
    for (const entry of entries) entry.told = before.get(entry.id)?.told ?? false;
    this.entries = entries;
    this.doubtful = false;
    this.watched = false;
  }

  private async lookAfterAll(head: SolanaHead): Promise<Settled[]> {
    const { client } = this.parts;
    const signed = this.entries.filter(({ attempts }) => attempts.length > 0);
    const signatures = signed.flatMap(({ attempts }) => attempts.map(({ signature }) => signature));
    // After the head: what is absent here is absent from everything that the head calls finalized.
    const statuses = await signatureStatusesOf(client, signatures);
    const mayEnd = signed.some(({ attempts }) => couldBeExpired(attempts, head));
    const firstSlot = mayEnd ? await firstAvailableSlot(client) : 0n;
    const settled: Settled[] = [];
    for (const entry of [...this.entries]) {
      try {
        const news =
          entry.attempts.length === 0
            ? await this.takeTurn(entry, head)
            : await this.act(entry, judge(entry.attempts, head, statuses, firstSlot), head);
        if (news !== undefined) settled.push(news);
      } catch (error) {
        this.notNow(error, entry);
      }
    }
    this.entries = this.entries.filter(({ state }) => OPEN.has(state));
    this.watched = !this.doubtful;
    return settled;
  }

  private async act(entry: SolanaEntry, verdict: Verdict, head: SolanaHead): Promise<Settled | undefined> {
    const { log, store } = this.parts;
    const { key } = entry.intent;
    if (verdict.kind === "doubled") {
      log.error("tx.doubled", { key, signatures: verdict.signatures });
      await store.kill(`two attempts of ${key} are on the chain`);
      return undefined;
    }
    if (verdict.kind === "seen") {
      const { attempt, status } = verdict;
      return this.onSeen(entry, { signature: attempt.signature, slot: status.slot }, status);
    }
    if (entry.state === "mined") await this.unwind(entry);
    switch (verdict.kind) {
      case "waiting":
        if (verdict.live) await this.sendAgain(entry, head);
        return undefined;
      case "unknowable":
        log.error("tx.unknowable", { key, neededSlot: verdict.neededSlot });
        return undefined;
      case "expired":
        return this.onExpired(entry, head);
    }
  }

  private async onSeen(entry: SolanaEntry, at: ExecutedAt, status: SignatureStatus): Promise<Settled | undefined> {
    const { store, log } = this.parts;
    entry.level = status.level;
    entry.failed = status.failed;
    if (entry.executed?.signature !== at.signature || entry.executed.slot !== at.slot || entry.state !== "mined") {
      await this.orDoubt(store.mined(entry, at));
      entry.state = "mined";
      entry.executed = at;
    }
    if (status.level === "finalized") {
      const end = status.failed ? "reverted" : "final";
      await this.orDoubt(store.ended(entry, end, at));
      entry.state = end;
    }
    // What is only processed may vanish with its fork.
    if (status.level === "processed" || entry.told) return undefined;
    const kind = status.failed ? "reverted" : "mined";
    log[status.failed ? "warn" : "info"](`tx.${kind}`, { key: entry.intent.key, ...at });
    return this.tell(entry, kind, at);
  }

  /** None of its bytes can ever happen: new ones while the effect is wanted, or the end. */
  private async onExpired(entry: SolanaEntry, head: SolanaHead): Promise<Settled | undefined> {
    if (head.blockHeight > entry.intent.validUntilBlock) return this.cancel(entry);
    await this.newBytes(entry, head);
    await this.send(entry, head, "tx.replaced");
    return undefined;
  }

  /** A row without bytes is signed once the one before it in its batch has happened. */
  private async takeTurn(entry: SolanaEntry, head: SolanaHead): Promise<Settled | undefined> {
    const before = await this.stateBefore(entry);
    if (before === "failed" || head.blockHeight > entry.intent.validUntilBlock) return this.cancel(entry);
    if (before === "open") return undefined;
    await this.newBytes(entry, head);
    await this.send(entry, head, "tx.sent");
    return undefined;
  }

  private async stateBefore(entry: SolanaEntry): Promise<"done" | "open" | "failed"> {
    const { after } = entry;
    if (after === undefined) return "done";
    const known = this.entries.find(({ id }) => id === after);
    if (known?.state === "mined" && known.level === "confirmed" && this.parts.options.batchStep === "confirmed") {
      return known.failed ? "open" : "done";
    }
    const state = known?.state ?? (await this.parts.store.states([after])).get(after);
    if (state === "final") return "done";
    return state !== undefined && OPEN.has(state) ? "open" : "failed";
  }

  private async cancel(entry: SolanaEntry): Promise<Settled> {
    await this.orDoubt(this.parts.store.cancelled(entry));
    entry.state = "cancelled";
    this.parts.log.warn("tx.cancelled", { key: entry.intent.key, attempts: entry.attempts.length });
    return this.tell(entry, "cancelled", undefined);
  }

  private tell(entry: SolanaEntry, kind: "mined" | "reverted" | "cancelled", at: ExecutedAt | undefined): Settled {
    entry.told = true;
    const { id, intent, sinceBlock, attempts } = entry;
    const hash = at?.signature ?? attempts.at(-1)?.signature ?? "";
    const common = { key: intent.key, kind, hash, nonce: Number(id), sinceBlock: Number(sinceBlock), logs: [] };
    return at === undefined ? common : { ...common, block: Number(at.slot) };
  }

  private async unwind(entry: SolanaEntry): Promise<void> {
    this.parts.log.warn("tx.unwound", { key: entry.intent.key, slot: entry.executed?.slot });
    await this.orDoubt(this.parts.store.unwound(entry));
    entry.state = "signed";
    entry.executed = undefined;
    entry.level = undefined;
    entry.sentAtSlot = undefined;
  }

  /** Signs the next bytes of a row and stores them. Only for rows none of whose bytes can happen any more. */
  private async newBytes(entry: SolanaEntry, head: SolanaHead): Promise<void> {
    const { client, signer, options, store, at } = this.parts;
    const previous = entry.attempts.at(-1)?.microLamportsPerUnit;
    const price = nextPrice(entry.intent, options.baseMicroLamportsPerUnit, previous);
    const lifetime = await freshLifetime(client);
    const attempt: SolanaAttempt = await signIntent(signer, entry.intent, lifetime, price);
    if (signer.remote === true) await at?.("submit.after-remote-signature");
    await this.orDoubt(store.storeBytes(entry, attempt));
    this.parts.log.debug("tx.signed", {
      key: entry.intent.key,
      attempt: entry.attempts.length,
      block: head.blockHeight,
    });
  }

  private async sendAgain(entry: SolanaEntry, head: SolanaHead): Promise<void> {
    const { resendAfterSlots } = this.parts.options;
    const due = entry.sentAtSlot === undefined || head.slot - entry.sentAtSlot >= resendAfterSlots;
    if (due || entry.answer === "unanswered") await this.send(entry, head, "tx.rebroadcast");
  }

  /** Sends the newest bytes; they are stored, so that it does not matter who dies when. */
  private async send(entry: SolanaEntry, head: SolanaHead, event: string): Promise<void> {
    const newest = entry.attempts.at(-1);
    if (newest === undefined) return;
    const { broadcaster, log, at } = this.parts;
    await at?.("send.before");
    entry.answer = await broadcaster.broadcast(newest.bytes);
    entry.sentAtSlot = head.slot;
    await at?.(entry.answer === "unanswered" ? "send.after-without-reply" : "send.after-reply");
    const { signature, lastValidBlockHeight } = newest;
    const facts = { key: entry.intent.key, signature, lastValidBlockHeight, answer: entry.answer };
    log[entry.answer === "taken" ? "info" : "warn"](event, facts);
  }

  /** What was refused, or could not be asked or stored, is tried again at the next head; other failures end the upkeep. */
  private notNow(error: unknown, entry: SolanaEntry): void {
    const { key } = entry.intent;
    if (error instanceof Refused) {
      this.doubtful ||= error.refusal === "stale";
      this.parts.log.debug("outbox.refused", { key, refusal: error.refusal, ...error.facts });
    } else if (error instanceof RetryableError || isNotNow(error))
      this.parts.log.warn("outbox.degraded", { key, ...describeError(error) });
    else throw error;
  }

  /** After any failure that is not a plain refusal nobody knows what was stored. */
  private async orDoubt<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Refused)) this.doubtful = true;
      throw error;
    }
  }

  /** Without its database the outbox goes on watching and sending what it knows; it only signs nothing new. */
  private async orMemory(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof RetryableError || isNotNow(error))) throw error;
      this.parts.log.warn("outbox.degraded", describeError(error));
    }
  }
}
