/** What is left to do about things that were begun, as the books and the chains say at the pinned blocks. Pure. */
import type { LegRow, TransferRow } from "../../db/queries/arbitrage/rows.js";
import type { ChainKey, LegRecord, OpenTrade } from "./types.js";

/** A leg or transfer that is written down and has no row in the outbox: a process died, or was refused, in between. */
export interface Duty<Row> {
  readonly row: Row;
  /** drop: it is too late for it, or what it belongs to has failed. */
  readonly what: "send" | "drop";
}

/** Time of the pinned block of a chain, unix seconds. */
export type TimeOf = (chain: ChainKey) => bigint;

const ENDED: ReadonlySet<string> = new Set(["final", "reverted", "cancelled"]);

/** Only what has no row at all is sent: a row that is signed is cared for by its outbox, whatever came of its sending. */
export function legDuties(rows: readonly LegRow[], trades: readonly OpenTrade[], timeOf: TimeOf): Duty<LegRow>[] {
  return rows.flatMap((row): Duty<LegRow>[] => {
    if (row.state !== null || row.dropped) return [];
    const trade = trades.find(({ pair, ordinal }) => pair === row.pair && ordinal === row.ordinal);
    const isFirst = row.position < 2;
    // Alone it would be a position that nobody wants.
    const otherFailed = isFirst && [trade?.buy, trade?.sell].some((leg) => leg?.status === "failed");
    return [{ row, what: otherFailed || timeOf(row.chainId) >= row.deadline ? "drop" : "send" }];
  });
}

export function transferDuties(rows: readonly TransferRow[], timeOf: TimeOf): Duty<TransferRow>[] {
  return rows
    .filter(({ state }) => state === null)
    .map((row) => ({ row, what: timeOf(row.fromChain) >= row.deadline ? "drop" : "send" }));
}

/** Trades of which nothing is left to do, and of which nothing can change any more. */
export function finishedTrades(rows: readonly LegRow[], trades: readonly OpenTrade[]): OpenTrade[] {
  return trades.filter((trade) => {
    const own = rows.filter(({ pair, ordinal }) => pair === trade.pair && ordinal === trade.ordinal);
    const isFirm = own.every(({ dropped, state }) => dropped || (state !== null && ENDED.has(state)));
    return isFirm && isOver(trade);
  });
}

function isOver({ buy, sell, repairs }: OpenTrade): boolean {
  const isSettled = ({ status }: LegRecord): boolean => status === "done" || status === "failed";
  const isDone = ({ status }: LegRecord): boolean => status === "done";
  if (![buy, sell, ...repairs].every(isSettled)) return false;
  return [buy, sell].filter(isDone).length !== 1 || repairs.some(isDone);
}
