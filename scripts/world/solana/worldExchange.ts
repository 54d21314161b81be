/** The Solana part of the local world: a cluster with the seeded exchange on it, one step a second until the world ends, and its keepers. */
import path from "node:path";
import { fileURLToPath } from "node:url";

import { localSigner } from "../../../protocol/solana/programKeys.js";
import { Rng } from "../../market/rng.js";
import type { Colour, Terminal } from "../terminal.js";
import { SolanaChain } from "./chain.js";
import { Exchange, type ExchangeFigures } from "./exchange.js";
import { CRANK, SolanaKeepers, type KeepersDatabase, type SolanaKeepersReport } from "./keepers.js";

const ROOT = path.dirname(path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url)))));
const STEP_MS = 1_000;
/** Of the careful user's withdrawals, in seconds of ours: short runs see one mature. */
const DELAY_SECONDS = 15;

const COLOURS: Readonly<Record<string, Colour>> = { liquidated: "yellow", withdrawal: "blue", broken: "red" };

export interface WorldExchangeOptions {
  readonly speed: number;
  readonly seed: number;
  /** Of the keepers; undefined: there are none, and the exchange does what the crank would do. */
  readonly postgres: KeepersDatabase | undefined;
  /** Delay of the careful user's withdrawals, in seconds of ours. */
  readonly delaySeconds?: number;
}

/** `keepers`: absent where there were none. */
export type CollateralFigures = ExchangeFigures & { readonly keepers?: SolanaKeepersReport };

export class WorldExchange {
  private readonly failures: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private keepers: SolanaKeepers | undefined;
  private ended: Promise<CollateralFigures> | undefined;

  private constructor(
    private readonly chain: SolanaChain,
    private readonly exchange: Exchange,
    private readonly postgres: KeepersDatabase | undefined,
  ) {}

  static async start(options: WorldExchangeOptions, terminal: Terminal): Promise<WorldExchange> {
    const chain = await SolanaChain.start(options.speed, ROOT);
    try {
      const tell = (kind: string, text: string): void => {
        const colour = COLOURS[kind];
        if (colour !== undefined)
          terminal.line(`${terminal.paint("grey", "solana    ")}  ${terminal.paint(colour, kind.padEnd(10))} ${text}`);
      };
      const { speed, seed, delaySeconds = DELAY_SECONDS } = options;
      const delay = BigInt(Math.max(1, Math.round(delaySeconds * speed)));
      const crank = options.postgres === undefined ? undefined : await localSigner(CRANK);
      const exchange = await Exchange.open(chain, new Rng(seed, "exchange"), delay, tell, crank);
      return new WorldExchange(chain, exchange, options.postgres);
    } catch (error) {
      await chain.stop();
      throw error;
    }
  }

  get url(): string {
    return this.chain.url;
  }

  get errors(): readonly string[] {
    return [...this.failures, ...(this.keepers?.errors ?? [])];
  }

  /** Lets it live from now on. A step that is late delays the next; none runs beside another. */
  run(stepMs = STEP_MS): void {
    const { url, postgres } = this;
    if (postgres !== undefined) this.keepers = SolanaKeepers.start({ url, postgres });
    this.timer = setInterval(() => {
      this.running ??= this.guarded(() => this.exchange.step()).finally(() => {
        this.running = undefined;
      });
    }, stepMs);
  }

  /** @throws PermanentError KEEPER_GONE when a keeper has ended by itself. */
  assertRunning(): void {
    this.keepers?.assertRunning();
  }

  /** What has happened so far. */
  get figures(): ExchangeFigures {
    return this.exchange.figures();
  }

  /** Ends the exchange and its keepers; the cluster stays until `stop`. */
  end(): Promise<CollateralFigures> {
    this.ended ??= this.endOnce();
    return this.ended;
  }

  private async endOnce(): Promise<CollateralFigures> {
    clearInterval(this.timer);
    await this.running;
    const keepers = await this.keepers?.stop();
    await this.guarded(() => this.exchange.look());
    return { ...this.exchange.figures(), ...(keepers === undefined ? {} : { keepers }) };
  }

  async stop(): Promise<void> {
    await this.end();
    await this.chain.stop();
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failures.push(`solana: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
