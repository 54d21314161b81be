import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expect } from "chai";
import ts from "typescript";

import { blocksOf } from "../../scripts/bench/redeem/crowd.js";
import { keep, keyOf, readKept } from "../../scripts/bench/redeem/kept.js";
import { worldKey, worldSources } from "../../scripts/bench/redeem/open.js";
import { measureRedeem, type RedeemReport } from "../../scripts/bench/redeem/run.js";
import { usePostgres } from "../helpers/postgres.js";

const KEPT = { facts: { keeps: 3 }, state: Buffer.from("state") };
/** Nobody has this process id. */
const DEAD = 2 ** 30;
const ROOT = join(import.meta.dirname, "..", "..");

/** Our files that a program loads, generated ones aside: by every import that is not of types alone. */
function filesReached(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file) || file.startsWith("protocol/generated/")) return found;
  found.add(file);
  const { statements } = ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.Latest);
  for (const statement of statements) {
    const isImport =
      ts.isImportDeclaration(statement) && statement.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword;
    const isExport = ts.isExportDeclaration(statement) && !statement.isTypeOnly;
    if (!isImport && !isExport) continue;
    const target = statement.moduleSpecifier;
    if (target === undefined || !ts.isStringLiteral(target) || !target.text.startsWith(".")) continue;
    filesReached(join(dirname(file), target.text).replace(/\.js$/, ".ts"), found);
  }
  return found;
}

describe("world of the redeemer's benchmark", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cantilever-kept-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("has another name when anything that makes it differs, and when texts are cut elsewhere", () => {
    const names = [["ab", "c"], ["a", "bc"], ["abc"], ["ab", "d"], ["ab", "c", ""]].map(keyOf);
    expect(new Set(names).size).to.equal(names.length);
    expect(keyOf(["ab", Buffer.from("c")])).to.equal(keyOf(["ab", "c"]));
    expect(worldKey({ watched: 7, others: 3 })).to.equal(worldKey({ watched: 7, others: 3 }));
    expect(worldKey({ watched: 7, others: 3 })).to.not.equal(worldKey({ watched: 7, others: 4 }));
  });

  it("has another name when any of the files that make it differs", () => {
    const reached = [...filesReached("scripts/bench/redeem/world.ts")];
    expect(reached).to.include.members(["scripts/bench/redeem/crowd.ts", "scripts/tbtc/deploy.ts"]);
    expect(worldSources()).to.include.members([...reached, "scripts/world/anvil-main.ts"]);
  });

  it("comes back as it was kept, under its own name alone", () => {
    expect(readKept(folder, "one")).to.equal(undefined);
    keep(folder, "one", KEPT);
    expect(readKept(folder, "one")).to.deep.equal(KEPT);
    expect(readKept(folder, "two")).to.equal(undefined);
  });

  it("is none when a part is missing or cut short, and can be kept anew", () => {
    keep(folder, "one", KEPT);
    truncateSync(join(folder, "one", "state.bin"), 2);
    expect(readKept(folder, "one")).to.equal(undefined);
    keep(folder, "one", KEPT);
    writeFileSync(join(folder, "one", "world.json"), '{"stateHash":');
    expect(readKept(folder, "one")).to.equal(undefined);
    rmSync(join(folder, "one", "world.json"));
    expect(readKept(folder, "one")).to.equal(undefined);
    keep(folder, "one", KEPT);
    expect(readKept(folder, "one")).to.deep.equal(KEPT);
  });

  it("replaces older ones and what dead processes left, and leaves alone what another one is making", () => {
    const dead = `old.${String(DEAD)}.unfinished`;
    const busy = `old.${String(process.ppid)}.unfinished`;
    for (const other of [dead, busy]) mkdirSync(join(folder, other));
    keep(folder, "old", KEPT);
    keep(folder, "new", KEPT);
    expect(readdirSync(folder).sort()).to.deep.equal(["new", busy]);
  });

  it("is made of blocks that are not too full, in the order of the calls", () => {
    const calls = [20, 10, 1, 29, 30, 5].map((millions) => ({ gas: millions * 1_000_000 }));
    const blocks = blocksOf(calls);
    expect(blocks.map((block) => block.map(({ gas }) => gas / 1_000_000))).to.deep.equal([
      [20, 10],
      [1, 29],
      [30],
      [5],
    ]);
    expect(blocksOf([])).to.deep.equal([]);
  });
});

describe("the redeemer's benchmark in small", () => {
  const postgres = usePostgres();
  let folder: string;
  const said: string[] = [];

  async function measure(): Promise<RedeemReport> {
    const { url: databaseUrl } = await postgres.testDatabase();
    const plan = { watched: 6, others: 9, looks: 2 };
    return measureRedeem({ ...plan, folder, databaseUrl, say: (line) => said.push(line) });
  }

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "cantilever-redeem-bench-"));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("finds every deposit by the logs of a world that was kept, and watches and redeems as many as it should", async () => {
    const report = await measure();
    // All TBTC that there is, less what their signers keep, is enough for all but one of them.
    expect(report).to.include({ deposits: 15, discovered: 15, watched: 6, redemptions: 5 });
    expect(existsSync(join(folder, worldKey({ watched: 6, others: 9 }), "state.bin"))).to.equal(true);
    expect(report.calm.looks).to.equal(2);
    expect(report).to.include({ sweepMs: report.calm.ms.max, sweepRequests: report.calm.exchanges });
    // To look for ways costs more than to see that there is no danger, and finding all costs most.
    expect(report.called.requests).to.be.greaterThan(report.calm.requests);
    expect(report.first.exchanges).to.be.greaterThan(report.calm.exchanges);
    // One redemption alone takes 459,525.
    expect(report.gasPerRedemption).to.be.within(400_000, 500_000);
  });

  it("makes its world once", async () => {
    said.length = 0;
    const report = await measure();
    expect(said.filter((line) => line.startsWith("world:"))).to.deep.equal([]);
    expect(report).to.include({ discovered: 15, watched: 6, redemptions: 5 });
  });
});
