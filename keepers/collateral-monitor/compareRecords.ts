/**
 * Accounts against our records. What does not fit stays open, and what was recorded of the account stays as it was, until the events that
 * explain it are found or a person accepts the account as it is: the next pass must not take the fault for the truth.
 */
import type { EventRow } from "../../db/queries/collateral/rows.js";
import { factsText, keyOf, type Books, type Look } from "./books.js";
import type { FoundEvent } from "./history.js";
import type { Looked, LookOrder } from "./lookAgain.js";
import {
  gaps,
  isRecordCode,
  isSameLedger,
  judgeLedger,
  missingEvents,
  type CountedEvent,
  type Gap,
  type Ledger,
  type Verdict,
} from "./strategies/records.js";
import type { Finding, Snapshot } from "./types.js";

export interface LookingParts {
  /** Events of an account that were not seen, by looking through its own history. */
  readonly lookAgain: (order: LookOrder) => Promise<Looked>;
  /** Newest finalized slot. */
  readonly slotNow: () => Promise<bigint>;
  /** Accounts that are looked at before all others. */
  readonly matters: (subject: string) => boolean;
}

export interface Compared {
  readonly findings: readonly Finding[];
  /** Accounts that our records do not lead to. */
  readonly held: ReadonlySet<string>;
  /** What only looking again has found. */
  readonly recovered: readonly FoundEvent[];
  /** Of accounts that are held. */
  readonly looks: ReadonlyMap<string, Look>;
}

/** An account, and what its events say of it. */
interface Case {
  readonly subject: string;
  /** The slot up to which it was recorded. */
  readonly after: bigint;
  /** It was closed and opened again: what was recorded of it says nothing about it now. */
  readonly isRestarted: boolean;
  readonly judge: (extra: readonly CountedEvent[]) => Verdict;
}

/** Accounts whose own history is read in one pass: those that matter, and of these those that wait longest, come first. */
const MOST_LOOKS = 50;
/** Transactions that all of them may read in one pass: anybody can make as many as he pays for, and a pass must stay short. */
export const MOST_TRANSACTIONS = 2_000;
/** What a look that failed counts as: one for which nobody answers takes as long as many that are answered. */
const FAILED_LOOK_TRANSACTIONS = 500;
/** What was not found is looked for again after this, and then ever more rarely: when as much time has passed as since the first look. */
const LOOK_AGAIN_SLOTS = 100n;
const SOUND: Verdict = { findings: [], missing: [], fell: 0n };

export async function compareRecords(snapshot: Snapshot, books: Books, parts: LookingParts): Promise<Compared> {
  const open = openBySubject(books);
  const doubtful: { readonly one: Case; verdict: Verdict }[] = [];
  for (const one of casesOf(snapshot, books)) {
    const verdict = one.judge([]);
    const isSound = verdict.findings.length === 0 && verdict.missing.length === 0;
    if (!isSound || (one.isRestarted && open.has(one.subject))) doubtful.push({ one, verdict });
    else open.delete(one.subject);
  }
  const again = new LookingAgain(books.looks, parts, snapshot.slot);
  const gapped = doubtful.filter(({ verdict }) => verdict.missing.length > 0);
  for (const entry of again.inTurn(gapped, ({ one }) => one.subject)) {
    if (again.isSpent) break;
    const extra = await again.look(entry.one, entry.verdict.missing);
    if (extra.length > 0) entry.verdict = entry.one.judge(counted(extra, snapshot.slot));
  }
  const findings: Finding[] = [];
  const held = new Set<string>();
  const settle = (subject: string, found: readonly Finding[]): void => {
    const codes = new Set(found.map(({ code }) => code));
    const all = [...(open.get(subject) ?? []).filter(({ code }) => !codes.has(code)), ...found];
    // A person has accepted what he saw, and nothing else.
    if (all.every((finding) => books.accepted.get(keyOf(finding)) === factsText(finding))) return;
    findings.push(...all);
    held.add(subject);
  };
  for (const { one, verdict } of doubtful) {
    const { subject, isRestarted } = one;
    const { findings: wrong, missing } = verdict;
    const found = missing.length === 0 ? wrong : [...wrong, missingEvents(subject, verdict)];
    if (found.length > 0 || isRestarted) settle(subject, found);
    open.delete(subject);
  }
  // Accounts that are gone, and of which nothing could be recorded before.
  for (const subject of open.keys()) settle(subject, []);
  return { findings, held, recovered: again.recovered, looks: await again.end(held) };
}

function openBySubject({ open }: Books): Map<string, readonly Finding[]> {
  const found = new Map<string, readonly Finding[]>();
  for (const finding of open.values()) {
    if (isRecordCode(finding.code)) found.set(finding.subject, [...(found.get(finding.subject) ?? []), finding]);
  }
  return found;
}

function* casesOf(snapshot: Snapshot, books: Books): Iterable<Case> {
  const { slot } = snapshot;
  for (const [subject, now] of ledgersNow(snapshot, books)) {
    const { before, after, isRestarted } = baselineOf(subject, books);
    const events = counted(books.events.get(subject) ?? [], slot, after);
    const isSame = before !== undefined && events.length === 0 && isSameLedger(before, now);
    const judge = (extra: readonly CountedEvent[]): Verdict =>
      isSame ? SOUND : judgeLedger(subject, before, [...events, ...extra], now);
    yield { subject, after, isRestarted, judge };
  }
  for (const [subject, { seqNum }] of snapshot.vaults) {
    const before = books.vaults.get(subject);
    if (before === undefined) continue;
    const { slot: after, seqNum: known } = before;
    const events = counted(books.events.get(subject) ?? [], slot, after);
    const judge = (extra: readonly CountedEvent[]): Verdict =>
      seqNum === known ? SOUND : { ...SOUND, missing: gaps(known, seqNum, [...events, ...extra]) };
    yield { subject, after, isRestarted: false, judge };
  }
}

/** Ledgers as they are now; a recorded balance that is gone must have been emptied. */
function* ledgersNow({ balances, slot }: Snapshot, books: Books): Iterable<[subject: string, now: Ledger]> {
  yield* balances;
  for (const [subject, before] of books.balances) {
    if (before.isClosed || balances.has(subject)) continue;
    const events = counted(books.events.get(subject) ?? [], slot, before.slot);
    const seqNum = events.reduce((most, event) => (event.seqNum > most ? event.seqNum : most), before.seqNum);
    yield [subject, { total: 0n, locked: 0n, seqNum }];
  }
}

/** What was recorded, and the slot after which events count; nothing is recorded of a balance that was closed and opened again since. */
function baselineOf(
  subject: string,
  { balances, events }: Books,
): { readonly before: Ledger | undefined; readonly after: bigint; readonly isRestarted: boolean } {
  const before = balances.get(subject);
  if (before === undefined) return { before, after: -1n, isRestarted: false };
  const { slot, isClosed, seqNum: known } = before;
  const begun = (events.get(subject) ?? []).find(({ seqNum, slot: at }) => seqNum === 1n && at > slot);
  if (begun !== undefined && (isClosed || known > 0n))
    return { before: undefined, after: begun.slot - 1n, isRestarted: true };
  return { before: isClosed ? undefined : before, after: slot, isRestarted: false };
}

function counted(rows: readonly EventRow[], upTo: bigint, after = -1n): readonly CountedEvent[] {
  return rows.flatMap(({ seqNum, ...row }) =>
    seqNum === null || row.slot > upTo || row.slot <= after ? [] : [{ ...row, seqNum }],
  );
}

/** Reads the histories of accounts with gaps, some in a pass. */
class LookingAgain {
  private readonly found = new Map<string, FoundEvent>();
  private readonly looked = new Map<string, Looked>();
  private left = MOST_TRANSACTIONS;

  constructor(
    private readonly looks: ReadonlyMap<string, Look>,
    private readonly parts: LookingParts,
    private readonly slot: bigint,
  ) {}

  get isSpent(): boolean {
    return this.left <= 0;
  }

  /** Whose turn it is in this pass. */
  inTurn<T>(entries: readonly T[], subjectOf: (entry: T) => string): readonly T[] {
    const waiting = entries
      .map((entry) => ({ entry, subject: subjectOf(entry) }))
      .filter(({ subject }) => this.slot >= (this.looks.get(subject)?.due ?? 0n))
      .map((one) => ({
        ...one,
        last: this.looks.get(one.subject)?.last ?? -1n,
        isFirst: this.parts.matters(one.subject),
      }));
    waiting.sort((a, b) => Number(b.isFirst) - Number(a.isFirst) || (a.last < b.last ? -1 : a.last > b.last ? 1 : 0));
    return waiting.slice(0, MOST_LOOKS).map(({ entry }) => entry);
  }

  async look({ subject, after }: Case, missing: readonly Gap[]): Promise<readonly EventRow[]> {
    const isMissing = ({ subject: of, seqNum }: EventRow): boolean =>
      of === subject && seqNum !== null && missing.some(({ from, to }) => from <= seqNum && seqNum <= to);
    const looked = await this.parts.lookAgain({
      ...{ subject, afterSlot: after, upTo: this.slot, before: this.looks.get(subject)?.rest ?? "" },
      ...{ most: this.left, isMissing, count: missing.reduce((sum, { from, to }) => sum + to - from + 1n, 0n) },
    });
    this.looked.set(subject, looked);
    this.left -= Math.max(1, looked.read, looked.isFailed ? FAILED_LOOK_TRANSACTIONS : 0);
    return looked.events.flatMap((event) => {
      const rows = event.rows.filter(isMissing);
      // A transfer may be missing in both of its balances.
      for (const { signature, eventIndex } of rows) this.found.set(`${signature} ${String(eventIndex)}`, event);
      return rows;
    });
  }

  get recovered(): readonly FoundEvent[] {
    return [...this.found.values()];
  }

  /** Looks at accounts that are held. */
  async end(held: ReadonlySet<string>): Promise<ReadonlyMap<string, Look>> {
    const looks = new Map([...this.looks].filter(([subject]) => held.has(subject)));
    const looked = [...this.looked].filter(([subject]) => held.has(subject));
    if (looked.length === 0) return looks;
    const now = await this.parts.slotNow();
    const last = now > this.slot ? now : this.slot;
    for (const [subject, { rest, isFailed }] of looked) {
      const first = looks.get(subject)?.first ?? this.slot;
      const since = last - first;
      const wait = since > LOOK_AGAIN_SLOTS ? since : LOOK_AGAIN_SLOTS;
      // One that was cut short goes on in the next pass.
      looks.set(subject, { first, last, due: rest === "" || isFailed ? last + wait : last, rest });
    }
    return looks;
  }
}
