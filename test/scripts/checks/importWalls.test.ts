import { Linter } from "eslint";
import { expect } from "chai";
import tseslint from "typescript-eslint";

import { importWalls, judgeImport } from "../../../scripts/checks/importWalls.js";

/** [importing file, specifier, type only] */
type Case = readonly [string, string, boolean?];

const ALLOWED: readonly Case[] = [
  ["protocol/contracts.ts", "./generated/contracts/index.js"],
  ["protocol/contracts.ts", "ethers"],
  ["protocol/addresses.ts", "../deployments/chain138.json"],
  ["db/codecs.ts", "../protocol/units.js"],
  ["db/pool.ts", "pg"],
  ["keepers/kit/runner.ts", "../../protocol/errors.js"],
  ["keepers/kit/scheduler.ts", "node-cron"],
  ["keepers/rebalancer/tick.ts", "../kit/runner.js"],
  ["keepers/rebalancer/tick.ts", "./decide.js"],
  ["keepers/rebalancer/decide.ts", "../../protocol/pmm.js"],
  ["keepers/rebalancer/strategies/inventory.ts", "../../../protocol/errors.js"],
  ["keepers/rebalancer/decide.ts", "./strategies/inventory.js"],
  ["keepers/rebalancer/decide.ts", "./observe.js", true],
  ["keepers/main.ts", "./rebalancer/main.js"],
  ["keepers/main.ts", "../scripts/cli.js"],
  ["service/api/server.ts", "fastify"],
  ["service/api/routes/pools.ts", "../../../db/queries/latestDeviation.js"],
  ["scripts/sim/run.ts", "../../keepers/deviation-stabilizer/decide.js"],
  ["scripts/tbtc/replay/keeper.ts", "../../../keepers/courtesy-call-redeemer/rehearsal.js"],
  ["scripts/deploy/010_tokens.ts", "hardhat"],
  ["hardhat.config.ts", "./scripts/tasks/peg/status.js"],
  ["test/integration/stabilizer.test.ts", "../../keepers/kit/runner.js"],
];

const FORBIDDEN: readonly Case[] = [
  ["protocol/contracts.ts", "../keepers/kit/signer.js"],
  ["protocol/contracts.ts", "../db/pool.js", true],
  ["protocol/contracts.ts", "hardhat"],
  ["protocol/contracts.ts", "pg"],
  ["db/pool.ts", "../keepers/kit/record.js"],
  ["db/pool.ts", "../protocol/contracts.js"],
  ["keepers/kit/runner.ts", "../rebalancer/tick.js"],
  ["keepers/rebalancer/tick.ts", "../ltv-monitor/tick.js"],
  ["keepers/rebalancer/tick.ts", "../../service/api/server.js"],
  ["keepers/rebalancer/tick.ts", "../../scripts/cli.js"],
  ["keepers/rebalancer/tick.ts", "pg"],
  ["keepers/rebalancer/decide.ts", "ethers"],
  ["keepers/rebalancer/decide.ts", "node:crypto"],
  ["keepers/rebalancer/decide.ts", "./observe.js"],
  ["keepers/rebalancer/decide.ts", "../kit/logger.js"],
  ["keepers/rebalancer/decide.ts", "../ltv-monitor/decide.js"],
  ["keepers/rebalancer/strategies/inventory.ts", "../../../db/pool.js"],
  ["service/api/server.ts", "../../keepers/kit/signer.js"],
  ["service/api/server.ts", "../../keepers/kit/types.js", true],
  ["service/api/server.ts", "node-cron"],
  ["scripts/start.ts", "../keepers/rebalancer/tick.js"],
  ["scripts/start.ts", "../test/helpers/fork.js"],
  ["stray.ts", "./protocol/units.js"],
];

describe("import walls", () => {
  for (const [file, specifier, isTypeOnly = false] of ALLOWED) {
    it(`${file} may import ${isTypeOnly ? "types of " : ""}${specifier}`, () => {
      expect(judgeImport(file, specifier, isTypeOnly).ok).to.equal(true);
    });
  }
  for (const [file, specifier, isTypeOnly = false] of FORBIDDEN) {
    it(`${file} may not import ${isTypeOnly ? "types of " : ""}${specifier}`, () => {
      expect(judgeImport(file, specifier, isTypeOnly).ok).to.equal(false);
    });
  }

  it("reports every form of import as a lint error", () => {
    const linter = new Linter({ cwd: "/repository" });
    const code = [
      `import { tick } from "../ltv-monitor/tick.js";`,
      `import type { Tick } from "../ltv-monitor/tick.js";`,
      `export { tick } from "../ltv-monitor/tick.js";`,
      `export * from "../ltv-monitor/tick.js";`,
      `const lazy = await import("../ltv-monitor/tick.js");`,
      `type Lazy = import("../ltv-monitor/tick.js").Tick;`,
      `import { runner } from "../kit/runner.js";`,
    ].join("\n");
    const messages = linter.verify(
      code,
      {
        files: ["**/*.ts"],
        languageOptions: { parser: tseslint.parser },
        plugins: { cantilever: { rules: { "import-walls": importWalls } } },
        rules: { "cantilever/import-walls": "error" },
      },
      "/repository/keepers/rebalancer/tick.ts",
    );
    expect(messages.map(({ messageId, line }) => [messageId, line])).to.deep.equal(
      [1, 2, 3, 4, 5, 6].map((line) => ["wall", line]),
    );
  });
});
