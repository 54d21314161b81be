/** How far the prices of one pair lie apart on two chains. */
import { absolutePercentiles, shareWithin, type Percentiles, type Series } from "./distribution.js";

/** The spread of the rule, bps. */
export const SPREAD_BPS = 15;
const WAD = 10n ** 18n;

export interface SpreadFigures extends Percentiles {
  /** Share of block ends, each lasting a block: share of time. */
  readonly within15Share: number;
}

/** What of a pool's state its price follows from. */
interface Priced {
  /** Quote base-units per base base-unit, 1e18 = 1; 0 while the oracle has doubts. */
  readonly anchorNew: bigint;
  /** Mid against the anchor, 1e18 = 1. */
  readonly ratioWad: bigint;
}

/** `here` against `there`, signed bps; undefined while one of them has no price. */
export function spreadBps(here: Priced, there: Priced): number | undefined {
  const [mine, theirs] = [here, there].map(({ anchorNew, ratioWad }) => anchorNew * ratioWad);
  if (mine === undefined || theirs === undefined || mine === 0n || theirs === 0n) return undefined;
  return Number((mine * WAD) / theirs - WAD) / 1e14;
}

export function spreadFigures(series: Series): SpreadFigures {
  // Strictly below: at 15 bps the rule is broken.
  return { ...absolutePercentiles(series), within15Share: shareWithin(series, SPREAD_BPS - 1e-9) };
}
