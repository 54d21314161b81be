/**
 * Accounts against our records. What does not fit stays open, and what was recorded of the account stays as it was, until the events that
 * explain it are found or a person accepts the account as it is: the next pass must not take the fault for the truth.
 */
import type { EventRow } from "../../db/queries/collateral/rows.js";
import { factsText, keyOf, type Books, type Look } from "./books.js";
import type { FoundEvent } from "./history.js";
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

/** Events of an account that were not seen, by looking through its own history. */
export type LookAgain = (subject: string, afterSlot: bigint, upToSlot: bigint) => Promise<readonly FoundEvent[]>;

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

/** Accounts whose own history is read in one pass; those that wait longest come first. */
const MOST_LOOKS = 50;
/** What was not found is looked for again after this, and then ever more rarely: when as much time has passed as since the first look. */
const LOOK_AGAIN_SLOTS = 100n;
const SOUND: Verdict = { findings: [], missing: [], fell: 0n };

export async function compareRecords(snapshot: Snapshot, books: Books, lookAgain: LookAgain): Promise<Compared> {
  const open = openBySubject(books);
  const doubtful: { readonly one: Case; verdict: Verdict }[] = [];
  for (const one of casesOf(snapshot, books)) {
    const verdict = one.judge([]);
    const isSound = verdict.findings.length === 0 && verdict.missing.length === 0;
    if (!isSound || (one.isRestarted && open.has(one.subject))) doubtful.push({ one, verdict });
    else open.delete(one.subject);
  }
  const again = new LookingAgain(books.looks, lookAgain, snapshot.slot);
  const gapped = doubtful.filter(({ verdict }) => verdict.missing.length > 0);
  for (const entry of again.inTurn(gapped, ({ one }) => one.subject)) {
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
  return { findings, held, recovered: again.recovered, looks: again.of(held) };
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
  private readonly looks: Map<string, Look>;

  constructor(
    looks: ReadonlyMap<string, Look>,
    private readonly lookAgain: LookAgain,
    private readonly slot: bigint,
  ) {
    this.looks = new Map(looks);
  }

  /** Whose turn it is in this pass. */
  inTurn<T>(entries: readonly T[], subjectOf: (entry: T) => string): readonly T[] {
    const lastOf = (entry: T): bigint => this.looks.get(subjectOf(entry))?.last ?? -1n;
    return entries
      .filter((entry) => this.isDue(subjectOf(entry)))
      .sort((a, b) => (lastOf(a) < lastOf(b) ? -1 : 1))
      .slice(0, MOST_LOOKS);
  }

  async look({ subject, after }: Case, missing: readonly Gap[]): Promise<readonly EventRow[]> {
    const first = this.looks.get(subject)?.first ?? this.slot;
    const events = await this.lookAgain(subject, after, this.slot);
    this.looks.set(subject, { first, last: this.slot });
    const isMissing = ({ subject: of, seqNum }: EventRow): boolean =>
      of === subject && seqNum !== null && missing.some(({ from, to }) => from <= seqNum && seqNum <= to);
    return events.flatMap((event) => {
      const rows = event.rows.filter(isMissing);
      // A transfer may be missing in both of its balances.
      for (const { signature, eventIndex } of rows) this.found.set(`${signature} ${String(eventIndex)}`, event);
      return rows;
    });
  }

  get recovered(): readonly FoundEvent[] {
    return [...this.found.values()];
  }

  of(subjects: ReadonlySet<string>): ReadonlyMap<string, Look> {
    return new Map([...this.looks].filter(([subject]) => subjects.has(subject)));
  }

  private isDue(subject: string): boolean {
    const look = this.looks.get(subject);
    if (look === undefined) return true;
    const since = look.last - look.first;
    return this.slot >= look.last + (since > LOOK_AGAIN_SLOTS ? since : LOOK_AGAIN_SLOTS);
  }
}
