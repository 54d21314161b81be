import { expect } from "chai";

import {
  addCounts,
  closingLine,
  hasResults,
  invariantDepth,
  readOutput,
  sharesOf,
  SUITES,
} from "../../scripts/testSuites.js";

describe("test runner", () => {
  it("reads mocha's summary and the reasons of its skips", () => {
    const output = [
      "  a fork [skipped: set X]",
      "    - reads \u001b[36m2 passing\u001b[0m",
      "",
      "  \u001b[32m7 passing\u001b[0m (3s)",
      "  \u001b[36m2 pending\u001b[0m",
      "  1 failing",
      "",
      "  1) a world",
      "       ends:",
      "",
    ].join("\n");
    const { counts, reasons, failures } = readOutput(output);
    expect(counts).to.deep.equal({ passed: 7, failed: 1, skipped: 2 });
    expect(reasons).to.deep.equal(["a fork [skipped: set X]"]);
    expect(failures).to.deep.equal(["  1) a world", "       ends:"]);
  });

  it("reads the Solidity summary and finds no reason where none is given", () => {
    const { counts, reasons, failures } = readOutput("  - test_x()\n\n  11 passing\n  3 skipped\n");
    expect(failures).to.deep.equal([]);
    expect(counts).to.deep.equal({ passed: 11, failed: 0, skipped: 3 });
    expect(reasons).to.deep.equal([]);
  });

  it("knows when mocha has told how its tests ended", () => {
    expect(hasResults("  keepers\n    ✔ holds 12 passing lots (3ms)\n")).to.equal(false);
    expect(hasResults("    ✔ holds (3ms)\n\n\n\u001b[32m  2 passing\u001b[39m (3s)\n")).to.equal(true);
  });

  it("sums up and closes with the agreed line", () => {
    const sum = addCounts({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 0, skipped: 1 });
    expect(closingLine(sum)).to.equal("11 passed, 2 failed, 4 skipped");
  });

  it("gives every file of a suite to one process", () => {
    const files = ["a", "b", "c", "d", "e"];
    for (const suite of SUITES) {
      const shares = sharesOf(suite, files);
      expect(shares.flat(), suite.name).to.deep.equal(files);
      expect(shares).to.have.length(suite.processes ?? 1);
      expect(sharesOf(suite, ["a"])).to.deep.equal([["a"]]);
      expect(sharesOf(suite, []), "none is still said once").to.deep.equal([[]]);
    }
  });

  it("makes at least the calls that were asked for", () => {
    for (const calls of [1, 49, 50, 51, 2_000, 9_999, 10_000, 40_000]) {
      const { runs, depth } = invariantDepth(calls);
      expect(runs * depth, String(calls)).to.be.at.least(calls);
      expect(runs * depth - calls, String(calls)).to.be.below(depth);
    }
  });
});
