/**
 * The health of an account as the pool computes it: collateral and debt in the oracle's base currency, each reserve rounded down; the
 * liquidation threshold averaged over the collateral and cut to whole basis points; health = collateral · threshold / debt.
 */
import { ALL_BPS, compoundedInterest, linearInterest, percentMul, rayDiv, rayMul, wadDiv } from "./math.js";
import type { ReserveSettings } from "./reserves.js";

export interface ReserveState {
  /** Of the asset and its tokens, lower case. */
  readonly asset: string;
  readonly aToken: string;
  readonly variableDebtToken: string;
  readonly stableDebtToken: string;
  readonly id: bigint;
  readonly settings: ReserveSettings;
  /** Rays, as written at `updatedAt` (unix seconds). */
  readonly liquidityIndex: bigint;
  readonly liquidityRate: bigint;
  readonly variableIndex: bigint;
  readonly variableRate: bigint;
  readonly updatedAt: bigint;
}

/** What an account has and owes in one reserve. */
export interface Holding {
  readonly reserve: ReserveState;
  /** Base currency per whole token, as it counts for this account. */
  readonly price: bigint;
  /** 0 unless it is used as collateral and counts as such. */
  readonly collateralScaled: bigint;
  readonly variableScaled: bigint;
  /** Units, with interest up to the block that was read. */
  readonly stableUnits: bigint;
  /** As they count for this account: its efficiency mode may replace those of the reserve. */
  readonly thresholdBps: bigint;
  readonly bonusBps: bigint;
}

export interface Health {
  readonly collateralBase: bigint;
  readonly debtBase: bigint;
  readonly thresholdBps: bigint;
  /** Undefined without debt. */
  readonly healthWad: bigint | undefined;
}

/** Index of deposits at a time, rays. */
export function incomeIndex({ liquidityIndex, liquidityRate, updatedAt }: ReserveState, at: bigint): bigint {
  return rayMul(linearInterest(liquidityRate, at - updatedAt), liquidityIndex);
}

/** Index of variable debts at a time, rays. */
export function debtIndex({ variableIndex, variableRate, updatedAt }: ReserveState, at: bigint): bigint {
  return rayMul(compoundedInterest(variableRate, at - updatedAt), variableIndex);
}

export function collateralUnits({ reserve, collateralScaled }: Holding, at: bigint): bigint {
  return rayMul(collateralScaled, incomeIndex(reserve, at));
}

export function variableUnits({ reserve, variableScaled }: Holding, at: bigint): bigint {
  return rayMul(variableScaled, debtIndex(reserve, at));
}

export function unitOf({ settings }: ReserveState): bigint {
  return 10n ** settings.decimals;
}

/** In the base currency, rounded down. */
export function valueOf({ reserve, price }: Pick<Holding, "reserve" | "price">, units: bigint): bigint {
  return (price * units) / unitOf(reserve);
}

/** At a time at which nobody but the clock has changed anything since the block that was read. */
export function healthOf(holdings: readonly Holding[], at: bigint): Health {
  let [collateralBase, weighted, debtBase] = [0n, 0n, 0n];
  for (const holding of holdings) {
    const collateral = valueOf(holding, collateralUnits(holding, at));
    collateralBase += collateral;
    weighted += collateral * holding.thresholdBps;
    debtBase += valueOf(holding, variableUnits(holding, at) + holding.stableUnits);
  }
  const thresholdBps = collateralBase === 0n ? 0n : weighted / collateralBase;
  const healthWad = debtBase === 0n ? undefined : wadDiv(percentMul(collateralBase, thresholdBps), debtBase);
  return { collateralBase, debtBase, thresholdBps, healthWad };
}

/** The holding after `units` of its variable debt were paid back, and as many of its deposit given for it if asked. */
export function paidBack(holding: Holding, units: bigint, at: bigint, fromDeposit: boolean): Holding {
  const { reserve, variableScaled, collateralScaled } = holding;
  const debtLess = rayDiv(units, debtIndex(reserve, at));
  const depositLess = fromDeposit ? rayDiv(units, incomeIndex(reserve, at)) : 0n;
  return {
    ...holding,
    variableScaled: variableScaled > debtLess ? variableScaled - debtLess : 0n,
    collateralScaled: collateralScaled > depositLess ? collateralScaled - depositLess : 0n,
  };
}

/** Health factor in basis points (10,000 = liquidation), rounded down. */
export function healthBpsOf(healthWad: bigint): bigint {
  return (healthWad * ALL_BPS) / 10n ** 18n;
}
