/**
 * Prices of Uniswap v3 as ticks: a pool's price, units of token1 for one unit of token0, is 1.0001^tick. Computed with 256 bits behind the
 * point, by squaring; every step rounds down, and the error stays below one part in 2^235 over the whole range of ticks.
 */
const FRACTION_BITS = 256n;
const ONE = 1n << FRACTION_BITS;
const STEP = (10_001n * ONE) / 10_000n;
/** Source: v3-core, TickMath.MAX_TICK. */
const MAX_TICK = 887_272n;

/** The mean tick between two readings of a pool's accumulator so many seconds apart, rounded down, as Uniswap's own OracleLibrary does. */
export function meanTick(before: bigint, after: bigint, seconds: bigint): bigint {
  const difference = after - before;
  const quotient = difference / seconds;
  return difference < 0n && difference % seconds !== 0n ? quotient - 1n : quotient;
}

/**
 * Units of the other token for `amountUnits` at a tick, without fee and without depth; rounded down.
 * @param isToken0 the amount is of token0. @throws RangeError for a tick that no pool can have
 */
export function amountAtTick(tick: bigint, amountUnits: bigint, isToken0: boolean): bigint {
  const size = tick < 0n ? -tick : tick;
  if (size > MAX_TICK) throw new RangeError(`${String(tick)} is no tick`);
  const power = powerOf(size);
  // The price itself, or one divided by it.
  const isTimes = isToken0 === tick >= 0n;
  return isTimes ? (amountUnits * power) >> FRACTION_BITS : (amountUnits << FRACTION_BITS) / power;
}

/** 1.0001^exponent in fixed point. */
function powerOf(exponent: bigint): bigint {
  let result = ONE;
  let square = STEP;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) >> FRACTION_BITS;
    square = (square * square) >> FRACTION_BITS;
  }
  return result;
}
