import { WAD, wad, type Wad } from "./units.js";

/** x·y/d rounded down. All non-negative. @throws RangeError when d is 0. */
export function mulDivDown(x: bigint, y: bigint, d: bigint): bigint {
  return (x * y) / d;
}

/** x·y/d rounded up. All non-negative. @throws RangeError when d is 0. */
export function mulDivUp(x: bigint, y: bigint, d: bigint): bigint {
  const product = x * y;
  return product % d === 0n ? product / d : product / d + 1n;
}

/** Largest r with r² ≤ x. @throws RangeError for negative x. */
export function sqrtDown(x: bigint): bigint {
  if (x < 0n) throw new RangeError("square root of a negative number");
  if (x < 2n) return x;
  let root = 1n << BigInt(Math.ceil(x.toString(2).length / 2));
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function minBigint(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function maxBigint(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function absBigint(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** Signed deviation of a ratio mid ÷ anchor from 1; both 1e18 fixed point. */
export function deviationWad(ratioWad: Wad): Wad {
  return wad(ratioWad - WAD);
}

/**
 * Anchor of a pair as pools use it (DODO's `i`): quote units per base unit times 1e18, that is price · 10^(18 + quoteDecimals − baseDecimals).
 * Prices are USD per whole token in 1e18 fixed point. Rounded down.
 */
export function anchorFromPrices(
  basePriceWad: bigint,
  quotePriceWad: bigint,
  baseDecimals: number,
  quoteDecimals: number,
): bigint {
  return (basePriceWad * WAD * 10n ** BigInt(quoteDecimals)) / (quotePriceWad * 10n ** BigInt(baseDecimals));
}
