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
import { creationCode } from "../../protocol/handles.js";
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

/** Makes contracts of a fixed root and salt text. */
class Planner {
  constructor(
    private readonly root: string,
    private readonly saltText: string,
  ) {}

  /** @param source path of the artifact below `contracts/`. `initCode`: with the constructor arguments. */
  contract(name: string, source: string, initCode: string, constructorArgs: readonly unknown[]): PlannedContract {
    const salt = saltOf(this.saltText, name);
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
export function createBlueprint(loaded: LoadedParams): Blueprint {
  requireDecided(loaded);
  const { params } = loaded;
  const roles = decidedRoles(params);
  const root = rootAddress(params.create2);
  const planner = new Planner(root, params.create2.salt);

  const timelock = planner.contract(
    "Timelock",
    "governance/Timelock",
    creationCode(Timelock__factory, roles.deployer),
    [roles.deployer],
  );
  const tokenFactory = planner.contract(
    "M1TokenFactory",
    "tokens/M1TokenFactory",
    creationCode(M1TokenFactory__factory),
    [],
  );
  const tokens = perToken((name) => planToken(params, name, tokenFactory.address, timelock.address));
  const feeds = {} as Record<TokenName, readonly PlannedFeed[]>;
  for (const name of tokenNames) feeds[name] = planFeeds(planner, params, roles, name, timelock.address);

  const oracleArgs = [
    tokens.XAU.address,
    params.oracle.graceBlocks,
    params.oracle.maxBlockSeconds,
    timelock.address,
  ] as const;
  const oracle = planner.contract(
    "XAUOracle",
    "oracle/XAUOracle",
    creationCode(XAUOracle__factory, ...oracleArgs),
    oracleArgs,
  );
  const stabilizing = planStabilizer(planner, params, tokens.XAU.address, oracle.address, timelock.address);
  const pmm = planPmm(planner, params, roles, oracle.address, stabilizing.stabilizer.address, timelock.address);
  const dodo = planDodo(planner, params, tokens, pmm.pmmFactory.address, timelock.address);
  const routing = planRouter(planner, params, roles, dodo.dodoIntegration.address, timelock.address);
  const ledger = planner.contract(
    "Ledger",
    "oracle/Ledger",
    creationCode(Ledger__factory, oracle.address, timelock.address),
    [oracle.address, timelock.address],
  );
  const peg = planPeg(planner, params, roles, oracle.address, timelock.address);
  const governance = { timelock: timelock.address, guardian: roles.guardian };
  const gru = planGru(params, tokens, governance, (...contract) => planner.contract(...contract));
  const reserves = planReserves({
    params,
    tokens,
    references: peg.references,
    oracle: oracle.address,
    timelock: timelock.address,
    contract: (...contract) => planner.contract(...contract),
    feed: (place) => planFeed(planner, params, roles, place, timelock.address),
  });
  const bridge = planBridge({
    params,
    ...governance,
    buckets: reserves.buckets.address,
    pegBoard: peg.pegBoard.address,
    contract: (...contract) => planner.contract(...contract),
  });
  const ccip = planCcip({
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

function planStabilizer(planner: Planner, params: NetworkParams, xau: string, oracle: string, timelock: string) {
  const meshArgs = [xau, timelock] as const;
  const mesh = planner.contract("XauMesh", "mesh/XauMesh", creationCode(XauMesh__factory, ...meshArgs), meshArgs);
  const limitsArgs = [oracle, ceilingsOf(params), timelock] as const;
  const limits = planner.contract(
    "StabilizerLimits",
    "stabilizer/StabilizerLimits",
    creationCode(StabilizerLimits__factory, ...limitsArgs),
    limitsArgs,
  );
  const stabilizerArgs = [limits.address, mesh.address, timelock] as const;
  const stabilizer = planner.contract(
    "Stabilizer",
    "stabilizer/Stabilizer",
    creationCode(Stabilizer__factory, ...stabilizerArgs),
    stabilizerArgs,
  );
  const lens = planner.contract(
    "PegLens",
    "periphery/PegLens",
    creationCode(PegLens__factory, limits.address, oracle),
    [limits.address, oracle],
  );
  return { mesh, limits, stabilizer, lens };
}

function planDodo(
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
  const dodoIntegration = planner.contract(
    "DODOPMMIntegration",
    "dodo/DODOPMMIntegration",
    creationCode(DODOPMMIntegration__factory, ...integrationArgs),
    integrationArgs,
  );
  const dodoProvider = planner.contract(
    "DODOPMMProvider",
    "dodo/DODOPMMProvider",
    creationCode(DODOPMMProvider__factory, dodoIntegration.address, timelock),
    [dodoIntegration.address, timelock],
  );
  const dodoObserver = planner.contract(
    "DodoObserver",
    "dodo/DodoObserver",
    creationCode(DodoObserver__factory, timelock),
    [timelock],
  );
  return { dodoIntegration, dodoProvider, dodoObserver };
}

function planRouter(planner: Planner, params: NetworkParams, roles: Roles, integration: string, timelock: string) {
  const swapQuoter = planner.contract("SwapQuoter", "router/SwapQuoter", creationCode(SwapQuoter__factory), []);
  const { permit2 } = params.router;
  const routerArgs = [
    integration,
    swapQuoter.address,
    permit2 === null ? ZeroAddress : getAddress(permit2),
    timelock,
    roles.guardian,
  ] as const;
  const router = planner.contract(
    "EnhancedSwapRouter",
    "router/EnhancedSwapRouter",
    creationCode(EnhancedSwapRouter__factory, ...routerArgs),
    routerArgs,
  );
  return { swapQuoter, router };
}

function planPmm(
  planner: Planner,
  params: NetworkParams,
  roles: Roles,
  oracle: string,
  stabilizer: string,
  timelock: string,
) {
  const config = poolConfig(params, oracle, stabilizer, roles.treasury);
  const publicPool = planner.contract(
    "PublicPmmPool",
    "pmm/PublicPmmPool",
    creationCode(PublicPmmPool__factory, config),
    [config],
  );
  const privatePool = planner.contract(
    "PrivatePmmPool",
    "pmm/PrivatePmmPool",
    creationCode(PrivatePmmPool__factory, config),
    [config],
  );
  const factoryArgs = [timelock, publicPool.address, privatePool.address] as const;
  const pmmFactory = planner.contract(
    "PmmFactory",
    "pmm/PmmFactory",
    creationCode(PmmFactory__factory, ...factoryArgs),
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

function planFeeds(
  planner: Planner,
  params: NetworkParams,
  roles: Roles,
  token: TokenName,
  timelock: string,
): PlannedFeed[] {
  const bounds = params.oracle.tokens[token];
  return bounds.sources.map((source, index) => {
    const place = { name: recordNames.feed(token, index), source, ...feedBounds(params, token) };
    return planFeed(planner, params, roles, place, timelock);
  });
}

/** A feed by its place in the record, with the answers it accepts. */
export interface FeedPlace {
  readonly name: string;
  readonly source: FeedSource;
  readonly minAnswer: bigint;
  readonly maxAnswer: bigint;
}

function planFeed(
  planner: Planner,
  params: NetworkParams,
  roles: Roles,
  { name, source, minAnswer, maxAnswer }: FeedPlace,
  timelock: string,
): PlannedFeed {
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
  const deployment = creationCode(SignedPriceFeed__factory, feedParams);
  const contract = planner.contract(name, "oracle/SignedPriceFeed", deployment, [feedParams]);
  return { name, address: contract.address, source, minAnswer, maxAnswer, contract };
}

/** Every feed of the deployment: the oracle's, the references of pegs, those of reserve assets. */
export function allFeeds({ feeds, references, reserves }: Blueprint): PlannedFeed[] {
  return [
    ...tokenNames.flatMap((name) => [...feeds[name], ...[references[name] ?? []].flat()]),
    ...reservedTokenNames.flatMap((name) => reserves.feeds[name]),
  ];
}

function planPeg(planner: Planner, params: NetworkParams, roles: Roles, oracle: string, timelock: string) {
  const stablecoinPegManager = planner.contract(
    "StablecoinPegManager",
    "peg/StablecoinPegManager",
    creationCode(StablecoinPegManager__factory, oracle, timelock),
    [oracle, timelock],
  );
  const commodityPegManager = planner.contract(
    "CommodityPegManager",
    "peg/CommodityPegManager",
    creationCode(CommodityPegManager__factory, oracle, timelock),
    [oracle, timelock],
  );
  const pegBoard = planner.contract("PegBoard", "peg/PegBoard", creationCode(PegBoard__factory, timelock), [timelock]);
  const planned = tokenNames.map((token) => {
    const { reference } = params.peg.tokens[token];
    if (reference === null) return [token, undefined] as const;
    const place = { name: recordNames.reference(token), source: reference, ...referenceBounds(params, token) };
    return [token, planFeed(planner, params, roles, place, timelock)] as const;
  });
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
