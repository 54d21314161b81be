/** Reserves and capital buckets for people. */
import { BUCKETS } from "../../protocol/reserveLens.js";
import type { ReservesReport, TokenReserveReport } from "../../protocol/reservesReport.js";

/** Decimals of the M1 tokens, which alone have reserves. */
const M1_UNIT = 1e6;
const WAD = 1e18;

/** Tiers with P and T, and the buckets, label and value. */
export function reserveRows({ reserves, buckets }: ReservesReport): [string, string][] {
  const tiers = Object.entries(reserves).map(([token, reserve]) => `${token} ${tierText(reserve)}`);
  const times = new Set(Object.values(reserves).map(({ replenishSeconds }) => `${String(replenishSeconds)} s`));
  const held = BUCKETS.map((letter) => {
    const xauWei = buckets[letter];
    return `${letter} ${xauWei === null ? "?" : `${whole(Number(BigInt(xauWei)) / WAD)} oz`}`;
  });
  return [
    ["reserves", `${tiers.join(", ")}; T ${[...times].join(", ")}`],
    ["buckets", held.join(", ")],
  ];
}

/** How often the reserve holds the floor, and P. */
function tierText({ tier, ratioWad, peakUnitsPerMinute }: TokenReserveReport): string {
  return `${tier} (${whole(Number(BigInt(ratioWad)) / WAD)}× floor, P ${whole(Number(BigInt(peakUnitsPerMinute)) / M1_UNIT)}/min)`;
}

function whole(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}
