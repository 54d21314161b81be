/** The Solana part of the local world: a cluster with the seeded exchange on it, one step a second until the world ends. */
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Rng } from "../../market/rng.js";
import type { Colour, Terminal } from "../terminal.js";
import { SolanaChain } from "./chain.js";
import { Exchange, type ExchangeFigures } from "./exchange.js";

const ROOT = path.dirname(path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url)))));
const STEP_MS = 1_000;
/** Of the careful user's withdrawals, in seconds of ours: short runs see one mature. */
const DELAY_SECONDS = 15;

const COLOURS: Readonly<Record<string, Colour>> = { liquidated: "yellow", withdrawal: "blue", broken: "red" };

export class WorldExchange {
  readonly errors: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  private constructor(
    private readonly chain: SolanaChain,
    private readonly exchange: Exchange,
  ) {}

  static async start(
    options: { readonly speed: number; readonly seed: number },
    terminal: Terminal,
  ): Promise<WorldExchange> {
    const chain = await SolanaChain.start(options.speed, ROOT);
    try {
      const tell = (kind: string, text: string): void => {
        const colour = COLOURS[kind];
        if (colour !== undefined)
          terminal.line(`${terminal.paint("grey", "solana    ")}  ${terminal.paint(colour, kind.padEnd(10))} ${text}`);
      };
      const delay = BigInt(Math.max(1, Math.round(DELAY_SECONDS * options.speed)));
      const exchange = await Exchange.open(chain, new Rng(options.seed, "exchange"), delay, tell);
      return new WorldExchange(chain, exchange);
    } catch (error) {
      await chain.stop();
      throw error;
    }
  }

  get url(): string {
    return this.chain.url;
  }

  /** Lets it live from now on. A step that is late delays the next; none runs beside another. */
  run(): void {
    this.timer = setInterval(() => {
      this.running ??= this.exchange
        .step()
        .catch((error: unknown) => {
          this.errors.push(`solana: ${error instanceof Error ? error.message : String(error)}`);
        })
        .finally(() => {
          this.running = undefined;
        });
    }, STEP_MS);
  }

  figures(): ExchangeFigures {
    return this.exchange.figures();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
    await this.chain.stop();
  }
}
