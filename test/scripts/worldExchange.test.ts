import { join } from "node:path";

import { expect } from "chai";

import { Rng } from "../../scripts/market/rng.js";
import { SolanaChain } from "../../scripts/world/solana/chain.js";
import { Exchange } from "../../scripts/world/solana/exchange.js";
import { WorldExchange } from "../../scripts/world/solana/worldExchange.js";
import { Terminal } from "../../scripts/world/terminal.js";
import { usePostgres } from "../helpers/postgres.js";

const ROOT = join(import.meta.dirname, "..", "..");
const STEPS = 40;
const DELAY_SECONDS = 60n;
const STEP_MS = 100;

describe("exchange of the local world", () => {
  const postgres = usePostgres();

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

  it("leaves liquidations and payouts to the crank as a process, and every account to the monitor", async () => {
    const options = { speed: 120, seed: 1, postgres: await postgres.testDatabase(), delaySeconds: 1 };
    const world = await WorldExchange.start(options, new Terminal(() => undefined, false));
    try {
      world.run(STEP_MS);
      const isDone = (): boolean => {
        const { positionsLiquidated, withdrawalsExecuted } = world.figures;
        return positionsLiquidated > 0 && withdrawalsExecuted > 0;
      };
      while (!isDone()) {
        world.assertRunning();
        await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      }
      const { keepers, ...figures } = await world.end();
      expect(world.errors).to.deep.equal([]);
      expect(figures).to.include({ users: 9, violations: 0 });
      const { "collateral-crank": crank, "collateral-monitor": monitor } = keepers ?? expect.fail("nobody cranked");
      expect(crank.executed).to.deep.equal({
        liquidation: figures.positionsLiquidated,
        withdrawal: figures.withdrawalsExecuted,
      });
      expect(figures.positionsLiquidated).to.be.above(0);
      expect(figures.withdrawalsExecuted).to.be.above(0);
      expect(monitor).to.deep.include({ discrepancies: [], errors: 0 });
      expect(monitor.passes).to.be.above(0);
    } finally {
      await world.stop();
    }
  });
});
