/**
 * What the first liquidation call costs the account when the liquidator takes what is best for him: of all pairs of debt and collateral the
 * one with the largest bonus in money. Later calls may follow; they are not counted, so that the loss is not overstated.
 */
import { FULL_CLOSE_BELOW_WAD, HALF_CLOSE_BPS } from "../../../../protocol/aave/contracts.js";
import { collateralUnits, unitOf, valueOf, variableUnits, type Holding } from "../../../../protocol/aave/health.js";
import { ALL_BPS, percentDiv, percentMul } from "../../../../protocol/aave/math.js";

export interface ForcedRepayment {
  /** Base currency, rounded down. */
  readonly repaidBase: bigint;
  readonly penaltyBps: bigint;
}

/** At the close factor of the health that the account has, or falls to first: just below 1. */
export function worstLiquidation(holdings: readonly Holding[], healthWad: bigint, at: bigint): ForcedRepayment {
  const closeBps = healthWad > FULL_CLOSE_BELOW_WAD ? HALF_CLOSE_BPS : ALL_BPS;
  let worst: ForcedRepayment = { repaidBase: 0n, penaltyBps: 0n };
  for (const debt of holdings) {
    const owedUnits = variableUnits(debt, at) + debt.stableUnits;
    if (owedUnits === 0n) continue;
    for (const collateral of holdings) {
      const heldUnits = collateralUnits(collateral, at);
      if (heldUnits === 0n || collateral.bonusBps <= ALL_BPS) continue;
      const repaidUnits = repaidFor(debt, collateral, percentMul(owedUnits, closeBps), heldUnits);
      const repaidBase = valueOf(debt, repaidUnits);
      const penaltyBps = collateral.bonusBps - ALL_BPS;
      if (repaidBase * penaltyBps > worst.repaidBase * worst.penaltyBps) worst = { repaidBase, penaltyBps };
    }
  }
  return worst;
}

/** Units of debt that one call repays: what may be closed, or what the collateral pays for. */
function repaidFor(debt: Holding, collateral: Holding, closableUnits: bigint, heldUnits: bigint): bigint {
  const debtUnit = unitOf(debt.reserve);
  const collateralUnit = unitOf(collateral.reserve);
  const worth = (debt.price * closableUnits * collateralUnit) / (collateral.price * debtUnit);
  if (percentMul(worth, collateral.bonusBps) <= heldUnits) return closableUnits;
  const paid = (collateral.price * heldUnits * debtUnit) / (debt.price * collateralUnit);
  return percentDiv(paid, collateral.bonusBps);
}
