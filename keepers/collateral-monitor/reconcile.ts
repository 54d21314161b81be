/** One pass over all accounts at a finalized slot: what must hold between them, and what our records say. */
import type { BalanceRow, VaultRow } from "../../db/queries/collateral/rows.js";
import { invariantFindings, lockedByPrograms, tokenFindings } from "./strategies/invariants.js";
import { keyOf, type Books } from "./books.js";
import { compareRecords, type Compared, type LookingParts } from "./compareRecords.js";
import { isSameLedger } from "./strategies/records.js";
import type { HeldBalance, TokenPair } from "./reader.js";
import type { Finding, Snapshot, Vault } from "./types.js";
import type { Watched } from "./watched.js";

export interface PassParts extends Pick<LookingParts, "lookAgain" | "slotNow"> {
  /** Balances with their tokens, each pair of one slot; those that are gone are left out. */
  readonly pairs: (asked: readonly TokenPair[], slot: bigint) => Promise<ReadonlyMap<string, HeldBalance>>;
  readonly watched: Watched;
}

export interface Pass extends Compared {
  readonly slot: bigint;
  /** Balances and vaults that are not as they were recorded, without those that are held. */
  readonly balances: readonly BalanceRow[];
  readonly vaults: readonly VaultRow[];
  readonly closedVaults: readonly string[];
  /** Base units in all vaults, by mint. */
  readonly collateral: ReadonlyMap<string, bigint>;
}

/** Rules that compare the ledger with token accounts, which were read a moment later. */
const BY_TOKENS: ReadonlySet<string> = new Set(["total-above-held", "tokens-foreign", "tokens-frozen"]);
/** What owners and issuers can bring about by themselves, in mints of their own. */
const BY_STRANGERS: ReadonlySet<string> = new Set([...BY_TOKENS, "events-missing"]);

export async function reconcile(snapshot: Snapshot, books: Books, parts: PassParts): Promise<Pass> {
  const { slot } = snapshot;
  const all = invariantFindings(snapshot);
  const byTokens = all.filter(({ code }) => BY_TOKENS.has(code));
  const findings = all.filter(({ code }) => !BY_TOKENS.has(code));
  findings.push(...(await stillFound(byTokens, snapshot, parts)));
  const matters = (subject: string): boolean => {
    const { mint } = snapshot.balances.get(subject) ?? books.balances.get(subject) ?? {};
    return parts.watched.matters(mint === undefined ? { vault: subject } : { mint });
  };
  const graded = (finding: Finding): Finding =>
    !BY_STRANGERS.has(finding.code) || matters(finding.subject) ? finding : { ...finding, severity: "info" };
  const compared = await compareRecords(snapshot, books, { ...parts, matters });
  const { held } = compared;
  return {
    ...compared,
    slot,
    findings: [...findings, ...compared.findings].map(graded),
    balances: changedBalances(snapshot, books).filter(({ balance }) => !held.has(balance)),
    vaults: [...snapshot.vaults].flatMap(([address, vault]) =>
      held.has(address) ? [] : changedVault(address, vault, books),
    ),
    closedVaults: [...books.vaults.keys()].filter((address) => !snapshot.vaults.has(address) && !held.has(address)),
    collateral: collateralOf(snapshot),
  };
}

/** Base units that the ledgers owe, by mint. */
export function collateralOf({ balances }: Pick<Snapshot, "balances">): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { mint, total } of balances.values()) sums.set(mint, (sums.get(mint) ?? 0n) + total);
  return sums;
}

/** Asks again for what seems wrong with tokens: where they were read later than the ledger, a movement between looks like a loss. */
async function stillFound(
  seeming: readonly Finding[],
  { balances, slot }: Snapshot,
  { pairs }: PassParts,
): Promise<readonly Finding[]> {
  const asked = new Map(
    seeming.flatMap(({ subject }) => {
      const balance = balances.get(subject);
      return balance === undefined ? [] : [[subject, { balance: subject, tokens: balance.vaultTokens }] as const];
    }),
  );
  if (asked.size === 0) return [];
  const now = [...(await pairs([...asked.values()], slot))];
  const found = now.flatMap(([subject, { balance, held }]) => tokenFindings(subject, balance, held));
  const keys = new Set(seeming.map(keyOf));
  return found.filter((finding) => keys.has(keyOf(finding)));
}

function changedBalances({ balances, held, locks, slot }: Snapshot, books: Books): readonly BalanceRow[] {
  const sums = lockedByPrograms({ locks });
  const rows: BalanceRow[] = [];
  for (const [address, { vault, mint, total, locked, seqNum, vaultTokens }] of balances) {
    const amounts = { held: held.get(vaultTokens)?.amountUnits ?? null, programLocked: sums.get(address) ?? 0n };
    const row = { balance: address, slot, vault, mint, total, locked, seqNum, isClosed: false, ...amounts };
    const before = books.balances.get(address);
    const isKnown =
      before?.isClosed === false &&
      isSameLedger(before, row) &&
      before.held === row.held &&
      before.programLocked === row.programLocked;
    if (!isKnown) rows.push(row);
  }
  for (const [address, before] of books.balances) {
    if (before.isClosed || balances.has(address)) continue;
    rows.push({ ...before, slot, total: 0n, locked: 0n, programLocked: 0n, held: null, isClosed: true });
  }
  return rows;
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
