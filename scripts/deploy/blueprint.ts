import { AbiCoder, concat, getCreate2Address, getAddress, keccak256, parseUnits, ZeroAddress } from "ethers";

import { recordNames } from "../../protocol/addresses.js";
import {
  CommodityPegManager__factory,
  DODOPMMIntegration__factory,
  DODOPMMProvider__factory,
  DodoObserver__factory,
  EnhancedSwapRouter__factory,
  Ledger__factory,
  M1Token__factory,
  M1TokenFactory__factory,
  PegBoard__factory,
  PegLens__factory,
  PmmFactory__factory,
  PrivatePmmPool__factory,
  PublicPmmPool__factory,
  SignedPriceFeed__factory,
  StablecoinPegManager__factory,
  Stabilizer__factory,
  StabilizerLimits__factory,
  SwapQuoter__factory,
  Timelock__factory,
  XAUOracle__factory,
  XauMesh__factory,
} from "../../protocol/generated/contracts/index.js";
import { maker } from "../../protocol/handles.js";
import { codeHash } from "../../protocol/hashes.js";
import { requireDecided, type LoadedParams } from "../../protocol/params/load.js";
import {
  reservedTokenNames,
  tokenNames,
  type FeedSource,
  type NetworkParams,
  type TokenName,
} from "../../protocol/params/schema.js";
import { WAD } from "../../protocol/units.js";
import { planBridge, type PlannedBridge } from "./bridge.js";
import { planCcip, type PlannedCcip } from "./ccip.js";
import { create2Address, saltOf } from "./create2.js";
import { planGru, type PlannedGru } from "./gru.js";
import { ceilingsOf, planMeshPool, planPublicPool, poolConfig, type PlannedPool, type PoolSite } from "./pools.js";
import { planReserves, type PlannedReserves } from "./reserves.js";
import { rootAddress } from "./root.js";
import { argumentText } from "./text.js";
import type { PlannedContract } from "./types.js";

/** Decimals of the answers of our signed feeds, as Chainlink's USD feeds have them. */
export const FEED_DECIMALS = 8;

/** A chain without DODO's own contracts. */
const NO_DODO = {
  dspFactory: ZeroAddress,
  dspProxy: ZeroAddress,
  dspTemplate: ZeroAddress,
  dppFactory: ZeroAddress,
  dppProxy: ZeroAddress,
  dppTemplate: ZeroAddress,
  approve: ZeroAddress,
};

export interface PlannedToken {
  readonly name: TokenName;
  readonly address: string;
  readonly decimals: number;
  /** Made elsewhere: we neither create nor govern it. */
  readonly adopted: boolean;
  readonly fullName: string;
}

export interface PlannedFeed {
  readonly name: string;
  readonly address: string;
  readonly source: FeedSource;
  /** Answers outside these are refused by our feeds. */
  readonly minAnswer: bigint;
  readonly maxAnswer: bigint;
  /** Undefined when adopted. */
  readonly contract: PlannedContract | undefined;
}

/** Who holds what in the end. */
export interface Roles {
  readonly deployer: string;
  readonly admin: string;
  readonly guardian: string;
  readonly keeper: string;
  readonly treasury: string;
}

/**
 * Every address of a deployment, computed from the parameters alone: all contracts stand at CREATE2 addresses, and what makes them
 * (root, factories, timelock) does as well. Nothing is read from the chain.
 */
export interface Blueprint {
  readonly loaded: LoadedParams;
  readonly params: NetworkParams;
  readonly roles: Roles;
  readonly root: string;
  readonly timelock: PlannedContract;
  readonly tokenFactory: PlannedContract;
  readonly tokens: Readonly<Record<TokenName, PlannedToken>>;
  readonly feeds: Readonly<Record<TokenName, readonly PlannedFeed[]>>;
  readonly oracle: PlannedContract;
  readonly mesh: PlannedContract;
  readonly limits: PlannedContract;
  readonly stabilizer: PlannedContract;
  readonly publicPool: PlannedContract;
  readonly privatePool: PlannedContract;
  readonly pmmFactory: PlannedContract;
  readonly lens: PlannedContract;
  /** Accounts in XAU. */
  readonly ledger: PlannedContract;
  readonly stablecoinPegManager: PlannedContract;
  readonly commodityPegManager: PlannedContract;
  readonly pegBoard: PlannedContract;
  /** Second opinions on what currencies and commodities are worth; none for a token that is pegged to the dollar. */
  readonly references: Readonly<Record<TokenName, PlannedFeed | undefined>>;
  readonly dodoIntegration: PlannedContract;
  readonly dodoProvider: PlannedContract;
  readonly dodoObserver: PlannedContract;
  readonly gru: PlannedGru;
  readonly reserves: PlannedReserves;
  readonly swapQuoter: PlannedContract;
  readonly router: PlannedContract;
  readonly bridge: PlannedBridge;
  /** undefined: no other chain over CCIP. */
  readonly ccip: PlannedCcip | undefined;
  /** Public and other registered pools in the order of the parameters. */
  readonly pools: readonly PlannedPool[];
  readonly meshPools: readonly PlannedPool[];
}

// Twelve feeds share one: reading an ABI takes milliseconds.
const feedFactory = new SignedPriceFeed__factory();

/** Makes contracts of a fixed root and salt text. */
class Planner {
  constructor(
    private readonly root: string,
    private readonly saltText: string,
  ) {}

  /** @param source path of the artifact below `contracts/`. `deployment`: what TypeChain's `getDeployTransaction` answered. */
  async contract(
    name: string,
    source: string,
    deployment: Promise<{ data: string }>,
    constructorArgs: readonly unknown[],
  ): Promise<PlannedContract> {
    const salt = saltOf(this.saltText, name);
    const initCode = (await deployment).data;
    return {
      name,
      address: create2Address(this.root, salt, initCode),
      source,
      constructorArgs: constructorArgs.map(argumentText),
      make: { by: "root", salt, initCode },
    };
  }
}

/**
 * Computes all addresses.
 * @throws ParameterError PARAM_UNSET when roles or reporters are not decided.
 */
export async function createBlueprint(loaded: LoadedParams): Promise<Blueprint> {
  requireDecided(loaded);
  const { params } = loaded;
  const roles = decidedRoles(params);
  const root = rootAddress(params.create2);
  const planner = new Planner(root, params.create2.salt);

  const timelock = await planner.contract(
    "Timelock",
    "governance/Timelock",
    maker(Timelock__factory).getDeployTransaction(roles.deployer),
    [roles.deployer],
  );
  const tokenFactory = await planner.contract(
    "M1TokenFactory",
    "tokens/M1TokenFactory",
    maker(M1TokenFactory__factory).getDeployTransaction(),
    [],
  );
  const tokens = perToken((name) => planToken(params, name, tokenFactory.address, timelock.address));
  const feeds = {} as Record<TokenName, readonly PlannedFeed[]>;
  for (const name of tokenNames) feeds[name] = await planFeeds(planner, params, roles, name, timelock.address);

  const oracleArgs = [
    tokens.XAU.address,
    params.oracle.graceBlocks,
    params.oracle.maxBlockSeconds,
    timelock.address,
  ] as const;
  const oracle = await planner.contract(
    "XAUOracle",
    "oracle/XAUOracle",
    maker(XAUOracle__factory).getDeployTransaction(...oracleArgs),
    oracleArgs,
  );
  const stabilizing = await planStabilizer(planner, params, tokens.XAU.address, oracle.address, timelock.address);
  const pmm = await planPmm(planner, params, roles, oracle.address, stabilizing.stabilizer.address, timelock.address);
  const dodo = await planDodo(planner, params, tokens, pmm.pmmFactory.address, timelock.address);
  const routing = await planRouter(planner, params, roles, dodo.dodoIntegration.address, timelock.address);
  const ledger = await planner.contract(
    "Ledger",
    "oracle/Ledger",
    maker(Ledger__factory).getDeployTransaction(oracle.address, timelock.address),
    [oracle.address, timelock.address],
  );
  const peg = await planPeg(planner, params, roles, oracle.address, timelock.address);
  const governance = { timelock: timelock.address, guardian: roles.guardian };
  const gru = await planGru(params, tokens, governance, (...contract) => planner.contract(...contract));
  const reserves = await planReserves({
    params,
    tokens,
    references: peg.references,
    oracle: oracle.address,
    timelock: timelock.address,
    contract: (...contract) => planner.contract(...contract),
    feed: (place) => planFeed(planner, params, roles, place, timelock.address),
  });
  const bridge = await planBridge({
    params,
    ...governance,
    buckets: reserves.buckets.address,
    pegBoard: peg.pegBoard.address,
    contract: (...contract) => planner.contract(...contract),
  });
  const ccip = await planCcip({
    params,
    timelock: timelock.address,
    contract: (...contract) => planner.contract(...contract),
  });
  const site: PoolSite = { tokens, creator: timelock.address, mesh: stabilizing.mesh.address, ...pmm };
  const pools = params.pools.map((pool) => planPublicPool(site, pool));
  const meshPools = params.mesh.tokens.map((token) => planMeshPool(site, params, token));
  return {
    loaded,
    params,
    roles,
    root,
    timelock,
    tokenFactory,
    tokens,
    feeds,
    oracle,
    ...stabilizing,
    ...pmm,
    ...dodo,
    ...peg,
    gru,
    reserves,
    ...routing,
    bridge,
    ccip,
    ledger,
    pools,
    meshPools,
  };
}

async function planStabilizer(planner: Planner, params: NetworkParams, xau: string, oracle: string, timelock: string) {
  const meshArgs = [xau, timelock] as const;
  const mesh = await planner.contract(
    "XauMesh",
    "mesh/XauMesh",
    maker(XauMesh__factory).getDeployTransaction(...meshArgs),
    meshArgs,
  );
  const limitsArgs = [oracle, ceilingsOf(params), timelock] as const;
  const limits = await planner.contract(
    "StabilizerLimits",
    "stabilizer/StabilizerLimits",
    maker(StabilizerLimits__factory).getDeployTransaction(...limitsArgs),
    limitsArgs,
  );
  const stabilizerArgs = [limits.address, mesh.address, timelock] as const;
  const stabilizer = await planner.contract(
    "Stabilizer",
    "stabilizer/Stabilizer",
    maker(Stabilizer__factory).getDeployTransaction(...stabilizerArgs),
    stabilizerArgs,
  );
  const lens = await planner.contract(
    "PegLens",
    "periphery/PegLens",
    maker(PegLens__factory).getDeployTransaction(limits.address, oracle),
    [limits.address, oracle],
  );
  return { mesh, limits, stabilizer, lens };
}

async function planDodo(
  planner: Planner,
  params: NetworkParams,
  tokens: Readonly<Record<TokenName, PlannedToken>>,
  pmmFactory: string,
  timelock: string,
) {
  const { existing, reserveTokens } = params.dodo;
  const stables = {
    cUSDT: tokens.cUSDT.address,
    cUSDC: tokens.cUSDC.address,
    usdt: reserveTokens.USDT ?? ZeroAddress,
    usdc: reserveTokens.USDC ?? ZeroAddress,
  };
  const integrationArgs = [stables, pmmFactory, existing ?? NO_DODO, timelock] as const;
  const dodoIntegration = await planner.contract(
    "DODOPMMIntegration",
    "dodo/DODOPMMIntegration",
    maker(DODOPMMIntegration__factory).getDeployTransaction(...integrationArgs),
    integrationArgs,
  );
  const dodoProvider = await planner.contract(
    "DODOPMMProvider",
    "dodo/DODOPMMProvider",
    maker(DODOPMMProvider__factory).getDeployTransaction(dodoIntegration.address, timelock),
    [dodoIntegration.address, timelock],
  );
  const dodoObserver = await planner.contract(
    "DodoObserver",
    "dodo/DodoObserver",
    maker(DodoObserver__factory).getDeployTransaction(timelock),
    [timelock],
  );
  return { dodoIntegration, dodoProvider, dodoObserver };
}

async function planRouter(
  planner: Planner,
  params: NetworkParams,
  roles: Roles,
  integration: string,
  timelock: string,
) {
  const swapQuoter = await planner.contract(
    "SwapQuoter",
    "router/SwapQuoter",
    maker(SwapQuoter__factory).getDeployTransaction(),
    [],
  );
  const { permit2 } = params.router;
  const routerArgs = [
    integration,
    swapQuoter.address,
    permit2 === null ? ZeroAddress : getAddress(permit2),
    timelock,
    roles.guardian,
  ] as const;
  const router = await planner.contract(
    "EnhancedSwapRouter",
    "router/EnhancedSwapRouter",
    maker(EnhancedSwapRouter__factory).getDeployTransaction(...routerArgs),
    routerArgs,
  );
  return { swapQuoter, router };
}

async function planPmm(
  planner: Planner,
  params: NetworkParams,
  roles: Roles,
  oracle: string,
  stabilizer: string,
  timelock: string,
) {
  const config = poolConfig(params, oracle, stabilizer, roles.treasury);
  const publicPool = await planner.contract(
    "PublicPmmPool",
    "pmm/PublicPmmPool",
    maker(PublicPmmPool__factory).getDeployTransaction(config),
    [config],
  );
  const privatePool = await planner.contract(
    "PrivatePmmPool",
    "pmm/PrivatePmmPool",
    maker(PrivatePmmPool__factory).getDeployTransaction(config),
    [config],
  );
  const factoryArgs = [timelock, publicPool.address, privatePool.address] as const;
  const pmmFactory = await planner.contract(
    "PmmFactory",
    "pmm/PmmFactory",
    maker(PmmFactory__factory).getDeployTransaction(...factoryArgs),
    factoryArgs,
  );
  return { publicPool, privatePool, pmmFactory };
}

function decidedRoles(params: NetworkParams): Roles {
  const { deployer, admin, guardian, keeper, treasury } = params.roles;
  if (deployer === null || admin === null || guardian === null || keeper === null || treasury === null) {
    throw new Error("requireDecided has let an undecided role through");
  }
  return { deployer, admin, guardian, keeper, treasury };
}

function perToken<T>(make: (name: TokenName) => T): Record<TokenName, T> {
  return { cUSDT: make("cUSDT"), cUSDC: make("cUSDC"), cEURT: make("cEURT"), XAU: make("XAU") };
}

/** M1 tokens are made by their factory; the timelock is both creator and admin. */
function planToken(params: NetworkParams, name: TokenName, factory: string, timelock: string): PlannedToken {
  const token = params.tokens[name];
  const common = { name, decimals: token.decimals, fullName: token.name };
  if (token.existing !== undefined) return { ...common, address: getAddress(token.existing), adopted: true };
  const coder = AbiCoder.defaultAbiCoder();
  const salt = keccak256(
    coder.encode(
      ["address", "string", "string", "uint8", "address"],
      [timelock, token.name, name, token.decimals, timelock],
    ),
  );
  const initCode = concat([
    M1Token__factory.bytecode,
    coder.encode(["string", "string", "uint8", "address"], [token.name, name, token.decimals, timelock]),
  ]);
  return { ...common, address: getCreate2Address(factory, salt, codeHash(initCode)), adopted: false };
}

function feedBounds(params: NetworkParams, token: TokenName): { minAnswer: bigint; maxAnswer: bigint } {
  const { minPriceUsd, maxPriceUsd } = params.oracle.tokens[token];
  return { minAnswer: parseUnits(minPriceUsd, FEED_DECIMALS), maxAnswer: parseUnits(maxPriceUsd, FEED_DECIMALS) };
}

async function planFeeds(
  planner: Planner,
  params: NetworkParams,
  roles: Roles,
  token: TokenName,
  timelock: string,
): Promise<PlannedFeed[]> {
  const bounds = params.oracle.tokens[token];
  return Promise.all(
    bounds.sources.map((source, index) => {
      const place = { name: recordNames.feed(token, index), source, ...feedBounds(params, token) };
      return planFeed(planner, params, roles, place, timelock);
    }),
  );
}

/** A feed by its place in the record, with the answers it accepts. */
export interface FeedPlace {
  readonly name: string;
  readonly source: FeedSource;
  readonly minAnswer: bigint;
  readonly maxAnswer: bigint;
}

async function planFeed(
  planner: Planner,
  params: NetworkParams,
  roles: Roles,
  { name, source, minAnswer, maxAnswer }: FeedPlace,
  timelock: string,
): Promise<PlannedFeed> {
  if (source.kind === "chainlink") {
    return { name, address: getAddress(source.existing), source, minAnswer, maxAnswer, contract: undefined };
  }
  const feedParams = {
    description: source.description,
    decimals: FEED_DECIMALS,
    threshold: params.reporters.threshold,
    minGapBlocks: params.oracle.minRoundGapBlocks,
    maxDelaySeconds: params.oracle.maxReportDelaySeconds,
    minAnswer,
    maxAnswer,
    signers: params.reporters.addresses,
    owner: timelock,
    guardian: roles.guardian,
  };
  const deployment = feedFactory.getDeployTransaction(feedParams);
  const contract = await planner.contract(name, "oracle/SignedPriceFeed", deployment, [feedParams]);
  return { name, address: contract.address, source, minAnswer, maxAnswer, contract };
}

/** Every feed of the deployment: the oracle's, the references of pegs, those of reserve assets. */
export function allFeeds({ feeds, references, reserves }: Blueprint): PlannedFeed[] {
  return [
    ...tokenNames.flatMap((name) => [...feeds[name], ...[references[name] ?? []].flat()]),
    ...reservedTokenNames.flatMap((name) => reserves.feeds[name]),
  ];
}

async function planPeg(planner: Planner, params: NetworkParams, roles: Roles, oracle: string, timelock: string) {
  const stablecoinPegManager = await planner.contract(
    "StablecoinPegManager",
    "peg/StablecoinPegManager",
    maker(StablecoinPegManager__factory).getDeployTransaction(oracle, timelock),
    [oracle, timelock],
  );
  const commodityPegManager = await planner.contract(
    "CommodityPegManager",
    "peg/CommodityPegManager",
    maker(CommodityPegManager__factory).getDeployTransaction(oracle, timelock),
    [oracle, timelock],
  );
  const pegBoard = await planner.contract(
    "PegBoard",
    "peg/PegBoard",
    maker(PegBoard__factory).getDeployTransaction(timelock),
    [timelock],
  );
  const planned = await Promise.all(
    tokenNames.map(async (token) => {
      const { reference } = params.peg.tokens[token];
      if (reference === null) return [token, undefined] as const;
      const place = { name: recordNames.reference(token), source: reference, ...referenceBounds(params, token) };
      return [token, await planFeed(planner, params, roles, place, timelock)] as const;
    }),
  );
  const references = Object.fromEntries(planned) as Record<TokenName, PlannedFeed | undefined>;
  return { stablecoinPegManager, commodityPegManager, pegBoard, references };
}

/** The same for a token's reference feed: the token's own bounds, per unit of the reference. */
function referenceBounds(params: NetworkParams, token: TokenName): { minAnswer: bigint; maxAnswer: bigint } {
  const { minPriceUsd, maxPriceUsd } = params.oracle.tokens[token];
  const { par } = params.peg.tokens[token];
  return { minAnswer: perReferenceUnit(minPriceUsd, par), maxAnswer: perReferenceUnit(maxPriceUsd, par) };
}

/** A token's price as its reference feed would answer it, rounded down: USD per unit of the reference. */
export function perReferenceUnit(tokenPriceUsd: string, par: string): bigint {
  return (parseUnits(tokenPriceUsd, FEED_DECIMALS) * WAD) / parseUnits(par, 18);
}
