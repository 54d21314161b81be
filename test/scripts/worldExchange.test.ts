import { join } from "node:path";

import { expect } from "chai";

import { Rng } from "../../scripts/market/rng.js";
import { SolanaChain } from "../../scripts/world/solana/chain.js";
import { Exchange } from "../../scripts/world/solana/exchange.js";

const ROOT = join(import.meta.dirname, "..", "..");
const STEPS = 40;
const DELAY_SECONDS = 60n;

describe("exchange of the local world", function () {
  this.timeout(120_000);

  it("has users deposit, positions open, settle and be liquidated, and a delayed withdrawal mature, with ledgers that agree", async () => {
    const chain = await SolanaChain.start(1, ROOT);
    try {
      const told = new Set<string>();
      const exchange = await Exchange.open(chain, new Rng(1, "exchange"), DELAY_SECONDS, (kind) => told.add(kind));
      for (let step = 0; step < STEPS; step++) {
        await exchange.step();
        chain.sleep(60n);
      }
      const figures = exchange.figures();
      expect(figures).to.include({ users: 8, deposits: 8, checks: STEPS, violations: 0 });
      expect(figures.positionsOpened).to.be.above(0);
      expect(figures.positionsSettled).to.be.above(0);
      expect(figures.positionsLiquidated).to.be.above(0);
      expect(figures.withdrawalsExecuted).to.be.above(0);
      expect(BigInt(figures.totalUnits) <= BigInt(figures.tokensHeldUnits)).to.equal(true);
      expect([...told]).to.include.members(["trade", "liquidated", "withdrawal"]);
    } finally {
      await chain.stop();
    }
  });
});
