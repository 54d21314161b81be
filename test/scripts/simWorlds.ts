import { SimWorlds } from "../../scripts/sim/worlds.js";

/** The deployments of all simulations of one test run, each made once. */
export const worlds = new SimWorlds();

after(() => worlds.close());
