import type { ContractRunner } from "ethers";

import {
  IAaveOracle__factory,
  IAavePool__factory,
  IAavePoolAddressesProvider__factory,
  IAaveScaledToken__factory,
} from "../generated/contracts/index.js";

/** One interface per contract: what to encode calls with and to read logs by. */
export const aaveAbi = {
  provider: IAavePoolAddressesProvider__factory.createInterface(),
  pool: IAavePool__factory.createInterface(),
  oracle: IAaveOracle__factory.createInterface(),
  scaledToken: IAaveScaledToken__factory.createInterface(),
} as const;

/** How the pool names kinds of debt. */
export const VARIABLE_RATE = 2n;
export const STABLE_RATE = 1n;

/** Below this health a whole debt may be paid back by force, above it half of it: wad, and basis points of the debt. */
export const FULL_CLOSE_BELOW_WAD = 95n * 10n ** 16n;
export const HALF_CLOSE_BPS = 5_000n;

/** Typed handle to a pool. Reads nothing from the chain. */
export function connectPool(address: string, runner: ContractRunner) {
  return IAavePool__factory.connect(address, runner);
}
