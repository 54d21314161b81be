import type { Step } from "./types.js";

/** The owner of everything that follows, so that no ownership ever has to move. */
export const timelockStep: Step = {
  id: "010_timelock",
  title: "timelock that owns every governed contract",
  contracts({ plan }) {
    return [plan.timelock];
  },
};
