/**
 * Gas of whole transactions at the reserve vaults and the capital buckets (21,000 and calldata included), on the deployed system, after so
 * many of the same kind that every balance and counter involved has been used before.
 */
import { MaxUint256 } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import {
  ICapitalBuckets__factory,
  IM1Token__factory,
  IStablecoinReserveVault__factory,
  StandInToken__factory,
} from "../../protocol/generated/contracts/index.js";
import { recordNames } from "../../protocol/addresses.js";
import { BUCKET } from "../deploy/bucketFunding.js";
import type { SimWorld } from "../sim/setup.js";
import { openBenchWorld } from "./world.js";

const AMOUNT_UNITS = 1_000n * 10n ** 6n;
/** Leaves bucket B below its low-water mark of cUSDT. */
const SPENT_UNITS = 500_000n * 10n ** 6n;
/** More than one round of the meter's ring of seconds: which of its words are still unwritten depends on the clock. */
const CALLS = 70;
/** Longer than the cooldown between two refills. */
const COOLDOWN_BLOCKS = 40;

const tokenAbi = IM1Token__factory.createInterface();
const standInAbi = StandInToken__factory.createInterface();
const vaultAbi = IStablecoinReserveVault__factory.createInterface();
const bucketsAbi = ICapitalBuckets__factory.createInterface();

/** Figures in gas; keys as in the command's JSON. */
export async function measureReserveGas(): Promise<Record<"mint" | "redeem" | "refill", number>> {
  const world = await openBenchWorld();
  try {
    const bench = new Bench(world);
    return { mint: await bench.mint(), redeem: await bench.redeem(), refill: await bench.refill() };
  } finally {
    await world.chain.close();
  }
}

class Bench {
  readonly #trader: string;
  readonly #token: string;
  readonly #asset: string;
  readonly #vault: string;

  constructor(private readonly world: SimWorld) {
    this.#trader = world.accounts.arbitrageur;
    this.#token = world.deployment.token("cUSDC");
    this.#asset = world.deployment.address(recordNames.reserveAsset("cUSDC"));
    this.#vault = world.deployment.address(recordNames.reserveVault("cUSDC"));
  }

  async mint(): Promise<number> {
    const mint = standInAbi.encodeFunctionData("mint", [this.#trader, BigInt(CALLS) * AMOUNT_UNITS]);
    await this.#send(this.#trader, this.#asset, mint);
    await this.#approve(this.#asset);
    return this.#settled(this.#vault, vaultAbi.encodeFunctionData("mint", [AMOUNT_UNITS, 0n, this.#trader]));
  }

  async redeem(): Promise<number> {
    await this.#approve(this.#token);
    return this.#settled(this.#vault, vaultAbi.encodeFunctionData("redeem", [AMOUNT_UNITS, 0n, this.#trader]));
  }

  /** Bucket B has spent cUSDT and earned cUSDC; somebody gives it back what it spent, for a reward. */
  async refill(): Promise<number> {
    const { chain, deployment } = this.world;
    const [stabilizer, buckets] = [deployment.address("Stabilizer"), deployment.address("CapitalBuckets")];
    const scarce = deployment.token("cUSDT");
    await chain.impersonate(stabilizer);
    const order = [BUCKET.stabilization, scarce, this.#token, MaxUint256, MaxUint256] as const;
    const data = bucketsAbi.encodeFunctionData("refill", [...order]);
    let gasUsed = 0;
    for (let round = 0; round < 2; round++) {
      await this.#transfer(scarce, stabilizer, this.#trader);
      await this.#transfer(this.#token, this.#trader, stabilizer);
      await chain.skip(COOLDOWN_BLOCKS);
      const receipt = await this.#send(this.#trader, buckets, data);
      const event = receipt.logs
        .map((log) => bucketsAbi.parseLog({ topics: [...log.topics], data: log.data }))
        .find((parsed) => parsed?.name === "Refilled");
      if (BigInt(String(event?.args["rewardUnits"] ?? 0)) === 0n) {
        throw new PermanentError("BENCH_INCOMPLETE", "the refill paid no reward", "look at the terms of the buckets");
      }
      gasUsed = receipt.gasUsed;
    }
    return gasUsed;
  }

  /** Gas of the last of many. */
  async #settled(to: string, data: string): Promise<number> {
    let gasUsed = 0;
    for (let call = 0; call < CALLS; call += 1) gasUsed = (await this.#send(this.#trader, to, data)).gasUsed;
    return gasUsed;
  }

  async #transfer(token: string, from: string, to: string): Promise<void> {
    await this.#send(from, token, tokenAbi.encodeFunctionData("transfer", [to, SPENT_UNITS]));
  }

  async #approve(token: string): Promise<void> {
    await this.#send(this.#trader, token, tokenAbi.encodeFunctionData("approve", [this.#vault, MaxUint256]));
  }

  async #send(from: string, to: string, data: string) {
    const [hash] = await this.world.chain.mine([{ from, to, data }]);
    const receipt = await this.world.chain.receipt(hash ?? "");
    if (!receipt.ok) throw new PermanentError("BENCH_REVERTED", `a transaction to ${to} failed`);
    return receipt;
  }
}
