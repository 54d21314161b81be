/**
 * Rescues from here that are being settled. Each is looked at every so often, on its own: a server that is slow elsewhere keeps nobody from
 * being rescued, so a look that takes long is taken up by a later block. What a look finds to do on this chain goes through the outbox under
 * a key that names the rescue and the step; what it finds to do elsewhere is written down before it is handed over. What was done is never
 * remembered here: the chains show it, and the key of a step is free again only once it has failed for good.
 */
import type { DoneRescue } from "../../db/queries/rescue/rows.js";
import { CantileverError } from "../../protocol/errors.js";
import type { Counters } from "../kit/counters.js";
import { describeError, type Facts, type KeeperLog } from "../kit/logger.js";
import { bytesOf, type Action as TypedAction, type EncodeAction } from "../kit/policy/action.js";
import type { Head } from "../kit/provider.js";
import type { RecordSink } from "../kit/record.js";
import type { Intent, Refusal, Submitter } from "../kit/submitter.js";
import type { BatchConfig } from "./batch.js";
import { feeCeilingWei } from "./bump.js";
import type { RescueSite } from "./site.js";
import { settleKey, settlePrefix, type RescueStore, type StoredRescues } from "./store.js";
import type { BlockRef, Call, FollowUp, Performed, Position, Reading, Settlement, Trouble } from "./types.js";
import type { Watchlist } from "./watchlist.js";

export interface SettlingConfig extends BatchConfig {
  /** Between two looks at one rescue. */
  readonly settleEveryMs: number;
  /** So long a block waits for looks; the next one takes up what has come by then. */
  readonly settlePatienceMs: number;
}

export interface SettlingParts {
  readonly site: Pick<RescueSite, "protocol" | "otherChain">;
  readonly watchlist: Watchlist;
  readonly store: RescueStore | undefined;
  readonly config: SettlingConfig;
  readonly encode: EncodeAction;
  readonly typed: (call: Call) => TypedAction | undefined;
  readonly submitter: Submitter;
  readonly counters: Counters;
  readonly record: RecordSink;
  readonly log: KeeperLog;
  readonly nowMs?: () => number;
}

/** What one look brought. */
interface Looked {
  readonly settlement: Settlement;
  readonly performed: readonly { readonly followUp: FollowUp; readonly result: Performed }[];
  /** Of steps elsewhere that could not be done. */
  readonly troubles: readonly Trouble[];
}

type Look = { readonly looked: Looked } | { readonly error: unknown };

interface Running {
  readonly rescue: DoneRescue;
  readonly done: Promise<void>;
  end: Look | undefined;
}

/** A rescue that is being settled has hours: it is looked at this often. */
export const SETTLE_EVERY_MS = 30_000;
/** A transaction should be mined so long before the step is too late. */
const MARGIN_SECONDS = 900n;

export class Settling {
  private readonly running = new Map<string, Running>();
  private readonly lastMs = new Map<string, number>();
  /** What was told, so that it is told once. */
  private readonly troubles = new Map<string, ReadonlyMap<string, Trouble>>();
  private readonly shown = new Map<string, string>();
  private readonly servers = new Map<string, string>();
  private count = 0;

  constructor(private readonly parts: SettlingParts) {}

  /** How many were being settled at the last block. */
  get open(): number {
    return this.count;
  }

  /**
   * @param acts false: it is looked, nothing is signed or handed over.
   * @throws what is nobody's expectation; a look that failed is a trouble of its rescue.
   */
  async run(
    readings: readonly Reading[],
    books: StoredRescues,
    block: BlockRef,
    head: Head,
    acts: boolean,
  ): Promise<void> {
    const open = await this.settlingNow(readings, books, block);
    this.count = open.size;
    for (const position of [...this.lastMs.keys()]) if (!open.has(position)) this.over(position, head);
    for (const { position, rescue } of open.values()) this.begin(position, rescue, block, acts);
    await this.wait();
    for (const [position, { rescue, end }] of [...this.running]) {
      if (end === undefined) continue;
      this.running.delete(position);
      // It came to its end meanwhile.
      if (!open.has(position)) continue;
      if ("error" in end) this.failed(position, end.error, head);
      else await this.follow(rescue, end.looked, head, acts);
    }
    this.tellServers();
  }

  /** Rescued from here and not over; also those of operators whom nobody looks after any more. */
  private async settlingNow(
    readings: readonly Reading[],
    { open, done }: StoredRescues,
    block: BlockRef,
  ): Promise<ReadonlyMap<string, { readonly position: Position; readonly rescue: DoneRescue }>> {
    const { watchlist, site } = this.parts;
    const busy = new Set(open.map(({ position }) => position));
    const read = new Set(readings.map(({ position }) => position.id));
    const others = watchlist.others([...done.keys()].filter((id) => !read.has(id)));
    const more = others.length === 0 ? [] : await site.protocol.read(others, block);
    const found = new Map<string, { position: Position; rescue: DoneRescue }>();
    for (const { position, stage } of [...readings, ...more]) {
      const rescue = done.get(position.id);
      if (stage === "rescuing" && rescue !== undefined && !busy.has(position.id)) {
        found.set(position.id, { position, rescue });
      }
    }
    return found;
  }

  private begin(position: Position, rescue: DoneRescue, block: BlockRef, acts: boolean): void {
    const now = this.parts.nowMs?.() ?? performance.now();
    const last = this.lastMs.get(position.id) ?? Number.NEGATIVE_INFINITY;
    if (this.running.has(position.id) || now - last < this.parts.config.settleEveryMs) return;
    this.lastMs.set(position.id, now);
    const running: Running = {
      rescue,
      end: undefined,
      done: this.look(position, rescue, block, acts).then(
        (looked) => void (running.end = { looked }),
        (error: unknown) => void (running.end = { error }),
      ),
    };
    this.running.set(position.id, running);
  }

  private async wait(): Promise<void> {
    if (this.running.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const later = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.parts.config.settlePatienceMs);
    });
    const all = Promise.all([...this.running.values()].map(({ done }) => done));
    await Promise.race([all, later]);
    clearTimeout(timer);
  }

  private async look(position: Position, rescue: DoneRescue, block: BlockRef, acts: boolean): Promise<Looked> {
    const { site, store } = this.parts;
    const settlement = await site.protocol.settle(position, Number(rescue.beganBlock), block);
    const performed: { followUp: FollowUp; result: Performed }[] = [];
    const troubles: Trouble[] = [];
    if (!acts || store === undefined) return { settlement, performed, troubles };
    const book = store.payments(position.id);
    for (const followUp of settlement.followUps) {
      if (followUp.perform === undefined) continue;
      try {
        performed.push({ followUp, result: await followUp.perform(book) });
      } catch (error) {
        if (!(error instanceof CantileverError)) throw error;
        troubles.push(troubleOf(error));
      }
    }
    return { settlement, performed, troubles };
  }

  private async follow(rescue: DoneRescue, looked: Looked, head: Head, acts: boolean): Promise<void> {
    const { settlement, performed } = looked;
    const { position } = settlement;
    this.show(settlement, head);
    for (const { followUp, result } of performed) this.tellPerformed(followUp, result, head);
    this.tell(position, [...settlement.troubles, ...looked.troubles], head);
    if (!acts) return;
    this.withdraw(rescue, settlement, head);
    for (const followUp of settlement.followUps) {
      for (const call of followUp.calls) await this.send(rescue, followUp, call, head);
    }
  }

  /** Somebody else was faster, or the block of what it followed is gone: its nonce is freed. */
  private withdraw(rescue: DoneRescue, { mayStill }: Settlement, head: Head): void {
    const { submitter, log, record } = this.parts;
    const prefix = settlePrefix(rescue);
    for (const { key } of submitter.pending()) {
      if (!key.startsWith(prefix) || mayStill(key.slice(prefix.length))) continue;
      submitter.withdraw?.([key]);
      log.info("settle.withdrawn", { key });
      record.write({ kind: "settle.withdrawn", block: head.number, facts: { key } });
    }
  }

  private async send(rescue: DoneRescue, followUp: FollowUp, call: Call, head: Head): Promise<void> {
    const { submitter, config, encode, typed, counters, log } = this.parts;
    const key = settleKey(rescue, followUp.step);
    if (submitter.pending().some((one) => one.key === key)) return;
    const action = typed(call);
    if (action === undefined) {
      this.left(key, "not-signable", head);
      return;
    }
    const gasLimit = call.gasLimit ?? rescue.followUpGas;
    const { dueAt } = followUp;
    const { secondsPerAttempt } = config;
    const intent: Intent = {
      ...{ key, action, ...bytesOf(encode, action), valueWei: call.valueWei, gasLimit },
      maxFeePerGasWei: feeCeilingWei(rescue.stakeWei, gasLimit, config),
      validUntilBlock: head.number + config.validBlocks,
      ...(dueAt === undefined ? {} : { escalation: { mineBy: dueAt - MARGIN_SECONDS, secondsPerAttempt } }),
    };
    try {
      const submission = await submitter.submit(intent, head);
      if (!submission.accepted) {
        counters.add(`sent.refused.${submission.refusal}`);
        // In a block already, though not in the one that was looked at.
        if (!QUIET.has(submission.refusal)) this.left(key, submission.refusal, head);
        return;
      }
      counters.add(`${submission.broadcast ? "sent" : "dry-run"}.${action.name}`);
      const facts = { key, action: action.name, hash: submission.hash, dueAt };
      log.info("settle.sent", facts);
      this.parts.record.write({ kind: "settle.sent", block: head.number, facts });
    } catch (error) {
      if (!(error instanceof CantileverError)) throw error;
      // Nobody knows whether it is written: the next look finds out.
      counters.add("sent.unknown");
      log.warn("send.unknown", describeError(error));
    }
  }

  // --- What people see ---

  private show(settlement: Settlement, head: Head): void {
    const { position, stage, facts, followUps } = settlement;
    const all: Facts = { position, stage, ...facts, next: followUps.map(({ step }) => step) };
    if (!this.differs(position, JSON.stringify(all))) return;
    this.parts.log.info("settle.stage", all);
    this.parts.record.write({ kind: "settle.stage", block: head.number, facts: all });
  }

  private tellPerformed({ position, step }: FollowUp, result: Performed, head: Head): void {
    const { counters, log, record } = this.parts;
    counters.add(`settle.${result.kind}`);
    // A step is done again at every look for as long as it is needed.
    const { kind, ...rest } = result;
    if (!this.differs(`${position} ${step}`, JSON.stringify(result))) return;
    const facts: Facts = { position, step, ...rest };
    log.info(`settle.${kind}`, facts);
    record.write({ kind: `settle.${kind}`, block: head.number, facts });
  }

  private failed(position: string, error: unknown, head: Head): void {
    if (!(error instanceof CantileverError)) throw error;
    this.parts.counters.add("settle.failed");
    this.tell(position, [...(this.troubles.get(position)?.values() ?? []), troubleOf(error)], head);
  }

  private tell(position: string, troubles: readonly Trouble[], head: Head): void {
    const before = this.troubles.get(position) ?? new Map<string, Trouble>();
    const now = new Map(troubles.map((trouble) => [trouble.name, trouble]));
    const { counters, log, record } = this.parts;
    for (const { name, severity, summary, detail } of now.values()) {
      if (before.has(name)) continue;
      counters.add(`settle.trouble.${name}`);
      const facts = { position, trouble: name, severity, summary, ...(detail === undefined ? {} : { detail }) };
      log[severity === "critical" ? "error" : "warn"]("settle.trouble", facts);
      record.write({ kind: "settle.trouble", block: head.number, facts });
    }
    for (const trouble of before.keys()) {
      if (!now.has(trouble)) log.info("settle.trouble-over", { position, trouble });
    }
    this.troubles.set(position, now);
  }

  private over(position: string, head: Head): void {
    this.tell(position, [], head);
    this.troubles.delete(position);
    this.lastMs.delete(position);
    for (const name of [...this.shown.keys()]) if (name.startsWith(position)) this.shown.delete(name);
  }

  private tellServers(): void {
    const { site, log, counters } = this.parts;
    for (const { server, state, code } of site.otherChain?.standings() ?? []) {
      const before = this.servers.get(server) ?? "ok";
      this.servers.set(server, state);
      if (state === before) continue;
      if (state === "ok") log.info("settle.server-back", { server });
      else {
        counters.add(`settle.server.${state}`);
        log.warn("settle.server", { server, state, code });
      }
    }
  }

  private left(key: string, reason: string, head: Head): void {
    const { counters, log, record } = this.parts;
    counters.add(`left.${reason}`);
    if (!this.differs(`${key.split(":")[1] ?? ""} left`, `${key} ${reason}`)) return;
    log.warn("settle.left", { key, reason });
    record.write({ kind: "settle.left", block: head.number, facts: { key, reason } });
  }

  private differs(about: string, text: string): boolean {
    if (this.shown.get(about) === text) return false;
    this.shown.set(about, text);
    return true;
  }
}

const QUIET: ReadonlySet<Refusal> = new Set(["in-flight", "done"]);

/** What went wrong while a settlement was looked at or done. */
export function troubleOf(error: CantileverError): Trouble {
  const summary = `A rescue that is being settled waits: ${error.message}. It is tried again.`;
  return { name: error.code, severity: "warning", summary };
}
