/** How the local world speaks: one line per event, with the block it belongs to; colours on a terminal only. */

const COLOURS = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, grey: 90 } as const;
export type Colour = keyof typeof COLOURS;

export class Terminal {
  readonly #write: (line: string) => void;
  readonly #colours: boolean;
  readonly #place: string;

  /** `place`: where blocks are, when there are several chains. */
  constructor(write: (line: string) => void, colours: boolean, place = "") {
    this.#write = write;
    this.#colours = colours;
    this.#place = place;
  }

  /** The same terminal, for events of one of several chains. */
  of(place: string): Terminal {
    return new Terminal(this.#write, this.#colours, `${place.padEnd(6)} `);
  }

  line(text = ""): void {
    this.#write(text);
  }

  paint(colour: Colour, text: string): string {
    return this.#colours ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
  }

  /** `block 123  execution  …`, after the chain when there are several. */
  event(block: number, kind: string, colour: Colour, text: string): void {
    const head = this.paint("grey", `${this.#place}block ${String(block).padStart(4)}`);
    this.#write(`${head}  ${this.paint(colour, kind.padEnd(10))} ${text}`);
  }
}

/** A signed number of basis points, for people. */
export function bps(value: number): string {
  const text = value.toFixed(2);
  return `${value >= 0 ? "+" : ""}${text === "-0.00" ? "0.00" : text} bps`;
}

/** Base units as whole tokens with a few digits. */
export function amount(units: bigint, decimals: number, digits = 2): string {
  return (Number(units) / 10 ** decimals).toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** USD with sign and cents. */
export function usd(value: number): string {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return `${value < 0 ? "−" : "+"}${text} USD`;
}
