import type { Provider } from "ethers";
import { formatUnits, parseUnits } from "ethers";

import { ISignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { encodeSubmit, feedIdOf, SIGNED_ROUND_TYPES, signedRoundDomain } from "../../protocol/signedRound.js";
import { FEED_DECIMALS, type Blueprint, type PlannedFeed } from "./blueprint.js";
import type { Call, PlannedContract, Setting, Step } from "./types.js";

/** Price feeds and, on localhost, their first rounds. Elsewhere the price reporter sends those. */
export const feedsStep: Step = {
  id: "030_feeds",
  title: "price feeds with their first rounds",
  contracts({ plan }) {
    return tokenNames.flatMap((token) => plan.feeds[token].map(plannedFeed));
  },
  settings({ plan, provider }) {
    return tokenNames.flatMap((token) =>
      plan.feeds[token]
        .filter((feed) => feed.source.kind === "signed")
        .map((feed) => firstRound(plan, provider, feed, referenceAnswer(plan, token))),
    );
  },
};

function referenceAnswer(plan: Blueprint, token: TokenName): bigint {
  return parseUnits(plan.params.oracle.tokens[token].referencePriceUsd, FEED_DECIMALS);
}

/** What must exist for a feed: our contract, or one that is there already. */
export function plannedFeed(feed: PlannedFeed): PlannedContract {
  return feed.contract ?? { name: feed.name, address: feed.address, constructorArgs: [], make: { by: "adopted" } };
}

/** Round 1 of a signed feed; `price` has the feed's decimals and counts on localhost only. */
export function firstRound(plan: Blueprint, provider: Provider, feed: PlannedFeed, price: bigint): Setting {
  const handle = contractAt(ISignedPriceFeed__factory, feed.address, provider);
  return {
    id: `${feed.name}.hasRound`,
    at: feed.address,
    expected: "true",
    read: () =>
      handle.latestTwo().then(
        () => "true",
        () => "false",
      ),
    by: plan.loaded.local ? "deployer" : "outside",
    calls: async () => (plan.loaded.local ? [await firstLocalRound(plan, provider, feed, price)] : []),
    fix: "start the price reporter (npm run keeper -- price-reporter) and run this again",
    bootstrapOnly: true,
  };
}

/** The price, signed by the development keys of as many reporters as the threshold asks. */
async function firstLocalRound(plan: Blueprint, provider: Provider, feed: PlannedFeed, price: bigint): Promise<Call> {
  if (feed.source.kind !== "signed") throw new Error(`${feed.name} is not ours to report to`);
  const block = await provider.getBlock("latest");
  const round = { roundId: 1n, answer: price, observedAt: BigInt(block?.timestamp ?? 0) };
  const domain = signedRoundDomain(feedIdOf({ description: feed.source.description, decimals: FEED_DECIMALS }));
  const types = { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] };

  const reporters = plan.params.reporters.addresses.slice(0, plan.params.reporters.threshold);
  const signatures = await Promise.all(
    reporters.map(async (signer) => {
      const wallet = developmentAccounts().find((account) => account.address.toLowerCase() === signer.toLowerCase());
      if (wallet === undefined) throw new Error(`reporter ${signer} of localhost is no development account`);
      return { signer, signature: await wallet.signTypedData(domain, types, round) };
    }),
  );
  return {
    to: feed.address,
    data: encodeSubmit(round, signatures),
    label: `${feed.name}.submit(round 1, ${formatUnits(price, FEED_DECIMALS)} USD)`,
  };
}
