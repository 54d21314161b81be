/**
 * What was begun of swaps, in PostgreSQL. A swap is written before anything is approved for it; what became of its transactions is read from
 * the outbox, whose rows have its keys. Every change proves in its own transaction that its writer leads, as the outbox does for bytes.
 */
import type { Database } from "../../../db/database.js";
import type { OutboxState } from "../../../db/queries/outbox/rows.js";
import { lockSigner } from "../../../db/queries/outbox/signer.js";
import { keyStates } from "../../../db/queries/rescue/rescues.js";
import type { NewSwap, SwapBook, SwapEnd, SwapTotals } from "../../../db/queries/swap/rows.js";
import { endSwap, insertSwap, openSwap, swapTotals } from "../../../db/queries/swap/swaps.js";
import { fenced, type Stored } from "../../kit/fenced.js";
import type { LeaseView } from "../../kit/outbox/store.js";
import { SWAP_STEPS, type Swap, type SwapStates, type SwapStep } from "./types.js";

/** Points at which tests kill. */
export const SWAP_STORE_POINTS = [
  "swap.before-commit",
  "swap.after-commit",
  "swap-end.before-commit",
  "swap-end.after-commit",
] as const;
export type SwapStorePoint = (typeof SWAP_STORE_POINTS)[number];

export interface SwapStoreParts {
  readonly db: Database;
  /** Under which the outbox writes. */
  readonly role: string;
  readonly chainId: string;
  readonly account: string;
  /** What is sold; lower case. */
  readonly token: string;
  readonly lease: LeaseView;
  readonly at?: (point: SwapStorePoint) => Promise<void>;
}

export interface StoredSwaps extends SwapTotals {
  readonly open: Swap | undefined;
}

/** With these the outbox has nothing left to do under a key. */
const OVER: ReadonlySet<OutboxState> = new Set(["final", "reverted", "cancelled"]);

/** Key of a transaction of a swap in the outbox: names the effect. */
export function swapKey(ordinal: bigint, step: SwapStep): string {
  return `ether:${String(ordinal)}:${step}`;
}

export class SwapStore {
  private readonly book: SwapBook;

  constructor(private readonly parts: SwapStoreParts) {
    this.book = { book: `${parts.chainId}:ether`, account: parts.account.toLowerCase() };
  }

  /** One picture. @throws what the database throws; then nothing is known. */
  load(): Promise<StoredSwaps> {
    const { db, chainId, role, token } = this.parts;
    return db.transaction(async (tx) => {
      await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const row = await openSwap(tx, this.book);
      const keys = row === undefined ? [] : keysOf(row.ordinal);
      const states = row === undefined ? {} : statesOf(row.ordinal, await keyStates(tx, chainId, role, keys));
      const totals = await swapTotals(tx, this.book, token);
      return { ...totals, open: row === undefined ? undefined : { ...row, states } };
    });
  }

  async begin(swap: NewSwap): Promise<Stored> {
    const { at, db, lease } = this.parts;
    const stored = await fenced(db, [lease], async (tx) => {
      const isNew = await insertSwap(tx, this.book, swap);
      if (isNew) await at?.("swap.before-commit");
      return isNew;
    });
    await at?.("swap.after-commit");
    return stored;
  }

  async end(ordinal: bigint, end: Exclude<SwapEnd, "given-up">): Promise<Stored> {
    return this.ended(ordinal, end, async () => Promise.resolve(true));
  }

  /** What was never sent never will be. `stale`: the outbox has it. */
  async giveUp(ordinal: bigint): Promise<Stored> {
    const { chainId, role, account } = this.parts;
    return this.ended(ordinal, "given-up", async (tx) => {
      // What the outbox is writing now, or has written with a lost answer, is seen by the next statement.
      await lockSigner(tx, chainId, account);
      const { approve, swap } = statesOf(ordinal, await keyStates(tx, chainId, role, keysOf(ordinal)));
      return swap === undefined && (approve === undefined || OVER.has(approve));
    });
  }

  private async ended(
    ordinal: bigint,
    end: SwapEnd,
    may: (tx: Parameters<Parameters<Database["transaction"]>[0]>[0]) => Promise<boolean>,
  ): Promise<Stored> {
    const { at, db, lease } = this.parts;
    const stored = await fenced(db, [lease], async (tx) => {
      const isEnded = (await may(tx)) && (await endSwap(tx, this.book, ordinal, end));
      if (isEnded) await at?.("swap-end.before-commit");
      return isEnded;
    });
    await at?.("swap-end.after-commit");
    return stored;
  }
}

function keysOf(ordinal: bigint): readonly string[] {
  return SWAP_STEPS.map((step) => swapKey(ordinal, step));
}

function statesOf(ordinal: bigint, found: Awaited<ReturnType<typeof keyStates>>): SwapStates {
  const byKey = new Map(found.map(({ effectKey, state }) => [effectKey, state]));
  return Object.fromEntries(
    SWAP_STEPS.flatMap((step) => {
      const state = byKey.get(swapKey(ordinal, step));
      return state === undefined ? [] : [[step, state] as const];
    }),
  );
}
