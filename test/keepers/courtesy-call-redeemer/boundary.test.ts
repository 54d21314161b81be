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

/** What runs the core, whatever the protocol. */
const RUNTIME = [
  ...["main.ts", "connect.ts", "doctor.ts", "tick.ts", "batch.ts", "guard.ts", "policy.ts", "encode.ts"],
  ...["standing.ts", "store.ts", "watchlist.ts", "notices.ts", "inFlight.ts", "site.ts", "condition.ts"],
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

  it("AAVE-14 one file chooses between protocols: of the rest of the runtime none but the settings knows their names", () => {
    for (const file of RUNTIME) {
      const code = stripComments(readFileSync(path.join(ROOT, file), "utf8"));
      expect(code, file).to.not.match(/from "[^"]*(adapters|protocol\/(tbtc|aave))/);
      expect(code, file).to.not.match(/"(?:tbtc|aave-v3)"|\baave/i);
    }
    expect(readFileSync(path.join(ROOT, "protocols.ts"), "utf8")).to.match(/from "\.\/adapters\/aave/);
  });
});
