/** What a program emitted in a transaction that succeeded, from its log. */
import type { Idl } from "@anchor-lang/core";

import { readLog } from "./logs.js";
import type { AnchorProgram, EventOf } from "./program.js";

export interface TransactionEvents<E> {
  readonly events: readonly E[];
  /** The node has cut the log, so events may be missing: read the accounts anew. Gaps of `seqNum` say the same. */
  readonly isComplete: boolean;
}

/**
 * Decodes the events of `program`; what other programs emit is left out, also when it looks like one. A failed transaction changed nothing:
 * pass its log only to see what it would have done.
 */
export function eventsOf<I extends Idl>(
  program: AnchorProgram<I>,
  log: readonly string[],
): TransactionEvents<EventOf<I>> {
  const { lines, isTruncated } = readLog(log);
  const events = lines
    .filter(({ kind, programId }) => kind === "data" && programId === program.id)
    .flatMap(({ text }) => program.decodeEvent(text) ?? []);
  return { events, isComplete: !isTruncated };
}
