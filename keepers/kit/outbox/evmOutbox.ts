/**
 * The crash-exact submitter of an EVM account. Intent, nonce and signed bytes are stored in one transaction before the first broadcast;
 * afterwards only bytes that are stored are ever sent, under the same nonce, so that an effect happens once or not at all, whenever the
 * process dies. The database remembers, this class only mirrors it: whenever a transaction ends in doubt the mirror is loaded anew.
 *
 * What it relies on: the lease (one process leads and every write of bytes proves it), a chain on which one nonce is used once, and a
 * database that keeps what it has committed. It stops for good when a nonce was used by bytes that it never issued.
 */
import { isNotNow, unavailable } from "../../../db/pgErrors.js";
import { RetryableError } from "../../../protocol/errors.js";
import type { Broadcaster } from "../broadcast/broadcaster.js";
import { firstFees, withCeiling, withRoomToReplace, type FeePolicy, type Fees } from "../fees.js";
import { describeError, type KeeperLog } from "../logger.js";
import type { ChainClient, Head } from "../provider.js";
import { signCall, type TransactionSigner } from "../signer.js";
import type { InFlight, Intent, Settled, Submission, Submitter } from "../submitter.js";
import { NO_OP_ACTION } from "../policy/action.js";
import type { SigningGuard } from "../policy/guard.js";
import { noOp, type Attempt, type Entry, type MinedAt } from "./entry.js";
import { escalatedFees, type Escalation } from "./escalation.js";
import type { AtFaultPoint } from "./faultPoints.js";
import { genesisHash, viewAccount, type AccountView, type Receipt } from "./receipts.js";
import { Refused, type OutboxStore, type Priced } from "./store.js";
import { openSigner, ownHoles } from "./account.js";

export interface EvmOutboxOptions {
  readonly fees: FeePolicy;
  /** Blocks without a receipt after which an attempt is replaced. */
  readonly replaceAfterBlocks: number;
  /** Most rows without a receipt at a time. */
  readonly window: number;
  /** Blocks on top of the one it was mined in after which an effect counts as final; by what is at stake. */
  readonly confirmations: (intent: Intent) => number;
}

export interface EvmOutboxParts {
  readonly store: OutboxStore;
  readonly client: Pick<ChainClient, "ask" | "chainId">;
  /** `remote`: signing takes a network call, so that no transaction may wait for it. */
  readonly signer: TransactionSigner & { readonly remote?: boolean };
  readonly broadcaster: Broadcaster;
  /** Looks again at what an intent is about, before each of its signatures. */
  readonly guard?: SigningGuard;
  readonly options: EvmOutboxOptions;
  readonly log: KeeperLog;
  readonly at?: AtFaultPoint;
}

/** A receipt may become visible some heads later than the nonce. */
const FOREIGN_HEADS = 3;

export class EvmOutbox implements Submitter {
  private entries: Entry[] = [];
  /** The mirror may differ from the database: load before the next step. */
  private doubtful = true;
  /** Keys of effects that nobody wants any more. */
  private readonly unwanted = new Set<string>();

  constructor(private readonly parts: EvmOutboxParts) {}

  get sender(): string {
    return this.parts.signer.address;
  }

  pending(): readonly InFlight[] {
    return this.entries
      .filter(({ state }) => state !== "mined")
      .map(({ intent, nonce, sinceBlock, attempts }) => {
        return { key: intent.key, nonce, sinceBlock, hashes: attempts.map(({ hash }) => hash) };
      });
  }

  withdraw(keys: readonly string[]): void {
    for (const key of keys) if (this.isOpen(key)) this.unwanted.add(key);
  }

  async submit(intent: Intent, head: Head): Promise<Submission> {
    return this.submitBatch([intent], head);
  }

  /**
   * Takes all intents, in order and with consecutive nonces, or none. @returns the first one's hash and nonce.
   * @throws RetryableError when the database or the signer cannot be asked; the next upkeep then finds what was stored.
   */
  async submitBatch(intents: readonly Intent[], head: Head): Promise<Submission> {
    const { parts } = this;
    const priced: Priced[] = [];
    for (const intent of intents) {
      const fees = firstFees(this.policyFor(intent), head.nextBaseFeeWei);
      if (fees === undefined) return { accepted: false, refusal: "fee-ceiling" };
      priced.push({ intent, fees });
    }
    const sign = (intent: Intent, nonce: number, fees: Fees) => this.signAttempt(intent, nonce, fees, head, "intent");
    let written: Entry[];
    try {
      await this.ready(head);
      for (const intent of intents) await this.guarded(intent, head);
      const inside = parts.signer.remote === true ? undefined : sign;
      written = await this.orDoubt(parts.store.assign(priced, head.number, parts.options.window, inside));
    } catch (error) {
      return this.refusalOf(error);
    }
    this.entries.push(...written);
    for (const entry of written) await this.firstBytes(entry, head).catch(leaveForUpkeep);
    for (const entry of written) await this.send(entry, "tx.sent");
    const [first] = written;
    return {
      accepted: true,
      hash: first?.attempts[0]?.hash ?? "",
      nonce: first?.nonce ?? 0,
      broadcast: true,
    };
  }

  async upkeep(head: Head): Promise<readonly Settled[]> {
    if (!this.parts.store.leading) {
      // Who leads now cares for them.
      this.entries = [];
      this.doubtful = true;
      return [];
    }
    if (this.doubtful) await this.orMemory(this.ready(head));
    const settled: Settled[] = [];
    if (this.entries.length === 0) return settled;
    const hashes = this.entries.flatMap(({ attempts }) => attempts.map(({ hash }) => hash));
    const view = await viewAccount(this.parts.client, this.sender, hashes);
    for (const entry of [...this.entries].sort((a, b) => a.nonce - b.nonce)) {
      try {
        const news = await this.look(entry, view, head);
        if (news !== undefined) settled.push(news);
      } catch (error) {
        this.notNow(error, entry);
      }
    }
    this.entries = this.entries.filter(({ state }) => ["assigned", "signed", "mined"].includes(state));
    for (const key of this.unwanted) if (!this.isOpen(key)) this.unwanted.delete(key);
    return settled;
  }

  /** Loads what is open, and closes holes in the nonces. Nothing new is signed before this has succeeded. */
  private async ready(head: Head): Promise<void> {
    if (!this.doubtful) return;
    const { store, client, signer } = this.parts;
    const { used } = await viewAccount(client, signer.address, []);
    const account = await openSigner(store, await genesisHash(client), used, this.parts.log);
    let entries = await store.load();
    if (account.killedReason === null) {
      const holes = ownHoles(entries, used, Number(account.nextNonce));
      if (holes.length > 0) entries = await this.reopen(entries, holes, head);
    }
    const before = new Map(this.entries.map((entry) => [entry.id, entry]));
    // What is in a block according to the database was told by the process that wrote so.
    for (const entry of entries) entry.told = before.get(entry.id)?.told ?? entry.state === "mined";
    this.entries = entries;
    this.doubtful = false;
  }

  /**
   * Nonces below the next one that the chain has not used and that no open row has: a reorganisation deeper than the confirmations took
   * the block of a settled row, whose bytes are then sent again, or a row was lost, and a transaction that does nothing takes its place.
   */
  private async reopen(entries: Entry[], holes: readonly number[], head: Head): Promise<Entry[]> {
    const { store, log } = this.parts;
    const known = await store.load(holes);
    for (const nonce of holes) {
      const entry = known.find((candidate) => candidate.nonce === nonce);
      log.warn("outbox.hole", { nonce, reopened: entry !== undefined });
      if (entry !== undefined) {
        await this.unwind(entry, head);
        entries.push(entry);
        continue;
      }
      const { maxFeePerGasWei } = this.parts.options.fees;
      const { address } = this.parts.signer;
      const nothing = { action: NO_OP_ACTION, to: address, data: "0x", valueWei: 0n, gasLimit: 0n, maxFeePerGasWei };
      const key = `nonce:${String(nonce)}`;
      const intent = noOp({ key, ...nothing, validUntilBlock: Number.MAX_SAFE_INTEGER }, address);
      const fees = firstFees(this.parts.options.fees, head.nextBaseFeeWei);
      if (fees === undefined) throw new Refused("fee-ceiling");
      const attempt = await this.signAttempt(intent, nonce, fees, head, "cancel");
      entries.push(await store.fillHole(nonce, head.number, intent, attempt));
    }
    return entries;
  }

  /** One row's care at one head. */
  private async look(entry: Entry, view: AccountView, head: Head): Promise<Settled | undefined> {
    if (entry.state === "assigned") {
      await this.firstBytes(entry, head);
      await this.send(entry, "tx.sent");
      return undefined;
    }
    for (const attempt of entry.attempts) {
      const receipt = view.receipts.get(attempt.hash);
      if (receipt !== undefined) return this.onReceipt(entry, attempt, receipt, head);
    }
    if (entry.state === "mined") {
      await this.unwind(entry, head);
      await this.send(entry, "tx.rebroadcast");
      return undefined;
    }
    const foreign = await this.judgeNonce(entry, view);
    if (foreign !== undefined) return foreign;
    await this.press(entry, head);
    return undefined;
  }

  /** A receipt of any hash ever issued settles the row, once it is deep enough. */
  private async onReceipt(entry: Entry, attempt: Attempt, receipt: Receipt, head: Head): Promise<Settled | undefined> {
    const { store, options, log } = this.parts;
    const at: MinedAt = { hash: attempt.hash, block: receipt.block, blockHash: receipt.blockHash };
    entry.usedByOthers = 0;
    if (entry.mined?.blockHash !== at.blockHash || entry.mined.hash !== at.hash) {
      if (entry.mined !== undefined) this.reorganised();
      await this.orDoubt(store.mined(entry, at));
      entry.state = "mined";
      entry.mined = at;
    }
    const kind = attempt.kind === "cancel" ? "cancelled" : receipt.ok ? "mined" : "reverted";
    if (head.number - receipt.block >= options.confirmations(entry.intent)) {
      const end = kind === "mined" ? "final" : kind;
      await this.orDoubt(store.ended(entry, end, at, receipt));
      entry.state = end;
    }
    if (entry.told) return undefined;
    entry.told = true;
    const { nonce, sinceBlock, intent } = entry;
    const { gasUsed, gasPriceWei, logs, block } = receipt;
    const settled: Settled = {
      ...{ key: intent.key, kind, hash: attempt.hash, nonce, sinceBlock, block, gasUsed, logs },
      ...(gasPriceWei === undefined ? {} : { gasPriceWei }),
    };
    const facts = { key: intent.key, hash: attempt.hash, nonce, sinceBlock, block, gasUsed, gasPriceWei };
    log[kind === "mined" ? "info" : "warn"](`tx.${kind}`, facts);
    return settled;
  }

  /** A node that changed its chain may have changed its pool: all that is not in a block is sent again. */
  private reorganised(): void {
    for (const entry of this.entries) if (entry.state === "signed") entry.answer = "unanswered";
  }

  private async unwind(entry: Entry, head: Head): Promise<void> {
    this.reorganised();
    this.parts.log.warn("tx.unwound", { key: entry.intent.key, nonce: entry.nonce, block: entry.mined?.block });
    await this.orDoubt(this.parts.store.unwound(entry));
    entry.state = "signed";
    entry.mined = undefined;
    entry.answer = "unanswered";
    entry.waitsFrom = head.number;
  }

  /** Without a receipt: has somebody else used the nonce? */
  private async judgeNonce(entry: Entry, view: AccountView): Promise<Settled | undefined> {
    const { signer, store, log } = this.parts;
    entry.usedByOthers = view.used > entry.nonce ? entry.usedByOthers + 1 : 0;
    if (entry.usedByOthers < FOREIGN_HEADS) return undefined;
    const { nonce, sinceBlock, intent } = entry;
    await this.orDoubt(store.foreign(entry, `nonce ${String(nonce)} was used by a transaction that we never signed`));
    entry.state = "foreign";
    log.error("tx.foreign-nonce", { nonce, address: signer.address });
    return { key: intent.key, kind: "foreign", hash: entry.attempts[0]?.hash ?? "", nonce, sinceBlock, logs: [] };
  }

  /** Nothing mined yet: send the same bytes again, or replace them by better paid ones, or by none when the effect came too late. */
  private async press(entry: Entry, head: Head): Promise<void> {
    const newest = entry.attempts.at(-1);
    if (newest === undefined) return;
    const { options, log } = this.parts;
    const expired = this.isOver(entry, head) && newest.kind === "intent";
    // Only the lowest nonce can be mined next: paying more for the others helps nobody, unless all of them are to be in one block.
    const first = this.entries.every(({ nonce, state }) => state === "mined" || nonce >= entry.nonce);
    const waitedLong = head.number - Math.max(newest.block, entry.waitsFrom) >= options.replaceAfterBlocks;
    const overdue = waitedLong && (first || entry.intent.escalation !== undefined);
    if (!expired && !overdue) {
      // Nodes forget what they have taken; behind a lowest nonce that is late all of it may be gone.
      if (entry.answer !== "taken" || waitedLong) await this.send(entry, "tx.rebroadcast");
      return;
    }
    if (!this.parts.store.writable) {
      await this.send(entry, "tx.rebroadcast");
      return;
    }
    const kind = expired ? "cancel" : newest.kind;
    const policy = kind === "cancel" ? options.fees : this.policyFor(entry.intent);
    const now = BigInt(head.timestamp);
    const fees = escalatedFees(newest.fees, policy, head.nextBaseFeeWei, this.hurryOf(entry, head), now);
    if (fees === undefined) {
      const { maxFeePerGasWei: ceilingWei } = policy;
      log[first ? "warn" : "debug"]("tx.at-ceiling", { nonce: entry.nonce, hash: newest.hash, ceilingWei });
      await this.send(entry, "tx.rebroadcast");
      return;
    }
    try {
      if (kind === "intent") await this.guardedAgain(entry.intent, head);
      const attempt = await this.signAttempt(entry.intent, entry.nonce, fees, head, kind);
      await this.orDoubt(this.parts.store.storeBytes(entry, attempt));
    } catch (error) {
      this.notNow(error, entry);
      await this.send(entry, "tx.rebroadcast");
      return;
    }
    await this.send(entry, kind === "cancel" ? "tx.cancelling" : "tx.replaced");
  }

  private isOpen(key: string): boolean {
    return this.entries.some(({ intent, state }) => intent.key === key && state !== "mined");
  }

  /** Its effect came too late, or is not wanted any more. */
  private isOver({ intent }: Entry, head: Head): boolean {
    return head.number >= intent.validUntilBlock || this.unwanted.has(intent.key);
  }

  /** What stands before an effect with a deadline delays it, and hurries as much. What is over is in no hurry by itself. */
  private hurryOf({ nonce }: Entry, head: Head): Escalation | undefined {
    const behind = this.entries.flatMap((entry) => {
      const { escalation } = entry.intent;
      const isHurried = entry.nonce >= nonce && entry.state !== "mined" && !this.isOver(entry, head);
      return isHurried && escalation !== undefined ? [escalation] : [];
    });
    return behind.reduce<Escalation | undefined>(
      (soonest, next) => (soonest === undefined || next.mineBy < soonest.mineBy ? next : soonest),
      undefined,
    );
  }

  /** A row that has a nonce and no bytes yet gets them; nothing of it has left the process before. */
  private async firstBytes(entry: Entry, head: Head): Promise<void> {
    if (entry.attempts.length > 0) return;
    if (!this.parts.store.writable) throw unavailable("degraded");
    const expired = this.isOver(entry, head);
    const policy = expired ? this.parts.options.fees : this.policyFor(entry.intent);
    const fees = firstFees(policy, head.nextBaseFeeWei);
    if (fees === undefined) throw new Refused("fee-ceiling");
    if (!expired) await this.guardedAgain(entry.intent, head);
    const attempt = await this.signAttempt(entry.intent, entry.nonce, fees, head, expired ? "cancel" : "intent");
    await this.parts.at?.("submit.after-remote-signature");
    await this.orDoubt(this.parts.store.storeBytes(entry, attempt));
  }

  /** @throws Refused `policy`; what the guard throws. */
  private async guarded(intent: Intent, head: Head): Promise<void> {
    const refused = await this.parts.guard?.(intent, head);
    if (refused !== undefined) throw new Refused("policy", { check: refused.check, message: refused.message });
  }

  /** For an effect that is in flight: nodes that do not agree delay its next bytes and nothing else. @throws Refused `policy`. */
  private async guardedAgain(intent: Intent, head: Head): Promise<void> {
    try {
      await this.guarded(intent, head);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      throw new Refused("policy", { check: error.code, message: error.message });
    }
  }

  private async signAttempt(
    intent: Intent,
    nonce: number,
    fees: Fees,
    head: Head,
    kind: Attempt["kind"],
  ): Promise<Attempt> {
    const { client, signer, store } = this.parts;
    const wanted = kind === "cancel" ? noOp(intent, signer.address) : intent;
    const { to, data } = store.encode(wanted);
    const { valueWei, gasLimit } = wanted;
    const legacy = head.nextBaseFeeWei === undefined;
    const signed = await signCall(signer, {
      to,
      data,
      valueWei,
      gasLimit,
      nonce,
      fees,
      legacy,
      chainId: client.chainId,
    });
    return { ...signed, fees, block: head.number, kind };
  }

  /** Sends the newest bytes; they are stored, so that it does not matter who dies when. */
  private async send(entry: Entry, event: string): Promise<void> {
    const newest = entry.attempts.at(-1);
    if (newest === undefined) return;
    const { broadcaster, log, at } = this.parts;
    await at?.("send.before");
    entry.answer = await broadcaster.broadcast(newest.bytes);
    await at?.(entry.answer === "unanswered" ? "send.after-without-reply" : "send.after-reply");
    const { maxFeePerGasWei } = newest.fees;
    const facts = { hash: newest.hash, nonce: entry.nonce, key: entry.intent.key, maxFeePerGasWei };
    log[entry.answer === "taken" ? "info" : "warn"](event, { ...facts, answer: entry.answer });
  }

  /** Of the hard ceiling so much is left that a transaction which does nothing can still take its place. */
  private policyFor(intent: Intent): FeePolicy {
    return withCeiling(withRoomToReplace(this.parts.options.fees), intent.maxFeePerGasWei);
  }

  private refusalOf(error: unknown): Submission {
    if (!(error instanceof Refused)) throw error;
    this.doubtful ||= error.refusal === "stale";
    this.parts.log.warn("outbox.refused", { refusal: error.refusal, ...error.facts });
    return { accepted: false, refusal: error.refusal };
  }

  /** What was refused, or could not be stored, is tried again at the next head; other failures end the upkeep. */
  private notNow(error: unknown, entry: Entry): void {
    const { log } = this.parts;
    const { key } = entry.intent;
    if (error instanceof Refused) {
      this.doubtful ||= error.refusal === "stale";
      log.debug("outbox.refused", { key, refusal: error.refusal, ...error.facts });
    } else if (isNotNow(error)) log.warn("outbox.degraded", { key, ...describeError(error) });
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
      if (error instanceof Refused) this.parts.log.warn("outbox.refused", { refusal: error.refusal, ...error.facts });
      else if (isNotNow(error)) this.parts.log.warn("outbox.degraded", describeError(error));
      else throw error;
    }
  }
}

/** The row has its nonce and is stored; what could not be signed now is signed by the next upkeep, here or elsewhere. */
function leaveForUpkeep(error: unknown): void {
  if (!(error instanceof Refused)) throw error;
}
