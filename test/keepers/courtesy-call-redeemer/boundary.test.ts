import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import { stripComments } from "../../../scripts/checks/solidity.js";

const ROOT = path.join(import.meta.dirname, "../../../keepers/courtesy-call-redeemer");
const PURE = [
  "types.ts",
  "decide.ts",
  "explain.ts",
  ...readdirSync(path.join(ROOT, "strategies")).map((file) => `strategies/${file}`),
];

describe("courtesy-call-redeemer: the boundary between the core and protocols", () => {
  it("AAVE-14 the core imports no adapter and no protocol, and has the word of none in its code", () => {
    expect(PURE.length).to.be.greaterThan(5);
    for (const file of PURE) {
      const code = stripComments(readFileSync(path.join(ROOT, file), "utf8"));
      expect(code, file).to.not.match(/from "[^"]*(adapters|protocol\/(tbtc|aave))/);
      expect(code, file).to.not.match(/\b(?:t?btc|tdt|frt|lots?|keeps?|deposits?|aave|atokens?|borrow\w*|bitcoin)\b/i);
    }
  });
});
