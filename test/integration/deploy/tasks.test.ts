import { expect } from "chai";
import hre from "hardhat";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { connectContracts } from "../../../protocol/contracts.js";
import { PermanentError } from "../../../protocol/errors.js";
import { reservedTokenNames, tokenNames } from "../../../protocol/params/schema.js";
import { formatWadAsBps } from "../../../protocol/units.js";
import { bucketStart } from "../../../scripts/deploy/bucketFunding.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { readPegStatus } from "../../../scripts/deploy/pegStatus.js";
import { readReserveStatus } from "../../../scripts/deploy/reserveStatus.js";
import { asConnectionError } from "../../../scripts/tasks/connect.js";
import { deployTask } from "../../../scripts/tasks/deploy.js";
import { verifyTask } from "../../../scripts/tasks/deployment/verify.js";
import { pegStatusTask } from "../../../scripts/tasks/peg/status.js";
import { reserveStatusTask, toAnswer } from "../../../scripts/tasks/reserve/status.js";
import { runTask } from "../../../scripts/tasks/report.js";
import { createDeploymentChain, type DeploymentChain } from "../../helpers/deployment.js";

/** Collects what a task prints. */
function capture() {
  const out: string[] = [];
  const err: string[] = [];
  return { out, err, output: { out: (line: string) => out.push(line), err: (line: string) => err.push(line) } };
}

/** The runtime environment as `--network name` makes it. */
function on(network: string | undefined): HardhatRuntimeEnvironment {
  const globalOptions = { ...hre.globalOptions, network };
  return Object.create(hre, { globalOptions: { value: globalOptions } }) as HardhatRuntimeEnvironment;
}

/** A task that is told no more than to answer in JSON. */
const NOTHING = { networks: "", deployments: "", programs: "", json: true } as const;

function errorCode(lines: readonly string[]): string {
  const answer = JSON.parse(lines.at(-1) ?? "") as { ok: boolean; error: { code: string } };
  expect(answer.ok).to.equal(false);
  return answer.error.code;
}

describe("Hardhat tasks", () => {
  for (const [what, network, code, exitCode] of [
    ["no network", undefined, "NETWORK_MISSING", 2],
    ["an unknown network", "chian138", "UNKNOWN_NETWORK", 2],
    ["a network without parameters", "sim138", "PARAMS_MISSING", 1],
  ] as const) {
    it(`deploy on ${what} is a typed error`, async () => {
      const { out, err, output } = capture();
      expect(await deployTask({ ...NOTHING, execute: false, only: "" }, on(network), output)).to.equal(exitCode);
      expect(errorCode(out)).to.equal(code);
      expect(err.join("\n")).to.contain("what to do:");
    });
  }

  it("deployment verify, peg status and reserve status say that nothing is deployed before they look for an RPC", async () => {
    for (const task of [verifyTask, pegStatusTask, reserveStatusTask]) {
      const { out, output } = capture();
      expect(await task(NOTHING, on("alltra"), output)).to.equal(1);
      expect(errorCode(out)).to.equal("NOT_DEPLOYED");
    }
  });

  it("turn what a connection throws into what a person can do", () => {
    const code = (error: Error) => (asConnectionError(error, "chain138") as { code: string }).code;
    expect(code(new Error("connect", { cause: new Error("ECONNREFUSED 127.0.0.1:8545") }))).to.equal("RPC_UNREACHABLE");
    expect(code(new Error("fetch failed"))).to.equal("RPC_UNREACHABLE");
    expect(code(new Error('configuration variable "CHAIN138_RPC_URL" not found'))).to.equal("RPC_NOT_CONFIGURED");
    expect(code(new Error("configured to use chain id 138, but connected to a chain with id 1"))).to.equal(
      "WRONG_CHAIN",
    );
    const other = new Error("something else");
    expect(asConnectionError(other, "chain138")).to.equal(other);
  });

  describe("output", () => {
    const work = (ok: boolean) => () => Promise.resolve({ ok, json: { ok }, lines: ["for people"] });

    it("keeps standard output for the one JSON object", async () => {
      const { out, err, output } = capture();
      expect(await runTask(true, work(true), output)).to.equal(0);
      expect(out).to.deep.equal(['{"ok":true}']);
      expect(err).to.deep.equal(["for people"]);
    });

    it("goes to people without --json, and a finding exits 1", async () => {
      const { out, err, output } = capture();
      expect(await runTask(false, work(false), output)).to.equal(1);
      expect(out).to.deep.equal(["for people"]);
      expect(err).to.deep.equal([]);
    });

    it("does not swallow errors that are not ours", async () => {
      const { output } = capture();
      const bug = new TypeError("bug");
      const thrown = await runTask(true, () => Promise.reject(bug), output).catch((error: unknown) => error);
      expect(thrown).to.equal(bug);
    });

    it("lists code, message and advice of ours", async () => {
      const { out, output } = capture();
      const error = new PermanentError("SOME_CODE", "what happened", "what to do");
      expect(await runTask(true, () => Promise.reject(error), output)).to.equal(1);
      expect(JSON.parse(out[0] ?? "")).to.deep.equal({
        ok: false,
        error: { code: "SOME_CODE", message: "what happened", fix: "what to do", details: {} },
      });
    });
  });

  describe("status", () => {
    const amountUnits = 150_000_000_000n;
    let site: DeploymentChain;
    let deployed: DeployResult;
    let undo: () => Promise<void>;
    before(async () => {
      site = await createDeploymentChain();
      deployed = await site.execute({ extraGrants: [{ token: "cUSDT", to: site.trader.address, amountUnits }] });
    });
    beforeEach(async () => {
      const snapshot = await site.chain.networkHelpers.takeSnapshot();
      undo = () => snapshot.restore();
    });
    afterEach(() => undo());
    after(() => site.chain.close());

    it("peg status shows a pushed pool as the contracts see it, with all digits", async () => {
      const { deployment } = deployed;
      const contracts = connectContracts(deployment, site.trader);
      const pool = contracts.pool("cUSDT/cUSDC");
      await contracts.token("cUSDT").approve(pool, amountUnits);
      await pool.swapBase(amountUnits, 0n, site.trader, site.trader, 2n ** 48n - 1n);
      await site.chain.networkHelpers.mine(3);

      const status = await readPegStatus(deployment, site.provider);
      const shown = status.pools["cUSDT/cUSDC"];
      if (shown?.readable !== true) throw new Error("the pool is readable");
      const [deviationWad] = await contracts.stabilizer.checkDeviationWad(pool);
      // Selling base makes base cheap: mid lies below the anchor.
      expect(deviationWad < 0n).to.equal(true);
      expect(shown.blockEndDeviationBps).to.equal(formatWadAsBps(deviationWad));
      expect(shown.blockEndDeviationBps).to.match(/^-\d+\.\d{5,}$/);
      expect(shown.blockEndsBps.slice(0, 3)).to.deep.equal(Array.from({ length: 3 }, () => shown.blockEndDeviationBps));
      const [baseReserve, quoteReserve] = await pool.getVaultReserve();
      expect(shown.reserves).to.deep.equal({ baseUnits: String(baseReserve), quoteUnits: String(quoteReserve) });
      expect(shown.allowance).to.include({ reason: "NONE", sellBase: false, tokenIn: "cUSDC" });
      expect(BigInt(shown.allowance.maxAmountInUnits) > 0n).to.equal(true);
      expect(Object.keys(status.pegs)).to.deep.equal(["cUSDT", "cUSDC", "cEURT", "XAU"]);
      for (const [token, peg] of Object.entries(status.pegs)) {
        expect(peg, token).to.include({ state: "NORMAL", measured: "NORMAL", priceDeviationBps: 0, vetoUntil: null });
      }
      expect(status.inventory.totalXauWei).to.equal(String(await contracts.stabilizer.inventoryXauWei()));

      const quiet = status.pools["XAU/cEURT"];
      expect(quiet).to.deep.include({ readable: true, blockEndDeviationBps: "0" });
    });

    it("peg status names the oracle's doubt when the feeds are stale", async () => {
      const { deployment } = deployed;
      await site.chain.networkHelpers.time.increase(8_000);
      const status = await readPegStatus(deployment, site.provider);
      expect(status.pools["XAU/cUSDT"]).to.deep.include({ oracleFailure: "NotEnoughFeeds" });
      expect(status.inventory.totalXauWei).to.equal("unknown");
    });

    it("reserve status shows reserves and buckets as the contracts see them", async () => {
      const { deployment, blueprint } = deployed;
      const { buckets, reserves, oracle, stabilizer } = connectContracts(deployment, site.provider);
      const status = await readReserveStatus(deployment, site.provider);
      expect(status).to.include({ ok: true, network: "localhost", chainId: 138 });
      for (const name of reservedTokenNames) {
        const state = await reserves.state(deployment.token(name));
        expect(status.reserves[name], name).to.include({
          reserveUnits: String(state.reserveUnits),
          requiredFloorUnits: String(state.requiredFloorUnits),
          peakUnitsPerMinute: String(state.peakUnits),
          windowUnits: "0",
          replenishSeconds: 300,
          tier: "target",
          minting: "OPEN",
        });
      }
      expect(Object.keys(status.buckets)).to.deep.equal(["A", "B", "C", "D", "E"]);
      for (const [index, name] of (["A", "B", "C", "D", "E"] as const).entries()) {
        for (const token of tokenNames) {
          const units = await buckets.bucketUnits(index, deployment.token(token));
          expect(status.bucketUnits[token]?.[name], `${name} ${token}`).to.equal(String(units));
        }
      }
      expect(status.bucketUnits["XAU"]?.C).to.equal(String(bucketStart(blueprint, "XAU").flash));
      const inB = tokenNames.map(async (name) =>
        oracle.valueInXau(deployment.token(name), await stabilizer.available(deployment.token(name))),
      );
      const valueB = (await Promise.all(inB)).reduce((sum, value) => sum + value, 0n);
      expect(status.buckets.B).to.equal(String(valueB));

      const { lines } = toAnswer(status, site.options.loaded.params);
      expect(lines).to.have.length(8);
      expect(lines[0]).to.match(/^cUSDT: tier target, reserve \d+\.\d+, floor 50000\.0, .*; minting OPEN$/);
    });

    it("reserve status says what it does not know when the feeds are stale", async () => {
      const { deployment } = deployed;
      await site.chain.networkHelpers.time.increase(11_000);
      const status = await readReserveStatus(deployment, site.provider);
      expect(status.reserves["cUSDC"]?.minting).to.equal("ORACLE_DOUBT");
      expect(status.reserves["cUSDC"]?.tier).to.equal("target");
      expect(status.buckets.E).to.equal(null);
      expect(toAnswer(status, site.options.loaded.params).lines.at(-1)).to.contain("value unknown");
    });
  });
});
