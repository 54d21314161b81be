import type { Provider } from "ethers";

import { IXAUOracle__factory, type IXAUOracle } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames, type TokenFeeds, type TokenName } from "../../protocol/params/schema.js";
import { decodedName } from "../../protocol/revert.js";
import { parseWad } from "../../protocol/units.js";
import type { Blueprint, PlannedFeed } from "./blueprint.js";
import { outputType, structText } from "./setting.js";
import type { PlannedContract, Setting, Step } from "./types.js";

const FEED_KIND = { chainlink: 0n, signed: 1n } as const;

/** The oracle and each token's feeds. */
export const oracleStep: Step = {
  id: "040_oracle",
  title: "oracle of prices in XAU and USD",
  contracts({ plan }) {
    return [plan.oracle];
  },
  settings({ plan, provider }) {
    return tokenNames.map((name) =>
      configured(plan.oracle, provider, name, plan.tokens[name].address, tokenConfig(plan, name)),
    );
  },
};

/** What an oracle reads for a token; `label` is the token's name in the parameters. */
export function configured(
  oracle: PlannedContract,
  provider: Provider,
  label: string,
  token: string,
  config: IXAUOracle.TokenConfigStruct,
): Setting {
  const handle = contractAt(IXAUOracle__factory, oracle.address, provider);
  return {
    id: `${oracle.name}.tokenConfig(${label})`,
    at: oracle.address,
    expected: configText(config),
    read: () => handle.tokenConfig(token).then(configText, (error: unknown) => `not set (${decodedName(error)})`),
    code: (found) => (feedsOf(found) === feedsOf(configText(config)) ? "ORACLE_LIMIT_CHANGED" : "ORACLE_FEED_CHANGED"),
    by: "timelock",
    calls: () => [
      {
        to: oracle.address,
        data: handle.interface.encodeFunctionData("setToken", [token, config]),
        label: `${oracle.name}.setToken(${label})`,
      },
    ],
  };
}

function tokenConfig(plan: Blueprint, name: TokenName): IXAUOracle.TokenConfigStruct {
  return configOf(plan.params.oracle.tokens[name], plan.tokens[name].decimals, plan.feeds[name]);
}

/** The oracle's configuration for a token of `decimals` with these feeds. */
export function configOf(
  limits: Pick<TokenFeeds, "minFeeds" | "maxDisagreementBps" | "minPriceUsd" | "maxPriceUsd">,
  decimals: number,
  feeds: readonly PlannedFeed[],
): IXAUOracle.TokenConfigStruct {
  return {
    tokenDecimals: decimals,
    minFeeds: limits.minFeeds,
    maxDisagreementBps: limits.maxDisagreementBps,
    minPriceWad: parseWad(limits.minPriceUsd),
    maxPriceWad: parseWad(limits.maxPriceUsd),
    feeds: feeds.map((feed) => ({
      source: feed.address,
      kind: FEED_KIND[feed.source.kind],
      maxAgeSeconds: feed.source.maxAgeSeconds,
    })),
  };
}

const CONFIG_TYPE = outputType(IXAUOracle__factory.createInterface().getFunction("tokenConfig").outputs);

/** The feeds of a token's configuration as text, or the text itself where it is none. */
function feedsOf(config: string): string {
  if (!config.startsWith("{")) return config;
  return JSON.stringify((JSON.parse(config) as { feeds?: unknown }).feeds);
}

function configText(config: IXAUOracle.TokenConfigStruct): string {
  return structText(CONFIG_TYPE, config);
}
