/** Rules of a token's feeds, whoever reads them. */
import type { ParameterProblem } from "../errors.js";
import { parseWad } from "../units.js";
import type { FeedSource, TokenFeeds } from "./schema.js";

/** What one source is known by: two names of one source are not two opinions. */
export function sourceIdentity(source: FeedSource): string {
  return source.kind === "signed" ? source.description : source.existing.toLowerCase();
}

/** `known`: identities of the sources seen so far; those of these feeds are added. */
export function checkTokenFeeds(feeds: TokenFeeds, path: string, known: Set<string>): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  const [low, high, reference] = [feeds.minPriceUsd, feeds.maxPriceUsd, feeds.referencePriceUsd].map(parseWad);
  if (low !== undefined && high !== undefined && reference !== undefined && !(low < reference && reference < high)) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: `${path}.referencePriceUsd`,
      message: `${feeds.referencePriceUsd} is not between minPriceUsd ${feeds.minPriceUsd} and maxPriceUsd ${feeds.maxPriceUsd}`,
    });
  }
  if (feeds.minFeeds > feeds.sources.length) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: `${path}.minFeeds`,
      message: `${String(feeds.minFeeds)} of ${String(feeds.sources.length)} feeds can never be reached`,
    });
  }
  for (const [index, source] of feeds.sources.entries()) {
    if (source.maxAgeSeconds <= source.heartbeatSeconds) {
      problems.push({
        code: "PARAM_OUT_OF_BOUNDS",
        path: `${path}.sources.${String(index)}.maxAgeSeconds`,
        message: `${String(source.maxAgeSeconds)} must exceed the heartbeat of ${String(source.heartbeatSeconds)} seconds`,
      });
    }
    const identity = sourceIdentity(source);
    if (known.has(identity)) {
      problems.push({
        code: "PARAM_DUPLICATE",
        path: `${path}.sources.${String(index)}`,
        message: `"${identity}" is used by another feed; two readings of one source are not independent`,
      });
    }
    known.add(identity);
  }
  return problems;
}
