import { createRequire } from "node:module";

import { expect } from "chai";

import { type AstNode, type GuardedContract, Guards } from "../../../scripts/checks/guards.js";
import { checkRoles } from "../../../scripts/checks/roles.js";

const SOURCE = `
pragma solidity ^0.8.33;
library Senders { function mustBe(address a) internal view { require(msg.sender == a); } }
interface IVault { function take() external; }
abstract contract Base {
    address internal _boss;
    modifier onlyBoss() { _check(); _; }
    function _check() internal view virtual { if (_msgSender() != _boss) revert(); }
    function _msgSender() internal view returns (address) { return msg.sender; }
    function inherited() external onlyBoss { ++count; }
    function overridden() external virtual onlyBoss { ++count; }
    uint256 internal count;
}
contract Guarded is Base {
    using Senders for address;
    bytes32 public constant SPARE_ROLE = keccak256("SPARE_ROLE");
    mapping(address => bool) public isKeeper;
    function byMapping() external { require(isKeeper[msg.sender], "no"); ++count; }
    function byLookup() external { if (!_known(msg.sender)) revert(); ++count; }
    function byLibrary() external { _boss.mustBe(); ++count; }
    function byAlias() external { address who = _msgSender(); if (who != _boss) revert(); ++count; }
    function byConjunction() external { require(count == 0 && msg.sender == address(this)); ++count; }
    function forHimself(address payer) external { require(payer == msg.sender); ++count; }
    function withBalance() external { require(_balanceOf(msg.sender) > 0); ++count; }
    function passesOn(IVault vault) external { vault.take(); emit Seen(msg.sender == _boss); }
    function onlyLooks() external view returns (uint256) { require(msg.sender == _boss); return count; }
    function overridden() external override { ++count; }
    function _known(address account) private view returns (bool) { return isKeeper[account]; }
    function _balanceOf(address) private pure returns (uint256) { return 1; }
    event Seen(bool isBoss);
}
contract Opened is Base { function _check() internal view override {} }
contract Vault is IVault { address owner; function take() external { require(msg.sender == owner); } }
`;

interface Compiler {
  compile(input: string): string;
}

function compile(): GuardedContract[] {
  const require = createRequire(import.meta.url);
  const wrapper = require("solc/wrapper") as (binary: unknown) => Compiler;
  const solc = wrapper(require("solc/soljson.js"));
  const settings = { outputSelection: { "*": { "": ["ast"] } } };
  const input = { language: "Solidity", sources: { "A.sol": { content: SOURCE } }, settings };
  const { sources, errors } = JSON.parse(solc.compile(JSON.stringify(input))) as {
    sources: Record<string, { ast: AstNode }>;
    errors?: { severity: string; formattedMessage: string }[];
  };
  const fatal = errors?.find((error) => error.severity === "error");
  if (fatal !== undefined) throw new Error(fatal.formattedMessage);
  return new Guards(new Map(Object.entries(sources).map(([name, { ast }]) => [name, ast]))).contractsOf("A.sol");
}

describe("check of roles", () => {
  let contracts: GuardedContract[];
  before(() => {
    contracts = compile();
  });

  const find = (name: string): GuardedContract | undefined => contracts.find(({ contract }) => contract === name);

  it("finds every way of asking who the sender is, and nothing else", () => {
    expect(find("Guarded")?.functions).to.deep.equal([
      "byAlias",
      "byConjunction",
      "byLibrary",
      "byLookup",
      "byMapping",
      "inherited",
    ]);
    expect(find("Guarded")?.roles).to.deep.equal(["SPARE_ROLE"]);
    expect(find("Vault")?.functions).to.deep.equal(["take"]);
  });

  it("follows overriding functions and leaves out what cannot be deployed", () => {
    expect(find("Opened")?.functions).to.deep.equal([]);
    expect(contracts.map(({ contract }) => contract)).to.deep.equal(["Guarded", "Opened", "Vault"]);
  });

  describe("against the table", () => {
    const HEADER =
      "| Contracts | Role | Held by | Functions | At worst | Stopped by |\n| --- | --- | --- | --- | --- | --- |\n";
    const spec = (...rows: string[]): string => `text\n\n${HEADER}${rows.join("\n")}\n\nmore text\n`;
    const VAULT = "| `Vault` | owner | timelock | `take` | takes it | a canceller |";
    const GUARDED =
      "| `Guarded` | boss, `SPARE_ROLE` | timelock | `byAlias`, `byConjunction`, `byLibrary`, `byLookup`, `byMapping`, `inherited` | all | – |";
    const rules = (text: string | undefined): string[] => checkRoles(text, contracts).map(({ rule }) => rule);

    it("accepts a table that names everything", () => {
      expect(rules(spec(VAULT, GUARDED))).to.deep.equal([]);
      expect(rules(undefined)).to.deep.equal([]);
    });

    it("reports a guarded function and a role constant that no row names, and says where", () => {
      const findings = checkRoles(
        spec(VAULT, GUARDED.replace("`byMapping`, ", "").replace(", `SPARE_ROLE`", "")),
        contracts,
      );
      expect(findings.map(({ rule, place }) => `${rule} ${place}`)).to.deep.equal([
        "unnamed-function A.sol:Guarded",
        "unnamed-role A.sol:Guarded",
      ]);
      expect(findings[0]?.message).to.contain("byMapping").and.not.contain("byAlias");
      expect(rules(spec(VAULT))).to.deep.equal(["unnamed-function", "unnamed-role"]);
      // Another contract's row does not count.
      expect(rules(spec(GUARDED.replace("`inherited`", "`inherited`, `take`")))).to.include("unnamed-function");
    });

    it("reports rows about what does not exist or guards nothing", () => {
      expect(rules(spec(VAULT.replace("`take`", "`take`, `give`"), GUARDED))).to.deep.equal(["no-such-function"]);
      expect(rules(spec(VAULT, GUARDED.replace("`byAlias`", "`byAlias`, `forHimself`")))).to.deep.equal([
        "no-such-function",
      ]);
      expect(rules(spec(VAULT.replace("owner", "`GONE_ROLE`"), GUARDED))).to.deep.equal(["no-such-role"]);
      expect(rules(spec(VAULT, GUARDED, VAULT.replace("`Vault`", "`Gone`")))).to.deep.equal(["no-such-contract"]);
      expect(rules(spec(VAULT, GUARDED, VAULT.replace("`Vault`", "all")))).to.deep.equal(["no-contract"]);
      expect(rules(spec(VAULT.replace("a canceller", ""), GUARDED))).to.deep.equal(["empty-cell"]);
    });

    it("reports a second row about the same role of a contract", () => {
      const second = "| `Vault`, `Guarded` | owner | nobody | `take` | nothing | – |";
      const [finding, ...others] = checkRoles(
        spec(VAULT, GUARDED, second.replace("`Vault`, `Guarded`", "`Vault`")),
        contracts,
      );
      expect([finding?.rule, finding?.place, others]).to.deep.equal(["repeated-role", "docs/spec.md:7", []]);
      expect(rules(spec(VAULT, GUARDED, VAULT.replace("owner", "pending owner")))).to.deep.equal([]);
    });

    it("needs the table", () => {
      expect(rules("no table")).to.deep.equal(["no-role-table"]);
    });
  });
});
