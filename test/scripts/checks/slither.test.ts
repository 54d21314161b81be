import { expect } from "chai";

import { checkSlither, slitherReport } from "../../../scripts/checks/slither.js";

/** A function in a contract, as Slither writes it. */
const inContract = (contract: string, name: string) => ({
  type: "function",
  name,
  source_mapping: { lines: [1] },
  type_specific_fields: { parent: { type: "contract", name: contract }, signature: `${name}()` },
});
/** A local variable of that function. */
const variable = (contract: string, name: string) => ({
  type: "variable",
  name: "total",
  type_specific_fields: { parent: inContract(contract, name) },
});
const detector = (check: string, impact: string, element: object) => ({
  check,
  impact,
  confidence: "Medium",
  description: `${check} here\n`,
  elements: [element],
});
const REPORT = slitherReport.parse({
  success: true,
  error: null,
  results: {
    detectors: [
      detector("weak-prng", "High", inContract("Meter", "record")),
      detector("unused-return", "Medium", inContract("Mesh", "quote")),
      detector("unused-return", "Medium", inContract("Mesh", "quote")),
      detector("uninitialized-local", "Medium", variable("Mesh", "sum")),
      detector("timestamp", "Low", inContract("Mesh", "quote")),
      detector("assembly", "Informational", { type: "contract", name: "Words" }),
    ],
  },
});
const HEADER = "| Detector | Where | Why it is accepted |\n| --- | --- | --- |\n";
const ROWS = [
  "| `weak-prng` | `Meter.record` | a ring |",
  "| `unused-return` | `Mesh.quote` | one of two |",
  "| `uninitialized-local` | `Mesh.sum` | starts at zero |",
];
const spec = (...rows: string[]): string => `text\n\n${HEADER}${rows.join("\n")}\n\nmore\n`;
const found = (text: string): string[] =>
  checkSlither(text, REPORT).map(({ rule, place }) => `${rule} ${place.replace(/:\d+$/, "")}`);

describe("check of Slither's findings", () => {
  it("accepts the table that names each severe finding, several in one row as well", () => {
    expect(found(spec(...ROWS))).to.deep.equal([]);
    expect(
      checkSlither(spec(...ROWS, "| `weak-prng` | `Meter.record`, `Meter.record` | twice |"), REPORT),
    ).to.deep.equal([]);
  });

  it("reports what no row explains, once per place, with the row to add", () => {
    expect(found("no table at all")).to.deep.equal([
      "unexplained-finding Meter.record",
      "unexplained-finding Mesh.quote",
      "unexplained-finding Mesh.sum",
    ]);
    const [finding] = checkSlither(spec(...ROWS.slice(1)), REPORT);
    expect(finding?.message).to.contain("| weak-prng | `Meter.record` | reason |");
    // The same place under another detector explains nothing.
    expect(found(spec(...ROWS.slice(1), "| `timestamp` | `Meter.record` | time |"))).to.deep.equal([
      "unexplained-finding Meter.record",
      "stale-row docs/spec.md",
    ]);
  });

  it("reports rows that explain nothing that is found", () => {
    expect(found(spec(...ROWS, "| `weak-prng` | `Meter.gone` | a ring |"))).to.deep.equal(["stale-row docs/spec.md"]);
    expect(found(spec(...ROWS, "| `timestamp` | `Mesh.quote` | low severity |"))).to.deep.equal([
      "stale-row docs/spec.md",
    ]);
  });

  it("reports rows without a place or a reason", () => {
    expect(found(spec(...ROWS.slice(1), "| `weak-prng` | `Meter.record` | |"))).to.deep.equal([
      "malformed-row docs/spec.md",
    ]);
    expect(found(spec(...ROWS, "| `weak-prng` | everywhere | a ring |"))).to.deep.equal(["malformed-row docs/spec.md"]);
  });
});
