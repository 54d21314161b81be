/** What must hold between accounts at one slot: Σ program locks = locked ≤ total ≤ tokens held, and everything is counted. Pure. */
import type { Balance, Finding, HeldTokens, Snapshot } from "../types.js";

type Check = (snapshot: Snapshot, sums: Sums) => Finding[];

interface Sums {
  /** By balance. */
  readonly locked: ReadonlyMap<string, bigint>;
  readonly locks: ReadonlyMap<string, number>;
  readonly pending: ReadonlyMap<string, number>;
  /** By vault. */
  readonly balances: ReadonlyMap<string, number>;
  readonly pendingOfVault: ReadonlyMap<string, number>;
}

/** All findings of one snapshot, in the order of the rules. */
export function invariantFindings(snapshot: Snapshot): readonly Finding[] {
  const sums = sumUp(snapshot);
  return CHECKS.flatMap((check) => check(snapshot, sums));
}

/** What programs have locked, by balance. */
export function lockedByPrograms({ locks }: Pick<Snapshot, "locks">): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { balance, locked } of locks.values()) sums.set(balance, (sums.get(balance) ?? 0n) + locked);
  return sums;
}

/** One balance and its token account, which should be of one slot. */
export function tokenFindings(subject: string, balance: Balance, tokens: HeldTokens | undefined): Finding[] {
  const { vault, mint, total, vaultTokens } = balance;
  const held = tokens?.amountUnits ?? 0n;
  const found: Finding[] = [];
  if (total > held) {
    found.push({ code: "total-above-held", subject, severity: "critical", facts: { total, held, vaultTokens } });
  }
  if (tokens === undefined) return found;
  if (tokens.owner !== vault || tokens.mint !== mint) {
    const facts = { vaultTokens, owner: tokens.owner, mint: tokens.mint, expectedOwner: vault, expectedMint: mint };
    found.push({ code: "tokens-foreign", subject, severity: "critical", facts });
  }
  if (tokens.isFrozen)
    found.push({ code: "tokens-frozen", subject, severity: "warning", facts: { vaultTokens, total } });
  return found;
}

const perBalance =
  (look: (address: string, balance: Balance, snapshot: Snapshot, sums: Sums) => Finding | undefined): Check =>
  (snapshot, sums) =>
    [...snapshot.balances].flatMap(([address, balance]) => look(address, balance, snapshot, sums) ?? []);

const CHECKS: readonly Check[] = [
  perBalance((subject, { locked }, _, sums) => {
    const sum = sums.locked.get(subject) ?? 0n;
    if (sum === locked) return undefined;
    return { code: "locks-differ", subject, severity: "critical", facts: { locked, sumOfLocks: sum } };
  }),
  perBalance((subject, { locked, total }) =>
    locked <= total
      ? undefined
      : { code: "locked-above-total", subject, severity: "critical", facts: { locked, total } },
  ),
  ({ balances, held }) =>
    [...balances].flatMap(([subject, balance]) => tokenFindings(subject, balance, held.get(balance.vaultTokens))),
  perBalance((subject, { vault, total }, { vaults }) => {
    if (vaults.has(vault)) return undefined;
    return { code: "vault-missing", subject, severity: total > 0n ? "critical" : "warning", facts: { vault, total } };
  }),
  perBalance((subject, { programLocks }, _, sums) => {
    const found = sums.locks.get(subject) ?? 0;
    if (found === programLocks) return undefined;
    return { code: "lock-count", subject, severity: "warning", facts: { counted: programLocks, found } };
  }),
  perBalance((subject, { pendingWithdrawals }, _, sums) => {
    const found = sums.pending.get(subject) ?? 0;
    if (found === pendingWithdrawals) return undefined;
    return { code: "pending-count", subject, severity: "warning", facts: { counted: pendingWithdrawals, found } };
  }),
  ({ balances, locks, pendingWithdrawals }) =>
    [...locks, ...pendingWithdrawals]
      .filter(([, { balance }]) => !balances.has(balance))
      .map(([subject, { balance }]) => ({
        code: "balance-missing",
        subject,
        severity: "critical",
        facts: { balance },
      })),
  ({ vaults }, sums) =>
    [...vaults].flatMap(([subject, vault]): Finding[] => {
      const balances = sums.balances.get(subject) ?? 0;
      const pending = sums.pendingOfVault.get(subject) ?? 0;
      return [
        ...(balances === vault.balances
          ? []
          : [finding("balance-count", subject, { counted: vault.balances, found: balances })]),
        ...(pending === vault.pendingWithdrawals
          ? []
          : [finding("pending-count", subject, { counted: vault.pendingWithdrawals, found: pending })]),
      ];
    }),
];

function finding(code: "balance-count" | "pending-count", subject: string, facts: Finding["facts"]): Finding {
  return { code, subject, severity: "warning", facts };
}

function sumUp({ balances, locks, pendingWithdrawals }: Snapshot): Sums {
  const count = (keys: readonly string[]): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  };
  const pending = [...pendingWithdrawals.values()];
  return {
    locked: lockedByPrograms({ locks }),
    locks: count([...locks.values()].map(({ balance }) => balance)),
    pending: count(pending.map(({ balance }) => balance)),
    balances: count([...balances.values()].map(({ vault }) => vault)),
    pendingOfVault: count(pending.map(({ vault }) => vault)),
  };
}
