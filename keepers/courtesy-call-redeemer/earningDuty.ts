/** What is left to do about earnings on their way, and which are asked for next. Pure. */
import type { OutboxState } from "../../db/queries/outbox/rows.js";
import type { BegunEarning } from "../../db/queries/rescue/earnings.js";
import type { EarningEnd, EarningKind } from "../../db/queries/rescue/rows.js";
import type { OpenEarning } from "./earningStore.js";
import type { Due, Earned } from "./site.js";

export type EarningDuty =
  /** Written down and never sent. */
  | { readonly what: "drop" }
  /** There is nothing to bring any more: its nonce is freed. */
  | { readonly what: "withdraw" }
  | { readonly what: "end"; readonly as: Exclude<EarningEnd, "dropped"> }
  | { readonly what: "wait" };

const ENDED: ReadonlySet<OutboxState> = new Set(["reverted", "cancelled"]);
/** Refused so often within a day, it waits for the next day or for a person. */
export const MOST_REFUSALS = 3n;

export function earningDutyOf({ state, kind, about }: OpenEarning, earned: Earned): EarningDuty {
  if (state === undefined) return { what: "drop" };
  if (state === "final") return { what: "end", as: "done" };
  const isDue = earned.dues.some((due) => due.kind === kind && due.about === about);
  if (ENDED.has(state)) {
    const as = isDue ? (state === "reverted" ? "refused" : "cancelled") : goneAs(kind, about, earned);
    return { what: "end", as };
  }
  // A claim whose proof was unwound may come true again; one that nobody needs any more may not be sent.
  const isOver = !isDue && (kind !== "claim" || isSettled(about, earned));
  return isOver && (state === "assigned" || state === "signed") ? { what: "withdraw" } : { what: "wait" };
}

/** Dues of which none is on its way, and how often each was begun; a payout waits for the claims that it can take along. */
export function nextDues(
  { dues }: Earned,
  begun: readonly BegunEarning[],
  open: readonly Pick<OpenEarning, "kind" | "about">[],
): { readonly wanted: readonly (Due & { readonly ordinal: bigint })[]; readonly refused: readonly Due[] } {
  const key = (one: { readonly kind: EarningKind; readonly about: string }): string => `${one.kind}:${one.about}`;
  const known = new Map(begun.map((one) => [key(one), one]));
  const busy = new Set(open.map(key));
  const isClaiming = open.some(({ kind }) => kind === "claim");
  const wanted: (Due & { readonly ordinal: bigint })[] = [];
  const refused: Due[] = [];
  for (const due of dues) {
    const before = known.get(key(due));
    // What came once does not come again; a block that is unwound brings the same bytes back.
    const isBrought = due.kind === "claim" && (before?.brought ?? 0n) > 0n;
    if (busy.has(key(due)) || isBrought) continue;
    if ((before?.refused ?? 0n) >= MOST_REFUSALS) refused.push(due);
    else wanted.push({ ...due, ordinal: (before?.ordinal ?? 0n) + 1n });
  }
  const hasClaims = isClaiming || wanted.some(({ kind }) => kind === "claim");
  return { wanted: wanted.filter(({ kind }) => kind !== "collect" || !hasClaims), refused };
}

/** What brought nothing, and is not due any more. */
function goneAs(kind: EarningKind, about: string, { standing }: Earned): "by-another" | "void" {
  return kind === "claim" && standing.get(about) === "paid" ? "by-another" : "void";
}

function isSettled(about: string, { standing }: Earned): boolean {
  const now = standing.get(about);
  return now === "paid" || now === "void";
}
