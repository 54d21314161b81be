/** The signed feeds of the local world's deployment, and what each of them is about. */
import { recordNames } from "../../protocol/addresses.js";
import { reservedTokenNames, tokenNames, type FeedSource, type TokenName } from "../../protocol/params/schema.js";
import type { WorldChain } from "./chain.js";

/** The token itself, what it is pegged to, or the asset that it is minted against. */
type About = "token" | "reference" | "asset";

export interface WorldFeed {
  readonly token: TokenName;
  readonly about: About;
  readonly address: string;
  readonly description: string;
  /** A move by this share is reported. */
  readonly deviationBps: number;
  /** Market time after which a round comes in any case. */
  readonly heartbeatSeconds: number;
}

/** The oracle's feeds, then the references and the reserve assets. */
export function signedFeeds({ deployment, loaded: { params } }: WorldChain): readonly WorldFeed[] {
  const feeds = tokenNames.flatMap((token) => {
    const addresses = deployment.feeds(token);
    return params.oracle.tokens[token].sources.flatMap((source, index) =>
      feedOf(token, "token", addresses[index], source),
    );
  });
  const references = tokenNames.flatMap((token) => {
    const source = params.peg.tokens[token].reference;
    return source === null ? [] : feedOf(token, "reference", deployment.address(recordNames.reference(token)), source);
  });
  const assets = reservedTokenNames.flatMap((token) => {
    const addresses = deployment.reserveFeeds(token);
    return params.reserves.tokens[token].price.sources.flatMap((source, index) =>
      feedOf(token, "asset", addresses[index], source),
    );
  });
  return [...feeds, ...references, ...assets];
}

function feedOf(token: TokenName, about: About, address: string | undefined, source: FeedSource): WorldFeed[] {
  if (source.kind !== "signed" || address === undefined) return [];
  const { description, deviationThresholdBps, heartbeatSeconds } = source;
  return [{ token, about, address, description, deviationBps: Number(deviationThresholdBps), heartbeatSeconds }];
}
