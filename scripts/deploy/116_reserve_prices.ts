import { parseUnits } from "ethers";

import { IM1Token__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { reservedTokenNames, type ReservedToken } from "../../protocol/params/schema.js";
import { firstRound, plannedFeed } from "./030_feeds.js";
import { configOf, configured } from "./040_oracle.js";
import { FEED_DECIMALS } from "./blueprint.js";
import type { Setting, Step, StepContext } from "./types.js";

/** Reserve assets, what they are worth, and the meter of outflows. */
export const reservePricesStep: Step = {
  id: "116_reserve_prices",
  title: "reserve assets with their prices, and the reserve system",
  contracts({ plan }) {
    const { assets, feeds, oracle, system } = plan.reserves;
    return [
      ...reservedTokenNames.map((name) => assets[name].contract),
      ...reservedTokenNames.flatMap((name) => feeds[name].map(plannedFeed)),
      oracle,
      system,
    ];
  },
  settings(context) {
    return [
      ...reservedTokenNames.map((name) => assetDecimals(context, name)),
      ...firstRounds(context),
      ...reservedTokenNames.map((name) => assetPrice(context, name)),
      ...reservedTokenNames.flatMap((name) => parPrice(context, name)),
    ];
  },
};

function assetDecimals({ plan, provider }: StepContext, name: ReservedToken): Setting {
  const { contract, address, decimals } = plan.reserves.assets[name];
  const asset = contractAt(IM1Token__factory, address, provider);
  return {
    id: `${contract.name}.decimals`,
    at: address,
    expected: String(decimals),
    read: async () => String(await asset.decimals()),
    code: "CONSTRUCTOR_ARGUMENT",
    by: "outside",
    refusal: "DECIMALS_MISMATCH",
    calls: () => [],
    fix: `reserves.tokens.${name}.asset names a token with other decimals: correct the address or the decimals`,
  };
}

/** Only on localhost: elsewhere an asset without a price closes minting, and nothing else, until the reporters start. */
function firstRounds({ plan, provider }: StepContext): Setting[] {
  if (!plan.loaded.local) return [];
  return reservedTokenNames.flatMap((name) => {
    const price = parseUnits(plan.params.reserves.tokens[name].price.referencePriceUsd, FEED_DECIMALS);
    return plan.reserves.feeds[name]
      .filter((feed) => feed.source.kind === "signed")
      .map((feed) => firstRound(plan, provider, feed, price));
  });
}

function assetPrice({ plan, provider }: StepContext, name: ReservedToken): Setting {
  const { assets, feeds, oracle } = plan.reserves;
  const { contract, address, decimals } = assets[name];
  const config = configOf(plan.params.reserves.tokens[name].price, decimals, feeds[name]);
  return configured(oracle, provider, contract.name, address, config);
}

/** Where par is not the dollar: in this oracle a token's price is that of the currency it stands for, by the reference of its peg. */
function parPrice({ plan, provider }: StepContext, name: ReservedToken): Setting[] {
  const reference = plan.references[name];
  if (reference === undefined) return [];
  const { minPriceUsd, maxPriceUsd } = plan.params.oracle.tokens[name];
  const { maxDisagreementBps } = plan.params.reserves.tokens[name].price;
  const { address, decimals } = plan.tokens[name];
  const config = configOf({ minFeeds: 1, maxDisagreementBps, minPriceUsd, maxPriceUsd }, decimals, [reference]);
  return [configured(plan.reserves.oracle, provider, name, address, config)];
}
