/**
 * Where a reporter looks: a price file, or several JSON documents over HTTP of which the median counts. A look either gives one price
 * or is refused with a reason; it never gives a price in doubt.
 */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { PermanentError, RetryableError } from "../../protocol/errors.js";
import { reservedTokenNames, tokenNames, type ReservedToken, type TokenName } from "../../protocol/params/schema.js";
import { readPriceFile, type PriceRow } from "../../protocol/priceFile.js";
import { parseDecimal } from "../../protocol/units.js";
import { limitedText } from "../kit/http/get.js";

/** Decimals of every price here: those of the feeds. */
export const PRICE_DECIMALS = 8;
const SOURCE_DECIMALS = 18;
const BPS = 10_000n;

/**
 * What a look is about: a token, what its peg is measured by (a euro, an ounce; per `par` units of the parameters a whole token), or the
 * asset that it is minted against. The second and the third need sources of their own: they are the judges of the first.
 */
export type PriceName = TokenName | `reference:${TokenName}` | `reserve:${ReservedToken}`;

/** Why a look gave no price. */
export type PriceRefusal =
  /** Neither file nor configuration names this token, or the file's first row lies in the future. */
  | "no-price"
  /** Fewer sources than required gave a price: down, too slow, too large, or not what was expected. */
  | "too-few-sources"
  /** The sources' prices lie too far apart. */
  | "sources-disagree";

/** A look that gave no price. Looking again later may help. */
export class PriceUnavailable extends RetryableError {
  constructor(
    readonly reason: PriceRefusal,
    token: PriceName,
    message: string,
  ) {
    super(`PRICE_${reason.toUpperCase().replaceAll("-", "_")}`, `${token}: ${message}`, "look at the price sources", {
      token,
    });
  }
}

/** What a price is wanted for. */
export interface Priced {
  readonly token: PriceName;
  /** The feed's. */
  readonly description: string;
}

/** Gives USD per whole token with PRICE_DECIMALS decimals. */
export interface PriceSource {
  /** @throws PriceUnavailable */
  read(feed: Priced): Promise<bigint>;
  /** Feeds for which this is the same are read from the same place. */
  placeOf(feed: Priced): string;
}

/** The row of a price file that holds at this moment: for drills and local networks. */
export class FilePrices implements PriceSource {
  private readonly rows: readonly PriceRow[];

  /** @throws PriceFileError naming file, line and column. */
  constructor(
    file: string,
    private readonly nowSeconds: () => number = () => Math.floor(Date.now() / 1000),
  ) {
    this.rows = readPriceFile(file);
  }

  /** A file tells what tokens are worth; a reference counts as kept, as in the simulator, and an asset is worth what its token is. */
  read({ token: name }: Priced): Promise<bigint> {
    const token = name.replace(/^(reference|reserve):/, "") as TokenName;
    const now = this.nowSeconds();
    const row = this.rows.findLast(
      ({ timestampSeconds, usdText }) => timestampSeconds <= now && usdText[token] !== undefined,
    );
    const text = row?.usdText[token];
    if (text !== undefined) return Promise.resolve(toFeedDecimals(parseDecimal(text, SOURCE_DECIMALS)));
    return Promise.reject(new PriceUnavailable("no-price", name, "the price file has no value that holds now"));
  }

  placeOf({ token }: Priced): string {
    return token;
  }
}

const endpoint = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** JSON pointer (RFC 6901) to the price. */
  pointer: z.string().regex(/^(\/.*)?$/),
  /** The value is a whole number of 10^-decimals USD; without it a plain decimal of USD. */
  decimals: z.int().min(0).max(SOURCE_DECIMALS).optional(),
});
export type Endpoint = z.infer<typeof endpoint>;
/** By what is looked for, or by the description of a feed that has sources of its own. */
export type Endpoints = Readonly<Record<string, readonly Endpoint[] | undefined>>;
const priceNames: readonly PriceName[] = [
  ...tokenNames,
  ...tokenNames.map((name) => `reference:${name}` as const),
  ...reservedTokenNames.map((name) => `reserve:${name}` as const),
];
/** Such as `XAU / USD A`. */
const description = z.string().regex(/^[^/]+ \/ [^/]+$/);
const endpointsSchema = z.record(z.union([z.enum(priceNames), description]), z.array(endpoint).min(1));

/** Reads the file that names the HTTP sources of each token or feed. @throws PermanentError SOURCES_MALFORMED */
export function readEndpoints(file: string): Endpoints {
  try {
    return endpointsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const expected = `{ "cUSDT": [ { "url": "https://…", "pointer": "/price" } ] }`;
    throw new PermanentError(
      "SOURCES_MALFORMED",
      `${file} is not a list of price sources`,
      `expected ${expected}`,
      {},
      { cause: error },
    );
  }
}

export interface HttpLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly minSources: number;
  readonly maxDisagreementBps: number;
}

/** Sources from which on one that lies far from all the others is left out. */
const OUTLIER_FROM = 4;

/** A source that gave a price. */
interface Look {
  readonly host: string;
  readonly price: bigint;
}

/** The median of several JSON documents. */
export class HttpPrices implements PriceSource {
  constructor(
    private readonly endpoints: Endpoints,
    private readonly limits: HttpLimits,
    private readonly onFailure: (token: PriceName, host: string, reason: string) => void = () => undefined,
    /** A source was left out because all the others agree with each other and not with it. */
    private readonly onOutlier: (token: PriceName, host: string) => void = () => undefined,
  ) {}

  placeOf({ token, description: feed }: Priced): string {
    return this.endpoints[feed] === undefined ? token : feed;
  }

  async read(feed: Priced): Promise<bigint> {
    const { token } = feed;
    const endpoints = this.endpoints[this.placeOf(feed)] ?? [];
    if (endpoints.length === 0) throw new PriceUnavailable("no-price", token, "no source is configured");
    const looks = await Promise.all(endpoints.map((source) => this.look(token, source)));
    const found = looks
      .filter((look) => look !== undefined)
      .sort(({ price: a }, { price: b }) => (a < b ? -1 : a > b ? 1 : 0));
    const { minSources } = this.limits;
    const [lowest, highest] = [found[0], found.at(-1)];
    if (lowest === undefined || highest === undefined || found.length < minSources) {
      const text = `${String(found.length)} of ${String(endpoints.length)} sources gave a price, ${String(minSources)} are required`;
      throw new PriceUnavailable("too-few-sources", token, text);
    }
    if (this.agree(found)) return medianOf(found);
    const rest = this.withoutOutlier(found);
    if (rest === undefined) {
      throw new PriceUnavailable("sources-disagree", token, `from ${String(lowest.price)} to ${String(highest.price)}`);
    }
    this.onOutlier(token, rest.host);
    return medianOf(rest.kept);
  }

  /** Of sorted prices: whether the lowest and the highest lie close enough together. */
  private agree(sorted: readonly Look[]): boolean {
    const [lowest, highest] = [sorted[0]?.price ?? 0n, sorted.at(-1)?.price ?? 0n];
    return (highest - lowest) * BPS <= BigInt(this.limits.maxDisagreementBps) * medianOf(sorted);
  }

  /** What is left when one source alone contradicts all the others; undefined when it is not one, or the others are too few. */
  private withoutOutlier(
    sorted: readonly Look[],
  ): { readonly kept: readonly Look[]; readonly host: string } | undefined {
    if (sorted.length < OUTLIER_FROM || sorted.length <= this.limits.minSources) return undefined;
    const ways = [
      { kept: sorted.slice(1), out: sorted[0] },
      { kept: sorted.slice(0, -1), out: sorted.at(-1) },
    ].filter(({ kept }) => this.agree(kept));
    const [way] = ways;
    // Both ends contradict each other while the middle agrees with either: nobody can say which of them is wrong.
    return way?.out === undefined || ways.length > 1 ? undefined : { kept: way.kept, host: way.out.host };
  }

  private async look(token: PriceName, source: Endpoint): Promise<Look | undefined> {
    const { host } = new URL(source.url);
    try {
      const text = await limitedText(source.url, { method: "GET" }, this.limits);
      return { host, price: priceIn(text, source) };
    } catch (error) {
      // A source's address may carry a key: only its host is named.
      this.onFailure(token, host, error instanceof Error ? error.message : "unknown");
      return undefined;
    }
  }
}

/** The price at the pointer. Throws on anything that is not a positive plain decimal. */
function priceIn(text: string, { pointer, decimals }: Endpoint): bigint {
  let value: unknown = JSON.parse(text);
  for (const step of pointer.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key))
      throw new Error("nothing at the pointer");
    value = (value as Record<string, unknown>)[key];
  }
  if (typeof value !== "string" && typeof value !== "number") throw new Error("no number at the pointer");
  const scaled = parseDecimal(String(value), decimals === undefined ? SOURCE_DECIMALS : 0);
  const price = toFeedDecimals(decimals === undefined ? scaled : scaled * 10n ** BigInt(SOURCE_DECIMALS - decimals));
  if (price <= 0n) throw new Error("the price is not positive");
  return price;
}

/** From 18 decimals to the feed's, rounded half up. */
function toFeedDecimals(price18: bigint): bigint {
  const step = 10n ** BigInt(SOURCE_DECIMALS - PRICE_DECIMALS);
  return (price18 + step / 2n) / step;
}

/** Of sorted prices; the mean of the middle two, rounded down, when their number is even. */
function medianOf(sorted: readonly Look[]): bigint {
  const half = sorted.length >> 1;
  const upper = sorted[half]?.price ?? 0n;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1]?.price ?? upper) + upper) / 2n;
}
