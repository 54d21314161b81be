import { expect } from "chai";

import {
  ConfigError,
  flag,
  integer,
  loadSettings,
  oneOf,
  optionalText,
  scaled,
  setting,
  settingsTable,
  type Settings,
} from "../../../keepers/kit/env.js";

const settings = {
  blocks: setting({ env: "TEST_BLOCKS", schema: integer(1, 300), default: "3", doc: "Blocks." }),
  feeWei: setting({ env: "TEST_FEE_GWEI", schema: scaled(9, "gwei"), default: "1.5", doc: "Fee." }),
  mode: setting({ env: "TEST_MODE", schema: oneOf(["fast", "slow"]), default: "slow", doc: "Mode | way." }),
  loud: setting({ env: "TEST_LOUD", schema: flag, default: "false", doc: "Loud." }),
  file: setting({ env: "TEST_FILE", schema: optionalText, default: "", doc: "File." }),
  needed: setting({ env: "TEST_NEEDED", schema: integer(0, 9), doc: "Needed." }),
} as const satisfies Settings;
const own = { prefixes: ["TEST_"], alsoKnown: ["TEST_KEY_FILE"] };

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadSettings(settings, env, own);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.env);
    throw error;
  }
  return [];
}

describe("keepers/kit/env", () => {
  it("uses defaults, parses units and freezes the result", () => {
    const values = loadSettings(settings, { TEST_NEEDED: "4", TEST_LOUD: "true", TEST_FILE: "" }, own);
    expect(values).to.deep.equal({
      blocks: 3,
      feeWei: 1_500_000_000n,
      mode: "slow",
      loud: true,
      file: undefined,
      needed: 4,
    });
    expect(Object.isFrozen(values)).to.equal(true);
  });

  it("lists every problem at once, in the order of the settings", () => {
    const env = { TEST_BLOCKS: "0", TEST_FEE_GWEI: "-1", TEST_MODE: "Fast", TEST_LOUD: "yes" };
    expect(problemsOf(env)).to.deep.equal(["TEST_BLOCKS", "TEST_FEE_GWEI", "TEST_MODE", "TEST_LOUD", "TEST_NEEDED"]);
  });

  for (const text of ["0x10", "1e2", "1_0", " 5", "+5", "5.0", "", "301"]) {
    it(`refuses "${text}" as a whole number`, () => {
      const expected = text === "" ? [] : ["TEST_BLOCKS"];
      expect(problemsOf({ TEST_NEEDED: "1", TEST_BLOCKS: text })).to.deep.equal(expected);
    });
  }

  it("refuses digits that the unit cannot hold", () => {
    expect(problemsOf({ TEST_NEEDED: "1", TEST_FEE_GWEI: "1.0000000001" })).to.deep.equal(["TEST_FEE_GWEI"]);
  });

  it("refuses misspelt variables with its own prefix and leaves foreign ones alone", () => {
    expect(problemsOf({ TEST_NEEDED: "1", TEST_BLOKCS: "3", HOME: "/home", TEST_KEY_FILE: "x" })).to.deep.equal([
      "TEST_BLOKCS",
    ]);
  });

  it("never repeats a value, which may be a secret in the wrong place", () => {
    try {
      loadSettings(settings, { TEST_NEEDED: "hunter2", TEST_BLOCKS: "hunter2" }, own);
      expect.fail("must refuse");
    } catch (error) {
      expect(String(error)).not.to.include("hunter2");
    }
  });

  it("prints a table that marks required settings and escapes bars", () => {
    const table = settingsTable(settings);
    expect(table).to.include("| `TEST_NEEDED` | required | Needed. |");
    expect(table).to.include("| `TEST_MODE` | `slow` | Mode \\| way. |");
    expect(table.split("\n")).to.have.length(2 + Object.keys(settings).length);
  });
});
