import { expect } from "chai";

import { checkTestDeploys } from "../../../scripts/checks/testDeploys.js";

describe("what Solidity tests create", () => {
  const ours = new Set(["PmmFactory"]);
  const rulesOf = (text: string): string[] =>
    checkTestDeploys([{ file: "a.t.sol", text }], ours).map(({ rule, place }) => `${rule} ${place}`);

  it("names every line that creates a contract of ours from another compiler run", () => {
    expect(rulesOf("a;\n  factory = new PmmFactory(owner);")).to.deep.equal(["test-compiles a.t.sol:2"]);
  });

  it("takes artifacts, contracts of the tests, interfaces and comments", () => {
    const text =
      '// new PmmFactory()\nPmmFactory(deploy("PmmFactory", ""));\nnew Handler(PmmFactory(one));\nnew PmmFactory[](2);';
    expect(rulesOf(text)).to.deep.equal([]);
  });
});
