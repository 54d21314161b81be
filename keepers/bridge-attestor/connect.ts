/** Puts the parts of the attestor together: configuration, connections of both ends, keys. Nothing is sent or started here. */
import { getAddress } from "ethers";

import type { BridgePlace } from "../../protocol/bridgeMessage.js";
import { openChain, type ChainConnection } from "../kit/chain.js";
import { ConfigError, type Env } from "../kit/env.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { walletAccount, type KeyAccount } from "../kit/keys/account.js";
import { loadKey } from "../kit/keys/load.js";
import { ATTESTING_KEY, attestorSettings, loadConfigs, type AttestorConfig } from "./config.js";
import { BRIDGE } from "./encode.js";
import { AttestingKey } from "./key.js";
import { KEEPER_NAME } from "./policy.js";

/** One end. The chain's signer only pays for gas; it needs no office. */
export interface Connection extends ChainConnection {
  readonly config: AttestorConfig;
}

export interface Connections {
  /** `--network` first. */
  readonly ends: readonly [Connection, Connection];
  /** Attests for both bridges and signs nothing else; undefined when no key is configured. @throws ConfigError; what a key throws that cannot be opened. */
  readonly attestingKey: () => Promise<AttestingKey | undefined>;
}

/** @throws ConfigError with every problem of the environment; UsageError UNKNOWN_NETWORK. */
export function connectBoth(network: string, env: Env, terminal: boolean): Connections {
  const [first, other] = loadConfigs(network, env);
  const open = (config: AttestorConfig): Connection => openChain(config, KEEPER_NAME, env, terminal, config.localPayer);
  const ends = [open(first), open(other)] as const;
  let key: Promise<AttestingKey | undefined> | undefined;
  return { ends, attestingKey: () => (key ??= openKey()) };

  async function openKey(): Promise<AttestingKey | undefined> {
    const loaded = await loadKey(env, ATTESTING_KEY);
    // Encryption at rest protects nothing from the process that may use the key.
    if (loaded?.source === "mnemonic-envelope") ends[0].log.warn("key.weak", { source: loaded.source, better: "kms" });
    const account = loaded?.account ?? developmentKey(first);
    return account === undefined ? undefined : AttestingKey.of(account, ends.map(placeAt));
  }
}

/** The bridge of an end. @throws PermanentError NOT_DEPLOYED */
export function placeAt({ client, deployment }: Connection): BridgePlace {
  return { chainId: BigInt(client.chainId), bridge: getAddress(deployment().address(BRIDGE)) };
}

/** @throws ConfigError for an account that is none of them: it would attest nothing, and nobody would be told. */
function developmentKey({ network, localSigner }: AttestorConfig): KeyAccount | undefined {
  if (!network.local || localSigner === undefined) return undefined;
  const found = developmentAccounts().find(({ address }) => address.toLowerCase() === localSigner.toLowerCase());
  if (found !== undefined) return walletAccount(found);
  throw new ConfigError([{ env: attestorSettings.localSigner.env, message: "is no public development account" }]);
}
