/** A market of Aave v3 as the runtime works with it. Nothing is asked of the chain here. */
import { mulDivUp } from "../../../../protocol/math.js";
import type { Counters } from "../../../kit/counters.js";
import type { KeeperLog } from "../../../kit/logger.js";
import type { ChainClient } from "../../../kit/provider.js";
import type { RescueSite } from "../../site.js";
import type { Operators } from "../../strategies/modes.js";
import { NamedAccounts } from "./accounts.js";
import { AaveRescue } from "./adapter.js";
import type { PriceAge } from "./market.js";
import type { AaveConfig } from "./settings.js";
import { aaveSigning } from "./signing.js";

/** Blocks of one question for logs; nodes that find that too much are asked for less. */
const LOG_RANGE = 2_000;
const MS_PER_SECOND = 1_000n;

export interface AaveSiteParts {
  readonly client: ChainClient;
  readonly config: AaveConfig;
  readonly operators: Operators;
  /** First block in which borrowers are looked for, where none are named. */
  readonly minBlock: number;
  /** Blocks until a payment is mined or cancelled, and the time between two of them. */
  readonly validBlocks: number;
  readonly blockMs: number;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

export function aaveSite(parts: AaveSiteParts): RescueSite {
  const { client, config, operators, minBlock, validBlocks, blockMs, counters, log } = parts;
  const { provider, pool, wrappedNative, token, triggerBps, targetBps, dustBase, deleverage } = config;
  const accounts = namedAccounts(operators);
  const told = new Set<string>();
  const rescue = new AaveRescue(client, {
    ...{ provider, pool, wrappedNative, triggerBps, targetBps, dustBase, deleverage },
    token: token.address,
    ownAccounts: accounts,
    startBlock: minBlock,
    logRange: LOG_RANGE,
    inclusionSeconds: mulDivUp(BigInt(validBlocks), BigInt(blockMs), MS_PER_SECOND),
    maxPriceAge: maxPriceAgeOf(config),
    onDoubt: (account, doubt) => {
      counters.add(`doubt.${doubt}`);
      const shown = `${account} ${doubt}`;
      if (!told.has(shown)) log.warn("position.doubt", { position: account, doubt });
      told.add(shown);
    },
  });
  return {
    name: "aave-v3",
    // Whoever only watches everybody has to find them.
    protocol: operators.kind === "service" ? rescue : new NamedAccounts(client, pool, accounts, rescue),
    signing: aaveSigning(config, accounts),
    token,
    contracts: {
      PoolAddressesProvider: provider,
      Pool: pool,
      WrappedNative: wrappedNative,
      [token.symbol]: token.address,
    },
  };
}

export function namedAccounts(operators: Operators): ReadonlySet<string> {
  return operators.kind === "own" ? operators.addresses : new Set();
}

export function maxPriceAgeOf({ priceAges: { seconds, of } }: Pick<AaveConfig, "priceAges">): PriceAge {
  return (asset) => (of.has(asset) ? of.get(asset) : seconds);
}
