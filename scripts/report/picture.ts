/** The picture of a run: one pool's block-end deviation with the stabilizer, and without it behind, as an SVG that stands alone. */
import type { Simulation } from "../sim/engine.js";
import { BAND_BPS } from "../sim/result.js";
import { chart, CHART_STYLE, envelopeLayer, levelLayer, rugLayer } from "./svg.js";

/** Draws the first pool of both runs. */
export function pegPicture(held: Simulation, unheld: Simulation): string {
  const [pool] = held.pools;
  const [other] = unheld.pools;
  if (pool === undefined || other === undefined) throw new Error("a picture needs a pool");
  const { blockSeconds, volume, seed } = held.options;
  const hours = (held.blocks * blockSeconds) / 3600;
  const hourOf = (count: number) => (index: number) => ((index + 1) / Math.max(1, count)) * hours;
  let reach = BAND_BPS;
  for (const value of other.deviationBps.values()) reach = Math.max(reach, Math.abs(value));
  const executions = pool.executionBlocks.map((block) => ((block - held.firstBlock + 1) * blockSeconds) / 3600);
  return chart(
    {
      title: `${pool.spec.name}, ${hours} h at ${volume}×, seed ${seed}: with the stabilizer (${executions.length} executions) and without (grey)`,
      xLabel: "hours",
      yLabel: "deviation from the oracle, bps",
      x: [0, hours],
      y: [-reach * 1.08, reach * 1.08],
      height: 320,
    },
    [
      envelopeLayer(other.deviationBps.values(), hourOf(other.deviationBps.length), "unheld"),
      levelLayer(BAND_BPS, "band", `±${BAND_BPS} bps`),
      levelLayer(-BAND_BPS, "band"),
      envelopeLayer(pool.deviationBps.values(), hourOf(pool.deviationBps.length), "deviation"),
      rugLayer(executions, "rug"),
    ],
    CHART_STYLE,
  );
}
