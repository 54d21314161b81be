/**
 * What is on its way, as of the pinned blocks: rows of the books, rows of the outboxes, and what the chains say at exactly these blocks,
 * put together without a guess. Pure. A balance of a pinned block contains what was mined up to it, so that nothing may be called done that
 * was mined later, whatever the outbox knows already.
 *
 * Done counts from the first block, so that the next trade need not wait; failed counts when it is final, because what has failed is made up
 * for by other bytes, and both could happen after a reorganisation. For the same reason the other leg of a failed one must be final.
 */
import type { EffectRow, LegRow, TransferRow } from "../../db/queries/arbitrage/rows.js";
import type { MessageState } from "../../protocol/bridgeMessage.js";
import type { StoredBooks } from "./store.js";
import type { Books, ChainKey, LegRecord, LegStatus, OpenTrade, Transfer } from "./types.js";

/** The transaction of a row that is in a block, at the pinned block of its chain. */
export interface SeenReceipt {
  readonly ok: boolean;
  readonly block: bigint;
  /** What the account got of each asset, base units, by address in lower case. */
  readonly received: ReadonlyMap<string, bigint>;
  /** Message that it gave to the bridge. */
  readonly messageId: string | undefined;
}

/** A message at the pinned blocks. */
export interface SeenMessage {
  readonly source: MessageState;
  readonly destination: MessageState;
}

export interface SeenPending {
  /** Height of the pinned block, by chain. */
  readonly heights: ReadonlyMap<ChainKey, bigint>;
  /** Nonces that the account has used up to it. */
  readonly usedNonces: ReadonlyMap<ChainKey, bigint>;
  /** By `chain:hash`; missing: nodes do not show it. */
  readonly receipts: ReadonlyMap<string, SeenReceipt>;
  /** By message id. */
  readonly messages: ReadonlyMap<string, SeenMessage>;
}

/** Where an effect stands at the pinned block of its chain. */
type Standing =
  | { readonly kind: "absent" | "sent" | "ended-badly" | "unreadable" }
  | { readonly kind: "mined"; readonly receipt: SeenReceipt | undefined; readonly isFinal: boolean };

/** The open part of the books for a decision. */
export function booksOf(stored: StoredBooks, seen: SeenPending, bookedTodayXauWei: bigint): Books {
  const { tradesBegun, transfersBegun, lastTradeAt } = stored;
  return {
    readable: true,
    trades: tradesOf(stored.legs, seen),
    transfers: stored.transfers.flatMap((row) => transferOf(row, seen) ?? []),
    ...{ tradesBegun, transfersBegun, lastTradeAt, bookedTodayXauWei },
  };
}

/** Hashes whose receipts have to be read at the pinned blocks: what is in a block of which the books have not said all. */
export function hashesOf({ legs, transfers }: StoredBooks): { readonly chain: ChainKey; readonly hash: string }[] {
  return [
    ...legs.filter(needsReceipt).map((row) => ({ chain: row.chainId, hash: row.minedHash ?? "" })),
    ...transfers
      .filter((row) => row.messageId === null && (row.state === "mined" || row.state === "final"))
      .map((row) => ({ chain: row.fromChain, hash: row.minedHash ?? "" })),
  ];
}

/** The message of a transfer, if it has one: as booked, or by its receipt. */
export function messageOf(row: TransferRow, seen: Pick<SeenPending, "receipts">): string | undefined {
  return row.messageId ?? seen.receipts.get(`${row.fromChain}:${row.minedHash ?? ""}`)?.messageId;
}

/**
 * How a transfer has ended for good; undefined while it goes on. `settled`: messages at blocks so deep that they stay, by id. An end that a
 * reorganisation takes back would be forgotten once the transfer is closed.
 */
export function endOf(
  row: TransferRow,
  seen: SeenPending,
  settled: ReadonlyMap<string, SeenMessage>,
): "failed" | "delivered" | "refunded" | undefined {
  const standing = standingOf(row, row.fromChain, seen);
  if (standing.kind === "ended-badly") return "failed";
  const message = row.messageId === null ? undefined : settled.get(row.messageId);
  if (standing.kind !== "mined" || !standing.isFinal || message === undefined) return undefined;
  if (message.destination === "delivered") return "delivered";
  return message.source === "refunded" ? "refunded" : undefined;
}

function needsReceipt({ state, receivedUnits }: LegRow): boolean {
  return state === "mined" || (state === "final" && receivedUnits === null);
}

function standingOf(row: EffectRow, chain: ChainKey, { heights, usedNonces, receipts }: SeenPending): Standing {
  if (row.state === null) return { kind: "absent" };
  const height = heights.get(chain);
  const used = usedNonces.get(chain);
  if (row.state === "assigned" || row.state === "signed") {
    // Something was mined under its nonce that the outbox has not seen yet: the balance may contain it.
    return { kind: used === undefined || row.nonce === null || row.nonce < used ? "unreadable" : "sent" };
  }
  if (row.state === "foreign" || height === undefined || row.minedHash === null || row.minedBlock === null)
    return { kind: "unreadable" };
  if (row.minedBlock > height) return { kind: "sent" };
  if (row.state === "reverted" || row.state === "cancelled") return { kind: "ended-badly" };
  const receipt = receipts.get(`${chain}:${row.minedHash}`);
  // In a block above the pinned one after a reorganisation.
  if (receipt !== undefined && receipt.block > height) return { kind: "sent" };
  return { kind: "mined", receipt, isFinal: row.state === "final" };
}

function tradesOf(rows: readonly LegRow[], seen: SeenPending): OpenTrade[] {
  const trades = new Map<string, LegRow[]>();
  for (const row of rows) {
    const key = `${row.pair}:${String(row.ordinal)}`;
    trades.set(key, [...(trades.get(key) ?? []), row]);
  }
  return [...trades.values()].flatMap((legs): OpenTrade[] => {
    const firm = legs.map((row) => ({ row, ...legStatus(row, seen) }));
    const hasFailed = firm.some(({ status }) => status === "failed");
    const [buy, sell, ...repairs] = firm.map(({ row, status, receivedUnits, isFinal }): LegRecord => {
      const { chainId: chain, pool, sellBase, tokenIn, tokenOut, amountIn, minOut } = row;
      const waits = status === "done" && !isFinal && hasFailed;
      const leg = { chain, pool, sellBase, tokenIn, tokenOut, amountIn, minOut };
      return { ...leg, status: waits ? "sent" : status, receivedUnits: waits ? 0n : receivedUnits };
    });
    const [first] = legs;
    // Both legs are written in one transaction.
    if (first === undefined || buy === undefined || sell === undefined) return [];
    return [{ ordinal: first.ordinal, pair: first.pair, buy, sell, repairs, beganAt: first.beganAt }];
  });
}

function legStatus(
  row: LegRow,
  seen: SeenPending,
): { readonly status: LegStatus; readonly receivedUnits: bigint; readonly isFinal: boolean } {
  const plain = (status: LegStatus) => ({ status, receivedUnits: 0n, isFinal: true });
  if (row.dropped) return plain("failed");
  const standing = standingOf(row, row.chainId, seen);
  switch (standing.kind) {
    case "absent":
      return plain("planned");
    case "sent":
      return plain("sent");
    case "ended-badly":
      return plain("failed");
    case "unreadable":
      return plain("unreadable");
    case "mined": {
      const { receipt, isFinal } = standing;
      if (isFinal && row.receivedUnits !== null)
        return { status: "done", receivedUnits: row.receivedUnits, isFinal: true };
      if (receipt === undefined) return plain("unreadable");
      // Reverted, and not final: it may still be mined again.
      if (!receipt.ok) return plain(isFinal ? "unreadable" : "sent");
      return { status: "done", receivedUnits: receipt.received.get(row.assetOut) ?? 0n, isFinal };
    }
  }
}

/** undefined: nothing of it is on its way any more. */
function transferOf(row: TransferRow, seen: SeenPending): Transfer | undefined {
  const { effectKey: id, token, fromChain: from, toChain: to, amountUnits, maxFeeUnits: feeUnits } = row;
  const as = (status: Transfer["status"]): Transfer => ({ id, token, from, to, amountUnits, feeUnits, status });
  const standing = standingOf(row, from, seen);
  if (standing.kind === "ended-badly") return undefined;
  if (standing.kind === "unreadable") return as("unreadable");
  if (standing.kind !== "mined") return as("planned");
  const { receipt, isFinal } = standing;
  // Refused, and not final yet: it may still be taken.
  if (receipt?.ok === false && !isFinal) return as("planned");
  const message = seen.messages.get(messageOf(row, seen) ?? "");
  if (message === undefined || message.source === "none") return as("unreadable");
  if (message.destination === "delivered" || message.source === "refunded") return undefined;
  return as(message.destination === "cancelled" || message.source === "refund-accepted" ? "refunding" : "moving");
}
