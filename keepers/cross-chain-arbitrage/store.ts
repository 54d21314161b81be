/**
 * What this keeper has begun, in PostgreSQL. A trade and both of its legs are written in one transaction before the first leg is sent, so
 * that no leg is ever alone; what became of them is not written here but read from the outbox, whose rows have the legs' keys. Every change
 * proves in its own transaction that its writer leads on both chains, as the outbox does for bytes.
 */
import type { Database, Queryable } from "../../db/database.js";
import { tradesBegun, transfersBegun } from "../../db/queries/arbitrage/begun.js";
import { bookedToday, type BookedToday } from "../../db/queries/arbitrage/bookedToday.js";
import { closeTrade, dropLeg } from "../../db/queries/arbitrage/endTrade.js";
import { closeTransfer, dropTransfer, nameTransfer } from "../../db/queries/arbitrage/endTransfer.js";
import { insertLeg } from "../../db/queries/arbitrage/insertLeg.js";
import { insertTrade } from "../../db/queries/arbitrage/insertTrade.js";
import { insertTransfer } from "../../db/queries/arbitrage/insertTransfer.js";
import { openLegs } from "../../db/queries/arbitrage/openLegs.js";
import { openTransfers } from "../../db/queries/arbitrage/openTransfers.js";
import type { LegRow, TransferRow } from "../../db/queries/arbitrage/rows.js";
import { tradeResult } from "../../db/queries/arbitrage/tradeResult.js";
import { lockSigner } from "../../db/queries/outbox/signer.js";
import { PermanentError } from "../../protocol/errors.js";
import { fenced, type Stored } from "../kit/fenced.js";
import type { LeaseView } from "../kit/outbox/store.js";
import type { ChainKey, LegIntent, RepairIntent, TradeIntent, TransferIntent } from "./types.js";

/** Points at which tests kill. */
export const STORE_POINTS = ["trade.half", "trade.before-commit", "trade.after-commit"] as const;
export type StorePoint = (typeof STORE_POINTS)[number];

export interface StoreParts {
  readonly db: Database;
  /** Under which the outboxes write. */
  readonly role: string;
  /** The account, as it signs on both chains. */
  readonly account: string;
  readonly chains: readonly [ChainKey, ChainKey];
  /** Of the two outboxes. */
  readonly leases: readonly [LeaseView, LeaseView];
  /** Address of a token, the same on both chains. */
  readonly addressOf: (token: string) => string;
  readonly at?: (point: StorePoint) => Promise<void>;
}

/** Everything that is open, and what has to be known of the rest. */
export interface StoredBooks {
  readonly legs: readonly LegRow[];
  readonly transfers: readonly TransferRow[];
  readonly tradesBegun: ReadonlyMap<string, bigint>;
  readonly transfersBegun: ReadonlyMap<string, bigint>;
  readonly lastTradeAt: ReadonlyMap<string, bigint>;
  readonly booked: BookedToday;
}

/** Unix seconds from which on a transaction of a chain fails. */
export type DeadlineOf = (chain: ChainKey) => bigint;

export class ArbitrageStore {
  private readonly book: string;

  constructor(private readonly parts: StoreParts) {
    this.book = bookOf(parts.account, parts.chains);
  }

  /** One picture: nothing is written between its parts. @throws what the database throws; then nothing is known. */
  load(): Promise<StoredBooks> {
    const { db, role, account, chains } = this.parts;
    return db.transaction(async (tx) => {
      await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const trades = await tradesBegun(tx, this.book);
      const moved = await transfersBegun(tx, this.book);
      return {
        legs: await openLegs(tx, this.book, role),
        transfers: await openTransfers(tx, this.book, role),
        tradesBegun: new Map(trades.map(({ pair, ordinal }) => [pair, ordinal])),
        lastTradeAt: new Map(trades.map(({ pair, beganAt }) => [pair, beganAt])),
        transfersBegun: new Map(
          moved.map(({ token, fromChain, toChain, ordinal }) => [`${token}:${fromChain}:${toChain}`, ordinal]),
        ),
        booked: await bookedToday(tx, role, account, chains),
      };
    });
  }

  /** The trade and both legs, or nothing. */
  async begin(intent: TradeIntent, beganAt: bigint, deadline: DeadlineOf): Promise<Stored> {
    const { at } = this.parts;
    const { pair, ordinal, purpose, expectedXauWei, spreadRate } = intent;
    const stored = await this.change(async (tx) => {
      const trade = { book: this.book, pair, ordinal, purpose, expectedXauWei, spreadRate, beganAt };
      if (!(await insertTrade(tx, trade))) return false;
      if (!(await this.leg(tx, intent, intent.buy, 0, null, deadline))) return false;
      await at?.("trade.half");
      if (!(await this.leg(tx, intent, intent.sell, 1, null, deadline))) return false;
      await at?.("trade.before-commit");
      return true;
    });
    await at?.("trade.after-commit");
    return stored;
  }

  /** @param position how many legs the trade has. */
  repair(intent: RepairIntent, position: number, deadline: DeadlineOf): Promise<Stored> {
    return this.change((tx) => this.leg(tx, intent, intent.leg, position, intent.way, deadline));
  }

  transfer(intent: TransferIntent, ordinal: bigint, deadline: DeadlineOf): Promise<Stored> {
    const { token, from: fromChain, to: toChain, key: effectKey, amountUnits, maxFeeUnits } = intent;
    const place = { book: this.book, token, fromChain, toChain, ordinal, effectKey };
    return this.change((tx) =>
      insertTransfer(tx, { ...place, amountUnits, maxFeeUnits, deadline: deadline(fromChain) }),
    );
  }

  /** A leg that came too late to be sent. `stale`: it has a row in the outbox. */
  dropLeg(effectKey: string): Promise<Stored> {
    return this.change(async (tx) => {
      await this.lockAccounts(tx);
      return dropLeg(tx, this.book, effectKey, this.parts.role);
    });
  }

  dropTransfer(effectKey: string): Promise<Stored> {
    return this.change(async (tx) => {
      await this.lockAccounts(tx);
      return dropTransfer(tx, this.book, effectKey, this.parts.role);
    });
  }

  /** `stale`: something of it may still change. */
  closeTrade(pair: string, ordinal: bigint): Promise<Stored> {
    return this.change((tx) => closeTrade(tx, { book: this.book, pair, ordinal }, this.parts.role));
  }

  /** By the receipts of its legs; read once it is closed. */
  resultOf(pair: string, ordinal: bigint): Promise<BookedToday> {
    return tradeResult(this.parts.db, { book: this.book, pair, ordinal }, this.parts.role);
  }

  nameTransfer(effectKey: string, messageId: string): Promise<Stored> {
    return this.change((tx) => nameTransfer(tx, this.book, effectKey, messageId));
  }

  closeTransfer(effectKey: string, end: "failed" | "delivered" | "refunded"): Promise<Stored> {
    return this.change((tx) => closeTransfer(tx, this.book, effectKey, end));
  }

  /** What an outbox is writing now, or has sent with a lost answer, is seen by the next statement. */
  private async lockAccounts(tx: Queryable): Promise<void> {
    for (const chain of this.parts.chains) await lockSigner(tx, chain, this.parts.account);
  }

  private leg(
    tx: Queryable,
    { pair, ordinal }: Pick<TradeIntent, "pair" | "ordinal">,
    leg: LegIntent,
    position: number,
    way: RepairIntent["way"] | null,
    deadline: DeadlineOf,
  ): Promise<boolean> {
    const { key: effectKey, chain: chainId, ...sale } = leg;
    const assetOut = this.parts.addressOf(sale.tokenOut).toLowerCase();
    const name = { book: this.book, pair, ordinal, position, way, effectKey, chainId };
    return insertLeg(tx, { ...name, ...sale, assetOut, deadline: deadline(chainId) });
  }

  /** All of `work`, or nothing when it answers no, or when somebody else leads. */
  private change(work: (tx: Queryable) => Promise<boolean>): Promise<Stored> {
    return fenced(this.parts.db, this.parts.leases, work);
  }
}

/** Name of an account's books on two chains, the same whichever chain a process names first. @throws PermanentError SAME_CHAIN */
export function bookOf(account: string, [a, b]: readonly [ChainKey, ChainKey]): string {
  if (BigInt(a) === BigInt(b)) throw new PermanentError("SAME_CHAIN", `both ends are chain ${a}`);
  const [low, high] = BigInt(a) < BigInt(b) ? [a, b] : [b, a];
  return `${account.toLowerCase()}:${low}:${high}`;
}
