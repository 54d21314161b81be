import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { expect } from "chai";

import { CantileverError } from "../../protocol/errors.js";
import { parsePriceFile } from "../../protocol/priceFile.js";
import { simulate, type Simulation } from "../../scripts/sim/engine.js";
import { simParams, type SimOptions } from "../../scripts/sim/options.js";
import { figuresOf, worstOf, type SimFigures } from "../../scripts/sim/result.js";
import { reportOf } from "../../scripts/sim/show.js";
import { absolutePercentiles } from "../../scripts/stats/distribution.js";
import { worlds } from "./simWorlds.js";

const ROOT = join(import.meta.dirname, "..", "..");

function optionsOf(changed: Partial<SimOptions>): SimOptions {
  return {
    hours: 1 / 3,
    volume: 10,
    seed: 1,
    flow: "regime",
    blockSeconds: 2,
    policy: "cantilever",
    profile: "target",
    ...changed,
  };
}

/** A simulation in a world that others have used before or will use. */
function simulateShared(options: SimOptions): Promise<Simulation> {
  return simulate(options, undefined, undefined, worlds);
}

/** Everything but the time it took. */
function repeatable(figures: SimFigures): Omit<SimFigures, "wallSeconds"> {
  const { wallSeconds: _wallSeconds, ...rest } = figures;
  return rest;
}

describe("simulation", () => {
  describe("20 minutes at 10× on all pools", () => {
    let simulation: Simulation;
    let figures: SimFigures;

    before(async () => {
      simulation = await simulateShared(optionsOf({}));
      figures = figuresOf(simulation);
    });

    it("records one block-end for every block of every pool", () => {
      expect(Object.keys(figures.pools)).to.deep.equal(["cUSDT/cUSDC", "XAU/cUSDT", "XAU/cUSDC", "XAU/cEURT"]);
      for (const pool of Object.values(figures.pools)) expect(pool.blockEnds).to.equal(600);
    });

    it("holds every pool inside the band and acts in each", () => {
      for (const [name, pool] of Object.entries(figures.pools)) {
        expect(pool.inBandShare, name).to.equal(1);
        expect(pool.executions, name).to.be.greaterThan(0);
        expect(pool.trades, name).to.be.greaterThan(500);
      }
      expect(figures.market.failedTrades).to.equal(0);
    });

    it("STAB-14 acts only after two consecutive block-ends outside the threshold, on one side", () => {
      for (const pool of simulation.pools) {
        const ends = pool.deviationBps.values();
        for (const block of pool.executionBlocks) {
          const [last = 0, before = 0] = [
            ends[block - simulation.firstBlock - 1],
            ends[block - simulation.firstBlock - 2],
          ];
          expect(Math.abs(last), `${pool.spec.name} ${block}`).to.be.greaterThan(pool.thresholdBps);
          expect(Math.abs(before), `${pool.spec.name} ${block}`).to.be.greaterThan(pool.thresholdBps);
          expect(Math.sign(last)).to.equal(Math.sign(before));
        }
      }
    });

    it("STAB-12 leaves the cooldown between two executions of a pool", () => {
      let gaps = 0;
      for (const { executionBlocks } of simulation.pools) {
        executionBlocks.slice(1).forEach((block, index) => {
          expect(block - (executionBlocks[index] ?? 0)).to.be.at.least(3);
          gaps += 1;
        });
      }
      expect(gaps).to.be.greaterThan(0);
    });

    it("STAB-16 never loses at the oracle, by transfers and by events alike", () => {
      expect(figures.stabilizer.lossMaxXauWei).to.equal("0");
      const byTransfers = BigInt(figures.stabilizer.inventoryChangeXauWei);
      const executions = BigInt(simulation.keeper.gasUsed.length);
      expect(byTransfers > 0n).to.equal(true);
      // The reward is paid in whole units: what is rounded away, less than 4e-10 oz an execution, stays in the inventory.
      const apart = byTransfers - simulation.keeper.eventGainXauWei;
      expect(apart >= 0n && apart <= executions * 400_000_000n, `${apart} XAU wei apart`).to.equal(true);
    });

    it("STAB-14 POOL-10 is neither moved nor robbed by flash swings", () => {
      expect(figures.flash.attempts).to.be.greaterThan(0);
      expect(figures.flash).to.include({ failed: 0, executionsCaused: 0, historyChanged: 0 });
      expect(BigInt(figures.flash.attackerProfitUnitsMax) < 0n).to.equal(true);
    });

    it("answers within five blocks of a free cooldown", () => {
      expect(figures.rebalanceLatencyBlocks.episodes).to.be.greaterThan(0);
      expect(figures.rebalanceLatencyBlocks.max).to.be.lessThan(5);
    });

    it("writes a report that stands alone", () => {
      const page = reportOf(simulation, figures, "npm run sim");
      expect(page)
        .to.contain("XAU/cEURT")
        .and.to.not.match(/NaN|Infinity|<script/);
    });
  });

  it("repeats itself to the last digit for a seed, in a fresh world and in a used one, and differs for another", async () => {
    const short = { hours: 0.05, volume: 10 };
    const fresh = repeatable(figuresOf(await simulate(optionsOf(short))));
    const other = repeatable(figuresOf(await simulateShared(optionsOf({ ...short, seed: 2 }))));
    const again = repeatable(figuresOf(await simulateShared(optionsOf(short))));
    expect(again).to.deep.equal(fresh);
    expect(other.pools).to.not.deep.equal(fresh.pools);
  });

  it("lets a pool drift without stabilizer, and trades only in the pools that are named", async () => {
    const simulation = await simulateShared(
      optionsOf({ flow: "one-sided", policy: "none", pools: ["cUSDT/cUSDC"], hours: 0.25, volume: 5 }),
    );
    const { pools, stabilizer, rebalanceLatencyBlocks } = figuresOf(simulation);
    expect(Object.keys(pools)).to.deep.equal(["cUSDT/cUSDC"]);
    expect(pools["cUSDT/cUSDC"]?.executions).to.equal(0);
    expect(stabilizer.inventoryChangeXauWei).to.equal("0");
    expect(rebalanceLatencyBlocks.episodes).to.equal(0);
    // 62,500 USD of base sold into a million: 2 k d = 2 × 0.003 × 6.25 % = 3.7 bps, first order.
    const { max } = absolutePercentiles(simulation.pools[0]?.deviationBps ?? expect.fail("no pool"));
    expect(max).to.be.within(3, 4.5);
  });

  it("fails gracefully when the capital is too small even for its refills: no loss, more wanted, said so", async () => {
    const simulation = await simulateShared(
      optionsOf({ flow: "one-sided", pools: ["cUSDT/cUSDC"], capitalUsd: 500, volume: 10, hours: 0.1 }),
    );
    const { ok, capital, stabilizer } = figuresOf(simulation);
    expect(ok).to.equal(true);
    expect(capital.exhaustedBlocks).to.be.greaterThan(0);
    expect(capital.refillsWanted).to.be.greaterThan(0);
    expect(stabilizer.lossMaxXauWei).to.equal("0");
  });

  it("BUCKET-3 spends bucket B, refills it out of E by rule, and holds the peg with a tenth of what it turns over", async () => {
    const options = optionsOf({
      flow: "one-sided",
      pools: ["cUSDT/cUSDC"],
      capitalUsd: 40_000,
      volume: 10,
      hours: 0.5,
    });
    const { params } = simParams(options);
    const simulation = await simulateShared(options);
    const { pools, capital, stabilizer, bucketUnits, reserves, buckets } = figuresOf(simulation);
    expect(capital.refills).to.be.greaterThan(0);
    expect(capital).to.include({ refillsReverted: 0, exhaustedBlocks: 0 });
    expect(pools["cUSDT/cUSDC"]?.inBandShare).to.equal(1);
    expect(stabilizer.lossMaxXauWei).to.equal("0");
    // E has what it had, less what it gave, more what it was paid, less what the callers got: exact to the unit.
    const startUnits = BigInt(params.reserves.buckets.start.reserveUsd) * 10n ** BigInt(params.tokens.cUSDT.decimals);
    for (const token of ["cUSDT", "cUSDC"] as const) {
      const change = simulation.refills.made.reduce((sum, made) => {
        const out = made.scarce === token ? made.filledUnits : 0n;
        const into = made.surplus === token ? made.paidUnits - made.rewardUnits : 0n;
        return sum + into - out;
      }, 0n);
      expect(bucketUnits[token]?.E, token).to.equal((startUnits + change).toString());
      expect(reserves[token]?.tier).to.equal("target");
    }
    // P is the measured peak of net outflow: refills have raised it above its minimum for the token that was given.
    const minimum = BigInt(params.reserves.meter.minPeakUsdPerMinute) * 10n ** BigInt(params.tokens.cUSDT.decimals);
    const peaks = [reserves["cUSDT"], reserves["cUSDC"]].map((token) => BigInt(token?.peakUnitsPerMinute ?? 0n));
    expect(peaks.some((peak) => peak > minimum)).to.equal(true);
    for (const letter of ["A", "B", "C", "D", "E"] as const) expect(BigInt(buckets[letter] ?? 0n) > 0n).to.equal(true);
  });

  it("replays outside prices: the feeds and the pools follow", async () => {
    const priceRows = parsePriceFile("p.csv", "timestamp,xau_usd\n1000,2650\n1200,2700\n1400,2660\n1600,2660\n");
    const simulation = await simulateShared(optionsOf({ priceRows, hours: 1 / 6, volume: 1, pools: ["XAU/cUSDT"] }));
    const [pool] = simulation.pools;
    // Quote units per base unit times 1e18; decimals 6 and 18. The newest price within one reading error.
    const fedPrice = Number(pool?.state.anchorNew ?? 0n) / 1e6;
    expect(Math.abs(fedPrice / 2660 - 1)).to.be.lessThan(1e-4);
    expect(simulation.reports.refused).to.equal(0);
    expect(simulation.reports.accepted).to.be.greaterThan(6);
    // Arbitrageurs met the pool at the old price in the block of each jump.
    expect(pool?.arbitrages).to.be.greaterThan(0);
  });

  it("refuses a pool that does not exist, by code", () => {
    const refused = (): unknown => simParams(optionsOf({ pools: ["cUSDT/USD"] }));
    expect(refused).to.throw(CantileverError).with.property("code", "INVALID_VALUE");
  });

  it("takes the worst of several runs in each direction", async () => {
    const one = figuresOf(await simulateShared(optionsOf({ hours: 0.02, volume: 1 })));
    const name = "cUSDT/cUSDC";
    const pool = one.pools[name] ?? expect.fail("no pool");
    const two: SimFigures = {
      ...one,
      pools: { ...one.pools, [name]: { ...pool, inBandShare: 0.5, executions: 99 } },
      stabilizer: { ...one.stabilizer, lossMaxXauWei: "7", inventoryChangeXauWei: "-3" },
    };
    const worst = worstOf([one, two]) as unknown as SimFigures;
    expect(worst.pools[name]).to.include({ inBandShare: 0.5, executions: 99 });
    expect(worst.stabilizer).to.include({ lossMaxXauWei: "7", inventoryChangeXauWei: "-3" });
    expect(worst).to.not.have.property("seed");
  });

  describe("command line", () => {
    const refused: [string, string[], string][] = [
      ["a chain nobody knows", ["--chains", "138,1"], "INVALID_VALUE"],
      ["a bridge latency of one chain", ["--latency", "5m"], "CONFLICTING_FLAGS"],
      ["a part that is none", ["--without", "gravity"], "INVALID_VALUE"],
      ["one report of two chains", ["--chains", "138,651940", "--report", "r.html"], "CONFLICTING_FLAGS"],
      ["another protocol's policy", ["--policy", "pegkeeper-a200"], "PART_NOT_BUILT"],
      ["a misspelt flag", ["--volum", "5"], "UNKNOWN_FLAG"],
      ["several runs in one report", ["--seeds", "1..2", "--report", "r.html"], "CONFLICTING_FLAGS"],
    ];
    for (const [what, args, code] of refused) {
      it(`refuses ${what} with exit code 2`, () => {
        const run = spawnSync(process.execPath, ["--import", "tsx", "scripts/sim.ts", ...args, "--json"], {
          cwd: ROOT,
          encoding: "utf8",
        });
        expect(run.status).to.equal(2);
        const answer = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "") as { error: { code: string } };
        expect(answer.error.code).to.equal(code);
      });
    }

    it("names file, line and column of a malformed price file and exits 1", () => {
      const run = spawnSync(
        process.execPath,
        ["--import", "tsx", "scripts/sim.ts", "--prices", "package.json", "--json"],
        {
          cwd: ROOT,
          encoding: "utf8",
        },
      );
      expect(run.status).to.equal(1);
      const answer = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "") as {
        error: { code: string; message: string };
      };
      expect(answer.error.code).to.equal("PRICE_FILE_COLUMN_UNKNOWN");
      expect(answer.error.message).to.contain("package.json, line 1, column 1");
    });
  });
});
