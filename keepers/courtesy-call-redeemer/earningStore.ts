/** What brings earned money, in PostgreSQL: written down before it is sent; what became of it is read from the outbox. */
import type { Database } from "../../db/database.js";
import { lockSigner } from "../../db/queries/outbox/signer.js";
import {
  earningsBegun,
  endEarning,
  insertEarning,
  openEarnings,
  type BegunEarning,
} from "../../db/queries/rescue/earnings.js";
import { keyStates } from "../../db/queries/rescue/rescues.js";
import type { EarningEnd, NewEarning, RescueBook } from "../../db/queries/rescue/rows.js";
import { fenced, type Stored } from "../kit/fenced.js";
import type { LeaseView } from "../kit/outbox/store.js";
import type { StepState } from "./store.js";

/** Points at which tests kill. */
export const EARNING_POINTS = ["earnings.before-commit", "earnings.after-commit"] as const;
export type EarningPoint = (typeof EARNING_POINTS)[number];

export interface EarningStoreParts {
  readonly db: Database;
  /** Under which the outbox writes. */
  readonly role: string;
  readonly chainId: string;
  readonly account: string;
  /** Name of the protocol. */
  readonly protocol: string;
  readonly lease: LeaseView;
  readonly at?: (point: EarningPoint) => Promise<void>;
}

export interface OpenEarning extends NewEarning, StepState {}

export interface StoredEarnings {
  readonly open: readonly OpenEarning[];
  readonly begun: readonly BegunEarning[];
}

type Named = Pick<NewEarning, "kind" | "about" | "ordinal">;

/** Key of its transaction in the outbox: names the effect. */
export function earningKey({ kind, about, ordinal }: Named): string {
  return `${kind}:${about}:${String(ordinal)}`;
}

export class EarningStore {
  private readonly book: RescueBook;

  constructor(private readonly parts: EarningStoreParts) {
    this.book = { book: `${parts.chainId}:${parts.protocol}`, account: parts.account.toLowerCase() };
  }

  /** One picture. @throws what the database throws; then nothing is known. */
  load(): Promise<StoredEarnings> {
    const { db, chainId, role } = this.parts;
    return db.transaction(async (tx) => {
      await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const rows = await openEarnings(tx, this.book);
      const found = await keyStates(tx, chainId, role, rows.map(earningKey));
      const states = new Map(found.map((one) => [one.effectKey, one]));
      const open = rows.map((row): OpenEarning => {
        const known = states.get(earningKey(row));
        return { ...row, state: known?.state, minedHash: known?.minedHash ?? undefined };
      });
      return { open, begun: await earningsBegun(tx, this.book) };
    });
  }

  /** All, or nothing. */
  async begin(earnings: readonly NewEarning[]): Promise<Stored> {
    const { db, lease, at } = this.parts;
    const stored = await fenced(db, [lease], async (tx) => {
      for (const earning of earnings) if (!(await insertEarning(tx, this.book, earning))) return false;
      await at?.("earnings.before-commit");
      return true;
    });
    await at?.("earnings.after-commit");
    return stored;
  }

  end(earning: Named, end: Exclude<EarningEnd, "dropped">): Promise<Stored> {
    const { db, lease } = this.parts;
    return fenced(db, [lease], (tx) => endEarning(tx, this.book, earning, end));
  }

  /** What was never sent never will be. `stale`: the outbox has it. */
  drop(earning: Named): Promise<Stored> {
    const { db, lease, chainId, role, account } = this.parts;
    return fenced(db, [lease], async (tx) => {
      // What the outbox is writing now, or has written with a lost answer, is seen by the next statement.
      await lockSigner(tx, chainId, account);
      if ((await keyStates(tx, chainId, role, [earningKey(earning)])).length > 0) return false;
      return endEarning(tx, this.book, earning, "dropped");
    });
  }
}
