/**
 * What this keeper has found and begun, in PostgreSQL. Rescues of a batch are written in one transaction before the batch is sent; what
 * became of them is not written here but read from the outbox, whose rows have their keys. Every change proves in its own transaction that
 * its writer leads, as the outbox does for bytes.
 */
import { z } from "zod";

import type { Database, Queryable } from "../../db/database.js";
import { lockSigner } from "../../db/queries/outbox/signer.js";
import type { OutboxState } from "../../db/queries/outbox/rows.js";
import { addPositions, closePositions, loadPositions } from "../../db/queries/rescue/positions.js";
import {
  endRescue,
  insertRescue,
  keyStates,
  openRescues,
  rescuesBegun,
  rescuesDone,
  rescuesFailed,
} from "../../db/queries/rescue/rescues.js";
import { addPayment, childrenOf } from "../../db/queries/rescue/payments.js";
import type { DoneRescue, NewRescue, RescueBook, RescueEnd } from "../../db/queries/rescue/rows.js";
import { readScan, writeScan } from "../../db/queries/rescue/scan.js";
import { PermanentError } from "../../protocol/errors.js";
import { fenced, type Stored } from "../kit/fenced.js";
import type { LeaseView } from "../kit/outbox/store.js";
import type { Discovered, PaymentBook, Position } from "./types.js";

/** Points at which tests kill. */
export const STORE_POINTS = ["rescues.before-commit", "rescues.after-commit"] as const;
/** The same for what is handed over on another chain. */
export const PAYMENT_POINTS = ["payments.before-commit", "payments.after-commit"] as const;
export type StorePoint = (typeof STORE_POINTS)[number] | (typeof PAYMENT_POINTS)[number];

export interface StoreParts {
  readonly db: Database;
  /** Under which the outbox writes. */
  readonly role: string;
  readonly chainId: string;
  readonly account: string;
  /** Name of the protocol. */
  readonly protocol: string;
  readonly lease: LeaseView;
  readonly at?: (point: StorePoint) => Promise<void>;
}

/** One transaction of a rescue, as the outbox knows it. */
export interface StepState {
  /** undefined: the outbox has never heard of it. */
  readonly state: OutboxState | undefined;
  readonly minedHash: string | undefined;
}

export interface OpenRescue extends NewRescue {
  /** In the order of its transactions. */
  readonly states: readonly StepState[];
}

export interface StoredPosition {
  readonly position: Position;
  /** First block of those in a row in which it was over. */
  readonly closedBlock: bigint | undefined;
}

export interface StoredScan {
  /** undefined: nobody has looked yet. */
  readonly cursor: unknown;
  readonly positions: readonly StoredPosition[];
}

export interface StoredRescues {
  readonly open: readonly OpenRescue[];
  /** Ordinal of the newest rescue by position. */
  readonly begun: ReadonlyMap<string, bigint>;
  /** The newest rescue of each position that was rescued; some of them are settled already. */
  readonly done: ReadonlyMap<string, DoneRescue>;
}

const factsSchema = z.object({ operators: z.array(z.string()), sizeUnits: z.string().regex(/^\d+$/) });

/** Key of a transaction of a rescue in the outbox: names the effect. */
export function stepKey({ position, ordinal }: Pick<NewRescue, "position" | "ordinal">, step: number): string {
  return `rescue:${position}:${String(ordinal)}:${String(step)}`;
}

/** The same of a step of its settlement. */
export function settleKey({ position, ordinal }: Pick<NewRescue, "position" | "ordinal">, step: string): string {
  return `${settlePrefix({ position, ordinal })}${step}`;
}

export function settlePrefix({ position, ordinal }: Pick<NewRescue, "position" | "ordinal">): string {
  return `settle:${position}:${String(ordinal)}:`;
}

export class RescueStore {
  private readonly scan: string;
  private readonly book: RescueBook;

  constructor(private readonly parts: StoreParts) {
    this.scan = `${parts.chainId}:${parts.protocol}`;
    this.book = { book: this.scan, account: parts.account.toLowerCase() };
  }

  /** What was found so far. @throws PermanentError RESCUE_POSITION_MALFORMED */
  async loadScan(): Promise<StoredScan> {
    const { db } = this.parts;
    return db.transaction(async (tx) => {
      await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const cursor = await readScan(tx, this.scan);
      const rows = await loadPositions(tx, this.scan);
      return {
        cursor: cursor === undefined ? undefined : (JSON.parse(cursor) as unknown),
        positions: rows.map(({ position, facts, closedBlock }) => ({
          position: positionOf(position, facts),
          closedBlock: closedBlock ?? undefined,
        })),
      };
    });
  }

  /** Positions and the cursor that has passed them, or neither. */
  found({ positions, cursor }: Discovered<unknown>): Promise<Stored> {
    const rows = [...new Map(positions.map((position) => [position.id, position])).values()];
    return this.change(async (tx) => {
      await addPositions(
        tx,
        this.scan,
        rows.map(({ id, operators, sizeUnits }) => ({
          position: id,
          facts: JSON.stringify({ operators, sizeUnits: sizeUnits.toString() }),
        })),
      );
      await writeScan(tx, this.scan, JSON.stringify(cursor));
      return true;
    });
  }

  /** @param block undefined: they are not over after all. */
  closed(positions: readonly string[], block: bigint | undefined): Promise<Stored> {
    return this.change(async (tx) => {
      await closePositions(tx, this.scan, positions, block ?? null);
      return true;
    });
  }

  /** One picture of what is open. @throws what the database throws; then nothing is known. */
  load(): Promise<StoredRescues> {
    const { db, chainId, role } = this.parts;
    return db.transaction(async (tx) => {
      await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const rows = await openRescues(tx, this.book);
      const keys = rows.flatMap((row) => keysOf(row));
      const states = new Map((await keyStates(tx, chainId, role, keys)).map((one) => [one.effectKey, one]));
      return {
        open: rows.map((row) => ({
          ...row,
          states: keysOf(row).map((key) => {
            const found = states.get(key);
            return { state: found?.state, minedHash: found?.minedHash ?? undefined };
          }),
        })),
        begun: new Map((await rescuesBegun(tx, this.book)).map(({ position, ordinal }) => [position, ordinal])),
        done: new Map((await rescuesDone(tx, this.book)).map((rescue) => [rescue.position, rescue])),
      };
    });
  }

  /** All of a batch, or nothing. */
  async begin(rescues: readonly NewRescue[]): Promise<Stored> {
    const { at } = this.parts;
    const stored = await this.change(async (tx) => {
      for (const rescue of rescues) if (!(await insertRescue(tx, this.book, rescue))) return false;
      await at?.("rescues.before-commit");
      return true;
    });
    await at?.("rescues.after-commit");
    return stored;
  }

  end(rescue: Pick<NewRescue, "position" | "ordinal">, end: Exclude<RescueEnd, "dropped">): Promise<Stored> {
    return this.change((tx) => endRescue(tx, this.book, rescue, end));
  }

  /** What was never sent never will be. `stale`: the outbox has it. */
  drop(rescue: NewRescue): Promise<Stored> {
    const { chainId, role, account } = this.parts;
    return this.change(async (tx) => {
      // What the outbox is writing now, or has written with a lost answer, is seen by the next statement.
      await lockSigner(tx, chainId, account);
      if ((await keyStates(tx, chainId, role, keysOf(rescue))).length > 0) return false;
      return endRescue(tx, this.book, rescue, "dropped");
    });
  }

  /** Where bytes for another chain are written down. */
  payments(position: string): PaymentBook {
    const { db, at } = this.parts;
    return {
      children: async (parent) =>
        (await childrenOf(db, this.book, parent)).map(({ id, kind, spends, raw }) => {
          return { id, kind, spends, raw: raw.toString("hex") };
        }),
      write: async (payment) => {
        const stored = await this.change(async (tx) => {
          await addPayment(tx, this.book, { ...payment, position, raw: Buffer.from(payment.raw, "hex") });
          await at?.("payments.before-commit");
          return true;
        });
        await at?.("payments.after-commit");
        return stored.ok;
      },
    };
  }

  /** Rescues that the chain refused in the last 24 hours. */
  async failedToday(): Promise<number> {
    return Number(await rescuesFailed(this.parts.db, this.book));
  }

  private change(work: (tx: Queryable) => Promise<boolean>): Promise<Stored> {
    return fenced(this.parts.db, [this.parts.lease], work);
  }
}

export function keysOf(rescue: Pick<NewRescue, "position" | "ordinal" | "steps">): readonly string[] {
  return Array.from({ length: rescue.steps }, (_, step) => stepKey(rescue, step));
}

function positionOf(id: string, facts: string): Position {
  const parsed = factsSchema.safeParse(JSON.parse(facts));
  if (parsed.success) return { id, operators: parsed.data.operators, sizeUnits: BigInt(parsed.data.sizeUnits) };
  throw new PermanentError(
    "RESCUE_POSITION_MALFORMED",
    `what is stored of position ${id} cannot be read`,
    "was it written by another version? restore the database",
    { position: id },
  );
}
