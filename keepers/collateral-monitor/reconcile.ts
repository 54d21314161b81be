/** One pass over all accounts at a finalized slot: what must hold between them, and what our records say. */
import type { BalanceRow, EventRow, VaultRow } from "../../db/queries/collateral/rows.js";
import { invariantFindings, lockedByPrograms } from "./strategies/invariants.js";
import { gaps, judgeLedger, missingEvents, type CountedEvent, type Ledger } from "./strategies/records.js";
import type { Balance, Finding, HeldTokens, Snapshot, Vault } from "./types.js";

/** What was recorded before. */
export interface Books {
  readonly balances: ReadonlyMap<string, BalanceRow>;
  readonly vaults: ReadonlyMap<string, VaultRow & { readonly slot: bigint }>;
  /** Counted events since, by the account that counts them. */
  readonly events: ReadonlyMap<string, readonly EventRow[]>;
}

export interface PassParts {
  /** Events of an account that were not seen, by looking through its own history. */
  readonly lookAgain: (subject: string, afterSlot: bigint, upToSlot: bigint) => Promise<readonly EventRow[]>;
  /** A balance and its tokens at one slot; undefined when it is gone. */
  readonly pair: (
    balance: string,
    vaultTokens: string,
    slot: bigint,
  ) => Promise<{ readonly balance: Balance; readonly held: HeldTokens | undefined } | undefined>;
}

export interface Pass {
  readonly slot: bigint;
  readonly findings: readonly Finding[];
  /** Balances and vaults that are not as they were recorded. */
  readonly balances: readonly BalanceRow[];
  readonly vaults: readonly VaultRow[];
  readonly closedVaults: readonly string[];
  /** Rows that only looking again has found. */
  readonly recovered: readonly EventRow[];
  /** Base units in all vaults, by mint. */
  readonly collateral: ReadonlyMap<string, bigint>;
}

/** Accounts whose own history is read in one pass; the others wait for the next. */
const MOST_LOOKS = 50;
/** Rules that compare the ledger with token accounts, which were read a moment later. */
const BY_TOKENS: ReadonlySet<string> = new Set(["total-above-held", "tokens-foreign", "tokens-frozen"]);

export async function reconcile(snapshot: Snapshot, books: Books, parts: PassParts): Promise<Pass> {
  const { slot } = snapshot;
  const findings: Finding[] = [];
  for (const finding of invariantFindings(snapshot)) {
    if (!BY_TOKENS.has(finding.code) || (await stillHolds(finding, snapshot, parts))) findings.push(finding);
  }
  const again = new LookingAgain(parts, slot);
  for (const [subject, now] of ledgersNow(snapshot, books)) {
    const { before, after } = baselineOf(subject, books);
    const events = counted(books.events.get(subject) ?? [], slot, after);
    if (before !== undefined && events.length === 0 && isSame(before, now)) continue;
    const first = judgeLedger(subject, before, events, now);
    const extra = first.missing.length === 0 ? [] : await again.look(subject, after, first.missing);
    const verdict =
      extra.length === 0 ? first : judgeLedger(subject, before, [...events, ...counted(extra, slot)], now);
    findings.push(...verdict.findings);
    if (verdict.missing.length > 0) findings.push(missingEvents(subject, verdict.missing));
  }
  for (const [subject, vault] of snapshot.vaults) {
    const before = books.vaults.get(subject);
    if (before === undefined || before.seqNum === vault.seqNum) continue;
    const events = counted(books.events.get(subject) ?? [], slot, before.slot);
    const missing = gaps(before.seqNum, vault.seqNum, events);
    if (missing.length === 0) continue;
    const extra = await again.look(subject, before.slot, missing);
    const left = gaps(before.seqNum, vault.seqNum, [...events, ...counted(extra, slot)]);
    if (left.length > 0) findings.push(missingEvents(subject, left));
  }
  return {
    ...{ slot, findings, recovered: again.recovered },
    ...changedBalances(snapshot, books),
    vaults: [...snapshot.vaults].flatMap(([address, vault]) => changedVault(address, vault, books)),
    closedVaults: [...books.vaults.keys()].filter((address) => !snapshot.vaults.has(address)),
    collateral: collateralOf(snapshot),
  };
}

/** Base units that the ledgers owe, by mint. */
export function collateralOf({ balances }: Pick<Snapshot, "balances">): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { mint, total } of balances.values()) sums.set(mint, (sums.get(mint) ?? 0n) + total);
  return sums;
}

async function stillHolds(finding: Finding, snapshot: Snapshot, { pair }: PassParts): Promise<boolean> {
  const balance = snapshot.balances.get(finding.subject);
  if (balance === undefined) return true;
  const now = await pair(finding.subject, balance.vaultTokens, snapshot.slot);
  if (now === undefined) return false;
  const only = {
    ...snapshot,
    balances: new Map([[finding.subject, now.balance]]),
    held: new Map([[balance.vaultTokens, now.held]]),
  };
  return invariantFindings(only).some(({ code, subject }) => code === finding.code && subject === finding.subject);
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
): { readonly before: Ledger | undefined; readonly after: bigint } {
  const before = balances.get(subject);
  if (before === undefined) return { before, after: -1n };
  const { slot, isClosed, seqNum: known } = before;
  const begun = (events.get(subject) ?? []).find(({ seqNum, slot: at }) => seqNum === 1n && at > slot);
  if (begun !== undefined && (isClosed || known > 0n)) return { before: undefined, after: begun.slot - 1n };
  return { before: isClosed ? undefined : before, after: slot };
}

function counted(rows: readonly EventRow[], upTo: bigint, after = -1n): readonly CountedEvent[] {
  return rows.flatMap(({ seqNum, ...row }) =>
    seqNum === null || row.slot > upTo || row.slot <= after ? [] : [{ ...row, seqNum }],
  );
}

function changedBalances({ balances, held, locks, slot }: Snapshot, books: Books): Pick<Pass, "balances"> {
  const sums = lockedByPrograms({ locks });
  const rows: BalanceRow[] = [];
  for (const [address, { vault, mint, total, locked, seqNum, vaultTokens }] of balances) {
    const amounts = { held: held.get(vaultTokens)?.amountUnits ?? null, programLocked: sums.get(address) ?? 0n };
    const row = { balance: address, slot, vault, mint, total, locked, seqNum, isClosed: false, ...amounts };
    const before = books.balances.get(address);
    const isKnown =
      before?.isClosed === false &&
      isSame(before, row) &&
      before.held === row.held &&
      before.programLocked === row.programLocked;
    if (!isKnown) rows.push(row);
  }
  for (const [address, before] of books.balances) {
    if (before.isClosed || balances.has(address)) continue;
    rows.push({ ...before, slot, total: 0n, locked: 0n, programLocked: 0n, held: null, isClosed: true });
  }
  return { balances: rows };
}

function changedVault(address: string, vault: Vault, books: Books): VaultRow[] {
  const row = {
    vault: address,
    ...{ owner: vault.owner, seqNum: vault.seqNum, configVersion: vault.configVersion, balances: vault.balances },
    pendingWithdrawals: vault.pendingWithdrawals,
    hasSecurityConfig: vault.hasSecurityConfig !== 0,
    hasMultiSig: vault.hasMultiSig !== 0,
    frozenUntil: vault.frozenUntil,
  };
  const before = books.vaults.get(address);
  const isKnown =
    before !== undefined && (Object.keys(row) as (keyof VaultRow)[]).every((key) => before[key] === row[key]);
  return isKnown ? [] : [row];
}

function isSame(a: Ledger, b: Ledger): boolean {
  return a.seqNum === b.seqNum && a.total === b.total && a.locked === b.locked;
}

/** Reads the histories of accounts with gaps, some in a pass. */
class LookingAgain {
  readonly recovered: EventRow[] = [];
  private looks = 0;

  constructor(
    private readonly parts: PassParts,
    private readonly slot: bigint,
  ) {}

  async look(subject: string, afterSlot: bigint, missing: readonly bigint[]): Promise<readonly EventRow[]> {
    if (this.looks >= MOST_LOOKS) return [];
    this.looks += 1;
    const wanted = new Set(missing);
    const rows = await this.parts.lookAgain(subject, afterSlot, this.slot);
    const found = rows.filter((row) => row.subject === subject && row.seqNum !== null && wanted.has(row.seqNum));
    this.recovered.push(...found);
    return found;
  }
}
