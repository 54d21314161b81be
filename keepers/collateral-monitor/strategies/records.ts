/**
 * Accounts against our records: from the state that was recorded last, the events of an account must lead to its state now, without a
 * gap and with arithmetic that holds. Pure.
 */
import type { Finding, FindingCode } from "../types.js";

/** A balance's ledger as it was recorded, or as its account says. */
export interface Ledger {
  readonly total: bigint;
  readonly locked: bigint;
  readonly seqNum: bigint;
}

/** One counted event of an account, as recorded. */
export interface CountedEvent {
  readonly subject: string;
  readonly seqNum: bigint;
  readonly kind: string;
  readonly slot: bigint;
  /** What the subject gained or gave; null for settings. */
  readonly amount: bigint | null;
  readonly total: bigint | null;
  readonly locked: bigint | null;
}

/** Counts that no event has, both ends included. */
export interface Gap {
  readonly from: bigint;
  readonly to: bigint;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  /** The account has counted events that are not among those given: look again. */
  readonly missing: readonly Gap[];
  /** Base units that left the total without an event that was seen; 0 where none is missing. */
  readonly fell: bigint;
}

/** What only an event that is found, or a person, can close. */
const SEVERITIES = {
  "ledger-differs": "critical",
  "changed-without-event": "critical",
  "sequence-went-back": "critical",
  "events-missing": "warning",
} as const satisfies Partial<Record<FindingCode, Finding["severity"]>>;
type RecordCode = keyof typeof SEVERITIES;

export function isRecordCode(code: string): code is RecordCode {
  return Object.hasOwn(SEVERITIES, code);
}

/** How an event moves a ledger: by its amount, up (1), down (-1) or not at all (0). */
const MOVES: Readonly<Record<string, readonly [total: bigint, locked: bigint]>> = {
  deposited: [1n, 0n],
  withdrawn: [-1n, 0n],
  locked: [0n, 1n],
  unlocked: [0n, -1n],
  lockReleased: [0n, -1n],
  collateralReceived: [1n, 0n],
  collateralPaid: [-1n, -1n],
};

/**
 * `before`: as recorded; undefined for an account seen for the first time, which has the events since its opening.
 * `events`: of this account, counted after `before`, no later than `now`, in any order.
 */
export function judgeLedger(
  subject: string,
  before: Ledger | undefined,
  events: readonly CountedEvent[],
  now: Ledger,
): Verdict {
  if (before !== undefined && now.seqNum < before.seqNum) {
    const facts = { recorded: before.seqNum, found: now.seqNum };
    return {
      findings: [{ code: "sequence-went-back", subject, severity: SEVERITIES["sequence-went-back"], facts }],
      missing: [],
      fell: 0n,
    };
  }
  const from = before ?? firstKnown(events, now);
  if (now.seqNum === from.seqNum) {
    const findings = isSame(from, now) ? [] : [differs("changed-without-event", subject, from, now)];
    return { findings, missing: [], fell: 0n };
  }
  const inOrder = events
    .filter(({ seqNum }) => seqNum > from.seqNum && seqNum <= now.seqNum)
    .sort((a, b) => (a.seqNum < b.seqNum ? -1 : 1));
  const missing = gaps(from.seqNum, now.seqNum, inOrder);
  const fell = missing.length === 0 ? 0n : fellUnseen(from, inOrder, now);
  let state = from;
  for (const event of inOrder) {
    const told = { total: event.total ?? state.total, locked: event.locked ?? state.locked, seqNum: event.seqNum };
    const expected = event.seqNum === state.seqNum + 1n ? moved(state, event) : told;
    if (!isSame(expected, told))
      return { findings: [differs("ledger-differs", subject, expected, told, event.kind)], missing, fell };
    state = told;
  }
  // With a gap at the end the last known state says nothing about the account.
  const isComplete = state.seqNum === now.seqNum;
  return {
    findings: isComplete && !isSame(state, now) ? [differs("ledger-differs", subject, state, now)] : [],
    ...{ missing, fell },
  };
}

/** Base units by which the total fell in the gaps: a gap in which it rose makes up for none in which it fell. */
function fellUnseen(from: Ledger, inOrder: readonly CountedEvent[], now: Ledger): bigint {
  let [state, fell] = [from, 0n];
  const gapEndsWith = (total: bigint): void => {
    if (state.total > total) fell += state.total - total;
  };
  for (const { seqNum, kind, amount, total, locked } of inOrder) {
    const told = { total: total ?? state.total, locked: locked ?? state.locked, seqNum };
    if (seqNum > state.seqNum + 1n) gapEndsWith(told.total - (MOVES[kind]?.[0] ?? 0n) * (amount ?? 0n));
    state = told;
  }
  if (state.seqNum < now.seqNum) gapEndsWith(now.total);
  return fell;
}

/** What is left missing after looking again. */
export function missingEvents(subject: string, { missing, fell }: Pick<Verdict, "missing" | "fell">): Finding {
  const count = missing.reduce((sum, gap) => sum + gap.to - gap.from + 1n, 0n);
  const facts = { count, first: missing[0]?.from, last: missing.at(-1)?.to, fell };
  return { code: "events-missing", subject, severity: SEVERITIES["events-missing"], facts };
}

/** Counts between `from` (known) and `to` that no event has. As long as the events, not as the count that a node has said. */
export function gaps(from: bigint, to: bigint, events: readonly Pick<CountedEvent, "seqNum">[]): readonly Gap[] {
  const known = new Set(events.map(({ seqNum }) => seqNum).filter((seqNum) => seqNum > from && seqNum <= to));
  const missing: Gap[] = [];
  let next = from + 1n;
  for (const seqNum of [...known].sort((a, b) => (a < b ? -1 : 1))) {
    if (seqNum > next) missing.push({ from: next, to: seqNum - 1n });
    next = seqNum + 1n;
  }
  return next <= to ? [...missing, { from: next, to }] : missing;
}

/** An account without a record: its history counts from its oldest known event, or from now. */
function firstKnown(events: readonly CountedEvent[], now: Ledger): Ledger {
  const oldest = events.reduce<CountedEvent | undefined>(
    (first, event) => (first === undefined || event.seqNum < first.seqNum ? event : first),
    undefined,
  );
  if (oldest === undefined) return now;
  return oldest.seqNum === 1n
    ? { total: 0n, locked: 0n, seqNum: 0n }
    : { total: oldest.total ?? 0n, locked: oldest.locked ?? 0n, seqNum: oldest.seqNum };
}

function moved(state: Ledger, { kind, amount, seqNum }: CountedEvent): Ledger {
  const [total, locked] = MOVES[kind] ?? [0n, 0n];
  const by = amount ?? 0n;
  return { total: state.total + total * by, locked: state.locked + locked * by, seqNum };
}

/** The same amounts at the same count. */
export function isSameLedger(a: Ledger, b: Ledger): boolean {
  return a.seqNum === b.seqNum && isSame(a, b);
}

function isSame(a: Ledger, b: Ledger): boolean {
  return a.total === b.total && a.locked === b.locked;
}

function differs(
  code: "ledger-differs" | "changed-without-event",
  subject: string,
  expected: Ledger,
  found: Ledger,
  event?: string,
): Finding {
  const facts = {
    expectedTotal: expected.total,
    expectedLocked: expected.locked,
    foundTotal: found.total,
    foundLocked: found.locked,
    seqNum: found.seqNum,
    event,
  };
  return { code, subject, severity: SEVERITIES[code], facts };
}
