/**
 * A pool's state after trades, computed instead of read: protocol/pmm.ts equals the contract to the unit, and reading costs more than
 * trading. It is never trusted for long: in a share of the blocks the chain is asked as well, and a difference ends the simulation.
 */
import { CantileverError, PermanentError } from "../../protocol/errors.js";
import { ratioWad, stepTrade, type PmmFees, type PmmState, type RState } from "../../protocol/pmm.js";
import type { DriverTrade, PoolState } from "./abi.js";

/** One in this many blocks with trades is checked. */
export const CHECKED_EVERY = 25;

/** After one in this many blocks the keeper is asked although the trigger says that it has nothing to do. */
export const ASKED_EVERY = 500;

/** The parameters of a pool that its trades depend on. */
export interface Curve extends PmmFees {
  readonly k: bigint;
}

/**
 * The state behind `trades` of one pool, while only one anchor counts. Undefined when a trade would be refused: then only the chain knows.
 */
export function stateAfter(before: PoolState, trades: readonly DriverTrade[], curve: Curve): PoolState | undefined {
  let state: PmmState = {
    anchor: before.anchorNew,
    k: curve.k,
    base: before.baseReserve,
    quote: before.quoteReserve,
    baseTarget: before.baseTarget,
    quoteTarget: before.quoteTarget,
    r: before.rState as RState,
  };
  try {
    for (const { sellBase, amountIn } of trades) state = stepTrade(state, sellBase, amountIn, curve).state;
  } catch (error) {
    if (error instanceof CantileverError) return undefined;
    throw error;
  }
  const ratio = ratioWad(state);
  return {
    ratioWad: ratio,
    anchorNew: before.anchorNew,
    anchorPrevious: before.anchorNew,
    baseReserve: state.base,
    quoteReserve: state.quote,
    baseTarget: state.baseTarget,
    quoteTarget: state.quoteTarget,
    rState: state.r,
    recordedRatioWad: ratio,
  };
}

/** @throws PermanentError SIM_MIRROR_DISAGREES when the chain tells something else than was computed. */
export function assertAgrees(pool: string, block: number, computed: PoolState, told: PoolState): void {
  for (const key of Object.keys(told) as (keyof PoolState)[]) {
    if (computed[key] === told[key]) continue;
    throw new PermanentError(
      "SIM_MIRROR_DISAGREES",
      `${pool}, block ${block}: ${key} is ${String(told[key])} on the chain and ${String(computed[key])} by protocol/pmm.ts`,
      "the curve in TypeScript and the contract have come apart, or a trade was made that the simulation does not know of; " +
        "run npm run test:keepers -- test/protocol/pmm.test.ts",
      { pool, block: String(block), key },
    );
  }
}

/** The keeper ordered something although scripts/sim/trigger.ts says that no pool's trigger holds. */
export function unexpectedOrders(block: number): PermanentError {
  return new PermanentError(
    "SIM_TRIGGER_DISAGREES",
    `after block ${block} the keeper wants to act, but by scripts/sim/trigger.ts no pool's trigger holds`,
    "the trigger in TypeScript and contracts/stabilizer/DeviationTrigger.sol have come apart",
    { block: String(block) },
  );
}
