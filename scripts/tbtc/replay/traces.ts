/** Price histories that hurt, made from a seed: whole numbers only, so that one seed is one history on every machine. */
import { Rng } from "../../market/rng.js";
import { REFERENCE_PRICE_WAD } from "../deploy.js";
import type { EthBtcRow } from "./prices.js";
import type { TraceName } from "./traceNames.js";

const HOUR_SECONDS = 3_600;
/** 1 September 2020, the month in which tBTC v1 opened for good. */
const START_SECONDS = 1_598_918_400;
const ALL_PPM = 1_000_000n;

/** A stretch over which the price goes evenly to a share of where the history began. */
interface Leg {
  readonly hours: number;
  readonly toPpm: bigint;
}

interface Shape {
  /** Between two rows. */
  readonly stepSeconds: number;
  readonly legs: readonly Leg[];
  /** Most by which a row is off its leg, up or down. */
  readonly noisePpm: number;
}

const SHAPES: Readonly<Record<TraceName, Shape>> = {
  /** A day in which ether loses a third within hours and stays there. */
  crash: {
    stepSeconds: 600,
    legs: [
      { hours: 3, toPpm: 990_000n },
      { hours: 5, toPpm: 660_000n },
      { hours: 10, toPpm: 680_000n },
    ],
    noisePpm: 4_000,
  },
  /** Four days downhill, with nothing sudden in them: windows run out one after the other. */
  grind: { stepSeconds: 1_800, legs: [{ hours: 96, toPpm: 700_000n }], noisePpm: 2_500 },
  /** Under water and out again in two hours; and then once more, for good. */
  spike: {
    stepSeconds: 600,
    legs: [
      { hours: 2, toPpm: 1_000_000n },
      { hours: 1, toPpm: 790_000n },
      { hours: 1, toPpm: 980_000n },
      { hours: 8, toPpm: 1_010_000n },
      { hours: 2, toPpm: 690_000n },
      { hours: 10, toPpm: 740_000n },
    ],
    noisePpm: 3_000,
  },
};

/** The seed moves turning points by up to two percent, and every row by its noise. */
export function traceOf(name: TraceName, seed: number): EthBtcRow[] {
  const rng = new Rng(seed, `trace/${name}`);
  const { legs, noisePpm, stepSeconds } = SHAPES[name];
  const rows: EthBtcRow[] = [{ timestampSeconds: START_SECONDS, btcPerEthWad: REFERENCE_PRICE_WAD }];
  let fromPpm = ALL_PPM;
  for (const { hours, toPpm } of legs) {
    const aimPpm = toPpm + around(rng, 20_000);
    const steps = BigInt((hours * HOUR_SECONDS) / stepSeconds);
    for (let step = 1n; step <= steps; step += 1n) {
      const levelPpm = fromPpm + ((aimPpm - fromPpm) * step) / steps + around(rng, noisePpm);
      const timestampSeconds = START_SECONDS + rows.length * stepSeconds;
      rows.push({ timestampSeconds, btcPerEthWad: (REFERENCE_PRICE_WAD * levelPpm) / ALL_PPM });
    }
    fromPpm = aimPpm;
  }
  return rows;
}

/** From -most to most. */
function around(rng: Rng, most: number): bigint {
  return BigInt(rng.below(2 * most + 1) - most);
}
