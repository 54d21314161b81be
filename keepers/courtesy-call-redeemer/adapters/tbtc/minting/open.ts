/** Minting as the program starts it: the wallet's key, the Bitcoin servers, the books. */
import { p2wpkh } from "@scure/btc-signer";

import { UsageError } from "../../../../../protocol/errors.js";
import type { TbtcAddresses } from "../../../../../protocol/tbtc/addresses.js";
import type { Counters } from "../../../../kit/counters.js";
import { loadBitcoinKey } from "../../../../kit/keys/bitcoinKey.js";
import type { KeeperLog } from "../../../../kit/logger.js";
import type { ChainClient } from "../../../../kit/provider.js";
import type { BitcoinConfig } from "../../../bitcoin/config.js";
import type { ElectrumServers } from "../../../bitcoin/electrum/servers.js";
import { BITCOIN_KEY, type RedeemerConfig } from "../../../config.js";
import type { SupplyParts, TokenSupply } from "../../../site.js";
import { MintReader } from "./read.js";
import { MintRoutine } from "./routine.js";
import { MINT_GAS } from "./signing.js";
import { MintStore } from "./store.js";
import { MINTS } from "./types.js";

/** Two hours: six blocks take that long sometimes, and the payment can wait for its first. */
const LEAST_FUNDING_SECONDS = 7_200n;
const LOST_AFTER_SECONDS = 86_400n;
/** As deep as the proof of the redemption that brought it. */
const COIN_DEPTH = 6;
/** Twice the next block's rate: nothing can be added later. */
const RATE_MULTIPLE_BPS = 20_000n;

export interface OpenMintingParts {
  readonly client: ChainClient;
  readonly addresses: TbtcAddresses;
  readonly config: Pick<
    RedeemerConfig,
    | "mintTargetUnits"
    | "mintMaxOpen"
    | "mintMaxSatPerDay"
    | "mintMaxBitcoinFeeSat"
    | "mintMaxCreationFeeWei"
    | "mintMinCollateralPercent"
    | "maxFeePerGasWei"
    | "validBlocks"
    | "reserveWei"
  >;
  readonly bitcoin: Pick<BitcoinConfig, "destination">;
  /** Closed by whoever opened them. */
  readonly servers: ElectrumServers;
  readonly confirmations: number;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/**
 * @throws UsageError BTC_KEY_MISSING, BTC_KEY_NOT_DESTINATION; what opening a keystore throws
 */
export async function openMinting(
  { client, addresses, config, bitcoin, servers, confirmations, counters, log }: OpenMintingParts,
  { db, role, account, lease, encode, submitter, record, env }: SupplyParts,
): Promise<TokenSupply> {
  const key = await loadBitcoinKey(env, BITCOIN_KEY);
  const { destination } = bitcoin;
  if (key === undefined) {
    throw new UsageError(
      "BTC_KEY_MISSING",
      "minting spends bitcoin, and no key is there to sign with",
      `set ${BITCOIN_KEY}_KEYSTORE_FILE and its passphrase, or REDEEMER_MINT_TARGET_TBTC to 0`,
    );
  }
  const own = Buffer.from(p2wpkh(Buffer.from(key.publicKey, "hex")).script);
  if (destination === undefined || !own.equals(destination.script)) {
    throw new UsageError(
      "BTC_KEY_NOT_DESTINATION",
      `the keystore's key is not that of ${destination?.address ?? "any destination"}`,
      "minting spends what redemptions have brought: BTC_WALLET_PUBLIC_KEY has to be this key's P2WPKH",
    );
  }
  const { script } = destination;
  const { mintMaxBitcoinFeeSat: maxFeeSat, maxFeePerGasWei } = config;
  const gas = Object.values(MINT_GAS).reduce((sum, limit) => sum + limit, 0n);
  const store = new MintStore({ db, role, chainId: String(client.chainId), account, lease });
  const routine = new MintRoutine({
    ...{ addresses, account, store, servers, signer: key, client, encode, submitter, counters, record, log },
    reader: new MintReader({ client, addresses, account, depth: confirmations }),
    policy: {
      ...{ account: account.toLowerCase(), vendingMachine: addresses.vendingMachine.toLowerCase(), script },
      ...{ leastFundingSeconds: LEAST_FUNDING_SECONDS, lostAfterSeconds: LOST_AFTER_SECONDS },
      minCollateralPercent: config.mintMinCollateralPercent,
      fees: { rateMultipleBps: RATE_MULTIPLE_BPS, maxFeeSat },
    },
    opening: {
      ...{ targetUnits: config.mintTargetUnits, maxOpen: config.mintMaxOpen, maxSatPerDay: config.mintMaxSatPerDay },
      maxCreationFeeWei: config.mintMaxCreationFeeWei,
      ...{ reserveWei: config.reserveWei, gasWei: gas * maxFeePerGasWei },
    },
    ...{ maxFeePerGasWei, validBlocks: config.validBlocks, coinDepth: COIN_DEPTH },
  });
  // What the outbox has under way must be known as ours before it is cared for.
  await routine.load();
  return {
    kind: MINTS,
    needsWei: config.mintMaxCreationFeeWei + gas * maxFeePerGasWei,
    has: (one) => routine.has(one),
    run: (head, acts) => routine.run(head, acts),
  };
}
