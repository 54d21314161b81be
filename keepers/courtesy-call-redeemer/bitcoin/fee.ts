/**
 * Fees of a redemption. Satoshis; rates are satoshis per 1,000 virtual bytes, rounded up, as nodes quote them.
 *
 * The initial fee is all there is for four hours, and every fee bump adds exactly the initial fee once more: so it is taken generously,
 *     initial = max(2000, ceil(multiple · next block's rate · size)),   at most a share of the output and strictly below half of it.
 * A bump goes from the latest output value to that less the initial fee: a step from the first value, or by the latest fee, is refused.
 */
import { PermanentError } from "../../../protocol/errors.js";
import { maxBigint, minBigint, mulDivDown, mulDivUp } from "../../../protocol/math.js";
import { MIN_REDEMPTION_FEE_SAT, MIN_UTXO_SAT } from "../../../protocol/tbtc/constants.js";
import { satToBytes8 } from "../../../protocol/tbtc/units.js";

const ALL_BPS = 10_000n;
const KVB = 1_000n;
/** Version, counts, one input without script, value and length of the output, locktime. */
const STRIPPED_BYTES = 60n;
/** Marker, flag, count, 71 bytes of signature with its type and length, the key with its length: no signature with a low s is longer. */
const WITNESS_BYTES = 110n;
const WITNESS_SCALE = 4n;
const SAT_PER_BTC_DIGITS = 8;

export interface FeePolicy {
  /** Of the rate that would do for the next block, basis points. */
  readonly rateMultipleBps: bigint;
  /** Most of the output that may go to the initial fee, basis points; the least fee of the protocol goes before. */
  readonly maxShareBps: bigint;
  /** Most of all, whatever the servers estimate. */
  readonly maxFeeSat: bigint;
  /** Taken while no server has an estimate. */
  readonly fallbackSatPerKvb: bigint;
}

/** Virtual size of a redemption that pays to a script of so many bytes (without its length); never less than what is signed in the end. */
export function redemptionVsize(scriptBytes: number): bigint {
  const weight = WITNESS_SCALE * (STRIPPED_BYTES + BigInt(scriptBytes)) + WITNESS_BYTES;
  return (weight + WITNESS_SCALE - 1n) / WITNESS_SCALE;
}

/** Fee of so many virtual bytes, rounded up. */
export function feeAt(satPerKvb: bigint, vsize: bigint): bigint {
  return mulDivUp(satPerKvb, vsize, KVB);
}

/** Rate that a fee is, rounded down: a payment is never thought faster than it is. */
export function rateOf(feeSat: bigint, vsize: bigint): bigint {
  return mulDivDown(feeSat, KVB, vsize);
}

/**
 * The fee to request a redemption with, satoshis.
 * @param nextBlockSatPerKvb undefined while nobody knows
 * @throws PermanentError BTC_UTXO_TOO_SMALL when the least fee is half of the output already.
 */
export function initialFee(
  utxoSat: bigint,
  scriptBytes: number,
  nextBlockSatPerKvb: bigint | undefined,
  policy: FeePolicy,
): bigint {
  // The contract compares with the half, rounded down, and wants less.
  const belowHalfSat = utxoSat / 2n - 1n;
  if (belowHalfSat < MIN_REDEMPTION_FEE_SAT) {
    throw new PermanentError("BTC_UTXO_TOO_SMALL", `${String(utxoSat)} satoshis cannot bear the least fee`);
  }
  const rate = mulDivUp(nextBlockSatPerKvb ?? policy.fallbackSatPerKvb, policy.rateMultipleBps, ALL_BPS);
  const wantedSat = maxBigint(feeAt(rate, redemptionVsize(scriptBytes)), MIN_REDEMPTION_FEE_SAT);
  const shareSat = mulDivDown(utxoSat, policy.maxShareBps, ALL_BPS);
  const limitSat = minBigint(minBigint(shareSat, policy.maxFeeSat), belowHalfSat);
  return minBigint(wantedSat, maxBigint(limitSat, MIN_REDEMPTION_FEE_SAT));
}

export interface FeeBump {
  readonly previousOutputValue: string;
  readonly newOutputValue: string;
  /** Of the payment that would be signed next. */
  readonly feeSat: bigint;
}

/** The next fee bump; undefined when it would leave less than the least output, which the contract would record wrongly. */
export function nextBump(utxoSat: bigint, initialFeeSat: bigint, latestFeeSat: bigint): FeeBump | undefined {
  const previousSat = utxoSat - latestFeeSat;
  const nextSat = previousSat - initialFeeSat;
  if (nextSat < MIN_UTXO_SAT) return undefined;
  return {
    previousOutputValue: satToBytes8(previousSat),
    newOutputValue: satToBytes8(nextSat),
    feeSat: latestFeeSat + initialFeeSat,
  };
}

/** Turns BTC per 1,000 bytes, as servers quote it, into satoshis; undefined for "unknown" (−1) and for what is no rate. */
export function rateFromBtc(btcPerKvb: number): bigint | undefined {
  if (!Number.isFinite(btcPerKvb) || btcPerKvb <= 0 || btcPerKvb > 1) return undefined;
  // JSON has it as a float; eight digits are all it can mean.
  return BigInt(btcPerKvb.toFixed(SAT_PER_BTC_DIGITS).replace(".", ""));
}
