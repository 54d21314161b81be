/**
 * Margin, profit and loss, liquidation of the position manager: its math.rs in bigint, exact (docs/position-manager.md has the formulas).
 * *Nano* is a billionth of a whole collateral token, *units* are the mint's base units.
 */
import type { PositionManager } from "./idl/position_manager.js";
import type { PlainType } from "./plain.js";

export type Market = PlainType<PositionManager, "market">;
export type MarketParams = PlainType<PositionManager, "params">;
export type MarketCollateral = PlainType<PositionManager, "collateral">;
export type Position = PlainType<PositionManager, "position">;
export type IndexPrice = PlainType<PositionManager, "price">;

const BPS = 10_000n;
const MAX_UNITS = 2n ** 64n - 1n;
/** After an owner's revocation the program can settle for this long (RELEASE_SECONDS of the vault). */
const SETTLE_SECONDS = 604_800n;

/** Value of `size` contracts at `priceNano`. */
export function notionalNano(size: bigint, priceNano: bigint): bigint {
  return size * priceNano;
}

/** Profit (above 0) or loss of contracts entered at `entryNano` and worth `valueNano` now. */
export function pnlNano(entryNano: bigint, valueNano: bigint, isLong: boolean): bigint {
  return isLong ? valueNano - entryNano : entryNano - valueNano;
}

/** Margin plus profit or loss. */
export function equityNano(marginUnits: bigint, nanoPerUnit: bigint, pnl: bigint): bigint {
  return marginUnits * nanoPerUnit + pnl;
}

/** True when `equity` is less than `bps` of `value`. */
export function isBelow(equity: bigint, value: bigint, bps: number): boolean {
  return equity * BPS < value * BigInt(bps);
}

/** What closing moves, in units; rounded against the trader. */
export interface Settlement {
  readonly lossUnits: bigint;
  /** Loss beyond the margin: the house bears it. */
  readonly badDebtUnits: bigint;
  readonly profitUnits: bigint;
}

/** @param marginUnits what the position's lock can still pay. */
export function settlement(pnl: bigint, marginUnits: bigint, nanoPerUnit: bigint): Settlement {
  if (pnl >= 0n) return { lossUnits: 0n, badDebtUnits: 0n, profitUnits: least(pnl / nanoPerUnit, MAX_UNITS) };
  const owed = least((-pnl + nanoPerUnit - 1n) / nanoPerUnit, MAX_UNITS);
  const lossUnits = least(owed, marginUnits);
  return { lossUnits, badDebtUnits: owed - lossUnits, profitUnits: 0n };
}

/** What a liquidator earns: a part of the notional, out of the margin that the house's claim leaves. */
export function rewardUnits(
  valueNano: bigint,
  rewardBps: number,
  marginLeftUnits: bigint,
  nanoPerUnit: bigint,
): bigint {
  const nano = (valueNano * BigInt(rewardBps)) / BPS;
  return least(least(nano / nanoPerUnit, MAX_UNITS), marginLeftUnits);
}

/** The parameters that count at `nowSeconds`. */
export function paramsAt(market: Market, nowSeconds: bigint): MarketParams {
  const { params, pendingParams, pendingParamsAt } = market;
  return pendingParamsAt !== 0n && nowSeconds >= pendingParamsAt ? pendingParams : params;
}

/** The price as anything that trades may use it; undefined when there is none that is young enough. */
export function freshPrice(
  { price, publishedAt }: IndexPrice,
  { priceMaxAgeSeconds }: MarketParams,
  nowSeconds: bigint,
): bigint | undefined {
  return price > 0n && nowSeconds - publishedAt <= BigInt(priceMaxAgeSeconds) ? price : undefined;
}

/** A program's lock of a balance, as far as it backs a position; undefined: it is closed. */
export type BackingLock = { readonly locked: bigint; readonly revokedAt: bigint } | undefined;

/** What of a position's margin its lock can still pay. */
export function payableUnits(lock: BackingLock, marginUnits: bigint, nowSeconds: bigint): bigint {
  if (lock === undefined) return 0n;
  const maySettle = lock.revokedAt === 0n || nowSeconds < lock.revokedAt + SETTLE_SECONDS;
  return maySettle ? least(lock.locked, marginUnits) : 0n;
}

export interface PositionHealth {
  readonly equityNano: bigint;
  readonly isBelowMaintenance: boolean;
  /** Below maintenance, or its owner revoked the lock that backs it. */
  readonly isLiquidatable: boolean;
  /** Of a liquidation now, while the house's balance is open. */
  readonly settlement: Settlement;
  readonly rewardUnits: bigint;
}

/** What a liquidation at this price and time finds. */
export function positionHealth(
  position: Position,
  lock: BackingLock,
  priceNano: bigint,
  collateral: Pick<MarketCollateral, "nanoPerUnit">,
  params: MarketParams,
  nowSeconds: bigint,
): PositionHealth {
  const { nanoPerUnit } = collateral;
  const value = notionalNano(position.size, priceNano);
  const pnl = pnlNano(position.entryValue, value, position.isLong !== 0);
  const margin = payableUnits(lock, position.margin, nowSeconds);
  const equity = equityNano(margin, nanoPerUnit, pnl);
  const isBelowMaintenance = isBelow(equity, value, params.maintenanceMarginBps);
  const due = settlement(pnl, margin, nanoPerUnit);
  return {
    equityNano: equity,
    isBelowMaintenance,
    isLiquidatable: isBelowMaintenance || lock?.revokedAt !== 0n,
    settlement: due,
    rewardUnits: rewardUnits(value, params.liquidationRewardBps, margin - due.lossUnits, nanoPerUnit),
  };
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
