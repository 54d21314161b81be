import type { Step } from "./types.js";

/** Mesh and limits: what the stabilizer's constructor asks for. */
export const limitsStep: Step = {
  id: "050_mesh_and_limits",
  title: "private mesh, the stabilizer's limits, ledger",
  contracts({ plan }) {
    return [plan.mesh, plan.limits, plan.ledger];
  },
};

/** The stabilizer, whose address is fixed in the code of every pool. */
export const stabilizerStep: Step = {
  id: "060_stabilizer",
  title: "stabilizer and the keeper's lens",
  contracts({ plan }) {
    return [plan.stabilizer, plan.lens];
  },
};

/** The code that all pools run. */
export const poolCodeStep: Step = {
  id: "070_pool_code",
  title: "implementations of public and private pools",
  contracts({ plan }) {
    return [plan.publicPool, plan.privatePool];
  },
};
