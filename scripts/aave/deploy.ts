/**
 * A market of Aave v3 on a development chain, from the published bytecode: addresses provider, access control, pool with its libraries, configurator,
 * oracle, interest rates, aTokens and debt tokens. Only tokens and price feeds are ours (contracts/local).
 */
import { getAddress, type Interface, ZeroAddress } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import { SettablePriceFeed__factory, StandInToken__factory } from "../../protocol/generated/contracts/index.js";
import type { LocalChain } from "../local/chain.js";
import { aaveArtifact, aaveCreationCode, type AaveArtifactName } from "./artifacts.js";

export interface ReserveOptions {
  readonly symbol: string;
  readonly decimals: number;
  /** US dollars per whole token, 8 decimals. */
  readonly priceUsd8: bigint;
  /** Basis points; a threshold of 0 makes it no collateral. */
  readonly ltvBps: bigint;
  readonly liquidationThresholdBps: bigint;
  readonly liquidationBonusBps: bigint;
  /** Puts it into the efficiency mode of the market. */
  readonly eMode?: boolean;
}

export interface AaveOptions {
  /** Pays for everything and has every role. */
  readonly deployer: string;
  readonly reserves: readonly ReserveOptions[];
}

export interface AaveReserve extends ReserveOptions {
  readonly asset: string;
  readonly feed: string;
  readonly aToken: string;
  readonly variableDebtToken: string;
  readonly stableDebtToken: string;
}

export interface AaveMarket {
  readonly options: AaveOptions;
  readonly provider: string;
  readonly pool: string;
  readonly configurator: string;
  readonly oracle: string;
  readonly reserves: ReadonlyMap<string, AaveReserve>;
}

/** 6, 8 and 18 decimals, two of 18: what is owed and what is held can differ in everything. */
export const REFERENCE_RESERVES: readonly ReserveOptions[] = [
  {
    ...{ symbol: "WETH", decimals: 18, priceUsd8: 2_000n * 10n ** 8n },
    ...{ ltvBps: 8_000n, liquidationThresholdBps: 8_250n, liquidationBonusBps: 10_500n },
  },
  {
    ...{ symbol: "WBTC", decimals: 8, priceUsd8: 60_000n * 10n ** 8n },
    ...{ ltvBps: 7_000n, liquidationThresholdBps: 7_500n, liquidationBonusBps: 11_000n },
  },
  {
    ...{ symbol: "USDC", decimals: 6, priceUsd8: 10n ** 8n, eMode: true },
    ...{ ltvBps: 7_700n, liquidationThresholdBps: 8_000n, liquidationBonusBps: 10_450n },
  },
  {
    ...{ symbol: "DAI", decimals: 18, priceUsd8: 10n ** 8n, eMode: true },
    ...{ ltvBps: 7_500n, liquidationThresholdBps: 7_700n, liquidationBonusBps: 10_500n },
  },
];
export const EMODE_ID = 1;
/** Thresholds of the efficiency mode, basis points. */
export const EMODE = { ltv: 9_300n, liquidationThreshold: 9_500n, liquidationBonus: 10_100n } as const;

const USD_UNIT = 10n ** 8n;
const FEED_DECIMALS = 8;
const RAY = 10n ** 27n;
const RESERVE_FACTOR_BPS = 1_000n;
/** Of the bonus, to the treasury. */
const PROTOCOL_FEE_BPS = 1_000n;
/** Optimal use 80 %, then steep: rays. */
const RATES = [
  (80n * RAY) / 100n,
  0n,
  (4n * RAY) / 100n,
  (75n * RAY) / 100n,
  RAY / 200n,
  (75n * RAY) / 100n,
  RAY / 100n,
  (8n * RAY) / 100n,
  (20n * RAY) / 100n,
];

const NAMES = {
  provider: "protocol/configuration/PoolAddressesProvider.sol:PoolAddressesProvider",
  acl: "protocol/configuration/ACLManager.sol:ACLManager",
  pool: "protocol/pool/Pool.sol:Pool",
  configurator: "protocol/pool/PoolConfigurator.sol:PoolConfigurator",
  oracle: "misc/AaveOracle.sol:AaveOracle",
  dataProvider: "misc/AaveProtocolDataProvider.sol:AaveProtocolDataProvider",
  rates: "protocol/pool/DefaultReserveInterestRateStrategy.sol:DefaultReserveInterestRateStrategy",
  aToken: "protocol/tokenization/AToken.sol:AToken",
  stableDebtToken: "protocol/tokenization/StableDebtToken.sol:StableDebtToken",
  variableDebtToken: "protocol/tokenization/VariableDebtToken.sol:VariableDebtToken",
} as const satisfies Record<string, AaveArtifactName>;

const feedAbi = SettablePriceFeed__factory.createInterface();
const tokenAbi = StandInToken__factory.createInterface();

export async function deployAave(chain: LocalChain, options: AaveOptions): Promise<AaveMarket> {
  const site = new Site(chain, options.deployer);
  const now = await chain.now();
  const tokens: { readonly reserve: ReserveOptions; readonly asset: string; readonly feed: string }[] = [];
  for (const reserve of options.reserves) {
    const { symbol, decimals, priceUsd8 } = reserve;
    const asset = await site.createOwn(
      StandInToken__factory.bytecode + tokenAbi.encodeDeploy([symbol, symbol, decimals]).slice(2),
    );
    const feed = await site.createOwn(
      SettablePriceFeed__factory.bytecode + feedAbi.encodeDeploy([FEED_DECIMALS]).slice(2),
    );
    await site.call(feed, feedAbi.encodeFunctionData("set", [priceUsd8, now]));
    tokens.push({ reserve, asset, feed });
  }
  const frame = await deployFrame(site, options.deployer, tokens);
  const implementations = {
    aTokenImpl: await site.create(NAMES.aToken, frame.pool),
    stableDebtTokenImpl: await site.create(NAMES.stableDebtToken, frame.pool),
    variableDebtTokenImpl: await site.create(NAMES.variableDebtToken, frame.pool),
    interestRateStrategyAddress: await site.create(NAMES.rates, frame.provider, ...RATES),
  };
  const configurator = site.at(frame.configurator, NAMES.configurator);
  await configurator(
    "setEModeCategory",
    EMODE_ID,
    EMODE.ltv,
    EMODE.liquidationThreshold,
    EMODE.liquidationBonus,
    ZeroAddress,
    "dollars",
  );
  const reserves = new Map<string, AaveReserve>();
  for (const { reserve, asset, feed } of tokens) {
    const { symbol, decimals, ltvBps, liquidationThresholdBps, liquidationBonusBps, eMode } = reserve;
    const names = { name: `Aave ${symbol}`, symbol: `a${symbol}` };
    await configurator("initReserves", [
      {
        ...implementations,
        underlyingAssetDecimals: decimals,
        underlyingAsset: asset,
        treasury: options.deployer,
        incentivesController: ZeroAddress,
        aTokenName: names.name,
        aTokenSymbol: names.symbol,
        variableDebtTokenName: `${names.name} variable debt`,
        variableDebtTokenSymbol: `variableDebt${symbol}`,
        stableDebtTokenName: `${names.name} stable debt`,
        stableDebtTokenSymbol: `stableDebt${symbol}`,
        params: "0x",
      },
    ]);
    await configurator("configureReserveAsCollateral", asset, ltvBps, liquidationThresholdBps, liquidationBonusBps);
    await configurator("setReserveBorrowing", asset, true);
    await configurator("setReserveStableRateBorrowing", asset, true);
    await configurator("setReserveFactor", asset, RESERVE_FACTOR_BPS);
    await configurator("setLiquidationProtocolFee", asset, PROTOCOL_FEE_BPS);
    if (eMode === true) await configurator("setAssetEModeCategory", asset, EMODE_ID);
    const data = await site.read(frame.pool, NAMES.pool, "getReserveData", asset);
    const { aTokenAddress, variableDebtTokenAddress, stableDebtTokenAddress } = data as Readonly<
      Record<string, string>
    >;
    reserves.set(symbol, {
      ...reserve,
      asset,
      feed,
      aToken: String(aTokenAddress),
      variableDebtToken: String(variableDebtTokenAddress),
      stableDebtToken: String(stableDebtTokenAddress),
    });
  }
  return { options, reserves, ...frame };
}

async function deployFrame(
  site: Site,
  deployer: string,
  tokens: readonly { readonly asset: string; readonly feed: string }[],
): Promise<Pick<AaveMarket, "provider" | "pool" | "configurator" | "oracle">> {
  const providerAddress = await site.create(NAMES.provider, "local", deployer);
  const provider = site.at(providerAddress, NAMES.provider);
  await provider("setACLAdmin", deployer);
  const aclAddress = await site.create(NAMES.acl, providerAddress);
  const acl = site.at(aclAddress, NAMES.acl);
  await provider("setACLManager", aclAddress);
  for (const role of ["addPoolAdmin", "addAssetListingAdmin", "addRiskAdmin", "addEmergencyAdmin"])
    await acl(role, deployer);
  await provider("setPoolImpl", await site.create(NAMES.pool, providerAddress));
  await provider("setPoolConfiguratorImpl", await site.create(NAMES.configurator));
  const assets = tokens.map(({ asset }) => asset);
  const feeds = tokens.map(({ feed }) => feed);
  const oracle = await site.create(NAMES.oracle, providerAddress, assets, feeds, ZeroAddress, ZeroAddress, USD_UNIT);
  await provider("setPriceOracle", oracle);
  await provider("setPoolDataProvider", await site.create(NAMES.dataProvider, providerAddress));
  return {
    provider: providerAddress,
    pool: String(await site.read(providerAddress, NAMES.provider, "getPool")),
    configurator: String(await site.read(providerAddress, NAMES.provider, "getPoolConfigurator")),
    oracle,
  };
}

/** Creates and calls as the deployer; each library is created once. */
class Site {
  private readonly libraries = new Map<AaveArtifactName, string>();

  constructor(
    private readonly chain: LocalChain,
    private readonly deployer: string,
  ) {}

  async create(name: AaveArtifactName, ...args: unknown[]): Promise<string> {
    const artifact = aaveArtifact(name);
    for (const library of artifact.links.keys()) {
      if (!this.libraries.has(library)) this.libraries.set(library, await this.create(library));
    }
    return this.createOwn(aaveCreationCode(artifact, args, (library) => this.libraries.get(library) ?? ""));
  }

  async createOwn(code: string): Promise<string> {
    const { contractAddress } = await this.chain.send({ from: this.deployer, data: code });
    if (contractAddress === undefined) throw new PermanentError("AAVE_NOT_CREATED", "the node created no contract");
    return getAddress(contractAddress);
  }

  async call(to: string, data: string): Promise<void> {
    await this.chain.send({ from: this.deployer, to, data });
  }

  /** Sends to a contract that has the ABI of this artifact. */
  at(address: string, name: AaveArtifactName) {
    const { abi } = aaveArtifact(name);
    return (method: string, ...args: unknown[]): Promise<void> =>
      this.call(address, abi.encodeFunctionData(method, args));
  }

  /** The first value that a view answers. */
  async read(address: string, name: AaveArtifactName, view: string, ...args: unknown[]): Promise<unknown> {
    const abi: Interface = aaveArtifact(name).abi;
    const answer = await this.chain.provider.call({ to: address, data: abi.encodeFunctionData(view, args) });
    return abi.decodeFunctionResult(view, answer)[0];
  }
}
