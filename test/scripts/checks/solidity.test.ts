import { expect } from "chai";

import { checkSolidity, stripComments } from "../../../scripts/checks/solidity.js";

/** Rules broken by `body` in `file`, beside a concrete contract of another subsystem and a library. */
function rulesBrokenBy(file: string, ...lines: string[]): string[] {
  const sources = [
    { file: "contracts/stabilizer/Stabilizer.sol", text: "pragma solidity 0.8.33;\ncontract Stabilizer {}" },
    { file: "contracts/pmm/PmmMath.sol", text: "pragma solidity 0.8.33;\nlibrary PmmMath {}" },
    { file, text: ["pragma solidity 0.8.33;", ...lines].join("\n") },
  ];
  return checkSolidity(sources, "0.8.33").map(({ rule }) => rule);
}

const POOL = "contracts/pmm/PmmPool.sol";

describe("check of Solidity sources", () => {
  const fine: readonly (readonly [string, string, string])[] = [
    ["named import of an interface", POOL, `import {IReserve} from "../interfaces/IReserve.sol";`],
    ["library of another subsystem", "contracts/mesh/XauMesh.sol", `import {PmmMath} from "../pmm/PmmMath.sol";`],
    ["import over several lines", POOL, `import {\n    IReserve\n} from "../interfaces/IReserve.sol";`],
    ["own subsystem's contract", "contracts/stabilizer/Limits.sol", `import {Stabilizer} from "./Stabilizer.sol";`],
    [
      "OpenZeppelin interface",
      "contracts/interfaces/IA.sol",
      `import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";`,
    ],
    ["require with a custom error", POOL, `require(f(a, b) > 0, Errors.Low(a, "x"));`],
    ["require over several lines", POOL, `require(\n  a > b,\n  Low(a, b)\n);`],
    ["revert with a custom error", POOL, `revert Low(a);`],
    ["revert in assembly", POOL, `assembly ("memory-safe") { if x { revert(0, 0) } }`],
    ["words in comments", POOL, `// tx.origin, delegatecall(, revert("x")\n/* require(x); */`],
    ["tx.origin of the observer", "contracts/dodo/DodoObserver.sol", `address a = tx.origin;`],
    ["text revert of a mock", "contracts/mocks/Token.sol", `revert("as the real one");`],
    ["sellBase behind the adapter", "contracts/dodo/Adapter.sol", `pool.sellBase(to);`],
  ];
  for (const [title, file, text] of fine) {
    it(`accepts: ${title}`, () => {
      expect(rulesBrokenBy(file, text)).to.deep.equal([]);
    });
  }

  const broken: readonly (readonly [string, string, string])[] = [
    ["named-import", POOL, `import "../interfaces/IReserve.sol";`],
    ["named-import", POOL, `import * as R from "../interfaces/IReserve.sol";`],
    ["mock-import", POOL, `import {M} from "../mocks/M.sol";`],
    ["mock-import", "contracts/interfaces/../pmm/PmmPool.sol", `import {M} from "../mocks/M.sol";`],
    ["import-outside", POOL, `import {B} from "../../test/contracts/Base.t.sol";`],
    ["contract-import", POOL, `import {Stabilizer} from "../stabilizer/Stabilizer.sol";`],
    ["interface-import", "contracts/interfaces/IA.sol", `import {PmmMath} from "../pmm/PmmMath.sol";`],
    [
      "interface-import",
      "contracts/interfaces/IA.sol",
      `import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";`,
    ],
    ["library-import", "contracts/libraries/L.sol", `import {PmmMath} from "../pmm/PmmMath.sol";`],
    ["string-revert", POOL, `require(a > b, "too low");`],
    ["string-revert", POOL, `require(a > b);`],
    ["string-revert", POOL, `require(f(a, g(b)));`],
    ["string-revert", POOL, `revert("too low");`],
    ["string-revert", POOL, `revert();`],
    ["delegatecall", POOL, `target.delegatecall(data);`],
    ["delegatecall", POOL, `assembly { let ok := delegatecall(gas(), t, 0, 0, 0, 0) }`],
    ["tx-origin", POOL, `require(tx.origin == a, Low());`],
    ["selfdestruct", POOL, `selfdestruct(payable(a));`],
    ["dodo-call", "contracts/mesh/XauMesh.sol", `pool.sellBase(to);`],
  ];
  for (const [rule, file, text] of broken) {
    it(`reports ${rule}: ${text}`, () => {
      expect(rulesBrokenBy(file, text)).to.include(rule);
    });
  }

  it("reports another compiler version and the line of a finding", () => {
    const [finding] = checkSolidity([{ file: POOL, text: "\n\npragma solidity ^0.8.0;" }], "0.8.33");
    expect(finding).to.include({ rule: "pragma", place: `${POOL}:3` });
  });

  it("keeps lines and strings when it strips comments", () => {
    expect(
      stripComments(`a = "//x"; // y\n/* z\n */ b`)
        .split("\n")
        .map((line) => line.trim()),
    ).to.deep.equal([`a = "//x";`, "", "b"]);
  });
});
