import { PermanentError } from "../errors.js";

/** Contracts of tBTC v1 and Keep that Cantilever talks to. */
export interface TbtcAddresses {
  readonly system: string;
  readonly token: string;
  readonly depositToken: string;
  readonly feeRebateToken: string;
  readonly vendingMachine: string;
  readonly depositFactory: string;
  readonly keepFactory: string;
  readonly keepBonding: string;
  readonly priceFeed: string;
  /** Maker's ETH/BTC medianizer. */
  readonly medianizer: string;
  readonly relay: string;
  readonly fundingScript: string;
  readonly redemptionScript: string;
}

/** Ethereum, as the npm artifacts of @keep-network/tbtc 1.1.0 and @keep-network/keep-ecdsa 1.8.0 record them. */
export const MAINNET: TbtcAddresses = {
  system: "0xe20A5C79b39bC8C363f0f49ADcFa82C2a01ab64a",
  token: "0x8dAEBADE922dF735c38C80C7eBD708Af50815fAa",
  depositToken: "0x10B66Bd1e3b5a936B7f8Dbc5976004311037Cdf0",
  feeRebateToken: "0xaf3fFF06b75f99352d8C2a3C4beF1339a2f94789",
  vendingMachine: "0x526c08E5532A9308b3fb33b7968eF78a5005d2AC",
  depositFactory: "0x87EFFeF56C7fF13E2463b5d4dCE81bE2340FAf8b",
  keepFactory: "0xA7d9E842EFB252389d613dA88EDa3731512e40bD",
  keepBonding: "0x27321f84704a599aB740281E285cc4463d89A3D5",
  priceFeed: "0xA3F68d722FBa26173aB64697B4625d4aD0F4C818",
  medianizer: "0x81A679f98b63B3dDf2F17CB5619f4d6775b3c5ED",
  relay: "0x1531b6e3d51BF80f634957dF81A990B92dA4b154",
  fundingScript: "0x94C70C36b519E03705DDc26982d438F71993d063",
  redemptionScript: "0x0972E6062eAC0fe8686D82EA010504066Dadb887",
};

/** The published addresses of a chain. @throws PermanentError TBTC_NOT_PUBLISHED on any chain but Ethereum. */
export function publishedTbtc(chainId: number): TbtcAddresses {
  if (chainId === 1) return MAINNET;
  throw new PermanentError(
    "TBTC_NOT_PUBLISHED",
    `tBTC v1 was published on chain 1, not on chain ${String(chainId)}`,
    "name the addresses of the local system",
    { chainId: String(chainId) },
  );
}
