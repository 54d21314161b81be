import type { Step } from "./types.js";

/** Mesh and limits: what the stabilizer's constructor asks for. */
export const limitsStep: Step = {
  id: "050_mesh_and_limits",
  title: "private mesh and the stabilizer's limits",
  async contracts({ plan }) {
    return [plan.mesh, plan.limits];
  },
  async settings() {
    return [];
  },
};

/** The stabilizer, whose address is fixed in the code of every pool. */
export const stabilizerStep: Step = {
  id: "060_stabilizer",
  title: "stabilizer and the keeper's lens",
  async contracts({ plan }) {
    return [plan.stabilizer, plan.lens];
  },
  async settings() {
    return [];
  },
};

/** The code that all pools run. */
export const poolCodeStep: Step = {
  id: "070_pool_code",
  title: "implementations of public and private pools",
  async contracts({ plan }) {
    return [plan.publicPool, plan.privatePool];
  },
  async settings() {
    return [];
  },
};
