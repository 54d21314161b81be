/** Small inline SVG charts without any dependency: an envelope over time, lines, bars. */

/** One chart's frame: pixels, the data range, and how ticks are written. */
export interface Frame {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly width?: number;
  readonly height?: number;
  readonly formatX?: (value: number) => string;
  readonly formatY?: (value: number) => string;
}

/** Something drawn inside a frame; gets the pixel position of a data point. */
export type Layer = (place: Place) => string;

/** Maps data to pixels inside the frame. */
export interface Place {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const DEFAULT_WIDTH = 920;
const DEFAULT_HEIGHT = 240;
const MARGIN = { left: 56, right: 14, top: 30, bottom: 40 };
/** Columns of an envelope: about one per pixel of the plotting area. */
export const ENVELOPE_COLUMNS = 840;

/** Escapes text for XML. */
export function escapeXml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (found) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[found] ?? found,
  );
}

/** A number without the noise of binary fractions, for tick labels and coordinates. */
function short(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** About `count` round tick values covering a range, ascending. */
export function ticks([low, high]: readonly [number, number], count = 6): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Minimum and maximum of each of at most `columns` equal slices of a series. */
export function envelope(values: ArrayLike<number>, columns: number): { index: number; low: number; high: number }[] {
  const count = Math.min(columns, values.length);
  return Array.from({ length: count }, (_, column) => {
    const from = Math.floor((column * values.length) / count);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / count));
    let low = Infinity;
    let high = -Infinity;
    for (let index = from; index < to; index++) {
      const value = values[index] ?? 0;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return { index: (from + to - 1) / 2, low, high };
  });
}

/** The area between the minima and maxima of a series; `xOf` turns an index into an x value. */
export function envelopeLayer(values: ArrayLike<number>, xOf: (index: number) => number, className: string): Layer {
  return (place) => {
    const points = envelope(values, ENVELOPE_COLUMNS);
    if (points.length === 0) return "";
    // Half a pixel on each side, so that a constant series is still a visible line.
    const upper = points.map((point) => `${short(place.x(xOf(point.index)))},${short(place.y(point.high) - 0.6)}`);
    const lower = points.map((point) => `${short(place.x(xOf(point.index)))},${short(place.y(point.low) + 0.6)}`);
    return `<polygon class="${className}" points="${[...upper, ...lower.reverse()].join(" ")}"/>`;
  };
}

/** A line through points. */
export function lineLayer(points: readonly (readonly [number, number])[], className: string): Layer {
  return (place) =>
    points.length === 0
      ? ""
      : `<polyline class="${className}" points="${points.map(([x, y]) => `${short(place.x(x))},${short(place.y(y))}`).join(" ")}"/>`;
}

/** A horizontal line with its label at the right end. */
export function levelLayer(value: number, className: string, label = ""): Layer {
  return (place) => {
    const y = short(place.y(value));
    const text =
      label === ""
        ? ""
        : `<text class="small" x="${place.right - 4}" y="${short(place.y(value) - 3)}" text-anchor="end">${escapeXml(label)}</text>`;
    return `<line class="${className}" x1="${place.left}" x2="${place.right}" y1="${y}" y2="${y}"/>${text}`;
  };
}

/** Short strokes along the bottom edge, one per event. */
export function rugLayer(xs: readonly number[], className: string): Layer {
  return (place) =>
    xs
      .map((value) => short(place.x(value)))
      .filter((x, index, all) => x !== all[index - 1])
      .map((x) => `<line class="${className}" x1="${x}" x2="${x}" y1="${place.bottom - 9}" y2="${place.bottom}"/>`)
      .join("");
}

/** Bars from the bottom edge; each is [from x, to x, y]. Zero and negative heights are left out. */
export function barLayer(bars: readonly (readonly [number, number, number])[], className: string): Layer {
  return (place) =>
    bars
      .filter(([, , y]) => place.y(y) < place.bottom)
      .map(([from, to, y]) => {
        const x = place.x(from);
        const width = Math.max(1, place.x(to) - x - 1);
        return `<rect class="${className}" x="${short(x)}" width="${short(width)}" y="${short(place.y(y))}" height="${short(place.bottom - place.y(y))}"/>`;
      })
      .join("");
}

/** A whole chart as one `<svg>` element. `style` is put inside for pictures that stand alone. */
export function chart(frame: Frame, layers: readonly Layer[], style = ""): string {
  const width = frame.width ?? DEFAULT_WIDTH;
  const height = frame.height ?? DEFAULT_HEIGHT;
  const left = MARGIN.left;
  const right = width - MARGIN.right;
  const top = MARGIN.top;
  const bottom = height - MARGIN.bottom;
  const [x0, x1] = frame.x;
  const [y0, y1] = frame.y;
  const clampY = (value: number): number => Math.min(Math.max(value, Math.min(y0, y1)), Math.max(y0, y1));
  const place: Place = {
    x: (value) => left + ((value - x0) / (x1 - x0 || 1)) * (right - left),
    y: (value) => bottom - ((clampY(value) - y0) / (y1 - y0 || 1)) * (bottom - top),
    left,
    right,
    top,
    bottom,
  };
  const formatX = frame.formatX ?? short;
  const formatY = frame.formatY ?? short;
  const grid = ticks(frame.y, 5)
    .map((value) => {
      const y = short(place.y(value));
      return (
        `<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/>` +
        `<text class="small" x="${left - 6}" y="${short(place.y(value) + 4)}" text-anchor="end">${escapeXml(formatY(value))}</text>`
      );
    })
    .join("");
  const bottomTicks = ticks(frame.x, 12)
    .map(
      (value) =>
        `<text class="small" x="${short(place.x(value))}" y="${bottom + 15}" text-anchor="middle">${escapeXml(formatX(value))}</text>`,
    )
    .join("");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(frame.title)}">` +
    (style === "" ? "" : `<style>${style}</style><rect class="ground" width="${width}" height="${height}" rx="6"/>`) +
    `<text class="title" x="${left}" y="18">${escapeXml(frame.title)}</text>` +
    grid +
    `<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>` +
    bottomTicks +
    `<text class="small" x="${(left + right) / 2}" y="${height - 6}" text-anchor="middle">${escapeXml(frame.xLabel)}</text>` +
    `<text class="small" transform="translate(12 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(frame.yLabel)}</text>` +
    layers.map((layer) => layer(place)).join("") +
    `</svg>`
  );
}

/** Colours of the charts; works on light and dark grounds. */
export const CHART_STYLE = `
text{font-family:ui-sans-serif,system-ui,sans-serif;fill:#1f2937}
.title{font-size:14px;font-weight:600}.small{font-size:11px;fill:#4b5563}
.ground{fill:#ffffff}.grid{stroke:#e5e7eb}.axis{stroke:#6b7280}
.deviation{fill:#0f766e;stroke:none}.unheld{fill:#cbd5e1;stroke:none}
.band{stroke:#b91c1c;stroke-dasharray:5 4}.theta{stroke:#b45309;stroke-dasharray:2 3}
.rug{stroke:#b45309;stroke-width:1}.line{fill:none;stroke:#1d4ed8;stroke-width:1.5}.line2{fill:none;stroke:#7c3aed;stroke-width:1.5}
.bar{fill:#0f766e}
@media (prefers-color-scheme:dark){text{fill:#e5e7eb}.small{fill:#9ca3af}.ground{fill:#0b1220}.grid{stroke:#1f2937}.axis{stroke:#6b7280}
.deviation{fill:#2dd4bf}.unheld{fill:#475569}.bar{fill:#2dd4bf}.line{stroke:#60a5fa}.line2{stroke:#a78bfa}.band{stroke:#f87171}.theta{stroke:#fbbf24}.rug{stroke:#fbbf24}}
`;
