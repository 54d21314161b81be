import { IXAUOracle__factory, type IXAUOracle } from "../../protocol/generated/contracts/index.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { decodedName } from "../../protocol/revert.js";
import { parseWad } from "../../protocol/units.js";
import type { Blueprint } from "./blueprint.js";
import { outputType, structText } from "./setting.js";
import type { Setting, Step } from "./types.js";

const FEED_KIND = { chainlink: 0n, signed: 1n } as const;

/** The oracle and each token's feeds. */
export const oracleStep: Step = {
  id: "040_oracle",
  title: "oracle of prices in XAU and USD",
  contracts({ plan }) {
    return [plan.oracle];
  },
  settings({ plan, provider }) {
    const oracle = IXAUOracle__factory.connect(plan.oracle.address, provider);
    return tokenNames.map((name): Setting => {
      const config = tokenConfig(plan, name);
      const token = plan.tokens[name].address;
      return {
        id: `XAUOracle.tokenConfig(${name})`,
        at: plan.oracle.address,
        expected: configText(config),
        read: () => oracle.tokenConfig(token).then(configText, (error: unknown) => `not set (${decodedName(error)})`),
        code: (found) =>
          feedsOf(found) === feedsOf(configText(config)) ? "ORACLE_LIMIT_CHANGED" : "ORACLE_FEED_CHANGED",
        by: "timelock",
        calls: () => [
          {
            to: plan.oracle.address,
            data: oracle.interface.encodeFunctionData("setToken", [token, config]),
            label: `XAUOracle.setToken(${name})`,
          },
        ],
      };
    });
  },
};

function tokenConfig(plan: Blueprint, name: TokenName): IXAUOracle.TokenConfigStruct {
  const feeds = plan.params.oracle.tokens[name];
  return {
    tokenDecimals: plan.tokens[name].decimals,
    minFeeds: feeds.minFeeds,
    maxDisagreementBps: feeds.maxDisagreementBps,
    minPriceWad: parseWad(feeds.minPriceUsd),
    maxPriceWad: parseWad(feeds.maxPriceUsd),
    feeds: plan.feeds[name].map((feed) => ({
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
