/** tBTC v1 as the runtime works with it. Nothing is asked of the chain here. */
import { maxBigint, minBigint, mulDivUp } from "../../../../protocol/math.js";
import type { Counters } from "../../../kit/counters.js";
import type { KeeperLog } from "../../../kit/logger.js";
import type { ChainClient } from "../../../kit/provider.js";
import { parseDestination } from "../../bitcoin/destination.js";
import type { RedeemerConfig } from "../../config.js";
import type { RescueSite } from "../../site.js";
import { tbtcAddresses } from "./addresses.js";
import { tbtcSigning } from "./signing.js";
import { TbtcRescue } from "./tbtc.js";

/** One input and one output to the longest script that deposits pay to, rounded up. */
const REDEMPTION_VBYTES = 122n;
const KVB = 1_000n;
/** Of a redeemed output at most a tenth goes to the first fee: small ones would be eaten by it. */
const SMALLEST_SHARE = 10n;
/** Buying a bond on auction and withdrawing it, 287,000 gas, at 50 gwei. */
const TAKER_COST_WEI = 15n * 10n ** 15n;
/** What nobody redeems to: a watching keeper has no destination, and no rule to pay to one. */
const NOWHERE = `0x160014${"00".repeat(20)}`;

export interface TbtcSiteParts {
  readonly client: ChainClient;
  readonly config: Pick<
    RedeemerConfig,
    "systemFile" | "destination" | "bitcoinNetwork" | "bitcoinFeeSatPerKvb" | "bitcoinMaxFeeSat" | "minBlock"
  >;
  /** Blocks on top of the last one in which positions are looked for. */
  readonly confirmations: number;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/** @throws UsageError about the destination or the file of addresses; PermanentError TBTC_NOT_PUBLISHED */
export function tbtcSite({ client, config, confirmations, counters, log }: TbtcSiteParts): RescueSite {
  const { destination, bitcoinNetwork, bitcoinFeeSatPerKvb, bitcoinMaxFeeSat, minBlock } = config;
  const addresses = tbtcAddresses(client.chainId, config.systemFile);
  const outputScript =
    destination === undefined ? NOWHERE : parseDestination(destination, bitcoinNetwork).prefixedScript;
  const wantedSat = minBigint(mulDivUp(bitcoinFeeSatPerKvb, REDEMPTION_VBYTES, KVB), bitcoinMaxFeeSat);
  const protocol = new TbtcRescue({
    ...{ client, addresses, counters, log },
    payout: { outputScript, initialFeeSat: (utxoSat) => minBigint(wantedSat, utxoSat / SMALLEST_SHARE) },
    takerCostWei: TAKER_COST_WEI,
    discovery: { minBlock, confirmations },
  });
  return {
    name: "tbtc",
    protocol,
    signing: tbtcSigning(addresses, outputScript, maxBigint(bitcoinMaxFeeSat, wantedSat)),
    token: { address: addresses.token.toLowerCase(), symbol: "TBTC", decimals: 18 },
    contracts: {
      TBTCSystem: addresses.system,
      TBTCToken: addresses.token,
      TBTCDepositToken: addresses.depositToken,
      FeeRebateToken: addresses.feeRebateToken,
      VendingMachine: addresses.vendingMachine,
      BondedECDSAKeepFactory: addresses.keepFactory,
    },
  };
}
