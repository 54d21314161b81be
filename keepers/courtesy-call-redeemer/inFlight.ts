/** What is left to do about rescues that were begun, as books and chain say. Pure. */
import type { OutboxState } from "../../db/queries/outbox/rows.js";
import type { RescueEnd } from "../../db/queries/rescue/rows.js";
import type { OpenRescue, StoredRescues } from "./store.js";
import type { OnItsWay } from "./strategies/planner.js";
import type { Reading } from "./types.js";

export type Duty =
  /** Written down and never sent: a process died, or was refused, in between. */
  | { readonly what: "drop" }
  /** What it was for is over before it was mined: its nonces are freed. */
  | { readonly what: "withdraw"; readonly why?: Unneeded }
  | { readonly what: "end"; readonly as: Exclude<RescueEnd, "dropped">; readonly why?: Unneeded }
  | { readonly what: "wait" };

type Unneeded =
  /** What was promised for it is not there any more. */
  | "bounty-withdrawn"
  /** The danger that it was decided for has passed. */
  | "moved-on";

const ENDED: ReadonlySet<OutboxState> = new Set(["final", "reverted", "cancelled"]);

/** `reading`: of its position at the newest block; undefined when the protocol does not tell. `account`: ours, lower case. */
export function dutyOf(rescue: OpenRescue, reading: Reading | undefined, account?: string): Duty {
  const { states, stage } = rescue;
  const known = states.flatMap(({ state }) => state ?? []);
  // All rows of a batch are written in one transaction.
  if (known.length === 0) return { what: "drop" };
  const last = states.at(-1)?.state;
  if (last === "final") return { what: "end", as: "rescued" };
  if (known.every((state) => ENDED.has(state))) {
    return endOf(rescue, reading, last === "reverted", account);
  }
  // An account that somebody else uses signs nothing more, and nobody knows what became of it.
  if (known.includes("foreign") || last === "mined" || reading === undefined) return { what: "wait" };
  if (!isWanted(stage, reading)) return { what: "withdraw" };
  return isUnpaid(rescue, reading) ? { what: "withdraw", why: "bounty-withdrawn" } : { what: "wait" };
}

/** Whether a rescue that was decided at a stage may still happen; one that costs more than was thought may not. */
function isWanted(decided: "open" | "called", { stage }: Reading): boolean {
  return stage === "called" || (stage === "open" && decided === "open");
}

/** Whether the protocol, as it stands now, would take what was sent. */
function isStillDue({ stage: decided, effect }: OpenRescue, reading: Reading): boolean {
  const { stage, healthBps, thresholds } = reading;
  if (!isWanted(decided, reading)) return false;
  const isCallable = healthBps !== undefined && healthBps < thresholds.callBelowBps;
  return effect === "rescue" || stage === "called" || isCallable;
}

/** Done for a bounty that is smaller by now than what it was decided for. */
function isUnpaid({ stakeWei }: OpenRescue, { stage, openBountyWei }: Reading): boolean {
  return (stage === "open" || stage === "called") && openBountyWei !== undefined && openBountyWei < stakeWei;
}

function endOf(rescue: OpenRescue, reading: Reading | undefined, reverted: boolean, account?: string): Duty {
  switch (reading?.stage) {
    case "rescuing":
    case "closed": {
      if (reading.wasLost === true) return { what: "end", as: "lost" };
      // An earlier one of ours, which the books have lost.
      const isOurs = account !== undefined && reading.rescuer === account;
      return { what: "end", as: isOurs ? "rescued" : "by-another" };
    }
    case "liquidating":
      return { what: "end", as: "lost" };
    default: {
      // The chain refused what was not paid for any more: nothing has failed.
      if (reading !== undefined && isUnpaid(rescue, reading))
        return { what: "end", as: "cancelled", why: "bounty-withdrawn" };
      // Nor what was not needed any more: the protocol takes no call of what has recovered.
      if (reading !== undefined && !isStillDue(rescue, reading))
        return { what: "end", as: "cancelled", why: "moved-on" };
      return { what: "end", as: reverted ? "failed" : "cancelled" };
    }
  }
}

/** Rescued by us, and not settled yet: the gas of that stays where it is. */
export function unsettledOf(
  readings: readonly Reading[],
  { open, done }: Pick<StoredRescues, "open" | "done">,
): readonly (OnItsWay & { readonly position: string })[] {
  const busy = new Set(open.map(({ position }) => position));
  return readings.flatMap(({ stage, position: { id: position } }) => {
    const rescue = done.get(position);
    if (stage !== "rescuing" || rescue === undefined || busy.has(position)) return [];
    return [{ position, unpaidUnits: 0n, unpaidGas: 0n, followUpGas: rescue.followUpGas }];
  });
}

/** Positions that were rescued from here, as books or chain say. */
export function rescuedOf(
  readings: readonly Reading[],
  { done }: Pick<StoredRescues, "done">,
  account: string,
): readonly string[] {
  const seen = readings.filter(({ rescuer }) => rescuer === account.toLowerCase());
  return [...new Set([...done.keys(), ...seen.map(({ position }) => position.id)])];
}

/** What of it still has to be paid; nothing once it is in a block, whatever came of it there. */
export function onItsWayOf(rescue: OpenRescue): OnItsWay & { readonly position: string } {
  const { position, costUnits, gasLimit, followUpGas, states } = rescue;
  const last = states.at(-1)?.state;
  const isPaid = last === "mined" || (last !== undefined && ENDED.has(last));
  return { position, unpaidUnits: isPaid ? 0n : costUnits, unpaidGas: isPaid ? 0n : gasLimit, followUpGas };
}
