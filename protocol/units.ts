import { formatUnits, parseUnits } from "ethers";

import { UnitError } from "./errors.js";

declare const unit: unique symbol;

/** A bigint that claims a unit. Brands guard function boundaries; inside a function plain bigints with unit-bearing names are fine. */
export type Unit<Name extends string> = bigint & { readonly [unit]: Name };

/** 1e18 fixed point: prices, ratios, rates. */
export type Wad = Unit<"wad">;
/** 1/10,000. */
export type Bps = Unit<"bps">;
/** Smallest units of token `T`. */
export type TokenUnits<T extends string> = Unit<`units:${T}`>;
/** Value in XAU at the oracle, 1e18 = one troy ounce. */
export type XauWei = TokenUnits<"XAU">;

/** 1e18: one, in fixed point. */
export const WAD = 10n ** 18n;
/** One basis point in 1e18 fixed point. */
export const BPS_WAD = 10n ** 14n;
const WAD_DECIMALS = 18;
const BPS_DECIMALS = 14;
/** Plain decimal notation: no sign, no exponent, no hex, no separators. */
const DECIMAL = /^\d+(\.\d+)?$/;

/** Claims that `value` is 1e18 fixed point. */
export function wad(value: bigint): Wad {
  return value as Wad;
}

/** Claims that `value` is whole basis points. */
export function bps(value: bigint): Bps {
  return value as Bps;
}

/** Claims that `value` is smallest units of token `T`. */
export function tokenUnits<T extends string>(value: bigint): TokenUnits<T> {
  return value as TokenUnits<T>;
}

/**
 * Reads a non-negative decimal text ("1500.25") as an integer scaled by 10^decimals, without rounding.
 * @throws UnitError NOT_A_DECIMAL for signs, exponents, hex, separators and empty text; TOO_MANY_DIGITS for digits that would be lost.
 */
export function parseDecimal(text: string, decimals: number): bigint {
  if (!DECIMAL.test(text)) {
    throw new UnitError(
      "NOT_A_DECIMAL",
      `"${text}" is not a plain decimal number`,
      'write digits with at most one point, such as "1500.25"',
    );
  }
  const fraction = text.split(".")[1] ?? "";
  if (fraction.replace(/0+$/, "").length > decimals) {
    throw new UnitError(
      "TOO_MANY_DIGITS",
      `"${text}" has more than ${String(decimals)} digits after the point`,
      "remove the digits that this unit cannot hold",
    );
  }
  return parseUnits(decimals === 0 ? (text.split(".")[0] ?? "0") : trimFraction(text, decimals), decimals);
}

function trimFraction(text: string, decimals: number): string {
  const [whole, fraction] = text.split(".");
  return fraction === undefined ? text : `${whole ?? "0"}.${fraction.slice(0, decimals)}`;
}

/**
 * Reads an amount of a token ("1500.25") as its smallest units. Exact: refuses digits the token cannot hold, signs and exponents.
 * @throws UnitError NOT_A_DECIMAL or TOO_MANY_DIGITS.
 */
export function parseTokenUnits<T extends string>(text: string, decimals: number): TokenUnits<T> {
  return tokenUnits<T>(parseDecimal(text, decimals));
}

/** Reads a ratio or price ("0.005") as 1e18 fixed point. @throws UnitError */
export function parseWad(text: string): Wad {
  return wad(parseDecimal(text, WAD_DECIMALS));
}

/** Reads basis points ("2.5") as 1e18 fixed point (2.5 bps = 2.5e14). @throws UnitError */
export function parseBpsAsWad(text: string): Wad {
  return wad(parseDecimal(text, BPS_DECIMALS));
}

/** Smallest units as decimal text with all digits of the token that matter ("1500.25"). */
export function formatTokenUnits(amountUnits: bigint, decimals: number): string {
  return formatUnits(amountUnits, decimals).replace(/\.0$/, "");
}

/** 1e18 fixed point as decimal text. */
export function formatWad(valueWad: bigint): string {
  return formatTokenUnits(valueWad, WAD_DECIMALS);
}

/** 1e18 fixed point as basis points with full precision (3e14 = "3"); signed. */
export function formatWadAsBps(valueWad: bigint): string {
  return formatTokenUnits(valueWad, BPS_DECIMALS);
}
