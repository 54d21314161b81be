/** A change of a keeper's books, which proves in its own transaction that its writer leads, as the outbox does for bytes. */
import type { Database, Queryable } from "../../db/database.js";
import { lockLease } from "../../db/queries/lease/lock.js";
import type { LeaseView } from "./outbox/store.js";

/** Why nothing was written. */
export type StoreRefusal =
  /** Another process leads, on one of the chains where there are several. */
  | "not-leading"
  /** It is written otherwise than the decision thought: look again. */
  | "stale";

export type Stored = { readonly ok: true } | { readonly ok: false; readonly refusal: StoreRefusal };

/**
 * @param leases all of them must be held.
 * @param work answers false when the books are not as it thought; nothing is written then.
 */
export async function fenced(
  db: Database,
  leases: readonly LeaseView[],
  work: (tx: Queryable) => Promise<boolean>,
): Promise<Stored> {
  try {
    await db.transaction(async (tx) => {
      for (const lease of leases) {
        const { held } = lease;
        if (held === undefined) throw new Undone("not-leading");
        if (await lockLease(tx, held.name, held.owner, held.fence)) continue;
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
