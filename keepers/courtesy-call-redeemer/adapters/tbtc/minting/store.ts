/**
 * What was begun of minting, in PostgreSQL. A mint is written before its deposit is opened, its payment before anybody is told of it; what
 * became of transactions is read from the outbox, whose rows have their keys. Every change proves in its own transaction that its writer
 * leads, as the outbox does for bytes.
 */
import type { Database, Queryable } from "../../../../../db/database.js";
import {
  committedSat,
  endMint,
  failedMints,
  insertMint,
  newestMint,
  openMints,
  writeDeposit,
  writeFunding,
} from "../../../../../db/queries/mint/mints.js";
import type { MintBook, MintEnd, MintFunding, MintRow, NewMint } from "../../../../../db/queries/mint/rows.js";
import { lockSigner } from "../../../../../db/queries/outbox/signer.js";
import { keyStates } from "../../../../../db/queries/rescue/rescues.js";
import { fenced, type StoreRefusal } from "../../../../kit/fenced.js";
import type { LeaseView } from "../../../../kit/outbox/store.js";
import { MINT_STEPS, type Mint, type MintStep } from "./types.js";

/** Points at which tests kill. */
export const MINT_STORE_POINTS = [
  "mint.before-commit",
  "mint.after-commit",
  "deposit.before-commit",
  "deposit.after-commit",
  "funding.before-commit",
  "funding.after-commit",
  "mint-end.before-commit",
  "mint-end.after-commit",
] as const;
export type MintStorePoint = (typeof MINT_STORE_POINTS)[number];

export interface MintStoreParts {
  readonly db: Database;
  /** Under which the outbox writes. */
  readonly role: string;
  readonly chainId: string;
  readonly account: string;
  readonly lease: LeaseView;
  readonly at?: (point: MintStorePoint) => Promise<void>;
}

export interface StoredMints {
  readonly open: readonly Mint[];
  /** Ordinal of the newest; 0 before the first. */
  readonly newest: bigint;
  /** Lots in satoshis that count against a day. */
  readonly committedSat: bigint;
  /** That ended without a payment in the last 24 hours. */
  readonly failedToday: bigint;
}

/** Key of a transaction of a mint in the outbox: names the effect. */
export function mintKey(ordinal: bigint, step: MintStep): string {
  return `mint:${String(ordinal)}:${step}`;
}

export class MintStore {
  private readonly book: MintBook;

  constructor(private readonly parts: MintStoreParts) {
    this.book = { book: `${parts.chainId}:tbtc`, account: parts.account.toLowerCase() };
  }

  /** One picture of what is open. @throws what the database throws; then nothing is known. */
  load(): Promise<StoredMints> {
    const { db, chainId, role } = this.parts;
    return db.transaction(async (tx) => {
      await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const rows = await openMints(tx, this.book);
      const keys = rows.flatMap(({ ordinal }) => MINT_STEPS.map((step) => mintKey(ordinal, step)));
      const found = new Map((await keyStates(tx, chainId, role, keys)).map((one) => [one.effectKey, one]));
      return {
        open: rows.map((row) => mintOf(row, found)),
        newest: await newestMint(tx, this.book),
        committedSat: await committedSat(tx, this.book),
        failedToday: await failedMints(tx, this.book),
      };
    });
  }

  begin(mint: NewMint): Promise<StoreRefusal | undefined> {
    return this.change("mint", (tx) => insertMint(tx, this.book, mint));
  }

  deposit(ordinal: bigint, address: string): Promise<StoreRefusal | undefined> {
    return this.change("deposit", (tx) => writeDeposit(tx, this.book, ordinal, address.toLowerCase()));
  }

  /** Once per mint, and never a coin that another open mint spends. */
  fund(ordinal: bigint, funding: MintFunding): Promise<StoreRefusal | undefined> {
    return this.change("funding", (tx) => writeFunding(tx, this.book, ordinal, funding));
  }

  end(ordinal: bigint, end: Exclude<MintEnd, "dropped">): Promise<StoreRefusal | undefined> {
    return this.change("mint-end", (tx) => endMint(tx, this.book, ordinal, end));
  }

  /** What was never sent never will be. `stale`: the outbox has it. */
  drop(ordinal: bigint): Promise<StoreRefusal | undefined> {
    const { chainId, role, account } = this.parts;
    return this.change("mint-end", async (tx) => {
      // What the outbox is writing now, or has written with a lost answer, is seen by the next statement.
      await lockSigner(tx, chainId, account);
      if ((await keyStates(tx, chainId, role, [mintKey(ordinal, "create")])).length > 0) return false;
      return endMint(tx, this.book, ordinal, "dropped");
    });
  }

  private async change(
    what: "mint" | "deposit" | "funding" | "mint-end",
    work: (tx: Queryable) => Promise<boolean>,
  ): Promise<StoreRefusal | undefined> {
    const { db, lease, at } = this.parts;
    const stored = await fenced(db, [lease], async (tx) => {
      if (!(await work(tx))) return false;
      await at?.(`${what}.before-commit`);
      return true;
    });
    if (!stored.ok) return stored.refusal;
    await at?.(`${what}.after-commit`);
    return undefined;
  }
}

type Found = ReadonlyMap<string, Awaited<ReturnType<typeof keyStates>>[number]>;

function mintOf(row: MintRow, found: Found): Mint {
  const { ordinal, lotSat, deposit, fundingTxid, fundingRaw, fundingFeeSat, fundingCoins } = row;
  const states = MINT_STEPS.flatMap((step) => {
    const state = found.get(mintKey(ordinal, step))?.state;
    return state === undefined ? [] : [[step, state] as const];
  });
  const isFunded = fundingTxid !== null && fundingRaw !== null && fundingFeeSat !== null && fundingCoins !== null;
  return {
    ordinal,
    lotSat,
    deposit: deposit ?? undefined,
    funding: isFunded ? { txid: fundingTxid, raw: fundingRaw, feeSat: fundingFeeSat, coins: fundingCoins } : undefined,
    states: Object.fromEntries(states),
    createdIn: found.get(mintKey(ordinal, "create"))?.minedHash ?? undefined,
  };
}
