/** A change of this keeper's books, which proves in its own transaction that its writer leads, as the outbox does for bytes. */
import type { Database, Queryable } from "../../db/database.js";
import { lockLease } from "../../db/queries/lease/lock.js";
import type { LeaseView } from "../kit/outbox/store.js";

/** Why nothing was written. */
export type StoreRefusal =
  /** Another process leads. */
  | "not-leading"
  /** It is written otherwise than the decision thought: look again. */
  | "stale";

export type Stored = { readonly ok: true } | { readonly ok: false; readonly refusal: StoreRefusal };

/** @param work answers false when the books are not as it thought; nothing is written then. */
export async function fenced(
  db: Database,
  lease: LeaseView,
  work: (tx: Queryable) => Promise<boolean>,
): Promise<Stored> {
  try {
    await db.transaction(async (tx) => {
      const { held } = lease;
      if (held === undefined) throw new Undone("not-leading");
      if (!(await lockLease(tx, held.name, held.owner, held.fence))) {
        lease.lost("the fence has moved on");
        throw new Undone("not-leading");
      }
      if (!(await work(tx))) throw new Undone("stale");
    });
    return { ok: true };
  } catch (error) {
    if (error instanceof Undone) return { ok: false, refusal: error.refusal };
    throw error;
  }
}

/** Rolls back. */
class Undone extends Error {
  constructor(readonly refusal: StoreRefusal) {
    super(refusal);
  }
}
