/**
 * Gas of whole transactions (21,000 and calldata included) on a simulated chain, as `npm run bench -- gas` prints it. What each key
 * measures: plain ERC-20s, allowance given before, every balance involved already non-zero.
 */
import { network } from "hardhat";
import { MaxUint256, type ContractTransactionResponse, type Signer } from "ethers";

import {
  PlainERC20__factory,
  PmmFactory__factory,
  PrivatePmmPool__factory,
  PublicPmmPool__factory,
  type PlainERC20,
  type PmmFactory,
  type PublicPmmPool,
} from "../../protocol/generated/contracts/index.js";
import { connectContracts } from "../../protocol/contracts.js";
import { loadParams } from "../../protocol/params/load.js";
import { PermanentError } from "../../protocol/errors.js";
import { WAD } from "../../protocol/units.js";
import { deploy } from "../deploy/deploy.js";
import { MemoryStore } from "../deploy/store.js";

const UNIT = 10n ** 6n;
const DEPTH = 1_000_000n * UNIT;
const SALE = 1_000n * UNIT;
const K = 5n * 10n ** 15n;
const LP_FEE_RATE = 10n ** 14n;
const PUBLIC = 0;
const PRIVATE = 1;
const FIXED = 0;
/** Ring slots of a pool: after this many changed blocks every slot has been used once. */
const RING_SIZE = 128;
const ZERO = "0x0000000000000000000000000000000000000000";

/** Figures of the parts that exist, in gas; keys as in the command's JSON. */
export type GasReport = Record<string, number>;

interface Bench {
  readonly provider: { send(method: string, params: unknown[]): Promise<unknown> };
  readonly owner: Signer;
  readonly trader: Signer;
  readonly base: PlainERC20;
  readonly quote: PlainERC20;
  readonly factory: PmmFactory;
}

/** Measures on a fresh chain of its own. Takes a few seconds. */
export async function measureGas(): Promise<GasReport> {
  const chain = await network.create("sim138");
  try {
    const [owner, trader] = await chain.ethers.getSigners();
    if (owner === undefined || trader === undefined) throw missing("accounts");
    const bench = await setUp(chain.ethers.provider, owner, trader);
    return { ...(await measureCreation(bench)), ...(await measureSwaps(bench)), ...(await measureDeployed()) };
  } finally {
    await chain.close();
  }
}

/** M1 tokens, oracle, three feeds per token and pools as the deployment of the local network makes them. */
async function measureDeployed(): Promise<GasReport> {
  const chain = await network.create("sim138");
  try {
    const [owner] = await chain.ethers.getSigners();
    const trader = (await chain.ethers.getSigners()).at(-1);
    if (owner === undefined || trader === undefined) throw missing("accounts");
    const loaded = loadParams("localhost");
    const who = await trader.getAddress();
    const amountUnits = 10n * SALE;
    const { deployment } = await deploy({
      loaded,
      provider: chain.ethers.provider,
      signer:
        loaded.params.roles.deployer === null ? owner : await chain.ethers.getSigner(loaded.params.roles.deployer),
      store: new MemoryStore(),
      execute: true,
      extraGrants: (["cUSDT", "cUSDC"] as const).map((token) => ({ token, to: who, amountUnits })),
    });
    const contracts = connectContracts(deployment, trader);
    const address = deployment.pools()["cUSDT/cUSDC"];
    if (address === undefined) throw missing("pool");
    const pool = PublicPmmPool__factory.connect(address, trader);
    for (const token of ["cUSDT", "cUSDC"] as const)
      await (await contracts.token(token).approve(pool, MaxUint256)).wait();
    for (let j = 0; j < RING_SIZE + 2; j++) await (await sell(pool, who, j % 2 === 0, SALE / 100n)).wait();
    return { swapOraclePriced: await gasOf(sell(pool, who, true, SALE)) };
  } finally {
    await chain.close();
  }
}

async function setUp(provider: Bench["provider"], owner: Signer, trader: Signer): Promise<Bench> {
  const base = await new PlainERC20__factory(owner).deploy("BASE", 6);
  const quote = await new PlainERC20__factory(owner).deploy("QUOTE", 6);
  const config = {
    oracle: ZERO,
    stabilizer: ZERO,
    maintainer: ZERO,
    mtFeeRate: 0n,
    flashFeeRate: LP_FEE_RATE,
    parameterDelay: 86_400n,
  };
  const publicPool = await new PublicPmmPool__factory(owner).deploy(config);
  const privatePool = await new PrivatePmmPool__factory(owner).deploy(config);
  const factory = await new PmmFactory__factory(owner).deploy(owner, publicPool, privatePool);
  for (const token of [base, quote]) {
    await (await token.mint(owner, 100n * DEPTH)).wait();
    await (await token.mint(trader, 100n * DEPTH)).wait();
    await (await token.approve(factory, MaxUint256)).wait();
  }
  return { provider, owner, trader, base, quote, factory };
}

async function poolParams(bench: Bench, kind: typeof PUBLIC | typeof PRIVATE) {
  return {
    kind,
    pricing: FIXED,
    baseToken: await bench.base.getAddress(),
    quoteToken: await bench.quote.getAddress(),
    lpFeeRate: LP_FEE_RATE,
    i: WAD,
    k: K,
    isOpenTWAP: true,
    owner: kind === PRIVATE ? await bench.owner.getAddress() : ZERO,
  };
}

async function measureCreation(bench: Bench): Promise<GasReport> {
  const { factory } = bench;
  const deadline = 2n ** 40n;
  return {
    // The first pool of a pair: its registry starts from nothing.
    createPublicPool: await gasOf(factory.createPool(await poolParams(bench, PUBLIC))),
    createPrivatePool: await gasOf(factory.createPool(await poolParams(bench, PRIVATE))),
    createFundedPublicPool: await gasOf(
      factory.createFundedPool(await poolParams(bench, PUBLIC), DEPTH, DEPTH, 0n, deadline),
    ),
  };
}

async function measureSwaps(bench: Bench): Promise<GasReport> {
  const pools = await bench.factory.getDODOPool(bench.base, bench.quote);
  const address = pools.at(-1);
  if (address === undefined) throw missing("pool");
  const pool = PublicPmmPool__factory.connect(address, bench.trader);
  const who = await bench.trader.getAddress();
  for (const token of [bench.base, bench.quote]) {
    await (await token.connect(bench.trader).approve(pool, MaxUint256)).wait();
  }
  // Every ring slot used once, R = BELOW. Each sale in a block of its own.
  for (let j = 0; j < RING_SIZE + 2; j++) await (await sell(pool, who, true, SALE / 100n)).wait();
  const [first, later, back] = await inOneBlock(bench, [
    () => sell(pool, who, true, SALE),
    () => sell(pool, who, true, SALE),
    () => sell(pool, who, false, SALE),
  ]);
  const crossing = await gasOf(sell(pool, who, false, 10n * SALE));
  if (first === undefined || later === undefined || back === undefined) throw missing("receipt");
  return { swapWithHistory: Math.max(later, back), swapFirstInBlock: first, swapCrossing: crossing };
}

function sell(pool: PublicPmmPool, who: string, isBase: boolean, amountIn: bigint) {
  const deadline = 2n ** 40n;
  return isBase ? pool.swapBase(amountIn, 1n, who, who, deadline) : pool.swapQuote(amountIn, 1n, who, who, deadline);
}

/** Sends all before the block is mined; gas limits are given, because estimates would not see the transactions before. */
async function inOneBlock(
  bench: Bench,
  sends: readonly (() => Promise<ContractTransactionResponse>)[],
): Promise<number[]> {
  await bench.provider.send("evm_setAutomine", [false]);
  const sent: ContractTransactionResponse[] = [];
  for (const send of sends) sent.push(await send());
  await bench.provider.send("evm_mine", []);
  await bench.provider.send("evm_setAutomine", [true]);
  const used: number[] = [];
  for (const transaction of sent) used.push(await gasOf(Promise.resolve(transaction)));
  return used;
}

async function gasOf(sending: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sending).wait();
  if (receipt === null) throw missing("receipt");
  return Number(receipt.gasUsed);
}

function missing(what: string): PermanentError {
  return new PermanentError("BENCH_SETUP", `the simulated chain gave no ${what}`);
}
