/** The deployed system that figures of gas are taken on: the simulator's, without a market. */
import { simParams } from "../sim/options.js";
import { openWorld, type SimWorld } from "../sim/setup.js";

export function openBenchWorld(): Promise<SimWorld> {
  return openWorld(
    "hardhat",
    simParams({
      hours: 1,
      volume: 1,
      seed: 1,
      flow: "regime",
      blockSeconds: 2,
      policy: "none",
      profile: "target",
    }),
  );
}
