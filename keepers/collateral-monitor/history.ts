/** The program's history since the checkpoint: what is new, what became final, what a dropped fork took back. */
import type { Checkpoint, EventRow, EventStatus } from "../../db/queries/collateral/rows.js";
import { eventsOf } from "../../protocol/solana/events.js";
import type { VaultEvent, VaultProgram } from "../../protocol/solana/vaultProgram.js";
import type { KeeperLog } from "../kit/logger.js";
import { chunks } from "../kit/solana/accounts.js";
import { eventRows, type BalanceOwner } from "./eventRows.js";
import { TRANSACTIONS_PER_REQUEST, type CollateralReader, type ListedTransaction } from "./reader.js";

/** An event with its rows. */
export interface FoundEvent {
  readonly event: VaultEvent;
  readonly rows: readonly EventRow[];
}

export interface News {
  /** Oldest first. */
  readonly found: readonly FoundEvent[];
  /** Rows that were confirmed and are final now, or moved to another slot. */
  readonly changed: readonly EventRow[];
  readonly dropped: readonly string[];
  readonly checkpoint: Checkpoint;
}

export interface HistoryParts {
  readonly reader: Pick<CollateralReader, "list" | "logs">;
  readonly program: VaultProgram;
  /** Address of the program's configuration. */
  readonly authority: string;
  /** Transactions that are read at most where nothing was read before. */
  readonly mostHistory: number;
  readonly log: KeeperLog;
}

/** `open`: rows of transactions that are not final yet, by signature. `finalizedSlot`: of the head, asked before. */
export async function readNews(
  parts: HistoryParts,
  checkpoint: Checkpoint,
  open: ReadonlyMap<string, readonly EventRow[]>,
  ownerOf: BalanceOwner,
  finalizedSlot: bigint,
): Promise<News> {
  const { reader, program, mostHistory, log } = parts;
  const { transactions, isCut } = await reader.list(program.id, checkpoint.signature, mostHistory, finalizedSlot);
  if (isCut) log.warn("history.cut", { transactions: transactions.length, oldestSlot: transactions[0]?.slot });
  const good = transactions.filter(({ isFailed }) => !isFailed);
  const listed = new Set(good.map(({ signature }) => signature));
  // Only what would have to be final by now is gone for sure: a node may be behind.
  const dropped = [...open]
    .filter(([signature, [row]]) => !listed.has(signature) && (row?.slot ?? 0n) <= finalizedSlot)
    .map(([signature]) => signature);
  const changed = good.flatMap((transaction) =>
    (open.get(transaction.signature) ?? [])
      .filter(({ slot, status }) => slot !== transaction.slot || status !== statusOf(transaction))
      .map((row) => ({ ...row, slot: transaction.slot, status: statusOf(transaction) })),
  );
  const found = await readEvents(
    parts,
    good.filter(({ signature }) => !open.has(signature)),
    ownerOf,
  );
  return { found, changed, dropped, checkpoint: nextCheckpoint(checkpoint, transactions) };
}

/** Events of transactions, oldest first; of what the transactions say nothing else is kept. */
export async function readEvents(
  {
    reader,
    program,
    authority,
    log,
  }: Pick<HistoryParts, "program" | "authority" | "log"> & {
    readonly reader: Pick<CollateralReader, "logs">;
  },
  transactions: readonly ListedTransaction[],
  ownerOf: BalanceOwner,
): Promise<readonly FoundEvent[]> {
  // Balances that these transactions open are known to those after them.
  const opened = new Map<string, { readonly vault: string; readonly mint: string }>();
  const knownOwner: BalanceOwner = (balance) => opened.get(balance) ?? ownerOf(balance);
  const found: FoundEvent[] = [];
  for (const some of chunks(transactions, TRANSACTIONS_PER_REQUEST)) {
    const logs = await reader.logs(some.map(({ signature }) => signature));
    for (const transaction of some) {
      const { signature, slot, blockTime } = transaction;
      const { events, isComplete } = eventsOf(program, logs.get(signature) ?? []);
      if (!isComplete) log.warn("history.log-truncated", { signature });
      for (const [eventIndex, event] of events.entries()) {
        if (event.name === "balanceOpened") opened.set(event.data.balance, event.data);
        const place = { signature, eventIndex, slot, blockTime, status: statusOf(transaction) };
        found.push({ event, rows: eventRows(event, place, knownOwner, authority) });
      }
    }
  }
  return found;
}

/** The newest transaction before which everything is final. */
function nextCheckpoint(before: Checkpoint, transactions: readonly ListedTransaction[]): Checkpoint {
  const firstOpen = transactions.findIndex(({ isFinal }) => !isFinal);
  const last = transactions.at(firstOpen === -1 ? -1 : firstOpen - 1);
  return last === undefined || firstOpen === 0 ? before : { signature: last.signature, slot: last.slot };
}

function statusOf({ isFinal }: ListedTransaction): EventStatus {
  return isFinal ? "finalized" : "confirmed";
}
