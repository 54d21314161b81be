import { Wallet, type Signer } from "ethers";

import {
  M1TokenFactory__factory,
  M1Token__factory,
  PmmFactory__factory,
  PrivatePmmPool__factory,
  PublicPmmPool__factory,
  SignedPriceFeed__factory,
  StabilizerLimits__factory,
  Stabilizer__factory,
  XAUOracle__factory,
  XauMesh__factory,
  type M1Token,
  type PmmFactory,
  type PublicPmmPool,
  type SignedPriceFeed,
  type Stabilizer,
  type StabilizerLimits,
  type XAUOracle,
  type XauMesh,
} from "../../protocol/generated/contracts/index.js";
import { encodeSubmit, feedIdOf, roundDigest } from "../../protocol/signedRound.js";

/** 1e18 fixed point. */
export const WAD = 10n ** 18n;
/** Blocks during which the round before still counts. */
const GRACE_BLOCKS = 2n;
const FEEDS_PER_TOKEN = 3;
const FEED_DECIMALS = 8;
/** USD a side. */
const DEPTH_USD = 1_000_000n;
const MESH_DEPTH_USD = 500_000n;
const INVENTORY_USD = 500_000n;
/** About 50,000 USD. */
const CAP_XAU_WEI = 18_900_000_000_000_000_000n;
const KIND = { public: 0, private: 1 };
const PRICING_ORACLE = 1;
const FEED_KIND_SIGNED = 1;

/** What the helper needs of a Hardhat connection. */
export interface Chain {
  ethers: { getSigners(): Promise<Signer[]> };
  networkHelpers: { mine(blocks?: number): Promise<void>; time: { latest(): Promise<number> } };
}

interface Feed {
  contract: SignedPriceFeed;
  feedId: string;
  roundId: bigint;
}

/** A token with its feeds and the newest answer, 8 decimals. */
export interface PricedToken {
  token: M1Token;
  decimals: bigint;
  answer: bigint;
  feeds: Feed[];
}

/** The peg system on real parts: M1 tokens, three signed feeds per token, two public pools, mesh, limits, stabilizer. */
export interface PegSystem {
  owner: Signer;
  trader: Signer;
  keeper: Signer;
  xau: PricedToken;
  cUSDT: PricedToken;
  cUSDC: PricedToken;
  oracle: XAUOracle;
  factory: PmmFactory;
  mesh: XauMesh;
  limits: StabilizerLimits;
  stabilizer: Stabilizer;
  /** cUSDT/cUSDC. */
  stablePool: PublicPmmPool;
  /** XAU/cUSDT. */
  xauPool: PublicPmmPool;
  reporter: Wallet;
  chain: Chain;
}

/** Token base units for whole USD at the newest answer, rounded down. */
export function unitsOfUsd(token: PricedToken, usd: bigint): bigint {
  return (usd * 10n ** BigInt(FEED_DECIMALS) * 10n ** token.decimals) / token.answer;
}

/** Signs and sends a round of all feeds of a token; `answer` has 8 decimals. */
export async function report(system: PegSystem, token: PricedToken, answer: bigint): Promise<void> {
  await sendRounds(system.owner, system.chain, system.reporter, token, answer);
}

/** Mints `amountIn` base units to the trader and sells them into the pool. */
export async function sell(system: PegSystem, pool: PublicPmmPool, isBase: boolean, amountIn: bigint): Promise<void> {
  const to = await system.trader.getAddress();
  const address = isBase ? await pool._BASE_TOKEN_() : await pool._QUOTE_TOKEN_();
  const token = M1Token__factory.connect(address, system.owner);
  await (await token.mint(to, amountIn)).wait();
  await (await token.connect(system.trader).approve(pool, amountIn)).wait();
  const deadline = await deadlineOf(system.chain);
  const asTrader = pool.connect(system.trader);
  const sale = isBase
    ? await asTrader.swapBase(amountIn, 0n, to, to, deadline)
    : await asTrader.swapQuote(amountIn, 0n, to, to, deadline);
  await sale.wait();
}

/** Deploys the whole system on an in-process chain. */
export async function deployPegSystem(chain: Chain): Promise<PegSystem> {
  const [owner, trader, keeper] = await chain.ethers.getSigners();
  if (owner === undefined || trader === undefined || keeper === undefined) throw new Error("the chain has no accounts");
  const reporter = new Wallet(`0x${"11".repeat(32)}`);
  const tokens = await new M1TokenFactory__factory(owner).deploy();
  const xau = await createToken(chain, owner, tokens, reporter, "XAU", 18n, 2650_25000000n);
  const cUSDT = await createToken(chain, owner, tokens, reporter, "cUSDT", 6n, 100000000n);
  const cUSDC = await createToken(chain, owner, tokens, reporter, "cUSDC", 6n, 100000000n);

  const oracle = await new XAUOracle__factory(owner).deploy(xau.token, GRACE_BLOCKS, 4n, owner);
  for (const token of [xau, cUSDT, cUSDC]) {
    const set = await oracle.setToken(token.token, {
      tokenDecimals: token.decimals,
      minFeeds: 2,
      maxDisagreementBps: 100,
      minPriceWad: (token.answer * 10n ** 10n) / 2n,
      maxPriceWad: token.answer * 10n ** 10n * 2n,
      feeds: await Promise.all(
        token.feeds.map(async (feed) => ({
          source: await feed.contract.getAddress(),
          kind: FEED_KIND_SIGNED,
          maxAgeSeconds: 86_400,
        })),
      ),
    });
    await set.wait();
    await sendRounds(owner, chain, reporter, token, token.answer);
  }
  const limits = await new StabilizerLimits__factory(owner).deploy(oracle, ceilings(), owner);
  const mesh = await new XauMesh__factory(owner).deploy(xau.token, owner);
  const stabilizer = await new Stabilizer__factory(owner).deploy(limits, mesh, owner);
  const pools = {
    oracle: await oracle.getAddress(),
    stabilizer: await stabilizer.getAddress(),
    maintainer: "0x0000000000000000000000000000000000000000",
    mtFeeRate: 0n,
    flashFeeRate: 10n ** 14n,
    parameterDelay: 86_400n,
  };
  const factory = await new PmmFactory__factory(owner).deploy(
    owner,
    await new PublicPmmPool__factory(owner).deploy(pools),
    await new PrivatePmmPool__factory(owner).deploy(pools),
  );
  await chain.networkHelpers.mine(Number(GRACE_BLOCKS));
  const fund = poolFunder(chain, owner, factory, await mesh.getAddress());
  const stablePool = PublicPmmPool__factory.connect(await fund("public", cUSDT, cUSDC, DEPTH_USD), owner);
  const xauPool = PublicPmmPool__factory.connect(await fund("public", xau, cUSDT, DEPTH_USD), owner);
  const meshPools = [
    await fund("private", xau, cUSDT, MESH_DEPTH_USD),
    await fund("private", xau, cUSDC, MESH_DEPTH_USD),
  ];

  const calls = [
    await limits.setStabilizer(stabilizer),
    await limits.setFactory(factory, true),
    await limits.setGlobalConfig({
      capXauWei: 2n * CAP_XAU_WEI,
      maxGasPriceWei: 200n * 10n ** 9n,
      nativePriceXauWei: WAD,
    }),
    await limits.registerPool(stablePool, targetProfile()),
    await limits.registerPool(xauPool, targetProfile()),
    await mesh.setFactory(factory, true),
    await mesh.setOperator(stabilizer, true),
  ];
  for (const pool of meshPools) calls.push(await mesh.registerPool(pool));
  calls.push(await stabilizer.syncApprovals(stablePool), await stabilizer.syncApprovals(xauPool));
  calls.push(await stabilizer.syncMeshApprovals());
  const system = [await stablePool.getAddress(), await xauPool.getAddress(), ...meshPools];
  for (const token of [xau, cUSDT, cUSDC]) {
    calls.push(await token.token.mint(stabilizer, unitsOfUsd(token, INVENTORY_USD)));
    calls.push(await token.token.setSystemContract(stabilizer, true));
    for (const pool of system) calls.push(await token.token.setSystemContract(pool, true));
  }
  for (const call of calls) await call.wait();
  return {
    ...{ owner, trader, keeper, xau, cUSDT, cUSDC, oracle, factory, mesh, limits, stabilizer, stablePool, xauPool },
    ...{ reporter, chain },
  };
}

/** Profile `target` of the specification. */
export function targetProfile() {
  return {
    thresholdWad: 3n * 10n ** 14n,
    fastThresholdWad: 8n * 10n ** 14n,
    gainWad: WAD,
    maxSlippageWad: 5n * 10n ** 15n,
    maxDeviationAgreeWad: 10n ** 16n,
    minShareWad: WAD / 5n,
    minBlocks: 3n,
    confirmations: 2n,
    windowBlocks: 3n,
    capXauWei: CAP_XAU_WEI,
    bucketXauWei: 10n * CAP_XAU_WEI,
    bucketRefillXauWeiPerBlock: CAP_XAU_WEI / 10n,
    minTradeXauWei: CAP_XAU_WEI / 100n,
    rewardShareWad: WAD / 10n,
    rewardBudgetXauWeiPerDay: 4n * 10n ** 16n,
  };
}

function ceilings() {
  return {
    poolCapXauWei: 200n * WAD,
    bucketXauWei: 2_000n * WAD,
    bucketRefillXauWeiPerBlock: 18n * WAD,
    rewardBudgetXauWeiPerDay: WAD,
    globalCapXauWei: 800n * WAD,
    maxGasPriceWei: 10n ** 12n,
    nativePriceXauWei: 10n * WAD,
  };
}

async function createToken(
  chain: Chain,
  owner: Signer,
  factory: Awaited<ReturnType<M1TokenFactory__factory["deploy"]>>,
  reporter: Wallet,
  symbol: string,
  decimals: bigint,
  answer: bigint,
): Promise<PricedToken> {
  const admin = await owner.getAddress();
  const huge = 10n ** 36n;
  const minter = {
    minter: admin,
    mintCapacity: huge,
    mintRefillPerSecond: 10n ** 30n,
    burnCapacity: huge,
    burnRefillPerSecond: 10n ** 30n,
  };
  const common = { name: symbol, symbol, decimals, admin };
  const setup = { minters: [minter], pausers: [], freezers: [], systemContracts: [] };
  const address = await factory.createToken.staticCall(common, setup);
  await (await factory.createToken(common, setup)).wait();
  const feeds: Feed[] = [];
  for (let index = 0; index < FEEDS_PER_TOKEN; index++) {
    const description = `${symbol} / USD ${index}`;
    const contract = await new SignedPriceFeed__factory(owner).deploy({
      description,
      decimals: FEED_DECIMALS,
      threshold: 1,
      minGapBlocks: GRACE_BLOCKS,
      maxDelaySeconds: 600,
      minAnswer: answer / 2n,
      maxAnswer: answer * 2n,
      signers: [reporter.address],
      owner: admin,
      guardian: admin,
    });
    feeds.push({ contract, feedId: feedIdOf({ description, decimals: FEED_DECIMALS }), roundId: 0n });
  }
  await chain.networkHelpers.mine(1);
  return { token: M1Token__factory.connect(address, owner), decimals, answer, feeds };
}

async function sendRounds(
  sender: Signer,
  chain: Chain,
  reporter: Wallet,
  token: PricedToken,
  answer: bigint,
): Promise<void> {
  token.answer = answer;
  for (const feed of token.feeds) {
    const round = { roundId: ++feed.roundId, answer, observedAt: BigInt(await chain.networkHelpers.time.latest()) };
    const signature = reporter.signingKey.sign(roundDigest(feed.feedId, round)).serialized;
    const data = encodeSubmit(round, [{ signer: reporter.address, signature }]);
    await (await sender.sendTransaction({ to: await feed.contract.getAddress(), data })).wait();
  }
}

function poolFunder(chain: Chain, owner: Signer, factory: PmmFactory, meshAddress: string) {
  return async (kind: keyof typeof KIND, base: PricedToken, quote: PricedToken, usd: bigint): Promise<string> => {
    const params = {
      kind: KIND[kind],
      pricing: PRICING_ORACLE,
      baseToken: await base.token.getAddress(),
      quoteToken: await quote.token.getAddress(),
      lpFeeRate: kind === "public" ? 10n ** 14n : 10n ** 13n,
      i: 0n,
      k: 5n * 10n ** 15n,
      isOpenTWAP: kind === "public",
      owner: kind === "public" ? "0x0000000000000000000000000000000000000000" : meshAddress,
    };
    const [baseIn, quoteIn] = [unitsOfUsd(base, usd), unitsOfUsd(quote, usd)];
    const address = await owner.getAddress();
    await (await base.token.mint(address, baseIn)).wait();
    await (await quote.token.mint(address, quoteIn)).wait();
    await (await base.token.approve(factory, baseIn)).wait();
    await (await quote.token.approve(factory, quoteIn)).wait();
    const pool = await factory.predictPool(address, params);
    await (await factory.createFundedPool(params, baseIn, quoteIn, 0n, await deadlineOf(chain))).wait();
    return pool;
  };
}

/** One hour after the newest block, unix seconds. */
async function deadlineOf(chain: Chain): Promise<bigint> {
  return BigInt(await chain.networkHelpers.time.latest()) + 3_600n;
}
