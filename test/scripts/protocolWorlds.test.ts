import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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
async function runs(script: string, ...args: string[]): Promise<Ended> {
  const command = ["--import", "tsx", join("scripts", script), "--json", "--port", "0", ...args];
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit") as Promise<[number | null]>]);
  return { code, answer: JSON.parse(said.trim().split("\n").at(-1) ?? "") as Record<string, unknown> };
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
  ] as const) {
    it(`${script} refuses ${args.join(" ")}`, async () => {
      const { code, answer } = await runs(script, ...args);
      expect(code).to.be.oneOf([1, 2]);
      expect(answer).to.have.nested.property("error.code", expected);
    });
  }
});
