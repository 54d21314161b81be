/** What happened to a vault and its open balances, from the logs of the transactions that name them. */
import type { Address } from "@solana/kit";

import { VaultAddresses } from "./addresses.js";
import { eventsOf } from "./events.js";
import { readProgramAccounts, readSignatures, readTransactionLog, type SignatureEntry, type SolanaRpc } from "./rpc.js";
import type { VaultEvent, VaultProgram } from "./vaultProgram.js";
import { childFilters } from "./vaultState.js";

type Commitment = "confirmed" | "finalized";

/** Where a page ended: the last transaction shown of each address, null before its first. */
export type HistoryCursor = Readonly<Record<Address, string | null>>;

export interface HistoryPage {
  /** Transactions on this page, at most. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: HistoryCursor | undefined;
  readonly commitment?: Commitment;
}

export interface HistoryEntry {
  readonly signature: string;
  readonly slot: bigint;
  readonly blockTimeSeconds: bigint | undefined;
  readonly isFailed: boolean;
  /** All that the vault program emitted in the transaction, about other vaults too; nothing when it failed. */
  readonly events: readonly VaultEvent[];
  /** False where the node has cut the log or does not know it any more: events may be missing. */
  readonly isComplete: boolean;
}

export interface VaultHistory {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Undefined at the end. */
  readonly next: HistoryCursor | undefined;
}

/** A page of history. Unlocking and incoming transfers name the balance only, so every balance is asked for besides the vault. */
export async function readVaultHistory(
  rpc: SolanaRpc,
  program: VaultProgram,
  owner: Address,
  { limit, after, commitment = "confirmed" }: HistoryPage,
): Promise<VaultHistory> {
  const cursor = after ?? (await firstCursor(rpc, program, owner, commitment));
  const lists = new Map(
    await Promise.all(
      (Object.entries(cursor) as [Address, string | null][]).map(async ([address, before]) => {
        const page = { limit, before: before ?? undefined };
        return [address, await readSignatures(rpc, address, page, commitment)] as const;
      }),
    ),
  );
  const merged = mergeNewestFirst([...lists.values()]).slice(0, limit);
  const entries = await Promise.all(merged.map((entry) => historyEntry(rpc, program, entry, commitment)));
  const shown = new Set(merged.map(({ signature }) => signature));
  const next = Object.fromEntries(
    [...lists].map(([address, list]) => {
      const last = list.findLast(({ signature }) => shown.has(signature));
      return [address, last?.signature ?? cursor[address] ?? null];
    }),
  );
  const isEnd = [...lists.values()].every(
    (list) => list.length < limit && list.every((item) => shown.has(item.signature)),
  );
  return { entries, next: isEnd ? undefined : next };
}

async function firstCursor(
  rpc: SolanaRpc,
  program: VaultProgram,
  owner: Address,
  commitment: Commitment,
): Promise<HistoryCursor> {
  const vault = await new VaultAddresses(program.id).vault(owner);
  const balances = await readProgramAccounts(rpc, program.id, childFilters(program, "balance", vault), commitment);
  return Object.fromEntries([vault, ...balances.map(({ address }) => address)].map((address) => [address, null]));
}

/** One list of several that have entries in common. Each list is in the chain's order, which slots alone do not tell. */
export function mergeNewestFirst(lists: readonly (readonly SignatureEntry[])[]): SignatureEntry[] {
  const rest = lists.map((list) => [...list]);
  const merged: SignatureEntry[] = [];
  for (;;) {
    const heads = rest.flatMap(([head]) => head ?? []);
    const free = heads.filter(({ signature }) =>
      rest.every((list) => list.findIndex((entry) => entry.signature === signature) <= 0),
    );
    const [newest] = (free.length > 0 ? free : heads).sort((a, b) => (a.slot > b.slot ? -1 : a.slot < b.slot ? 1 : 0));
    if (newest === undefined) return merged;
    merged.push(newest);
    for (const list of rest) if (list[0]?.signature === newest.signature) list.shift();
  }
}

async function historyEntry(
  rpc: SolanaRpc,
  program: VaultProgram,
  { signature, slot, isFailed, blockTimeSeconds }: SignatureEntry,
  commitment: Commitment,
): Promise<HistoryEntry> {
  const common = { signature, slot, blockTimeSeconds, isFailed };
  if (isFailed) return { ...common, events: [], isComplete: true };
  const log = await readTransactionLog(rpc, signature, commitment);
  if (log === undefined) return { ...common, events: [], isComplete: false };
  return { ...common, ...eventsOf(program, log.logs) };
}
