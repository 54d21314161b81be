import { expect } from "chai";

import { checkCommands } from "../../../scripts/checks/commands.js";
import { checkInvariants, sliceOfTest } from "../../../scripts/checks/invariants.js";
import { checkSizes } from "../../../scripts/checks/sizes.js";
import { checkTexts } from "../../../scripts/checks/texts.js";

const SOLIDITY_TEST = [
  "contract PoolTest is Base {",
  "    /// @dev POOL-1: reserves never reach zero.",
  "    function invariant_reservesPositive() public view {",
  "        assertTrue(true);",
  "    }",
  "",
  "    function test_other() public {",
  "        // POOL-2",
  "    }",
  "}",
].join("\n");
const MOCHA_TEST = [
  'describe("bridge", () => {',
  '  it("BRIDGE-1: conserves the supply", () => {',
  "  });",
  "});",
].join("\n");
const TESTS = new Map([
  ["test/contracts/Pool.t.sol", SOLIDITY_TEST],
  ["test/integration/bridge.test.ts", MOCHA_TEST],
]);
const ROWS = [
  "| POOL-1 | Reserves stay positive. | test/contracts/Pool.t.sol: invariant_reservesPositive |",
  "| POOL-2 | Other. | `test/contracts/Pool.t.sol: test_other` |",
  "| BRIDGE-1 | Supply is conserved. | test/integration/bridge.test.ts: BRIDGE-1: conserves the supply |",
];

function rulesOf(rows: readonly string[], tests = TESTS): string[] {
  return checkInvariants(["| ID | Sentence | Test |", "|---|---|---|", ...rows].join("\n"), tests).map(
    ({ rule }) => rule,
  );
}

describe("check of invariants", () => {
  it("accepts a table that agrees with the tests, and a specification that is not written yet", () => {
    expect(rulesOf(ROWS)).to.deep.equal([]);
    expect(checkInvariants(undefined, TESTS)).to.deep.equal([]);
  });

  it("reports rows without their test", () => {
    expect(rulesOf([...ROWS, "| POOL-3 | x | test/contracts/None.t.sol: test_a |"])).to.deep.equal(["missing-file"]);
    expect(rulesOf([...ROWS, "| POOL-3 | x | test/contracts/Pool.t.sol: test_a |"])).to.deep.equal(["missing-test"]);
    expect(rulesOf([...ROWS, "| POOL-3 | x | test/contracts/Pool.t.sol: test_other |"])).to.deep.equal(["missing-id"]);
    expect(rulesOf([...ROWS, "| POOL-3 | x | to be written |"])).to.deep.equal(["malformed-row"]);
    expect(rulesOf([...ROWS, ROWS[0] ?? ""])).to.deep.equal(["duplicate-id"]);
  });

  it("reads several tests in one cell, and a name that holds a semicolon", () => {
    const named = "BRIDGE-2: fails; and goes on";
    const tests = new Map([...TESTS, ["test/a.test.ts", `it("${named}", () => {\n});`]]);
    const row = `| BRIDGE-2 | x | test/a.test.ts: ${named}; test/integration/bridge.test.ts: BRIDGE-1: conserves the supply |`;
    expect(rulesOf([...ROWS, row], tests)).to.deep.equal(["missing-id"]);
    const alone = `| BRIDGE-2 | x | test/a.test.ts: ${named} |`;
    expect(rulesOf([...ROWS, alone], tests)).to.deep.equal([]);
  });

  it("reports an ID in a test that has no row, but not the name of a standard", () => {
    expect(rulesOf(ROWS.slice(1))).to.deep.equal(["unlisted-id"]);
    expect(rulesOf(ROWS, new Map([...TESTS, ["test/contracts/Token.t.sol", "// EIP-712, ERC-20"]]))).to.deep.equal([]);
  });

  it("cuts out a test with its comment and body", () => {
    expect(sliceOfTest(SOLIDITY_TEST, "invariant_reservesPositive")).to.include("POOL-1").and.not.include("POOL-2");
    expect(sliceOfTest(SOLIDITY_TEST, "test_other")).to.include("POOL-2").and.not.include("POOL-1");
    expect(sliceOfTest(SOLIDITY_TEST, "test_oth")).to.equal(undefined);
  });
});

describe("check of documented commands", () => {
  const project = {
    scripts: {
      start: "node scripts/bootstrap.mjs scripts/start.ts",
      test: "node scripts/bootstrap.mjs scripts/test.ts",
      lint: "eslint .",
    },
    fileExists: (file: string) => file !== "scripts/start.ts",
    tasks: ["build", "deployment", "deployment verify"],
  };
  const rules = (markdown: string): string[] => checkCommands("README.md", markdown, project).map(({ rule }) => rule);

  it("accepts what exists", () => {
    const text =
      "Run `npm test -- keepers`, `npm run …`, `npx hardhat …`.\n```sh\nnpm run lint && npm ci # then\nnpx hardhat deployment verify --network N\n```";
    expect(rules(text)).to.deep.equal([]);
  });

  it("reports what does not", () => {
    expect(rules("`npm run lnit`")).to.deep.equal(["no-such-script"]);
    expect(rules("```\nnpm start -- --for 60s\n```")).to.deep.equal(["no-such-program"]);
    expect(rules("`npx hardhat deploy --network N`")).to.deep.equal(["no-such-task"]);
    expect(rules("`npm strat`")).to.deep.equal(["unknown-verb"]);
  });

  it("reads code only, not prose", () => {
    expect(rules("npm run nothing, says the text")).to.deep.equal([]);
  });
});

describe("check of passages that stand twice", () => {
  const said = "`gate.` what keeps it from starting, `rescue.batch` what was sent, `rescue.left` why not";
  const places = (...lines: readonly string[]): string[] =>
    checkTexts("README.md", lines.join("\n")).map(({ rule, place }) => `${rule} ${place}`);

  it("finds what begins like a line before it, however it goes on", () => {
    expect(places(said, "and the rest", "", `${said}, and more`)).to.deep.equal(["said-twice README.md:4"]);
  });

  it("lets code, rows of tables and short lines be alike", () => {
    expect(places("```sh", said, said, "```", `| ${said}`, `| ${said}`, "A line.", "A line.", said)).to.deep.equal([]);
  });
});

describe("check of deployed sizes", () => {
  const ofSize = (sourceName: string, bytes: number) => ({
    sourceName,
    contractName: "C",
    bytecode: "0x",
    deployedBytecode: `0x${"00".repeat(bytes)}`,
  });

  it("accepts the limit and reports one byte more", () => {
    expect(checkSizes([ofSize("contracts/C.sol", 24_576)])).to.deep.equal([]);
    expect(checkSizes([ofSize("contracts/C.sol", 24_577)]).map(({ rule }) => rule)).to.deep.equal(["runtime-size"]);
  });

  it("ignores mocks, which are never deployed", () => {
    expect(checkSizes([ofSize("contracts/mocks/C.sol", 30_000)])).to.deep.equal([]);
  });
});
