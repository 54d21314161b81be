/**
 * Where the local world's reporters look: some sources of the outside market over HTTP. Each has a reading of its own for every feed, with
 * a tiny error, and is out of order for a block now and then.
 */
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";

import { FEED_DECIMALS } from "../deploy/blueprint.js";
import { READING_NOISE } from "../market/feeds.js";
import type { UsdPrices } from "../market/outside.js";
import type { Rng } from "../market/rng.js";
import { perUnit } from "../sim/reports.js";
import type { WorldChain } from "./chain.js";
import type { WorldFeed } from "./feeds.js";

export const SOURCES = 4;
/** Share of the blocks in which a source does not answer. */
const OUTAGE_SHARE = 0.03;

export class PriceSources {
  /** By source, then by feed; undefined while the source is out of order. */
  #readings: (readonly string[] | undefined)[] = [];
  readonly #rng: Rng;

  private constructor(
    private readonly chain: WorldChain,
    private readonly feeds: readonly WorldFeed[],
    private readonly server: Server,
    readonly url: string,
    rng: Rng,
  ) {
    this.#rng = rng.stream("readings");
    server.on("request", (request, response) => {
      const [source = "", feed = ""] = (request.url ?? "").split("/").slice(1);
      const price = this.#readings[Number(source)]?.[Number(feed)];
      if (price === undefined) response.writeHead(503).end();
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ price }));
    });
  }

  static async open(chain: WorldChain, feeds: readonly WorldFeed[], rng: Rng): Promise<PriceSources> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return new PriceSources(chain, feeds, server, `http://127.0.0.1:${String(port)}`, rng);
  }

  /** Every source looks at the market. */
  look(market: UsdPrices, references: UsdPrices): void {
    const units = perUnit(this.chain.loaded.params, references);
    this.#readings = Array.from({ length: SOURCES }, () => {
      const works = this.#rng.uniform() >= OUTAGE_SHARE;
      const readings = this.feeds.map(({ token, about }) => {
        const price = (about === "reference" ? units : market)[token];
        return (price * (1 + READING_NOISE * this.#rng.gaussian())).toFixed(FEED_DECIMALS);
      });
      return works ? readings : undefined;
    });
  }

  /** Writes the file that tells a reporter to look at these sources. */
  writeFile(file: string, sources: readonly number[]): void {
    const endpoints = this.feeds.map(({ description }, feed) => [
      description,
      sources.map((source) => ({ url: `${this.url}/${String(source)}/${String(feed)}`, pointer: "/price" })),
    ]);
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(endpoints), undefined, 2)}\n`);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }
}
