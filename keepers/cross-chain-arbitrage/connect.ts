/** Puts the parts of the keeper together: configuration, connections of both ends, key. Nothing is sent or started here. */
import { ZeroAddress } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import { loadParams } from "../../protocol/params/load.js";
import { tokenNames, type NetworkParams, type TokenName } from "../../protocol/params/schema.js";
import { openChain, type ChainConnection } from "../kit/chain.js";
import type { Env } from "../kit/env.js";
import { loadConfigs, type ArbitrageConfig } from "./config.js";
import type { ChainPlace } from "./observe.js";
import { KEEPER_NAME } from "./policy.js";

export interface Connection extends ChainConnection {
  readonly config: ArbitrageConfig;
}

/** Both ends, the smaller chain id first, whichever was named: so that every copy takes the leases in the same order. */
export type Ends = readonly [Connection, Connection];

export interface Connections {
  readonly ends: Ends;
  /** `--network`: speaks for the process. */
  readonly named: Connection;
}

/** Who asks while there is no key: an address that needs no code and holds nothing. */
export const NOBODY = ZeroAddress;

/** @throws ConfigError with every problem of the environment; UsageError UNKNOWN_NETWORK. */
export function connectBoth(network: string, env: Env, terminal: boolean): Connections {
  const [first, other] = loadConfigs(network, env);
  const open = (config: ArbitrageConfig): Connection =>
    openChain(config, KEEPER_NAME, env, terminal, config.localAccount);
  const [named, remote] = [open(first), open(other)];
  return { named, ends: named.client.chainId < remote.client.chainId ? [named, remote] : [remote, named] };
}

export function paramsOf({ config }: Connection): NetworkParams {
  return loadParams(config.network.name, config.deploymentsFolder).params;
}

/** @throws PermanentError NOT_DEPLOYED */
export function placeOf(connection: Connection): ChainPlace {
  const { client, config } = connection;
  const chain = String(client.chainId);
  return { chain, client, deployment: connection.deployment(), params: paramsOf(connection), fees: config };
}

/**
 * The pairs that are kept together: those of the configuration, or all that both records have.
 * @throws PermanentError NOT_DEPLOYED; PAIR_UNKNOWN when there is none.
 */
export function pairsOf([first, second]: Ends): readonly string[] {
  const [here, there] = [first.deployment(), second.deployment()];
  const { pairs } = first.config;
  const found = pairs.length > 0 ? pairs : Object.keys(here.pools()).filter((pair) => pair in there.pools());
  for (const pair of found) for (const record of [here, there]) record.address(`PmmPool:${pair}`);
  if (found.length > 0) return found;
  throw new PermanentError("PAIR_UNKNOWN", "the two records have no pool in common", "set ARBITRAGE_PAIRS");
}

/** Tokens of the pairs. */
export function tokensOf(pairs: readonly string[]): readonly TokenName[] {
  return tokenNames.filter((name) => pairs.some((pair) => pair.split("/").includes(name)));
}
