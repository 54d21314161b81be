/** What the copy that writes knows: our records as they are in the database, and the state of the rules of activity. */
import type {
  BalanceRow,
  Checkpoint,
  Claim,
  EventRow,
  OpenDiscrepancy,
  VaultRow,
} from "../../db/queries/collateral/rows.js";
import type { VaultEvent, VaultProgram } from "../../protocol/solana/vaultProgram.js";
import type { Facts, KeeperLog } from "../kit/logger.js";
import { factsText, keyOf, type Books, type Look } from "./books.js";
import type { BalanceOwner } from "./eventRows.js";
import type { Recorded } from "./store.js";
import { assess, NO_ACTIVITY, type ActivityRules, type ActivityState, type SeenEvent } from "./strategies/activity.js";
import type { Finding, FindingCode } from "./types.js";

export interface Memory {
  /** Of the claim under which it was read. */
  readonly generation: bigint;
  checkpoint: Checkpoint;
  /** Newest finalized slot of accounts that are recorded; of the last pass, once this copy has made one. */
  slot: bigint;
  /** Since it was read, a pass was made. */
  hasPassed: boolean;
  readonly balances: Map<string, BalanceRow>;
  readonly vaults: Map<string, VaultRow & { readonly slot: bigint }>;
  /** Counted events that no snapshot contains yet, by the account that counts them. */
  events: Map<string, EventRow[]>;
  /** Rows of transactions that are not final, by signature. */
  readonly open: Map<string, readonly EventRow[]>;
  activity: ActivityState;
  /** Open discrepancies, by `keyOf`. */
  discrepancies: ReadonlyMap<string, Finding>;
  /** When accounts' own histories were read. */
  looks: ReadonlyMap<string, Look>;
  /** Base units of all vaults at the last pass, by mint. */
  collateral: ReadonlyMap<string, bigint>;
}

const NOTHING: Recorded = {
  balances: [],
  vaults: [],
  openEvents: [],
  unfolded: [],
  recent: [],
  discrepancies: [],
};

/** The memory of a copy that begins to write. */
export function memoryOf(
  program: VaultProgram,
  rules: ActivityRules,
  { generation, ...checkpoint }: Claim,
  log: KeeperLog,
  recorded: Recorded = NOTHING,
): Memory {
  const memory: Memory = {
    ...{ generation, checkpoint },
    slot: [...recorded.balances, ...recorded.vaults].reduce((most, { slot }) => (slot > most ? slot : most), 0n),
    hasPassed: false,
    balances: new Map(recorded.balances.map((row) => [row.balance, row])),
    vaults: new Map(recorded.vaults.map((row) => [row.vault, row])),
    events: new Map(),
    open: new Map(),
    activity: NO_ACTIVITY,
    discrepancies: new Map(recorded.discrepancies.map((row) => [keyOf(row), findingOf(row)])),
    looks: new Map(),
    collateral: new Map(),
  };
  for (const row of recorded.openEvents)
    memory.open.set(row.signature, [...(memory.open.get(row.signature) ?? []), row]);
  keepCounted(memory, recorded.unfolded);
  for (const row of recorded.recent) {
    const event = program.eventFromJson(row.kind, JSON.parse(row.body));
    if (event === undefined) {
      log.warn("history.unreadable", { kind: row.kind, subject: row.subject, signature: row.signature });
      continue;
    }
    const seen = { event, time: row.blockTime ?? 0n, vault: row.vault ?? undefined, mint: row.mint ?? undefined };
    memory.activity = assess(memory.activity, seen, rules, new Map()).state;
  }
  return memory;
}

/** @param open as it is in the database, where a person may have written. */
export function booksOf(memory: Memory, open: readonly OpenDiscrepancy[]): Books {
  const { balances, vaults, events, discrepancies, looks } = memory;
  const accepted = open.filter(({ kind }) => kind === "accepted");
  return {
    ...{ balances, vaults, events, looks, open: discrepancies },
    accepted: new Map(accepted.map((row) => [keyOf(row), factsText(findingOf(row))])),
  };
}

/** What was found, as it was written down. */
function findingOf({ kind, code, subject, severity, facts: text }: OpenDiscrepancy): Finding {
  const written = JSON.parse(text) as Facts & { readonly found?: Facts };
  const facts = kind === "accepted" ? (written.found ?? {}) : written;
  return { code: code as FindingCode, subject, severity, facts };
}

export function ownerIn(memory: Memory): BalanceOwner {
  return (balance) => memory.balances.get(balance);
}

/** Keeps events until a pass has folded them into its snapshot. */
export function keepCounted({ events }: Memory, rows: readonly EventRow[]): void {
  const nameOf = ({ signature, eventIndex }: EventRow): string => `${signature} ${String(eventIndex)}`;
  const touched = new Map<string, Map<string, EventRow>>();
  for (const row of rows) {
    if (row.seqNum === null) continue;
    const kept =
      touched.get(row.subject) ?? new Map((events.get(row.subject) ?? []).map((known) => [nameOf(known), known]));
    touched.set(row.subject, kept.set(nameOf(row), row));
  }
  for (const [subject, kept] of touched) events.set(subject, [...kept.values()]);
}

/** Forgets events of transactions, or those up to a slot. */
export function forget(memory: Memory, isGone: (row: EventRow) => boolean): void {
  const left = [...memory.events].map(([subject, rows]) => [subject, rows.filter((row) => !isGone(row))] as const);
  memory.events = new Map(left.filter(([, rows]) => rows.length > 0));
}

/** What the rules of activity see of an event and its rows. */
export function seenEvent(event: VaultEvent, rows: readonly EventRow[], lastTime: bigint): SeenEvent {
  const [row] = rows;
  return {
    event,
    time: row?.blockTime ?? lastTime,
    vault: row?.vault ?? undefined,
    mint: row?.mint ?? undefined,
  };
}
