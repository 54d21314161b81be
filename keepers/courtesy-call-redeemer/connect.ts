/** Puts the parts of one keeper together: configuration, connection, protocol, key, policy. Nothing is sent or started here. */
import { ZeroAddress } from "ethers";

import { openChain, type ChainConnection } from "../kit/chain.js";
import type { Counters } from "../kit/counters.js";
import type { Env } from "../kit/env.js";
import { loadDigestKey } from "../kit/keys/load.js";
import type { Policy } from "../kit/policy/types.js";
import { confirmationsFor } from "../kit/providers/confirmations.js";
import type { ChildSigner } from "./bitcoin/child.js";
import { CHILD_KEY, openChildSigner } from "./bitcoin/childSigner.js";
import { loadConfig, type RedeemerConfig } from "./config.js";
import { withEtherSupply } from "./etherSupply/open.js";
import { KEEPER_NAME, redeemerPolicy } from "./policy.js";
import { protocolOf } from "./protocols.js";
import type { RescueSite } from "./site.js";

export type Connection = ChainConnection & { readonly config: RedeemerConfig };

/** Who asks while there is no key: an address that needs no code and holds nothing. */
export const NOBODY = ZeroAddress;

/** @throws ConfigError with every problem of the environment; UsageError UNKNOWN_NETWORK. */
export function connect(network: string, env: Env, terminal: boolean): Connection {
  const config = loadConfig(network, env);
  return openChain(config, KEEPER_NAME, env, terminal, config.localAccount ?? config.network.keeper);
}

/** @throws UsageError about what the settings name; PermanentError where the protocol is not published on this chain */
export function openSite(connection: Connection, counters: Counters, childSigner?: ChildSigner): RescueSite {
  const { config, client, log } = connection;
  const site = protocolOf(config).open(connection, { counters, confirmations: depthOf(config), childSigner });
  const { swap, network } = config;
  if (swap === undefined) return site;
  return withEtherSupply(site, { client, swap, fees: config, blockMs: network.blockMs, counters, log });
}

/**
 * The key of the destination, where one is named. @returns undefined: children are signed by hand, or there are none.
 * @throws PermanentError BTC_CHILD_KEY_FOREIGN, and what `loadDigestKey` throws
 */
export async function openChildKey({ config }: Connection, env: Env): Promise<ChildSigner | undefined> {
  const destination = config.bitcoin?.destination;
  const key = destination === undefined ? undefined : await loadDigestKey(env, CHILD_KEY);
  return key === undefined || destination === undefined ? undefined : openChildSigner(key, destination.script);
}

/** Blocks under which nothing of any value is unwound any more. */
export function depthOf({ confirmations }: Pick<RedeemerConfig, "confirmations">): number {
  return confirmationsFor(confirmations, undefined);
}

/** The policy of this connection; without a key it is nobody's. */
export function compilePolicy({ client, config }: Connection, site: RescueSite, signer = NOBODY): Policy {
  const { mode, maxFeePerGasWei, callGasLimit, perHour, tokenUnitsPerDay, nativeWeiPerDay } = config;
  return redeemerPolicy(
    site,
    {
      ...{ chainId: client.chainId, mode, maxFeePerGasWei, perHour, tokenUnitsPerDay, nativeWeiPerDay },
      callGasLimit: BigInt(callGasLimit),
    },
    signer,
  );
}
