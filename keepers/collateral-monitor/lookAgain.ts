/**
 * Looks through an account's own history for events that the program's left out. Anybody can name an account in as many transactions as he
 * pays for: a look reads no more than it is allowed, and says where the next one goes on.
 */
import type { EventRow } from "../../db/queries/collateral/rows.js";
import { CantileverError } from "../../protocol/errors.js";
import type { BalanceOwner } from "./eventRows.js";
import { readEvents, type FoundEvent, type HistoryParts } from "./history.js";
import { SIGNATURES_PER_PAGE, type CollateralReader } from "./reader.js";

export interface LookOrder {
  readonly subject: string;
  /** Slots: what is wanted is in a later one than the first, and in none later than the last. */
  readonly afterSlot: bigint;
  readonly upTo: bigint;
  /** Where the look before ended; empty: begin with the newest. */
  readonly before: string;
  /** Transactions that may be read. */
  readonly most: number;
  readonly isMissing: (row: EventRow) => boolean;
  /** Events that are missing: once they are found, nothing else is read. */
  readonly count: bigint;
}

export interface Looked {
  /** With a row that is missing, oldest first. */
  readonly events: readonly FoundEvent[];
  /** Transactions that were read. */
  readonly read: number;
  /** Where to go on: there is more, or the node did not say it all. Empty: begin anew. */
  readonly rest: string;
  /** The node did not answer, or not with what it had listed. */
  readonly isFailed: boolean;
}

export interface LookParts extends Pick<HistoryParts, "program" | "authority" | "log"> {
  readonly reader: Pick<CollateralReader, "page" | "logs">;
}

/** @throws nothing that a node has said or not said: what it does not show is not found yet. */
export async function lookAgain(parts: LookParts, order: LookOrder, ownerOf: BalanceOwner): Promise<Looked> {
  const { reader, log } = parts;
  const { subject, afterSlot, upTo, most, isMissing, count } = order;
  let events: readonly FoundEvent[] = [];
  let [read, rest, before] = [0, "", order.before];
  try {
    while (read < most) {
      const limit = Math.min(most - read, SIGNATURES_PER_PAGE);
      const page = await reader.page(subject, { until: "", before, slot: upTo, limit });
      read += page.length;
      const wanted = page.filter(({ slot, isFailed }) => !isFailed && slot > afterSlot && slot <= upTo).reverse();
      const found = await readEvents(parts, wanted, ownerOf);
      events = [...found.filter(({ rows }) => rows.some(isMissing)), ...events];
      const last = page.at(-1);
      const isFound = BigInt(events.length) >= count;
      if (isFound || page.length < limit || last === undefined || last.slot <= afterSlot)
        return { events, read, rest: "", isFailed: false };
      rest = before = last.signature;
    }
  } catch (error) {
    if (!(error instanceof CantileverError)) throw error;
    log.warn("history.look-failed", { subject, code: error.code });
    return { events, read, rest, isFailed: true };
  }
  return { events, read, rest, isFailed: false };
}
