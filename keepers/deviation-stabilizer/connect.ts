/** Puts the parts of one keeper together: configuration, connection, addresses, key. Nothing is sent or started here. */
import { ZeroAddress } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { openChain, type ChainConnection } from "../kit/chain.js";
import type { Env } from "../kit/env.js";
import { loadConfig, type StabilizerConfig } from "./config.js";

export const KEEPER_NAME = "deviation-stabilizer";

/** What every sub-command starts from. */
export type Connection = ChainConnection & { readonly config: StabilizerConfig };

/** @throws ConfigError with every problem of the environment; UsageError UNKNOWN_NETWORK. */
export function connect(network: string, env: Env, terminal: boolean): Connection {
  return openChain(loadConfig(network, env), KEEPER_NAME, env, terminal);
}

/** Addresses the keeper talks to. */
export function addresses(deployment: Deployment): { lens: string; limits: string; stabilizer: string } {
  return {
    lens: deployment.address("PegLens"),
    limits: deployment.address("StabilizerLimits"),
    stabilizer: deployment.address("Stabilizer"),
  };
}

/** `base/quote` of a pool; its address when the record does not know it. */
export function poolNames(deployment: Deployment): (address: string) => string {
  const names = new Map(Object.entries(deployment.pools()).map(([name, address]) => [address.toLowerCase(), name]));
  return (address) => names.get(address.toLowerCase()) ?? address;
}

/** Where simulations come from when there is no key: an address that needs no code and holds nothing. */
export const NOBODY = ZeroAddress;
