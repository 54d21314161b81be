/**
 * Gas of whole transactions on the deployed system (21,000 and calldata included): M1 tokens, three signed feeds per token, history on,
 * ring slots used before, balances involved already non-zero. Complements `gas.ts`, which measures pools of plain ERC-20s.
 */
import { MaxUint256, ZeroAddress } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import {
  IEnhancedSwapRouter__factory,
  IPmmFactory__factory,
  IPmmPool__factory,
  IStabilizer__factory,
} from "../../protocol/generated/contracts/index.js";
import { GAS_PRICE_WEI } from "../sim/chain.js";
import type { SimWorld } from "../sim/setup.js";
import { openBenchWorld } from "./world.js";

/** Slots of a pool's history: after that many changed blocks each has been written once. */
const RING_SIZE = 128;
const UNIT = 10n ** 6n;
const SALE = 1_000n * UNIT;
/** Enough to bring a pool outside its threshold, little enough for the mesh to replace. */
const DISTURBANCE = 25_000n * UNIT;
const DEADLINE = 2n ** 40n;

const poolAbi = IPmmPool__factory.createInterface();
const factoryAbi = IPmmFactory__factory.createInterface();
const routerAbi = IEnhancedSwapRouter__factory.createInterface();
const stabilizerAbi = IStabilizer__factory.createInterface();

/** Figures in gas; keys as in the command's JSON. */
export async function measureSystemGas(): Promise<Record<string, number>> {
  const world = await openBenchWorld();
  try {
    const bench = new Bench(world);
    const swapOraclePriced = await bench.swapOraclePriced();
    const router = await bench.router();
    const swapM1 = await bench.swapM1();
    const stabilizerExecutionTwoLegs = await bench.execution();
    return { swapM1, swapOraclePriced, ...router, stabilizerExecutionTwoLegs, meshSwap: await bench.meshSwap() };
  } finally {
    await world.chain.close();
  }
}

class Bench {
  readonly #trader: string;
  readonly #cUSDT: string;
  readonly #cUSDC: string;
  readonly #pool: string;

  constructor(private readonly world: SimWorld) {
    this.#trader = world.accounts.arbitrageur;
    this.#cUSDT = world.deployment.token("cUSDT");
    this.#cUSDC = world.deployment.token("cUSDC");
    this.#pool = world.deployment.address("PmmPool:cUSDT/cUSDC");
  }

  /** Sale through the pull-based entry of the oracle-priced public pool, first of its block. */
  async swapOraclePriced(): Promise<number> {
    await this.#approve(this.#pool);
    return this.#warmSale(this.#pool);
  }

  /** The same sale through the router, first of its block, then the one through gold. */
  async router(): Promise<Record<"routerOneHop" | "routerTwoHops", number>> {
    const { deployment, chain } = this.world;
    const router = deployment.address("EnhancedSwapRouter");
    await this.#approve(router);
    const gasOf = async (firstPool: string, secondPool: string): Promise<number> => {
      let gasUsed = 0;
      // Every history slot of the pools on the way used before, as for the plain swap.
      for (let round = 0; round <= RING_SIZE; round++) {
        const [tokenIn, tokenOut] = [this.#cUSDT, this.#cUSDC];
        const amountIn = round === RING_SIZE ? SALE : UNIT;
        const order = { tokenIn, amountIn, tokenOut, minOut: 1n, to: this.#trader, deadline: DEADLINE };
        const data = routerAbi.encodeFunctionData("swap", [order, [{ amountIn, firstPool, secondPool }]]);
        gasUsed = (await this.#send(this.#trader, router, data)).gasUsed;
        await chain.skip(1);
      }
      return gasUsed;
    };
    const routerOneHop = await gasOf(this.#pool, ZeroAddress);
    const [first, second] = [deployment.address("PmmPool:XAU/cUSDT"), deployment.address("PmmPool:XAU/cUSDC")];
    return { routerOneHop, routerTwoHops: await gasOf(first, second) };
  }

  /** The same on a pool with fixed `i`. */
  async swapM1(): Promise<number> {
    const factory = this.world.deployment.address("PmmFactory");
    await this.#approve(factory);
    const params = {
      kind: 0,
      pricing: 0,
      baseToken: this.#cUSDT,
      quoteToken: this.#cUSDC,
      lpFeeRate: 3n * 10n ** 14n,
      i: 10n ** 18n,
      k: 3n * 10n ** 15n,
      isOpenTWAP: true,
      owner: "0x0000000000000000000000000000000000000000",
    };
    const depth = 1_000_000n * UNIT;
    const data = factoryAbi.encodeFunctionData("createFundedPool", [params, depth, depth, 0n, DEADLINE]);
    const receipt = await this.#send(this.#trader, factory, data);
    const created = receipt.logs
      .map((log) => factoryAbi.parseLog({ topics: [...log.topics], data: log.data }))
      .find((event) => event?.name === "PoolCreated");
    const pool = String(created?.args["pool"]);
    await this.#approve(pool);
    return this.#warmSale(pool);
  }

  /** Public swap and both mesh legs, one way and back: caller and stabilizer have held every token before. */
  async execution(): Promise<number> {
    let gasUsed = 0;
    for (let round = 0; round < 4; round++) {
      const baseSold = round % 2 === 0;
      await this.#sale(this.#pool, DISTURBANCE, baseSold);
      await this.world.chain.skip(6);
      const [tokenIn, tokenOut] = baseSold ? [this.#cUSDC, this.#cUSDT] : [this.#cUSDT, this.#cUSDC];
      const data = stabilizerAbi.encodeFunctionData("executePrivateSwap", [2n ** 100n, tokenIn, tokenOut]);
      const receipt = await this.#send(this.#keeper(), this.world.deployment.address("Stabilizer"), data);
      const event = receipt.logs
        .map((log) => stabilizerAbi.parseLog({ topics: [...log.topics], data: log.data }))
        .find((parsed) => parsed?.name === "Stabilized");
      if (BigInt(String(event?.args["boughtBack"] ?? 0)) === 0n) {
        throw new PermanentError("BENCH_INCOMPLETE", "the execution did not use both legs", "look at the mesh's depth");
      }
      gasUsed = receipt.gasUsed;
    }
    return gasUsed;
  }

  /** A → XAU → B through the mesh, by the stabilizer's `settle`. */
  async meshSwap(): Promise<number> {
    const data = stabilizerAbi.encodeFunctionData("settle", [this.#cUSDT, SALE, this.#cUSDC, 0n]);
    const stabilizer = this.world.deployment.address("Stabilizer");
    await this.#send(this.#keeper(), stabilizer, data);
    return (await this.#send(this.#keeper(), stabilizer, data)).gasUsed;
  }

  #keeper(): string {
    return this.world.loaded.params.roles.keeper ?? this.world.accounts.operator;
  }

  async #warmSale(pool: string): Promise<number> {
    for (let round = 0; round < RING_SIZE; round++) await this.#sale(pool, UNIT, round % 2 === 0);
    return this.#sale(pool, SALE);
  }

  async #sale(pool: string, amountIn: bigint, isBase = true): Promise<number> {
    const order: [bigint, bigint, string, string, bigint] = [amountIn, 0n, this.#trader, this.#trader, DEADLINE];
    const data = isBase
      ? poolAbi.encodeFunctionData("swapBase", order)
      : poolAbi.encodeFunctionData("swapQuote", order);
    return (await this.#send(this.#trader, pool, data)).gasUsed;
  }

  async #approve(spender: string): Promise<void> {
    for (const name of ["cUSDT", "cUSDC"] as const) {
      const token = this.world.contracts.token(name);
      const data = token.interface.encodeFunctionData("approve", [spender, MaxUint256]);
      await this.#send(this.#trader, this.world.deployment.token(name), data);
    }
  }

  async #send(from: string, to: string, data: string) {
    const [hash] = await this.world.chain.mine([{ from, to, data }]);
    const receipt = await this.world.chain.receipt(hash ?? "");
    if (!receipt.ok) {
      throw new PermanentError(
        "BENCH_REVERTED",
        `a transaction to ${to} failed at ${String(GAS_PRICE_WEI)} wei per gas`,
      );
    }
    return receipt;
  }
}
