/** One pass over all accounts at a finalized slot: what must hold between them, and what our records say. */
import type { BalanceRow, VaultRow } from "../../db/queries/collateral/rows.js";
import { invariantFindings, lockedByPrograms } from "./strategies/invariants.js";
import type { Books } from "./books.js";
import { compareRecords, type Compared, type LookAgain } from "./compareRecords.js";
import { isSameLedger } from "./strategies/records.js";
import type { Balance, Finding, HeldTokens, Snapshot, Vault } from "./types.js";

export interface PassParts {
  readonly lookAgain: LookAgain;
  /** A balance and its tokens at one slot; undefined when it is gone. */
  readonly pair: (
    balance: string,
    vaultTokens: string,
    slot: bigint,
  ) => Promise<{ readonly balance: Balance; readonly held: HeldTokens | undefined } | undefined>;
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

export async function reconcile(snapshot: Snapshot, books: Books, parts: PassParts): Promise<Pass> {
  const { slot } = snapshot;
  const findings: Finding[] = [];
  for (const finding of invariantFindings(snapshot)) {
    if (!BY_TOKENS.has(finding.code) || (await stillHolds(finding, snapshot, parts))) findings.push(finding);
  }
  const compared = await compareRecords(snapshot, books, parts.lookAgain);
  const { held } = compared;
  return {
    ...compared,
    slot,
    findings: [...findings, ...compared.findings],
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
