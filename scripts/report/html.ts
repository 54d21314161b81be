/** The simulator's report: one HTML file that needs nothing from outside. */
import { histogram, type Series } from "../stats/distribution.js";
import {
  barLayer,
  chart,
  CHART_STYLE,
  envelopeLayer,
  escapeXml,
  levelLayer,
  lineLayer,
  rugLayer,
  type Layer,
} from "./svg.js";

/** What the report shows of one pool. Deviations are signed, in bps, one per block. */
export interface PoolPlot {
  readonly name: string;
  readonly deviationBps: Series;
  readonly thresholdBps: number;
  /** Hours from the start at which the stabilizer acted. */
  readonly executionHours: readonly number[];
}

/** Everything the report shows. */
export interface ReportData {
  readonly title: string;
  readonly command: string;
  readonly hours: number;
  readonly bandBps: number;
  readonly pools: readonly PoolPlot[];
  /** [hours, troy ounces]: the sum over executions at the oracle, and at the outside market. */
  readonly inventoryAtOracle: readonly (readonly [number, number])[];
  readonly inventoryAtMarket: readonly (readonly [number, number])[];
  /** [hours, USD]: stabilization capital in use. */
  readonly capitalUsed: readonly (readonly [number, number])[];
  /** Rows of figures: label and value, already written out. */
  readonly figures: readonly (readonly [string, string])[];
  /** Table of the pools: header and rows, already written out. */
  readonly poolTable: readonly (readonly string[])[];
}

/** Largest |value| of a series, at least `atLeast`. */
function reach(series: Series, atLeast: number): number {
  let largest = atLeast;
  for (const value of series.values()) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** Layers of the deviation plot: band, threshold, deviation, executions. */
export function deviationLayers(plot: PoolPlot, hours: number, bandBps: number): Layer[] {
  const count = Math.max(1, plot.deviationBps.length);
  return [
    levelLayer(bandBps, "band", `band ±${bandBps} bps`),
    levelLayer(-bandBps, "band"),
    envelopeLayer(plot.deviationBps.values(), (index) => ((index + 1) / count) * hours, "deviation"),
    levelLayer(plot.thresholdBps, "theta"),
    levelLayer(-plot.thresholdBps, "theta"),
    rugLayer(plot.executionHours, "rug"),
  ];
}

function deviationChart(plot: PoolPlot, data: ReportData): string {
  const top = reach(plot.deviationBps, data.bandBps) * 1.1;
  return chart(
    {
      title: `${plot.name}: block-end deviation from the oracle, strokes below: ${plot.executionHours.length} executions`,
      xLabel: "hours",
      yLabel: "bps",
      x: [0, data.hours],
      y: [-top, top],
    },
    deviationLayers(plot, data.hours, data.bandBps),
  );
}

function histogramChart(plot: PoolPlot, bandBps: number): string {
  const bins = 50;
  const width = bandBps / bins;
  const counts = histogram(plot.deviationBps, width, bins);
  const decades = Math.max(1, Math.ceil(Math.log10(Math.max(...counts, 1))));
  return chart(
    {
      title: `${plot.name}: blocks per |deviation|, logarithmic (last bar: everything beyond)`,
      xLabel: "bps",
      yLabel: "blocks",
      x: [0, bandBps],
      y: [0, decades],
      height: 200,
      formatY: (value) => (Number.isInteger(value) ? String(10 ** value) : ""),
    },
    [
      barLayer(
        counts.map((value, bin) => [
          bin * width,
          (bin + 1) * width,
          value === 0 ? 0 : Math.max(Math.log10(value), 0.03),
        ]),
        "bar",
      ),
    ],
  );
}

function lineChart(
  title: string,
  yLabel: string,
  hours: number,
  lines: readonly { points: readonly (readonly [number, number])[]; className: string }[],
): string {
  const values = lines.flatMap((line) => line.points.map(([, y]) => y));
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const room = (high - low) * 0.08 || 1;
  return chart(
    { title, xLabel: "hours", yLabel, x: [0, hours], y: [low < 0 ? low - room : 0, high + room], height: 200 },
    lines.map((line) => lineLayer(line.points, line.className)),
  );
}

function table(rows: readonly (readonly string[])[], withHeader: boolean): string {
  return `<table>${rows
    .map((row, index) => {
      const tag = withHeader && index === 0 ? "th" : "td";
      return `<tr>${row.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join("")}</tr>`;
    })
    .join("")}</table>`;
}

const PAGE_STYLE = `
:root{color-scheme:light dark}
body{font-family:ui-sans-serif,system-ui,sans-serif;max-width:980px;margin:2rem auto;padding:0 1rem;background:#ffffff;color:#1f2937}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}code{background:#f3f4f6;padding:.15rem .35rem;border-radius:4px}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .9rem .3rem 0;border-bottom:1px solid #e5e7eb;font-size:.9rem}
svg{width:100%;height:auto;display:block;margin:.6rem 0 1.2rem}
@media (prefers-color-scheme:dark){body{background:#0b1220;color:#e5e7eb}code{background:#1f2937}th,td{border-color:#1f2937}}
`;

/** The whole page. Contains no script and refers to nothing outside itself. */
export function renderReport(data: ReportData): string {
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">`,
    `<title>${escapeXml(data.title)}</title><style>${PAGE_STYLE}${CHART_STYLE}</style></head><body>`,
    `<h1>${escapeXml(data.title)}</h1><p><code>${escapeXml(data.command)}</code></p>`,
    table(data.poolTable, true),
    table(data.figures, false),
    `<h2>Deviation</h2>`,
    ...data.pools.map((plot) => deviationChart(plot, data)),
    `<h2>How often how far</h2>`,
    ...data.pools.map((plot) => histogramChart(plot, data.bandBps)),
    `<h2>Stabilizer</h2>`,
    lineChart("Gain from executions: at the oracle (blue), at the outside market (violet)", "troy ounces", data.hours, [
      { points: data.inventoryAtOracle, className: "line" },
      { points: data.inventoryAtMarket, className: "line2" },
    ]),
    lineChart("Stabilization capital in use", "USD", data.hours, [{ points: data.capitalUsed, className: "line" }]),
    `</body></html>`,
  ].join("\n");
}
