/**
 * How much of which debt is paid back, to the unit. Pure; of one account at one block, and for the time at which the payment should be
 * mined at the latest: until then interest is counted in, so that health is not missed by it.
 */
import {
  collateralUnits,
  healthOf,
  paidBack,
  valueOf,
  variableUnits,
  type Holding,
} from "../../../../protocol/aave/health.js";
import { minBigint } from "../../../../protocol/math.js";

export interface SizingPolicy {
  /** Health that a rescue brings, wad. */
  readonly targetWad: bigint;
  /** Where even all of one debt does not bring the target, what it must bring at least; wad. */
  readonly leastWad: bigint;
  /** A rest of a debt worth no more than this is paid as well; base currency. */
  readonly dustBase: bigint;
}

export interface Payment {
  readonly units: bigint;
  /** The whole debt of this asset: what is paid may be less, interest that did not come. */
  readonly whole: boolean;
  /** Of the account afterwards; undefined without debt. */
  readonly healthWad: bigint | undefined;
}

/**
 * Least payment after which health is at least the target, one unit less is below it; or all that can be paid if that brings at least
 * `leastWad`; undefined when this debt alone cannot save the account, or nothing need be paid.
 * @param depositAt pays with the account's own deposit of the same asset, as it was at this time: interest that is still to come is none
 * that could be paid with, and a payment of more than there is fails. Undefined: pays from a reserve.
 */
export function paymentFor(
  holdings: readonly Holding[],
  debt: Holding,
  at: bigint,
  policy: SizingPolicy,
  depositAt?: bigint,
): Payment | undefined {
  const owedUnits = variableUnits(debt, at);
  const fromDeposit = depositAt !== undefined;
  const mostUnits = fromDeposit ? minBigint(owedUnits, collateralUnits(debt, depositAt)) : owedUnits;
  if (mostUnits === 0n) return undefined;
  const healthAfter = (units: bigint): bigint | undefined =>
    healthOf(
      holdings.map((holding) => (holding === debt ? paidBack(debt, units, at, fromDeposit) : holding)),
      at,
    ).healthWad;
  const reaches = (units: bigint, wanted: bigint): boolean => {
    const healthWad = healthAfter(units);
    return healthWad === undefined || healthWad >= wanted;
  };
  if (reaches(0n, policy.targetWad) || !reaches(mostUnits, policy.leastWad)) return undefined;
  let units = mostUnits;
  if (reaches(mostUnits, policy.targetWad)) {
    let low = 0n;
    while (units - low > 1n) {
      const middle = (low + units) / 2n;
      if (reaches(middle, policy.targetWad)) units = middle;
      else low = middle;
    }
    const isDust = valueOf(debt, owedUnits - units) <= policy.dustBase;
    if (isDust && mostUnits === owedUnits) units = owedUnits;
  }
  return { units, whole: units === owedUnits, healthWad: healthAfter(units) };
}
