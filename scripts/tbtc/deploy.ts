/**
 * The whole of tBTC v1 on a development chain: KEEP staking, bonding, sortition pool, keep factory, relay, price feed and tBTC, from the
 * published bytecode. Only two contracts are ours, in place of Keep's random beacon and Maker's medianizer (contracts/local).
 */
import { concat, getAddress, Interface } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import { EthBtcMedianizer__factory, FixedFeeBeacon__factory } from "../../protocol/generated/contracts/index.js";
import type { TbtcAddresses } from "../../protocol/tbtc/addresses.js";
import { LOT_SIZES_DELAY_SECONDS, SUPPLY_CAP_ENDS_SECONDS } from "../../protocol/tbtc/constants.js";
import { tbtcAbi } from "../../protocol/tbtc/contracts.js";
import { type ArtifactName, creationCode, publishedArtifact } from "./artifacts.js";
import { GENESIS_HEADER } from "./bitcoin.js";
import type { LocalChain } from "../local/chain.js";

export interface TbtcOptions {
  /** Pays for everything and owns what can be owned. */
  readonly deployer: string;
  /** Signers of the keeps, at least three. */
  readonly operators: readonly string[];
  /** What each of them bonds. */
  readonly bondWei: bigint;
  /** Satoshis, ascending; 1 BTC must be among them. */
  readonly lotsSat: readonly bigint[];
  /** BTC per ETH, 1e18 = one. */
  readonly btcPerEthWad: bigint;
}

export interface TbtcSystem {
  readonly addresses: TbtcAddresses;
  readonly options: TbtcOptions;
}

export const REFERENCE_LOTS_SAT: readonly bigint[] = [
  100_000n,
  1_000_000n,
  10_000_000n,
  20_000_000n,
  50_000_000n,
  100_000_000n,
  200_000_000n,
  500_000_000n,
  1_000_000_000n,
];
/** 1 ETH = 0.032 BTC: a bond of 46.875 ETH per BTC. */
export const REFERENCE_PRICE_WAD = 32n * 10n ** 15n;
/** Deposits that were opened at the reference price may be called at this one: 124.97 % of collateral. */
export const CALLABLE_PRICE_WAD = 2_666n * 10n ** 13n;
export const REFERENCE_BOND_WEI = 3_000n * 10n ** 18n;

/** Signers of one keep, all of whom must sign. */
const KEEP_SIZE = 3;
/** Seconds after which a stake can be used. */
const STAKE_INITIALIZATION = 1;
const STAKE_WEI = 500_000n * 10n ** 18n;
/** Operators join the pool after so many blocks. */
const POOL_JOIN_BLOCKS = 11;
/** First block of a difficulty period. */
const RELAY_HEIGHT = 2016;
/** The relay wants a period to start with a hash that has work in it: three zero bytes at the end. */
const RELAY_PERIOD_START = `0x${"11".repeat(29)}000000`;

const staking = new Interface(["function authorizeOperatorContract(address operator, address operatorContract)"]);
const approval = new Interface(["function approveAndCall(address spender, uint256 value, bytes data)"]);
const registry = new Interface(["function approveOperatorContract(address operatorContract)"]);
const pools = new Interface(["function createSortitionPool(address application)"]);
const medianizerAbi = EthBtcMedianizer__factory.createInterface();

export async function deployTbtc(chain: LocalChain, options: TbtcOptions): Promise<TbtcSystem> {
  if (options.operators.length < KEEP_SIZE) {
    throw new PermanentError("TBTC_OPERATORS_FEW", `a keep needs ${String(KEEP_SIZE)} operators`);
  }
  const site = new Site(chain, options.deployer);
  const keep = await deployKeep(site);
  const tbtc = await deploySystem(site, keep, options.btcPerEthWad);
  for (const operator of options.operators) await stake(site, keep, operator);
  await chain.advance(STAKE_INITIALIZATION + 1);
  for (const operator of options.operators) await join(site, keep, tbtc.system, operator, options.bondWei);
  await chain.mine(POOL_JOIN_BLOCKS);

  const { system } = tbtc;
  await site.call(system, tbtcAbi.system.encodeFunctionData("beginLotSizesUpdate", [[...options.lotsSat]]));
  await chain.advance(LOT_SIZES_DELAY_SECONDS + 1n);
  await site.call(system, tbtcAbi.system.encodeFunctionData("finalizeLotSizesUpdate"));
  await chain.advance(SUPPLY_CAP_ENDS_SECONDS);
  return { addresses: { ...tbtc, keepFactory: keep.factory, keepBonding: keep.bonding }, options };
}

interface KeepContracts {
  readonly token: string;
  readonly staking: string;
  readonly bonding: string;
  readonly factory: string;
}

async function deployKeep(site: Site): Promise<KeepContracts> {
  const token = await site.create("keep-core/KeepToken");
  const keepRegistry = await site.create("keep-core/KeepRegistry");
  const grant = await site.create("keep-core/TokenGrant", token);
  const escrow = await site.create("keep-core/TokenStakingEscrow", token, grant);
  const tokenStaking = await site.create(
    "keep-core/TokenStaking",
    token,
    grant,
    escrow,
    keepRegistry,
    STAKE_INITIALIZATION,
  );
  const bonding = await site.create("keep-ecdsa/KeepBonding", keepRegistry, tokenStaking, grant);
  const poolFactory = await site.create("keep-ecdsa/BondedSortitionPoolFactory");
  const masterKeep = await site.create("keep-ecdsa/BondedECDSAKeep");
  const beacon = await site.createOwn(FixedFeeBeacon__factory.bytecode);
  const factory = await site.create(
    "keep-ecdsa/BondedECDSAKeepFactory",
    masterKeep,
    poolFactory,
    tokenStaking,
    bonding,
    beacon,
  );
  await site.call(keepRegistry, registry.encodeFunctionData("approveOperatorContract", [factory]));
  return { token, staking: tokenStaking, bonding, factory };
}

async function deploySystem(
  site: Site,
  keep: KeepContracts,
  btcPerEthWad: bigint,
): Promise<Omit<TbtcAddresses, "keepFactory" | "keepBonding">> {
  const medianizer = await site.createOwn(EthBtcMedianizer__factory.bytecode);
  await site.call(medianizer, medianizerAbi.encodeFunctionData("poke", [btcPerEthWad, true]));
  const relay = await site.create("tbtc/OnDemandSPV", GENESIS_HEADER, RELAY_HEIGHT, RELAY_PERIOD_START, 0);
  const priceFeed = await site.create("tbtc/SatWeiPriceFeed");
  const system = await site.create("tbtc/TBTCSystem", priceFeed, relay);
  const depositFactory = await site.create("tbtc/DepositFactory", system);
  const vendingMachine = await site.create("tbtc/VendingMachine", system);
  const masterDeposit = await site.create("tbtc/Deposit");
  const token = await site.create("tbtc/TBTCToken", vendingMachine);
  const depositToken = await site.create("tbtc/TBTCDepositToken", depositFactory);
  const feeRebateToken = await site.create("tbtc/FeeRebateToken", vendingMachine);
  const fundingScript = await site.create("tbtc/FundingScript", vendingMachine, token, depositToken, feeRebateToken);
  const redemptionScript = await site.create("tbtc/RedemptionScript", vendingMachine, token, feeRebateToken);

  const systemAbi = publishedArtifact("tbtc/TBTCSystem").abi;
  const feedAbi = publishedArtifact("tbtc/SatWeiPriceFeed").abi;
  await site.call(
    system,
    systemAbi.encodeFunctionData("initialize", [
      keep.factory,
      depositFactory,
      masterDeposit,
      token,
      depositToken,
      feeRebateToken,
      vendingMachine,
      KEEP_SIZE,
      KEEP_SIZE,
    ]),
  );
  await site.call(priceFeed, feedAbi.encodeFunctionData("initialize", [system, medianizer]));
  await site.call(keep.factory, pools.encodeFunctionData("createSortitionPool", [system]));
  await site.call(system, tbtcAbi.system.encodeFunctionData("refreshMinimumBondableValue"));
  return {
    system,
    token,
    depositToken,
    feeRebateToken,
    vendingMachine,
    depositFactory,
    priceFeed,
    medianizer,
    relay,
    fundingScript,
    redemptionScript,
  };
}

/** The deployer stakes for the operator, who is beneficiary and authorizer of the stake as well. */
async function stake(site: Site, keep: KeepContracts, operator: string): Promise<void> {
  const roles = concat([operator, operator, operator]);
  await site.call(keep.token, approval.encodeFunctionData("approveAndCall", [keep.staking, STAKE_WEI, roles]));
}

async function join(site: Site, keep: KeepContracts, system: string, operator: string, bondWei: bigint): Promise<void> {
  const by = { from: operator };
  await site.call(keep.staking, staking.encodeFunctionData("authorizeOperatorContract", [operator, keep.factory]), by);
  const pool = await site.read(keep.factory, tbtcAbi.keepFactory.encodeFunctionData("getSortitionPool", [system]));
  const poolAddress = `0x${pool.slice(-40)}`;
  await site.call(
    keep.bonding,
    tbtcAbi.keepBonding.encodeFunctionData("authorizeSortitionPoolContract", [operator, poolAddress]),
    by,
  );
  await site.call(keep.bonding, tbtcAbi.keepBonding.encodeFunctionData("deposit", [operator]), {
    ...by,
    valueWei: bondWei,
  });
  await site.call(keep.factory, tbtcAbi.keepFactory.encodeFunctionData("registerMemberCandidate", [system]), by);
}

/** Creates and calls as the deployer; each library is created once. */
class Site {
  private readonly libraries = new Map<ArtifactName, string>();

  constructor(
    private readonly chain: LocalChain,
    private readonly deployer: string,
  ) {}

  async create(name: ArtifactName, ...args: unknown[]): Promise<string> {
    const artifact = publishedArtifact(name);
    for (const library of artifact.links.values()) {
      if (!this.libraries.has(library)) this.libraries.set(library, await this.create(library));
    }
    return this.createOwn(creationCode(artifact, args, (library) => this.libraries.get(library) ?? ""));
  }

  async createOwn(code: string): Promise<string> {
    const { contractAddress } = await this.chain.send({ from: this.deployer, data: code });
    if (contractAddress === undefined) throw new PermanentError("TBTC_NOT_CREATED", "the node created no contract");
    return getAddress(contractAddress);
  }

  async call(to: string, data: string, by: { from?: string; valueWei?: bigint } = {}): Promise<void> {
    await this.chain.send({ from: this.deployer, to, data, ...by });
  }

  read(to: string, data: string): Promise<string> {
    return this.chain.provider.call({ to, data });
  }
}
