/** Random states and amounts for differential tests of the curve: reproducible, and wide in every dimension. */
import { ABOVE, BELOW, MAX_RESERVE, ONE, type PmmState, shortage } from "../../protocol/pmm.js";

export interface Sample {
  readonly state: PmmState;
  readonly isSellBase: boolean;
  readonly amountIn: bigint;
}

/** xorshift64*: small, seeded, good enough to spread samples. */
export function createRandom(seed: bigint): () => number {
  const mask = (1n << 64n) - 1n;
  let x = seed & mask;
  return () => {
    x ^= x >> 12n;
    x = (x ^ (x << 25n)) & mask;
    x ^= x >> 27n;
    return Number(((x * 0x2545f4914f6cdd1dn) & mask) >> 11n) / 2 ** 53;
  };
}

const K_MIN = 10n ** 14n;
const K_MAX = 999n * 10n ** 15n;
const DECIMALS = [6, 8, 18] as const;

/** An integer of a magnitude spread evenly over the decades from `low` to `high`. Only a sample: its digits are arbitrary. */
function logUniform(random: () => number, low: number, high: number): bigint {
  const exponent = low + (high - low) * random();
  const shift = BigInt(Math.floor(exponent * Math.log2(10)));
  const mantissa = BigInt(Math.floor((1 + random()) * 2 ** 50));
  return shift >= 50n ? mantissa << (shift - 50n) : mantissa >> (50n - shift);
}

function within(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}

function pickK(random: () => number): bigint {
  const choice = random();
  if (choice < 0.05) return K_MIN;
  if (choice < 0.1) return K_MAX;
  if (choice < 0.15) return 5n * 10n ** 17n;
  return within(logUniform(random, 14, 18), K_MIN, K_MAX);
}

/** One sample; every fifth sale back lies at the target −1, 0 or +1. */
export function createSample(random: () => number): Sample {
  const baseDecimals = DECIMALS[Math.floor(random() * 3)] ?? 6;
  const quoteDecimals = DECIMALS[Math.floor(random() * 3)] ?? 6;
  // Whole tokens per whole token from 1e-4 to 1e4, as far as the anchor keeps nine digits.
  const priceDecades = -4 + 8 * random();
  const anchor = within(
    logUniform(random, 0, 1) * 0n + powTen(random, 18 + quoteDecimals - baseDecimals + priceDecades),
    10n ** 9n,
    10n ** 36n,
  );
  const k = pickK(random);
  // From dust to 1e12 whole tokens a side.
  const base = within(powTen(random, 3.4 + (baseDecimals + 8.6) * random()), 2n, MAX_RESERVE >> 14n);
  const skew = -2 + 4 * random();
  const quote = within((base * anchor * powTen(random, 6 + skew)) / 10n ** 24n, 2n, MAX_RESERVE >> 14n);
  const state = pickPosition(random, { anchor, k, base, quote, baseTarget: base, quoteTarget: quote, r: ONE });
  const isSellBase = random() < 0.5;
  return { state, isSellBase, amountIn: pickAmount(random, state, isSellBase) };
}

function powTen(random: () => number, exponent: number): bigint {
  const value = logUniform(random, exponent, exponent + 0.3);
  return value === 0n ? 1n : value;
}

/** At the anchor, or with a surplus worth 1e-12 to 1e4 times the scarce reserve. */
function pickPosition(random: () => number, state: PmmState): PmmState {
  const choice = random();
  if (choice < 0.2) return state;
  const size = -12 + 16 * random();
  const factor = powTen(random, 30 + size);
  if (choice < 0.6) {
    const surplus = within((state.quote * factor * 10n ** 18n) / state.anchor / 10n ** 30n, 1n, MAX_RESERVE >> 2n);
    return { ...state, base: state.base + surplus, r: BELOW };
  }
  const surplus = within((state.base * factor * state.anchor) / 10n ** 48n, 1n, MAX_RESERVE >> 2n);
  return { ...state, quote: state.quote + surplus, r: ABOVE };
}

function pickAmount(random: () => number, state: PmmState, isSellBase: boolean): bigint {
  const isBack = state.r === (isSellBase ? ABOVE : BELOW);
  const reserveIn = isSellBase ? state.base : state.quote;
  const room = MAX_RESERVE - reserveIn;
  if (isBack && random() < 0.2) {
    const { shortDown } = shortage(state);
    return within(shortDown + BigInt(Math.floor(random() * 3) - 1), 1n, room);
  }
  const other = isSellBase ? (state.quote * 10n ** 18n) / state.anchor : (state.base * state.anchor) / 10n ** 18n;
  const scale = random() < 0.5 ? reserveIn : other;
  return within((scale * powTen(random, 30 - 12 + 16 * random())) / 10n ** 30n, 1n, room);
}
