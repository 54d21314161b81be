/** This keeper's own reason to pause: rescues that the chain refuses although their simulations did not. */
import type { Condition } from "../kit/control/condition.js";

/** Pauses until the day has fewer again. Lost races are not counted: somebody saved the operators. */
export function failedCondition(failedToday: () => Promise<number>, most: number): Condition {
  return {
    name: "failed-rescues",
    look: async () => {
      const failed = await failedToday();
      if (failed < most) return { say: "good" };
      return {
        say: "pause",
        reason: `the chain refused ${String(failed)} rescues in 24 h, allowed are ${String(most)}`,
      };
    },
  };
}
