import { AbiCoder, concat, getCreate2Address, keccak256, toBeHex, ZeroAddress } from "ethers";

import { recordNames } from "../../protocol/addresses.js";
import {
  IPmmFactory__factory,
  type IPmmFactory,
  type IStabilizerLimits,
} from "../../protocol/generated/contracts/index.js";
import { profileOf } from "../../protocol/params/checks.js";
import { pairOf } from "../../protocol/params/rules.js";
import type { NetworkParams, PoolParams, TokenName } from "../../protocol/params/schema.js";
import { parseBpsAsWad, parseDecimal, parseWad } from "../../protocol/units.js";
import type { PlannedToken } from "./blueprint.js";
import type { PlannedContract } from "./types.js";

const GWEI_DECIMALS = 9;
/** IPmmPool.Kind and IPmmPool.Pricing. */
const KIND = { public: 0n, private: 1n } as const;
const PRICING = { fixed: 0n, oracle: 1n } as const;
const ORACLE_FLAG = 1;

/** What the numbers of a pool are made from. */
export interface PlannedPool {
  /** Name in the record. */
  readonly name: string;
  /** `base/quote`. */
  readonly pair: string;
  readonly base: TokenName;
  readonly quote: TokenName;
  readonly kind: "public" | "private";
  readonly address: string;
  /** As the factory takes them; they are part of the address. */
  readonly params: PoolArguments;
  /** The reviewed entry, for pools outside the mesh. */
  readonly entry: PoolParams | undefined;
}

/** IPmmFactory.PoolParams with plain values. */
export interface PoolArguments {
  readonly kind: bigint;
  readonly pricing: bigint;
  readonly baseToken: string;
  readonly quoteToken: string;
  readonly lpFeeRate: bigint;
  readonly i: bigint;
  readonly k: bigint;
  readonly isOpenTWAP: boolean;
  readonly owner: string;
}

/** Where pools are made. */
export interface PoolSite {
  readonly tokens: Readonly<Record<TokenName, PlannedToken>>;
  readonly creator: string;
  readonly mesh: string;
  readonly publicPool: PlannedContract;
  readonly privatePool: PlannedContract;
  readonly pmmFactory: PlannedContract;
}

/** What all pools share: the Config of the implementations. */
export function poolConfig(params: NetworkParams, oracle: string, stabilizer: string, maintainer: string) {
  return {
    oracle,
    stabilizer,
    maintainer,
    mtFeeRate: parseBpsAsWad(params.pmm.maintainerFeeBps),
    flashFeeRate: parseBpsAsWad(params.pmm.flashFeeBps),
    parameterDelay: BigInt(params.pmm.parameterDelaySeconds),
  };
}

/** Ceilings of StabilizerLimits. */
export function ceilingsOf(params: NetworkParams): IStabilizerLimits.CeilingsStruct {
  const { ceilings } = params.stabilizer;
  return {
    poolCapXauWei: parseWad(ceilings.poolCapXau),
    bucketXauWei: parseWad(ceilings.bucketXau),
    bucketRefillXauWeiPerBlock: parseWad(ceilings.bucketRefillXauPerBlock),
    rewardBudgetXauWeiPerDay: parseWad(ceilings.rewardBudgetXauPerDay),
    globalCapXauWei: parseWad(ceilings.globalCapXau),
    maxGasPriceWei: parseDecimal(ceilings.maxGasPriceGwei, GWEI_DECIMALS),
    nativePriceXauWei: parseWad(ceilings.nativePriceXau),
  };
}

/** Limits over all pools. */
export function globalConfigOf(params: NetworkParams): IStabilizerLimits.GlobalConfigStruct {
  return {
    capXauWei: parseWad(params.stabilizer.globalCapXau),
    maxGasPriceWei: parseDecimal(params.stabilizer.maxGasPriceGwei, GWEI_DECIMALS),
    nativePriceXauWei: parseWad(params.stabilizer.nativePriceXau),
  };
}

/** The stabilizer's settings of one pool: profile and the pool's own values, in the contract's units. */
export function stabilizerConfigOf(params: NetworkParams, pool: PoolParams): IStabilizerLimits.PoolConfigStruct {
  const profile = profileOf(params, pool);
  return {
    thresholdWad: parseBpsAsWad(profile.thresholdBps),
    fastThresholdWad: parseBpsAsWad(profile.fastThresholdBps),
    gainWad: parseWad(profile.gain),
    maxSlippageWad: parseBpsAsWad(profile.maxSlippageBps),
    maxDeviationAgreeWad: parseBpsAsWad(profile.maxDeviationAgreeBps),
    minShareWad: parseWad(profile.minShare),
    minBlocks: profile.minBlocks,
    confirmations: profile.confirmations,
    windowBlocks: profile.windowBlocks,
    capXauWei: parseWad(profile.capXau),
    bucketXauWei: parseWad(profile.bucketXau),
    bucketRefillXauWeiPerBlock: parseWad(profile.bucketRefillXauPerBlock),
    minTradeXauWei: parseWad(profile.minTradeXau),
    rewardShareWad: parseWad(profile.rewardShare),
    rewardBudgetXauWeiPerDay: parseWad(profile.rewardBudgetXauPerDay),
  };
}

/** A pool of the parameter file. Fixed prices become `i`: quote units per base unit times 1e18, rounded down. */
export function planPublicPool(site: PoolSite, pool: PoolParams): PlannedPool {
  const base = site.tokens[pool.base];
  const quote = site.tokens[pool.quote];
  const priceWad = pool.fixedPrice === undefined ? 0n : parseWad(pool.fixedPrice);
  const params: PoolArguments = {
    kind: KIND[pool.kind],
    pricing: PRICING[pool.pricing],
    baseToken: base.address,
    quoteToken: quote.address,
    lpFeeRate: parseBpsAsWad(pool.lpFeeBps),
    i: (priceWad * 10n ** BigInt(quote.decimals)) / 10n ** BigInt(base.decimals),
    k: parseWad(pool.kRatio),
    isOpenTWAP: true,
    owner: pool.kind === "private" ? site.creator : ZeroAddress,
  };
  const pair = pairOf(pool);
  return planPool(site, recordNames.pool(pair), pool.base, pool.quote, pool.kind, params, pool);
}

/** The private XAU pool of one token, owned by the mesh. */
export function planMeshPool(site: PoolSite, params: NetworkParams, token: TokenName): PlannedPool {
  const pool: PoolArguments = {
    kind: KIND.private,
    pricing: PRICING.oracle,
    baseToken: site.tokens.XAU.address,
    quoteToken: site.tokens[token].address,
    lpFeeRate: parseBpsAsWad(params.mesh.lpFeeBps),
    i: 0n,
    k: parseWad(params.mesh.kRatio),
    // Nobody reads the past of a mesh pool: without one its swaps cost 11,000 gas less.
    isOpenTWAP: false,
    owner: site.mesh,
  };
  return planPool(site, recordNames.meshPool(token), "XAU", token, "private", pool, undefined);
}

function planPool(
  site: PoolSite,
  name: string,
  base: TokenName,
  quote: TokenName,
  kind: "public" | "private",
  params: PoolArguments,
  entry: PoolParams | undefined,
): PlannedPool {
  return { name, pair: `${base}/${quote}`, base, quote, kind, address: poolAddress(site, params), params, entry };
}

const POOL_PARAMS = IPmmFactory__factory.createInterface().getFunction("createPool").inputs[0]?.format("full") ?? "";

/** Runtime code of a pool: a minimal proxy to the implementation, followed by its immutable arguments. */
export function cloneCode(site: PoolSite, params: PoolArguments): string {
  const implementation = params.kind === KIND.public ? site.publicPool.address : site.privatePool.address;
  const flags = (params.pricing === PRICING.oracle ? ORACLE_FLAG : 0) | (params.isOpenTWAP ? 2 : 0);
  const args = concat([params.baseToken, params.quoteToken, site.pmmFactory.address, toBeHex(flags, 1)]);
  return concat(["0x363d3d373d3d3d363d73", implementation, "0x5af43d82803e903d91602b57fd5bf3", args]).toLowerCase();
}

/** Address of the first pool that the creator makes with these parameters (PmmFactory.predictPool, computed without the chain). */
function poolAddress(site: PoolSite, params: PoolArguments): string {
  const coder = AbiCoder.defaultAbiCoder();
  const salt = keccak256(coder.encode(["address", POOL_PARAMS, "uint256"], [site.creator, params, 0n]));
  const runtime = cloneCode(site, params);
  const initCode = concat(["0x61", toBeHex((runtime.length - 2) / 2, 2), "0x3d81600a3d39f3", runtime]);
  return getCreate2Address(site.pmmFactory.address, salt, keccak256(initCode));
}

/** The struct for TypeChain's encoders. */
export function asStruct(params: PoolArguments): IPmmFactory.PoolParamsStruct {
  return params;
}
