/** tBTC v1 as the runtime works with it. Nothing is asked of a chain here. */
import { maxBigint } from "../../../../protocol/math.js";
import { MIN_REDEMPTION_FEE_SAT } from "../../../../protocol/tbtc/constants.js";
import { PermanentError } from "../../../../protocol/errors.js";
import type { Counters } from "../../../kit/counters.js";
import type { KeeperLog } from "../../../kit/logger.js";
import type { ChainClient } from "../../../kit/provider.js";
import type { BitcoinConfig } from "../../bitcoin/config.js";
import type { ChildSigner } from "../../bitcoin/child.js";
import { openServers } from "../../bitcoin/electrum/open.js";
import { NextBlockRate } from "../../bitcoin/electrum/rate.js";
import type { ElectrumServers } from "../../bitcoin/electrum/servers.js";
import { initialFee } from "../../bitcoin/fee.js";
import type { RedeemerConfig } from "../../config.js";
import type { OtherChain, RescueSite } from "../../site.js";
import { tbtcAddresses } from "./addresses.js";
import type { Payout } from "./options.js";
import { bountySigning } from "./bountySigning.js";
import { openMinting, type OpenMintingParts } from "./minting/open.js";
import { withMinting } from "./minting/signing.js";
import { tbtcSigning } from "./signing.js";
import { TbtcRescue } from "./tbtc.js";

/** Buying a bond on auction and withdrawing it, 287,000 gas, at 50 gwei. */
const TAKER_COST_WEI = 15n * 10n ** 15n;
/** What nobody redeems to: a watching keeper has no destination, and no rule to pay to one. */
const NOWHERE = `0x160014${"00".repeat(20)}`;

export interface TbtcSiteParts {
  readonly client: ChainClient;
  readonly config: Pick<
    RedeemerConfig,
    "systemFile" | "minBlock" | "maxPriceAgeSeconds" | "mode" | "escrow" | "minMarginWei" | "tokenUnitsPerDay"
  > &
    OpenMintingParts["config"];
  readonly bitcoin: BitcoinConfig;
  /** Blocks on top of the last one in which positions are looked for. */
  readonly confirmations: number;
  /** Of the destination's key, where there is one. */
  readonly childSigner?: ChildSigner | undefined;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/** @throws UsageError about the file of addresses; PermanentError TBTC_NOT_PUBLISHED */
export function tbtcSite(parts: TbtcSiteParts): RescueSite {
  const { client, config, bitcoin, confirmations, childSigner, counters, log } = parts;
  const { minBlock, maxPriceAgeSeconds } = config;
  const addresses = tbtcAddresses(client.chainId, config.systemFile);
  const servers = bitcoin.servers.length === 0 ? undefined : openServers(bitcoin);
  const outputScript = bitcoin.destination?.prefixedScript ?? NOWHERE;
  const maxFeeSat = maxBigint(bitcoin.fees.maxFeeSat, MIN_REDEMPTION_FEE_SAT);
  const signing = tbtcSigning(addresses, outputScript, maxFeeSat);
  const escrow = config.mode === "service-provider" ? config.escrow : undefined;
  const protocol = new TbtcRescue({
    ...{ client, addresses, counters, log, ...(escrow === undefined ? {} : { escrow }) },
    payout: { outputScript, initialFeeSat: feeOf(bitcoin, servers) },
    takerCostWei: TAKER_COST_WEI,
    bitcoin: { servers, childSigner, policy: bitcoin.followUp },
    maxPriceAgeSeconds,
    discovery: { minBlock, confirmations },
  });
  const rescues =
    escrow === undefined
      ? signing
      : bountySigning(signing, {
          ...{ addresses, escrow, outputScript, maxFeeSat, mostCostUnits: config.tokenUnitsPerDay },
          leastBountyWei: maxBigint(config.minMarginWei, 1n),
        });
  const isMinting = config.mintTargetUnits > 0n;
  const bounds = {
    ...{ maxLotSat: config.mintMaxSatPerDay, maxCreationFeeWei: config.mintMaxCreationFeeWei },
    returnScript: outputScript,
  };
  return {
    name: "tbtc",
    protocol,
    signing: isMinting ? withMinting(rescues, addresses, bounds) : rescues,
    token: { address: addresses.token.toLowerCase(), symbol: "TBTC", decimals: 18 },
    contracts: {
      TBTCSystem: addresses.system,
      TBTCToken: addresses.token,
      TBTCDepositToken: addresses.depositToken,
      FeeRebateToken: addresses.feeRebateToken,
      VendingMachine: addresses.vendingMachine,
      BondedECDSAKeepFactory: addresses.keepFactory,
      ...(escrow === undefined ? {} : { RescueBounty: escrow }),
    },
    otherChain: otherChainOf(servers),
    ...(protocol.earnings === undefined ? {} : { earnings: protocol.earnings }),
    ...(isMinting && servers !== undefined
      ? { openSupply: (supply) => openMinting({ ...parts, addresses, servers }, supply) }
      : {}),
  };
}

/** What the first payment offers, by the rate of the next block. */
function feeOf({ destination, fees }: BitcoinConfig, servers: ElectrumServers | undefined): Payout["initialFeeSat"] {
  const rate = servers === undefined ? undefined : new NextBlockRate(servers);
  return async (utxoSat) => {
    const nextBlock = await rate?.current();
    try {
      return initialFee(utxoSat, destination?.script.length ?? 0, nextBlock, fees);
    } catch (error) {
      // The contract refuses such an output in any case; the way to redeem it ends at its simulation.
      if (error instanceof PermanentError) return MIN_REDEMPTION_FEE_SAT;
      throw error;
    }
  };
}

function otherChainOf(servers: ElectrumServers | undefined): OtherChain {
  return {
    agreeing: servers?.agreeing ?? 0,
    standings: () => servers?.standings() ?? [],
    probe: async () => {
      await servers?.each((client) => client.tip());
    },
    close: () => servers?.close(),
  };
}
