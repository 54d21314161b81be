/**
 * A Hardhat plugin: the Solidity tests are compiled without the optimizer, which took most of the time of `npm test`. What they try are the
 * artifacts of our contracts (`deploy` in test/contracts/Base.t.sol), and those are optimized.
 */
import type { HardhatPlugin } from "hardhat/types/plugins";

/** The plugin for `plugins` in hardhat.config.ts. */
export const plainTests: HardhatPlugin = {
  id: "cantilever-plain-tests",
  hookHandlers: { config: () => import("./plainTestsHooks.js"), solidity: () => import("./plainTestsWarnings.js") },
};
