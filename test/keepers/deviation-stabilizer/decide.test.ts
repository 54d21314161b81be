import { readFileSync } from "node:fs";

import { expect } from "chai";

import { decide, expectedGainXauWei } from "../../../keepers/deviation-stabilizer/decide.js";
import { explain } from "../../../keepers/deviation-stabilizer/explain.js";
import {
  CHAIN_REASONS,
  KEEPER_REASONS,
  type DecideConfig,
  type Observation,
  type PoolObservation,
  type SkipReason,
} from "../../../keepers/deviation-stabilizer/types.js";
import { CONFIG, observation, POOL_A, POOL_B, poolObservation } from "./fixtures.js";

const GWEI = 10n ** 9n;
const XAU = 10n ** 18n;

/**
 * What should happen to one pool alone, written as a table of conditions from the top and in floating point: other words and other
 * primitives than `decide`. Returns the reason, or undefined for "act".
 */
function oracleReason(pool: PoolObservation, seen: Observation, config: DecideConfig): SkipReason | undefined {
  const gain =
    (Number(pool.maxAmountInXauWei) / 1e18) *
    Math.abs(Number(pool.allowance.spotDeviationWad) / 1e18) *
    (1 -
      Math.min(Number(pool.allowance.maxAmountIn), Number(pool.allowance.fullCloseIn)) /
        Number(pool.allowance.fullCloseIn) /
        2);
  const income = config.economics === "reward" ? (gain * Number(pool.rewardShareWad)) / 1e18 : gain;
  const gas = config.gasPerOrder + config.gasBase;
  const cost = (Number(seen.gasPriceWei ?? 0n) / 1e18) * gas * (Number(seen.nativePriceXauWei) / 1e18);
  const table: [boolean, SkipReason | undefined][] = [
    [!pool.readable, "pool-unreadable"],
    [pool.allowance.reason >= CHAIN_REASONS.length, "unknown-reason"],
    [pool.allowance.reason > 0, CHAIN_REASONS[pool.allowance.reason] as SkipReason],
    [seen.inFlight !== 0, "in-flight"],
    [Number(seen.backoffUntilBlock.get(pool.pool) ?? 0n) > Number(seen.blockNumber), "backoff"],
    [seen.gasPriceWei === undefined, "fee-ceiling"],
    [Number(seen.gasPriceWei) > Number(seen.maxGasPriceWei), "gas-price"],
    [pool.allowance.maxAmountIn <= 0n || pool.allowance.minAmountIn > pool.allowance.maxAmountIn, "below-minimum"],
    [config.economics !== "off" && (income < cost || income === 0), "unprofitable"],
    [
      Number(pool.maxAmountInXauWei) * (Number(pool.allowance.minAmountIn) / Number(pool.allowance.maxAmountIn)) >
        Number(seen.globalCapXauWei),
      "global-cap",
    ],
  ];
  return table.find(([applies]) => applies)?.[1];
}

describe("keepers/deviation-stabilizer/decide", () => {
  it("agrees with an independent table over a grid, and the grid meets every outcome", () => {
    const met = new Map<string, number>();
    let cases = 0;
    const reasons = [...CHAIN_REASONS.keys(), CHAIN_REASONS.length + 3];
    for (const reason of reasons)
      for (const readable of [true, false])
        for (const inFlight of [0, 1])
          for (const backoff of [undefined, 99n, 100n, 101n])
            for (const gasPriceWei of [undefined, GWEI, 50n * GWEI, 51n * GWEI])
              for (const [maxAmountIn, minAmountIn] of [
                [0n, 0n],
                [10n ** 9n, 10n ** 9n],
                [10n ** 9n, 10n ** 9n + 1n],
                [4n * 10n ** 10n, 10n ** 9n],
              ] as const)
                for (const economics of ["off", "reward", "gain"] as const)
                  for (const globalCapXauWei of [XAU / 10n, 1_000n * XAU]) {
                    const pool = poolObservation({ readable, allowance: { reason, maxAmountIn, minAmountIn } });
                    const seen = observation({
                      pools: [pool],
                      inFlight,
                      gasPriceWei,
                      globalCapXauWei,
                      nativePriceXauWei: XAU,
                      backoffUntilBlock: new Map(backoff === undefined ? [] : [[POOL_A, backoff]]),
                    });
                    // 1 ounce per coin: 0.0007 XAU of gas at 1 gwei, against a gain of 0.003 XAU and a reward of 0.0003.
                    const config = { ...CONFIG, economics };
                    const expected = oracleReason(pool, seen, config);
                    const decision = decide(seen, config);
                    cases += 1;
                    const outcome = decision.skips[0]?.reason ?? "act";
                    met.set(outcome, (met.get(outcome) ?? 0) + 1);
                    expect(outcome, JSON.stringify({ reason, readable, inFlight, economics }, null, 1)).to.equal(
                      expected ?? "act",
                    );
                    expect(decision.kind).to.equal(expected === undefined ? "plan" : "skip");
                  }
    expect(cases).to.be.greaterThan(10_000);
    for (const reason of CHAIN_REASONS.slice(1)) expect(met.get(reason), reason).to.be.greaterThan(0);
    for (const reason of [
      "act",
      "pool-unreadable",
      "unknown-reason",
      "in-flight",
      "backoff",
      "fee-ceiling",
      "unprofitable",
      "global-cap",
    ]) {
      expect(met.get(reason), reason).to.be.greaterThan(0);
    }
  });

  it("puts every pool into exactly one of orders and skips", () => {
    const pools = Array.from({ length: 12 }, (_, index) =>
      poolObservation({
        pool: `0x${(index + 1).toString(16).padStart(40, "0")}`,
        allowance: { reason: index % 3 === 0 ? 3 : 0, blockEndDeviationWad: BigInt(index) * 10n ** 14n },
      }),
    );
    const decision = decide(observation({ pools, globalCapXauWei: 35n * XAU }), { ...CONFIG, maxOrders: 5 });
    const orders = decision.kind === "plan" ? decision.orders.map((order) => order.pool) : [];
    const named = [...orders, ...decision.skips.map((skip) => skip.pool)].sort();
    expect(named).to.deep.equal(pools.map((pool) => pool.pool).sort());
    expect(orders.length).to.be.greaterThan(1);
  });

  it("takes the most urgent pools first, relative to their own threshold, whatever order they come in", () => {
    const near = poolObservation({ pool: POOL_A, allowance: { blockEndDeviationWad: 6n * 10n ** 14n } });
    // A smaller deviation, but three times its threshold instead of twice.
    const far = poolObservation({
      pool: POOL_B,
      thresholdWad: 10n ** 14n,
      allowance: { blockEndDeviationWad: -3n * 10n ** 14n, sellBase: false },
    });
    for (const pools of [
      [near, far],
      [far, near],
    ]) {
      const decision = decide(observation({ pools }), CONFIG);
      expect(decision.kind === "plan" && decision.orders.map((order) => order.pool)).to.deep.equal([POOL_B, POOL_A]);
      const one = decide(observation({ pools }), { ...CONFIG, maxOrders: 1 });
      expect(one.kind === "plan" && one.orders.map((order) => order.pool)).to.deep.equal([POOL_B]);
      expect(one.skips).to.deep.equal([{ pool: POOL_A, reason: "batch-full", now: 2n, needed: 1n, unit: "count" }]);
    }
  });

  it("shares the global cap of a block: what would get less than its minimum waits", () => {
    const pools = [
      poolObservation({ pool: POOL_A, allowance: { blockEndDeviationWad: 9n * 10n ** 14n } }),
      poolObservation({ pool: POOL_B }), // 10 ounces for 40,000 allowed, so its minimum of 1,000 is worth 0.25
    ];
    for (const [roomXauWei, both] of [
      [10n * XAU + XAU / 4n, true],
      [10n * XAU + XAU / 4n - 1n, false],
    ] as const) {
      const decision = decide(observation({ pools, globalCapXauWei: roomXauWei }), CONFIG);
      expect(decision.kind === "plan" && decision.orders.length).to.equal(both ? 2 : 1);
      expect(decision.skips.map((skip) => skip.reason)).to.deep.equal(both ? [] : ["global-cap"]);
    }
  });

  it("sends what is allowed plus headroom, rounded up, in the direction of the chain", () => {
    for (const [allowed, headroomBps, expected] of [
      [40_000_000_000n, 5_000, 60_000_000_000n],
      [1n, 1, 2n],
      [3n, 0, 3n],
      [9_999n, 1, 10_000n],
      [2n ** 200n, 100_000, 11n * 2n ** 200n],
    ] as const) {
      const pool = poolObservation({ allowance: { maxAmountIn: allowed, minAmountIn: 1n, sellBase: false } });
      const decision = decide(observation({ pools: [pool] }), { ...CONFIG, sizeHeadroomBps: headroomBps });
      if (decision.kind !== "plan") throw new Error("must act");
      expect(decision.orders[0]).to.deep.include({ allowedAmountIn: allowed, maxAmountIn: expected, sellBase: false });
    }
  });

  it("explains skips by the numbers that would have to change", () => {
    const skipOf = (pool: PoolObservation, change: Partial<Observation> = {}) =>
      decide(observation({ pools: [pool], ...change }), CONFIG).skips[0];
    const inside = poolObservation({ allowance: { reason: 3, blockEndDeviationWad: -2n * 10n ** 14n } });
    expect(skipOf(inside)).to.deep.include({ now: 2n * 10n ** 14n, needed: 3n * 10n ** 14n, unit: "wad" });
    expect(skipOf(poolObservation({ allowance: { reason: 6, readyAtBlock: 103n } }))).to.deep.include({
      now: 100n,
      needed: 103n,
    });
    // Newest two block ends are outside on one side, the third is not.
    expect(skipOf(poolObservation({ confirmations: 4n, allowance: { reason: 4 } }))).to.deep.include({
      now: 2n,
      needed: 4n,
    });
    const crossing = [10n ** 18n + 5n * 10n ** 14n, 10n ** 18n - 5n * 10n ** 14n];
    expect(skipOf(poolObservation({ blockEndRatiosWad: crossing, allowance: { reason: 4 } }))).to.deep.include({
      now: 1n,
    });
    expect(skipOf(poolObservation({ readable: false, failure: "0x12345678" }))).to.deep.include({
      detail: "0x12345678",
    });
    expect(skipOf(poolObservation(), { gasPriceWei: 51n * GWEI })).to.deep.include({
      now: 51n * GWEI,
      needed: 50n * GWEI,
    });
  });

  it("has a sentence without blanks for every reason", () => {
    const chain = CHAIN_REASONS.filter((reason) => reason !== "none");
    for (const reason of [...chain, ...KEEPER_REASONS]) {
      const sentence = explain({
        pool: POOL_A,
        reason,
        now: 10n ** 14n,
        needed: 3n * 10n ** 14n,
        unit: "wad",
        detail: "why",
      });
      expect(sentence, reason).to.not.match(/[{}?]/);
      expect(sentence.length, reason).to.be.greaterThan(10);
    }
  });

  it("knows the chain's reasons in their order: IStabilizerLimits.Reason", () => {
    const source = readFileSync(
      new URL("../../../contracts/interfaces/IStabilizerLimits.sol", import.meta.url),
      "utf8",
    );
    const body = /enum Reason \{([^}]*)\}/.exec(source)?.[1] ?? "";
    const declared = body
      .replaceAll(/\/\/[^\n]*/g, "")
      .split(",")
      .map((name) => name.trim().toLowerCase().replaceAll("_", "-"))
      .filter((name) => name !== "");
    expect(declared.length).to.be.greaterThan(10);
    expect([...CHAIN_REASONS]).to.deep.equal(declared);
  });

  it("estimates the gain like the integral of the deviation over the trade", () => {
    let compared = 0;
    for (const deviationBps of [-40, -3, 1, 3, 25]) {
      for (const share of [0.1, 0.5, 0.999, 1]) {
        const fullCloseIn = 50_000_000_000n;
        const maxAmountIn = BigInt(Math.floor(Number(fullCloseIn) * share));
        const pool = poolObservation({
          allowance: { fullCloseIn, maxAmountIn, spotDeviationWad: BigInt(deviationBps) * 10n ** 14n },
        });
        // Many small steps, each at the deviation that is left.
        const steps = 10_000;
        let sum = 0;
        for (let step = 0; step < steps; step += 1) {
          const position = ((step + 0.5) / steps) * share;
          sum += ((Math.abs(deviationBps) / 10_000) * (1 - position)) / steps;
        }
        const expected = sum * 10;
        const estimated = Number(expectedGainXauWei(pool)) / 1e18;
        expect(Math.abs(estimated - expected) / expected).to.be.lessThan(1e-6);
        compared += 1;
      }
    }
    expect(compared).to.equal(20);
    expect(expectedGainXauWei(poolObservation({ allowance: { fullCloseIn: 0n } }))).to.equal(0n);
  });
});
