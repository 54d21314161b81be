import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";

import { stabilizerSettings } from "../../keepers/deviation-stabilizer/config.js";
import { program as stabilizer } from "../../keepers/deviation-stabilizer/main.js";
import { kitSettings } from "../../keepers/kit/config.js";
import { program as reporter } from "../../keepers/price-reporter/main.js";
import { withTable } from "../../keepers/settingTables.js";
import { UsageError } from "../../protocol/errors.js";
import { fixtureDeployment } from "../helpers/policyFixtures.js";
import { startLocalNode, type LocalNode } from "../helpers/localNode.js";

const root = path.resolve(import.meta.dirname, "../..");

/** The program as people start it, without the bootstrap. */
async function keeper(words: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--import", "tsx", "keepers/main.ts", ...words.split(" ")], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.resume();
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return { code, answer: last.startsWith("{") ? (JSON.parse(last) as Record<string, unknown>) : undefined };
}

function errorCode(answer: Record<string, unknown> | undefined): unknown {
  return (answer?.["error"] as { code?: unknown } | undefined)?.code;
}

describe("npm run keeper", () => {
  let node: LocalNode;
  before(async () => {
    node = await startLocalNode();
  });
  after(async () => {
    await node.close();
  });

  for (const [words, code] of [
    ["deviation-stabilizer replay --network localhost --json", "MISSING_FLAG"],
    ["price-reporter replay --network localhost --from 1 --json", "MISSING_FLAG"],
    ["deviation-stabilizer pause --network localhost --json", "MISSING_FLAG"],
    ["deviation-stabilizer run --revive-signer 0x00 --network localhost --json", "CONFLICTING_FLAGS"],
    ["ltv-monitor --network localhost --json", "PART_NOT_BUILT"],
    ["deviation-stabiliser --network localhost --json", "INVALID_VALUE"],
    ["deviation-stabilizer --netwrok localhost --json", "UNKNOWN_FLAG"],
    ["deviation-stabilizer --json", "MISSING_FLAG"],
  ] as const) {
    it(`exits 2 with ${code}: ${words}`, async () => {
      const { code: exit, answer } = await keeper(words);
      expect([exit, errorCode(answer)]).to.deep.equal([2, code]);
    });
  }

  for (const [words, exit, code] of [
    ["courtesy-call-redeemer replay --prices /nowhere/p.csv --json", 1, "PRICE_FILE_UNREADABLE"],
    ["courtesy-call-redeemer replay --trace flood --json", 2, "INVALID_VALUE"],
    ["courtesy-call-redeemer replay --trace crash --prices p.csv --json", 2, "CONFLICTING_FLAGS"],
    ["courtesy-call-redeemer replay --trace crash --tbtc 1e3 --json", 1, "NOT_A_DECIMAL"],
    ["courtesy-call-redeemer run --trace crash --network localhost --json", 2, "CONFLICTING_FLAGS"],
    ["deviation-stabilizer replay --trace crash --json", 2, "CONFLICTING_FLAGS"],
    ["courtesy-call-redeemer replay --json", 2, "MISSING_FLAG"],
  ] as const) {
    it(`REPLAY-7 exits ${String(exit)} with ${code}: ${words}`, async () => {
      const { code: exited, answer } = await keeper(words);
      expect([exited, errorCode(answer)]).to.deep.equal([exit, code]);
    });
  }

  it("takes a network that it does not know for wrong usage", async () => {
    const context = { network: "localhots", env: {}, signal: new AbortController().signal, say: () => undefined };
    const failure: unknown = await stabilizer.doctor(context).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(UsageError).with.property("code", "UNKNOWN_NETWORK");
  });

  it("replays a price file with the stabilizer's own decision, and says what is wrong with one", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "prices-"));
    const words = `deviation-stabilizer replay --network localhost --prices ${folder}/p.csv --seed 2 --json`;
    try {
      writeFileSync(path.join(folder, "p.csv"), "timestamp,cUSDC_usd\n1700000000,1\n1700000040,0.998\n");
      const { code, answer } = await keeper(words);
      expect(code).to.equal(0);
      expect(answer).to.include({ ok: true, seed: 2 }).and.to.include.keys("pools", "stabilizer");
      writeFileSync(path.join(folder, "p.csv"), "timestamp,cUSDC_usd\n1700000000,one\n");
      const refused = await keeper(words);
      expect(refused.code).to.equal(1);
      expect(refused.answer).to.have.property("ok", false);
      expect(errorCode(refused.answer)).to.be.a("string");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("exits 1 when the environment is wrong", async () => {
    const env = { KEEPER_POLL_MS: "0x10", STABILIZER_MAX_ORDERS: "99" };
    const misconfigured = await keeper("deviation-stabilizer --network localhost --json", env);
    expect([misconfigured.code, errorCode(misconfigured.answer)]).to.deep.equal([1, "CONFIG_INVALID"]);
  });

  it("doctor answers with checks: found, expected, fix; says which database it means, and starts none", async () => {
    const databaseFolder = mkdtempSync(path.join(tmpdir(), "keeper-doctor-"));
    const env = {
      LOCALHOST_RPC_URL: node.url,
      KEEPER_DEPLOYMENTS_FOLDER: path.join(root, "deployments"),
      DATABASE_URL: "",
      KEEPER_DATABASE_FOLDER: databaseFolder,
    };
    const { code, answer } = await keeper("deviation-stabilizer doctor --network localhost --json", env);
    // Nothing is deployed on this chain, whatever record lies in the folder.
    expect([code, answer?.["ok"]]).to.deep.equal([1, false]);
    for (const check of answer?.["checks"] as Record<string, unknown>[]) {
      expect(Object.keys(check)).to.deep.equal(["name", "ok", "found", "expected", "fix"]);
    }
    const database = (answer?.["checks"] as Record<string, unknown>[]).find(({ name }) => name === "database");
    expect(database?.["found"]).to.match(new RegExp(`^embedded in ${databaseFolder}: does not run`));
    expect(readdirSync(databaseFolder)).to.deep.equal([]);
    rmSync(databaseFolder, { recursive: true });
  });

  it("SIGN-6 policy answers with role, rules and the worst loss of a day", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "keeper-policy-"));
    try {
      cpSync(path.join(root, "deployments/params"), path.join(folder, "params"), { recursive: true });
      writeFileSync(path.join(folder, "localhost.json"), JSON.stringify(fixtureDeployment().record));
      const env = { LOCALHOST_RPC_URL: node.url, KEEPER_DEPLOYMENTS_FOLDER: folder };
      const { code, answer } = await keeper("deviation-stabilizer policy --network localhost --json", env);
      const context = { network: "localhost", env, signal: new AbortController().signal, say: () => undefined };
      const { ok, report } = await reporter.policy(context);
      for (const [name, seen, assets] of [
        ["deviation-stabilizer", { code, ...answer }, ["cUSDT", "cUSDC", "cEURT", "XAU", "native"]],
        ["price-reporter", { code: 0, ok, ...report }, ["native"]],
      ] as const) {
        const { worstCaseLossPerDay, rules, ...rest } = seen as Record<string, unknown>;
        expect(rest).to.include({ code: 0, ok: true, role: name });
        expect(Object.keys(worstCaseLossPerDay as object)).to.have.members([...assets]);
        expect((rules as unknown[]).length).to.be.greaterThan(3);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("has the settings of its configuration in the README", () => {
    const readme = readFileSync(path.join(root, "keepers/deviation-stabilizer/README.md"), "utf8");
    const settings = { ...kitSettings, ...stabilizerSettings };
    const cells = (text: string): string[] => text.split("\n").map((line) => line.replaceAll(/\s+/g, " ").trim());
    const rows = cells(withTable(readme, settings)).filter((line) => line.startsWith("| `"));
    expect(rows.length).to.be.greaterThan(Object.keys(settings).length);
    expect(cells(readme)).to.include.members(rows);
  });
});
