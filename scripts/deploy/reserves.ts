import { getAddress, parseUnits, ZeroAddress } from "ethers";

import { recordNames } from "../../protocol/addresses.js";
import {
  CapitalBuckets__factory,
  FlashVault__factory,
  PublicLiquidity__factory,
  ReserveLens__factory,
  ReserveSystem__factory,
  StablecoinReserveVault__factory,
  StandInToken__factory,
  XAUOracle__factory,
} from "../../protocol/generated/contracts/index.js";
import { creationCode } from "../../protocol/handles.js";
import {
  reservedTokenNames,
  type NetworkParams,
  type ReservedToken,
  type TokenName,
} from "../../protocol/params/schema.js";
import { WAD } from "../../protocol/units.js";
import { FEED_DECIMALS, type FeedPlace, type PlannedFeed, type PlannedToken } from "./blueprint.js";
import type { MakeContract, PlannedContract } from "./types.js";

/** A token's reserve asset. */
export interface PlannedAsset {
  readonly contract: PlannedContract;
  readonly address: string;
  readonly decimals: number;
  /** Made by this deployment and worth nothing. */
  readonly standIn: boolean;
}

/** Reserve assets and their vaults, the meter of outflows, and the five capital buckets with their holders. */
export interface PlannedReserves {
  readonly assets: Readonly<Record<ReservedToken, PlannedAsset>>;
  readonly feeds: Readonly<Record<ReservedToken, readonly PlannedFeed[]>>;
  /** Prices of the assets, apart from the oracle that pools and stabilizer read: an entry more there is gas for each of their reads. */
  readonly oracle: PlannedContract;
  readonly system: PlannedContract;
  readonly vaults: Readonly<Record<ReservedToken, PlannedContract>>;
  readonly buckets: PlannedContract;
  readonly flashVault: PlannedContract;
  readonly publicLiquidity: PlannedContract;
  /** One read of all of it for keepers. */
  readonly lens: PlannedContract;
}

/** What the contracts of the reserves are made from. */
interface ReserveSite {
  readonly params: NetworkParams;
  readonly tokens: Readonly<Record<TokenName, PlannedToken>>;
  readonly references: Readonly<Record<TokenName, PlannedFeed | undefined>>;
  readonly oracle: string;
  readonly timelock: string;
  readonly contract: MakeContract;
  readonly feed: (place: FeedPlace) => PlannedFeed;
}

/** Computes the addresses of the reserve contracts. Their owner is the timelock from their first block. */
export function planReserves(site: ReserveSite): PlannedReserves {
  const { params, tokens, timelock } = site;
  const { graceBlocks, maxBlockSeconds } = params.oracle;
  const oracleArgs = [tokens.XAU.address, graceBlocks, maxBlockSeconds, timelock] as const;
  const [oracle, system, flashVault, publicLiquidity] = [
    site.contract("ReserveOracle", "oracle/XAUOracle", creationCode(XAUOracle__factory, ...oracleArgs), oracleArgs),
    site.contract("ReserveSystem", "reserve/ReserveSystem", creationCode(ReserveSystem__factory, timelock), [timelock]),
    site.contract("FlashVault", "reserve/FlashVault", creationCode(FlashVault__factory, timelock), [timelock]),
    site.contract("PublicLiquidity", "reserve/PublicLiquidity", creationCode(PublicLiquidity__factory, timelock), [
      timelock,
    ]),
  ];
  const bucketArgs = [site.oracle, system.address, timelock] as const;
  const buckets = site.contract(
    "CapitalBuckets",
    "reserve/CapitalBuckets",
    creationCode(CapitalBuckets__factory, ...bucketArgs),
    bucketArgs,
  );
  const lensArgs = [buckets.address, system.address] as const;
  const lens = site.contract(
    "ReserveLens",
    "periphery/ReserveLens",
    creationCode(ReserveLens__factory, ...lensArgs),
    lensArgs,
  );
  const assets = perReserved((name) => planAsset(site, name));
  const feeds = perReserved((name) => planAssetFeeds(site, name));
  const vaults = perReserved((name) =>
    planVault(site, name, assets[name].address, { oracle, system, feeRecipient: buckets }),
  );
  return { assets, feeds, oracle, system, vaults, buckets, flashVault, publicLiquidity, lens };
}

function perReserved<T>(make: (name: ReservedToken) => T): Record<ReservedToken, T> {
  const entries = reservedTokenNames.map((name) => [name, make(name)] as const);
  return Object.fromEntries(entries) as Record<ReservedToken, T>;
}

function planAsset({ params, contract }: ReserveSite, token: ReservedToken): PlannedAsset {
  const { asset } = params.reserves.tokens[token];
  const name = recordNames.reserveAsset(token);
  const { decimals } = asset;
  if (asset.kind === "stand-in") {
    const args = [asset.name, asset.symbol, decimals] as const;
    const initCode = creationCode(StandInToken__factory, ...args);
    const made = contract(name, "local/StandInToken", initCode, args);
    return { contract: made, address: made.address, decimals, standIn: true };
  }
  if (asset.existing === null) throw new Error("requireDecided has let an undecided reserve asset through");
  const address = getAddress(asset.existing);
  return {
    contract: { name, address, constructorArgs: [], make: { by: "adopted" } },
    address,
    decimals,
    standIn: false,
  };
}

function planAssetFeeds({ params, feed }: ReserveSite, token: ReservedToken): PlannedFeed[] {
  const { sources, minPriceUsd, maxPriceUsd } = params.reserves.tokens[token].price;
  const [minAnswer, maxAnswer] = [minPriceUsd, maxPriceUsd].map((text) => parseUnits(text, FEED_DECIMALS)) as [
    bigint,
    bigint,
  ];
  return sources.map((source, index) =>
    feed({ name: recordNames.reserveFeed(token, index), source, minAnswer, maxAnswer }),
  );
}

/** Fees, band and the rest are settings: what is given here must not change an address when governance changes it. */
function planVault(
  { tokens, references, timelock, contract }: ReserveSite,
  token: ReservedToken,
  asset: string,
  around: { oracle: PlannedContract; system: PlannedContract; feeRecipient: PlannedContract },
): PlannedContract {
  const m1 = tokens[token].address;
  const args = [
    m1,
    asset,
    references[token] === undefined ? ZeroAddress : m1,
    around.oracle.address,
    around.system.address,
    { mintFeeWad: 0n, redeemFeeWad: 0n },
    WAD,
    around.feeRecipient.address,
    timelock,
  ] as const;
  return contract(
    recordNames.reserveVault(token),
    "reserve/StablecoinReserveVault",
    creationCode(StablecoinReserveVault__factory, ...args),
    args,
  );
}
