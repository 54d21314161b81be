import { join } from "node:path";

import { expect } from "chai";

import { readPriceFile, type PriceRow } from "../../protocol/priceFile.js";
import { simulate, type Simulation } from "../../scripts/sim/engine.js";
import type { SimOptions } from "../../scripts/sim/options.js";
import { figuresOf, type SimFigures } from "../../scripts/sim/result.js";
import { worlds } from "./simWorlds.js";

const FILE = join(import.meta.dirname, "..", "fixtures", "cusdc-depeg.csv");
/** The file's three hours in 30 minutes. */
const SHORTER = 6;
const BLOCK_SECONDS = 2;
const POOLS_OF_CUSDC = ["cUSDT/cUSDC", "XAU/cUSDC"];

function shortened(rows: readonly PriceRow[]): PriceRow[] {
  const first = rows[0]?.timestampSeconds ?? 0;
  return rows.map((row) => ({
    ...row,
    timestampSeconds: first + Math.round((row.timestampSeconds - first) / SHORTER),
  }));
}

describe("a reserve asset that loses its peg", () => {
  const rows = shortened(readPriceFile(FILE));
  let simulation: Simulation;
  let figures: SimFigures;

  before(async () => {
    const options: SimOptions = {
      hours: 3 / SHORTER,
      volume: 10,
      seed: 1,
      flow: "regime",
      blockSeconds: BLOCK_SECONDS,
      policy: "cantilever",
      profile: "target",
      priceRows: rows,
    };
    simulation = await simulate(options, undefined, undefined, worlds);
    figures = figuresOf(simulation);
  });

  /** First block in which the file's price holds. */
  function blockOf(matches: (price: number) => boolean): number {
    const [first] = rows;
    const row = rows.find((entry) => matches(entry.usd.cUSDC ?? 1));
    const seconds = (row?.timestampSeconds ?? 0) - (first?.timestampSeconds ?? 0);
    return simulation.firstBlock + Math.ceil(seconds / BLOCK_SECONDS);
  }

  /** The one block in which cUSDC became, or ceased to be, HALTED. What its pools say then is another matter. */
  function haltChange(side: "from" | "to"): number {
    const found = figures.peg.transitions.filter((entry) => entry.token === "cUSDC" && entry[side] === "HALTED");
    expect(found, `one change ${side} HALTED`).to.have.length(1);
    return found[0]?.block ?? 0;
  }

  it("halts the token within three blocks of the price leaving its band, and no other", () => {
    const left = blockOf((price) => price < 0.98);
    expect(haltChange("to") - left).to.be.within(0, 3);
    expect(figures.peg.transitions.filter((entry) => entry.to === "HALTED")).to.have.length(1);
    expect(figures.peg.stateBlocks["cUSDC"]?.["HALTED"]).to.be.greaterThan(300);
    expect(figures.market.feedRoundsRefused).to.equal(0);
  });

  it("PEG-7 PEG-8 sells nothing against it while it stands outside: the inventory is kept", () => {
    expect(figures.peg.executionsOutsideGuard).to.equal(0);
    // At most one per pool, in the block in which the market has left and no round can have said so.
    expect(figures.peg.executionsAheadOfFeed).to.be.at.most(POOLS_OF_CUSDC.length);
    const [halted, over] = [haltChange("to"), haltChange("from")];
    const left = blockOf((price) => price < 0.98);
    for (const pool of simulation.pools.filter(({ spec }) => POOLS_OF_CUSDC.includes(spec.name))) {
      const during = pool.executionBlocks.filter((block) => block > left && block < over);
      expect(
        during,
        `${pool.spec.name} between ${String(left)} (halted ${String(halted)}) and ${String(over)}`,
      ).to.deep.equal([]);
    }
    expect(figures.stabilizer.lossMaxXauWei).to.equal("0");
    expect(figures.stabilizer.haltedBlocks).to.be.greaterThan(0);
  });

  it("goes on with the other pools all the time, and with all of them afterwards", () => {
    const [halted, over] = [haltChange("to"), haltChange("from")];
    const others = simulation.pools.filter(({ spec }) => !POOLS_OF_CUSDC.includes(spec.name));
    const during = others.flatMap(({ executionBlocks }) =>
      executionBlocks.filter((block) => block > halted && block < over),
    );
    expect(during).to.not.have.length(0);
    for (const pool of simulation.pools.filter(({ spec }) => POOLS_OF_CUSDC.includes(spec.name))) {
      expect(
        pool.executionBlocks.filter((block) => block < halted),
        `${pool.spec.name} before`,
      ).to.not.have.length(0);
      expect(
        pool.executionBlocks.filter((block) => block >= over),
        `${pool.spec.name} after`,
      ).to.not.have.length(0);
    }
    expect(figures.peg.states).to.deep.equal({ cUSDT: "NORMAL", cUSDC: "NORMAL", cEURT: "NORMAL", XAU: "NORMAL" });
  });
});
