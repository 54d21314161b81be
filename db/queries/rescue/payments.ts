import type { Queryable } from "../../database.js";
import type { RescueBook } from "./rows.js";

/** Bytes for another chain; columns are explained in migration 0408. */
interface PaymentRow {
  readonly position: string;
  readonly id: string;
  readonly kind: "payment" | "child";
  readonly spends: string;
  readonly raw: Buffer;
}

const ADD = `
INSERT INTO keeper_rescue_payment (book, account, position, id, kind, spends, raw) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (book, account, id) DO NOTHING`;
const CHILDREN = `
SELECT position, id, kind, spends, raw FROM keeper_rescue_payment
WHERE book = $1 AND account = $2 AND kind = 'child' AND spends = $3 ORDER BY ordinal DESC`;

/** The same payment twice is one: its id names its bytes, signatures aside. */
export async function addPayment(tx: Queryable, { book, account }: RescueBook, payment: PaymentRow): Promise<void> {
  const { position, id, kind, spends, raw } = payment;
  await tx.query(ADD, [book, account, position, id, kind, spends, raw]);
}

/** Those that spend an output of `parent`, the newest first. */
export function childrenOf(
  db: Queryable,
  { book, account }: RescueBook,
  parent: string,
): Promise<readonly PaymentRow[]> {
  return db.query<PaymentRow>(CHILDREN, [book, account, parent]);
}
