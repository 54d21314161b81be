import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

import { expect } from "chai";

import { WAD } from "../../protocol/units.js";

const ROOT = join(import.meta.dirname, "..", "..");
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

interface Ended {
  readonly code: number | null;
  readonly answer: Record<string, unknown>;
}

/** A command to its end, as its last line says. */
function runs(script: string, ...args: string[]): Promise<Ended> {
  return ends(join("scripts", script), ["--json", "--port", "0", ...args]);
}

async function ends(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const command = ["--import", "tsx", program, ...args];
  const child = spawn(process.execPath, command, { cwd: ROOT, env, stdio: ["ignore", "pipe", "ignore"] });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit") as Promise<[number | null]>]);
  return { code, answer: JSON.parse(said.trim().split("\n").at(-1) ?? "") as Record<string, unknown> };
}

/** What the lines of a text export, as a shell reads them. */
function exportsOf(lines: readonly string[]): Readonly<Record<string, string>> {
  const set = lines.filter((line) => line.startsWith("export ")).flatMap((line) => [...line.matchAll(/(\w+)=(\S+)/g)]);
  return Object.fromEntries(set.map(([, name = "", value = ""]) => [name, value.replaceAll("'", "")]));
}

describe("worlds of other protocols", () => {
  it("tbtc:world answers with everything that is on its node, with a Bitcoin chain where one is asked for", async () => {
    const { code, answer } = await runs(
      "tbtcWorld.ts",
      ...["--lots", "0.1,1", "--price", "0.02666", "--call", "--electrum", "0", "--for", "1s"],
    );
    expect(code).to.equal(0);
    expect(answer).to.have.all.keys("ok", "rpc", "electrum", "addresses", "deployer", "operators", "deposits", "env");
    expect(answer["ok"]).to.equal(true);
    expect(answer["electrum"]).to.match(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    for (const address of Object.values(answer["addresses"] as object)) expect(address).to.match(ADDRESS);
    expect(answer["operators"]).to.have.length(4);
    const deposits = answer["deposits"] as { address: string; keep: string; lotSat: string }[];
    expect(deposits.map(({ lotSat }) => lotSat)).to.deep.equal(["10000000", "100000000"]);
    const { REDEEMER_SYSTEM_FILE: file = "", ...env } = answer["env"] as Record<string, string>;
    expect(JSON.parse(readFileSync(join(ROOT, file), "utf8"))).to.deep.equal({ addresses: answer["addresses"] });
    expect(env).to.include({ LOCALHOST_RPC_URL: answer["rpc"], BTC_ELECTRUM_SERVERS: answer["electrum"] });
    expect(env["OPERATORS"]?.split(",")).to.deep.equal(answer["operators"]);
  });

  it("tbtc:world is one in which a service provider finds a bounty that pays, as its document says", async () => {
    const args = ["--port", "0", "--lots", "0.1,1", "--price", "0.02666", "--call", "--bounty", "1"];
    const command = ["--import", "tsx", join("scripts", "tbtcWorld.ts"), ...args];
    const world = spawn(process.execPath, command, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
    const gone = once(world, "exit");
    const dataFolder = mkdtempSync(join(tmpdir(), "cantilever-provider-"));
    try {
      const said: string[] = [];
      for await (const line of createInterface({ input: world.stdout })) {
        said.push(line);
        if (line.startsWith("Ctrl-C")) break;
      }
      const documented = readFileSync(join(ROOT, "docs", "rescue-bounty.md"), "utf8").split("\n");
      const provider = exportsOf(documented);
      expect(provider).to.deep.equal({ REDEEMER_MODE: "service-provider", OPERATORS: "*" });
      const { PATH, HOME } = process.env;
      const env = { PATH, HOME, KEEPER_DATA_FOLDER: dataFolder, ...exportsOf(said), ...provider };
      const dryRun = ["courtesy-call-redeemer", "--network", "localhost", "--once", "--json"];
      const { code, answer } = await ends(join("keepers", "main.ts"), dryRun, env);
      expect(code).to.equal(0);
      expect(answer).to.deep.include({ mode: "service-provider", watched: 2, sent: {} });
      // What there is pays for the larger one.
      expect(answer["planned"]).to.deep.equal({ "Token.approve": 1, "RescueBounty.rescue": 1 });
    } finally {
      world.kill("SIGINT");
      await gone;
      rmSync(dataFolder, { recursive: true });
    }
  });

  it("aave:world answers with what a keeper is started with, and an account in danger", async () => {
    const { code, answer } = await runs("aaveWorld.ts", "--price", "1600", "--for", "1s");
    expect(code).to.equal(0);
    expect(answer).to.have.all.keys("ok", "rpc", "market", "env", "healthWad");
    expect(BigInt(String(answer["healthWad"])) < WAD).to.equal(true);
    expect(answer["env"]).to.include({ REDEEMER_PROTOCOL: "aave-v3", LOCALHOST_RPC_URL: answer["rpc"] });
    for (const address of Object.values(answer["market"] as object)) expect(address).to.match(ADDRESS);
  });

  for (const [script, args, expected] of [
    ["tbtcWorld.ts", ["--lots", "one"], "NOT_A_DECIMAL"],
    ["tbtcWorld.ts", ["--lots", "0.12345678901"], "TOO_MANY_DIGITS"],
    ["aaveWorld.ts", ["--price", "1e3"], "NOT_A_DECIMAL"],
    ["aaveWorld.ts", ["--debt", "20000"], "AAVE_COLLATERAL_SHORT"],
  ] as const) {
    it(`${script} refuses ${args.join(" ")}`, async () => {
      const { code, answer } = await runs(script, ...args);
      expect(code).to.equal(1);
      expect(answer).to.have.nested.property("error.code", expected);
    });
  }

  for (const [args, expected] of [
    [["--lots", "0.3"], "INVALID_VALUE"],
    [["--call"], "CONFLICTING_FLAGS"],
    [["--call", "--price", "0.02667"], "CONFLICTING_FLAGS"],
    [["--block", "5s"], "CONFLICTING_FLAGS"],
    [["--bounty", "0"], "INVALID_VALUE"],
    [["--lots", "1,1", "--bounty", "2500.1"], "INVALID_VALUE"],
  ] as const) {
    it(`tbtcWorld.ts takes ${args.join(" ")} for wrong usage`, async () => {
      const { code, answer } = await runs("tbtcWorld.ts", ...args);
      expect(code).to.equal(2);
      expect(answer).to.have.nested.property("error.code", expected);
    });
  }
});
