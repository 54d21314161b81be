import { expect } from "chai";

import { UsageError } from "../../protocol/errors.js";
import { helpText, parseCommand, toJsonLine } from "../../scripts/cli.js";
import { nearest } from "../../scripts/flags.js";

const definition = {
  command: "npm run example --",
  summary: "Shows the flags.",
  positionals: [{ name: "keeper", help: "which one", choices: ["rebalancer", "price-reporter"] }],
  flags: {
    for: { kind: "duration", help: "how long" },
    speed: { kind: "integer", min: 1, max: 3600, default: 60, help: "time factor" },
    volume: { kind: "number", min: 0, default: 1, help: "volume factor" },
    chains: { kind: "list", choices: ["138", "651940"], default: ["138", "651940"], help: "which chains" },
    seeds: { kind: "range", help: "seeds" },
    profile: { kind: "choice", choices: ["target", "literal"], default: "target", help: "parameters" },
    report: { kind: "string", help: "file to write" },
    execute: { kind: "boolean", help: "send transactions" },
  },
} as const;

function usageErrorOf(...words: string[]): UsageError {
  try {
    parseCommand(definition, words);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`accepted: ${words.join(" ")}`);
}

describe("command line", () => {
  it("fills in defaults and leaves other flags undefined", () => {
    const { flags, positionals, json } = parseCommand(definition, []);
    expect(flags).to.deep.include({
      speed: 60,
      volume: 1,
      chains: ["138", "651940"],
      profile: "target",
      execute: false,
    });
    expect(flags.for).to.equal(undefined);
    expect(positionals).to.deep.equal([]);
    expect(json).to.equal(false);
  });

  it("types every kind of value", () => {
    const words =
      "rebalancer --for 120s --speed=5 --volume 0.5 --chains 138 --seeds 1..3 --profile literal --execute --json";
    const { flags, positionals, json } = parseCommand(definition, words.split(" "));
    expect(flags).to.deep.include({ for: 120_000, speed: 5, volume: 0.5, chains: ["138"], seeds: [1, 2, 3] });
    expect(flags).to.deep.include({ profile: "literal", execute: true });
    expect(positionals).to.deep.equal(["rebalancer"]);
    expect(json).to.equal(true);
  });

  it("reads durations in milliseconds and lists of seeds", () => {
    for (const [text, milliseconds] of [
      ["500ms", 500],
      ["1.5s", 1500],
      ["5m", 300_000],
      ["24h", 86_400_000],
    ] as const) {
      expect(parseCommand(definition, ["--for", text]).flags.for).to.equal(milliseconds);
    }
    expect(parseCommand(definition, ["--seeds", "1,3,8"]).flags.seeds).to.deep.equal([1, 3, 8]);
    expect(parseCommand(definition, ["--chains", "138", "--chains", "651940"]).flags.chains).to.deep.equal([
      "138",
      "651940",
    ]);
  });

  it("names the nearest known flag", () => {
    const error = usageErrorOf("--sped", "5");
    expect(error.code).to.equal("UNKNOWN_FLAG");
    expect(error.details["suggestion"]).to.equal("--speed");
    expect(usageErrorOf("--zzzzzzzzzz").details).to.deep.equal({});
    expect(nearest("price-reportr", ["rebalancer", "price-reporter"])).to.equal("price-reporter");
  });

  it("refuses each kind of wrong usage with its code", () => {
    const cases: readonly (readonly [string, string])[] = [
      ["--speed", "MISSING_VALUE"],
      ["--report --json", "MISSING_VALUE"],
      ["--execute=yes", "UNEXPECTED_VALUE"],
      ["--speed 0", "INVALID_VALUE"],
      ["--speed 1.5", "INVALID_VALUE"],
      ["--speed 0x10", "INVALID_VALUE"],
      ["--volume 1e3", "INVALID_VALUE"],
      ["--for 120", "INVALID_VALUE"],
      ["--chains 138,1", "INVALID_VALUE"],
      ["--seeds 5..1", "INVALID_VALUE"],
      ["--profile targt", "INVALID_VALUE"],
      ["rebalancr", "INVALID_VALUE"],
      ["rebalancer more", "UNEXPECTED_ARGUMENT"],
    ];
    for (const [words, code] of cases) expect(usageErrorOf(...words.split(" ")).code, words).to.equal(code);
  });

  it("requires what is required, but not together with --help", () => {
    const strict = {
      ...definition,
      positionals: [{ name: "keeper", help: "which one", required: true }],
      flags: { network: { kind: "string", required: true, help: "name of the network" } },
    } as const;
    expect(() => parseCommand(strict, ["rebalancer"]))
      .to.throw(UsageError)
      .with.property("code", "MISSING_FLAG");
    expect(() => parseCommand(strict, ["--network", "alltra"]))
      .to.throw(UsageError)
      .with.property("code", "MISSING_ARGUMENT");
    expect(parseCommand(strict, ["--help"]).help).to.equal(true);
  });

  it("lists every flag in the help", () => {
    const text = helpText(definition);
    for (const name of [...Object.keys(definition.flags), "json", "help"]) expect(text).to.include(`--${name}`);
  });

  it("prints bigints as decimal strings on one line", () => {
    expect(toJsonLine({ reserveUnits: 10n ** 30n, bps: 3 })).to.equal(`{"reserveUnits":"1${"0".repeat(30)}","bps":3}`);
  });
});
