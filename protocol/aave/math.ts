/**
 * Fixed point as Aave v3 computes it (MathUtils, WadRayMath and PercentageMath of core-v3 1.19.3): products and quotients of rays, wads
 * and percentages round half up, everything else down. Equal to the contracts to the last digit, or amounts would be a unit off.
 */
export const RAY = 10n ** 27n;
const WAD = 10n ** 18n;
/** 100 % in basis points. */
export const ALL_BPS = 10_000n;
const SECONDS_PER_YEAR = 31_536_000n;

export function rayMul(a: bigint, b: bigint): bigint {
  return (a * b + RAY / 2n) / RAY;
}

export function rayDiv(a: bigint, b: bigint): bigint {
  return (a * RAY + b / 2n) / b;
}

export function wadDiv(a: bigint, b: bigint): bigint {
  return (a * WAD + b / 2n) / b;
}

export function percentMul(value: bigint, bps: bigint): bigint {
  return (value * bps + ALL_BPS / 2n) / ALL_BPS;
}

export function percentDiv(value: bigint, bps: bigint): bigint {
  return (value * ALL_BPS + bps / 2n) / bps;
}

/** Growth of a deposit since its index was written: rays. */
export function linearInterest(rateRay: bigint, seconds: bigint): bigint {
  return RAY + (rateRay * seconds) / SECONDS_PER_YEAR;
}

/** Growth of a debt since its index was written, by the first terms of the binomial series: rays. */
export function compoundedInterest(rateRay: bigint, seconds: bigint): bigint {
  if (seconds === 0n) return RAY;
  const less1 = seconds - 1n;
  const less2 = seconds > 2n ? seconds - 2n : 0n;
  const power2 = rayMul(rateRay, rateRay) / (SECONDS_PER_YEAR * SECONDS_PER_YEAR);
  const power3 = rayMul(power2, rateRay) / SECONDS_PER_YEAR;
  const term2 = (seconds * less1 * power2) / 2n;
  const term3 = (seconds * less1 * less2 * power3) / 6n;
  return RAY + (rateRay * seconds) / SECONDS_PER_YEAR + term2 + term3;
}
