/** Reserves and capital buckets as the commands report them. */
import { BUCKETS, type BucketLetter, type ReserveSnapshot } from "./reserveLens.js";

/** Behind one token. Amounts in its base units; tiers in lower case, the worst is "breached". */
export interface TokenReserveReport {
  readonly reserveUnits: string;
  readonly requiredFloorUnits: string;
  readonly requiredPolicyUnits: string;
  readonly tier: string;
  /** Reserve ÷ floor. */
  readonly ratioWad: string;
  /** P: the decaying peak of net outflow per minute. */
  readonly peakUnitsPerMinute: string;
  /** Net outflow of the last minute; negative: more came in. */
  readonly windowUnits: string;
  /** T. */
  readonly replenishSeconds: number;
  /** How long the reserve lasts at P. */
  readonly secondsToExhaustion: string;
}

export interface ReservesReport {
  readonly reserves: Readonly<Record<string, TokenReserveReport>>;
  /** XAU wei over all tokens; null where a holder did not answer or the oracle has doubts. */
  readonly buckets: Readonly<Record<BucketLetter, string | null>>;
  readonly bucketUnits: Readonly<Record<string, Readonly<Record<BucketLetter, string>>>>;
}

/**
 * Of the tokens that `nameOf` names: a reserve asset in a bucket has no price in gold and is left out. `valueXauWei` may reject while the
 * oracle has doubts.
 */
export async function reservesReport(
  snapshot: ReserveSnapshot,
  nameOf: (address: string) => string | undefined,
  valueXauWei: (token: string, units: bigint) => Promise<bigint>,
): Promise<ReservesReport> {
  const reserves: Record<string, TokenReserveReport> = {};
  const bucketUnits: Record<string, Record<BucketLetter, string>> = {};
  const tokens = snapshot.tokens.flatMap((view) => {
    const name = nameOf(view.token);
    return name === undefined ? [] : [{ ...view, name }];
  });
  for (const { name, reserve, bucketUnits: held } of tokens) {
    if (held !== null) {
      const { A, B, C, D, E } = held;
      bucketUnits[name] = { A: `${A}`, B: `${B}`, C: `${C}`, D: `${D}`, E: `${E}` };
    }
    if (reserve === null) continue;
    reserves[name] = {
      reserveUnits: reserve.reserveUnits.toString(),
      requiredFloorUnits: reserve.requiredFloorUnits.toString(),
      requiredPolicyUnits: reserve.requiredPolicyUnits.toString(),
      tier: reserve.tier.toLowerCase(),
      ratioWad: reserve.ratioWad.toString(),
      peakUnitsPerMinute: reserve.peakUnitsPerMinute.toString(),
      windowUnits: reserve.windowUnits.toString(),
      replenishSeconds: Number(reserve.replenishSeconds),
      secondsToExhaustion: reserve.secondsToExhaustion.toString(),
    };
  }
  const values = BUCKETS.map(async (letter) => {
    let sum = 0n;
    for (const { token, bucketUnits: held } of tokens) {
      if (held === null) return [letter, null] as const;
      if (held[letter] > 0n) sum += await valueXauWei(token, held[letter]);
    }
    return [letter, sum.toString()] as const;
  });
  const settled = await Promise.all(values.map((value, at) => value.catch(() => [BUCKETS[at] ?? "A", null] as const)));
  const buckets = Object.fromEntries(settled) as Record<BucketLetter, string | null>;
  return { reserves, buckets, bucketUnits };
}
