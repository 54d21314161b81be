/**
 * Volo Vaults, 2026-04-21, about 3.5 million USD. A stolen operator key drained three vaults with transactions that the contracts found
 * valid: the key could both act and submit the prices by which the loss of its actions was judged, one key stood for all vaults, and no
 * amount was bounded by anything that the thief could not write.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { program } from "../../../keepers/deviation-stabilizer/main.js";
import { stabilizerPolicy } from "../../../keepers/deviation-stabilizer/policy.js";
import { checkPolicy } from "../../../keepers/kit/policy/checkPolicy.js";
import { PolicyGate } from "../../../keepers/kit/policy/gate.js";
import { worstCaseLossPerDay } from "../../../keepers/kit/policy/meters.js";
import type { Policy, Value } from "../../../keepers/kit/policy/types.js";
import { CantileverError } from "../../../protocol/errors.js";
import { loadParams } from "../../../protocol/params/load.js";
import type { NetworkParams } from "../../../protocol/params/schema.js";
import { startDeployedChain, type DeployedChain } from "../../helpers/deployedChain.js";
import { NOW, STABILIZER_BOUNDS, stabilizerEncode, validCall } from "../../helpers/policyFixtures.js";
import { usePostgres } from "../../helpers/postgres.js";
import { refusalOf } from "../../helpers/refusals.js";

const THIEF = "0x00000000000000000000000000000000DeaDBeef";

describe("golden: Volo, 2026-04-21", function () {
  this.timeout(120_000);
  const postgres = usePostgres();
  let chain: DeployedChain;
  let params: NetworkParams;
  let executor: string;
  before(async () => {
    chain = await startDeployedChain();
    params = loadParams("localhost").params;
    executor = params.roles.keeper ?? "";
    await chain.mine(20);
  });
  after(async () => {
    await chain.close();
  });

  /** Starts the stabilizer's keeper for real with changed parameters; the names of the checks that stopped it. */
  async function startWith(change: (copy: NetworkParams) => void): Promise<readonly string[]> {
    const folder = mkdtempSync(join(tmpdir(), "golden-"));
    try {
      cpSync(chain.folder, folder, { recursive: true });
      const file = join(folder, "params", "localhost.json");
      const copy = JSON.parse(readFileSync(file, "utf8")) as NetworkParams;
      change(copy);
      writeFileSync(file, JSON.stringify(copy));
      const env = {
        LOCALHOST_RPC_URL: chain.url,
        KEEPER_DEPLOYMENTS_FOLDER: folder,
        KEEPER_DATA_FOLDER: join(folder, "data"),
        KEEPER_LOG_LEVEL: "silent",
      };
      const signal = AbortSignal.timeout(30_000);
      const context = {
        network: "localhost",
        env,
        signal,
        say: () => undefined,
        execute: true,
        once: true,
        terminal: false,
      };
      await program.run(context);
      return [];
    } catch (error) {
      if (!(error instanceof CantileverError) || error.code !== "GATE_FAILED") throw error;
      return (error.details["checks"] ?? "").split(",");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const sentBy = async (address: string): Promise<number> => chain.provider.getTransactionCount(address, "pending");

  it("GOLDEN-1 stopped by distinct-keys and excess-role: an executor that is also a reporter does not start", async () => {
    const [reporter = ""] = params.reporters.addresses;
    const before = await sentBy(reporter);
    expect(await startWith((copy) => (copy.roles.keeper = reporter))).to.deep.equal(["distinct-keys", "excess-role"]);
    // The parameters may be silent about it: the chain is not.
    const silent = await startWith((copy) => {
      copy.roles.keeper = reporter;
      copy.reporters.addresses = copy.reporters.addresses.slice(1);
    });
    expect(silent).to.deep.equal(["excess-role"]);
    expect(await sentBy(reporter)).to.equal(before);
  });

  it("GOLDEN-1 stopped by distinct-keys and excess-role: nor does one that is guardian or admin", async () => {
    for (const role of ["guardian", "admin"] as const) {
      const names = await startWith((copy) => (copy.roles.keeper = params.roles[role]));
      expect(names, role).to.deep.equal(["distinct-keys", "excess-role"]);
    }
  });

  /** The policy of the live network, whose limits are those of a day and not of an accelerated world. */
  function livePolicy(): Policy {
    const live = { ...loadParams("chain138").params, chainId: params.chainId };
    return stabilizerPolicy(chain.deployment, live, STABILIZER_BOUNDS, executor);
  }

  it("GOLDEN-2 stopped by relation: an intent that is fair only by the thief's own price is not signed", () => {
    const policy = livePolicy();
    const refill = (maxPaidUnits: bigint): string => {
      const args: Record<string, Value> = {
        bucket: 1n,
        scarce: chain.deployment.token("cUSDC"),
        surplusToken: chain.deployment.token("XAU"),
        amountUnits: 1_000_000_000n, // 1,000 cUSDC
        maxPaidUnits,
      };
      const { call, simulated, envelope } = validCall(policy, "CapitalBuckets.refill", args);
      const verdict = checkPolicy(policy, call, simulated, envelope, NOW);
      return verdict.ok ? "ok" : verdict.check;
    };
    // At the honest 2,650 USD an ounce.
    expect(refill((1_000n * 10n ** 18n) / 2_650n)).to.equal("ok");
    // The thief's feeds say 500 USD, which their bounds allow: two ounces for 1,000 USD, within half a percent of "the price".
    expect(refill(2n * 10n ** 18n)).to.equal("relation");
  });

  it("GOLDEN-3 stopped by daily-amount: whatever a taken process asks for, no more than the ceiling is signed in a day", async () => {
    const policy = livePolicy();
    const gate = new PolicyGate(policy, stabilizerEncode(chain.deployment));
    const ceiling = worstCaseLossPerDay(policy)["cUSDC"] ?? 0n;
    const db = (await postgres.testDatabase()).connect({ role: "keeper_rw" });
    const largest = policy.rules[0]?.amounts[0]?.spends[chain.deployment.token("cUSDC").toLowerCase()]?.[0]?.max ?? 0n;
    const drain = async (): Promise<{ total: bigint; stoppedBy: string }> => {
      let total = 0n;
      for (let count = 0; ; count += 1) {
        const args = {
          tradeSize: largest,
          tokenIn: chain.deployment.token("cUSDC"),
          tokenOut: chain.deployment.token("cUSDT"),
        };
        const { action, simulated, envelope } = validCall(policy, "Stabilizer.executePrivateSwap", args);
        const call = {
          action,
          ...simulated,
          ...envelope,
          maxFeePerGasWei: 10n ** 9n,
          key: `theft ${String(count)} ${String(total)}`,
          replacement: false,
        };
        const answer = await db.transaction((tx) => gate.authorize(tx, call));
        if (!answer.ok) return { total, stoppedBy: answer.check };
        total += largest;
      }
    };
    const first = await drain();
    expect(first.stoppedBy).to.equal("daily-amount");
    expect(first.total > 0n && first.total <= ceiling).to.equal(true);
    // As if almost a day had passed: what flowed in is all that there is.
    await db.query("UPDATE keeper_policy_meter SET at_us = at_us - $1", [86_399_000_000n]);
    const second = await drain();
    expect(second.stoppedBy).to.be.oneOf(["daily-amount", "rate"]);
    expect(first.total + second.total <= ceiling).to.equal(true);
  });

  it("GOLDEN-3 stopped by the contracts: the bare key moves no vault, with and without the process", async () => {
    const { contracts, provider } = chain;
    const { stabilizer, mesh, buckets } = contracts;
    const cUSDC = contracts.token("cUSDC");
    const attempt = async (contract: { getAddress(): Promise<string> }, data: string): Promise<string> =>
      refusalOf(provider, { from: executor, to: await contract.getAddress(), data });
    const token = await cUSDC.getAddress();
    const asOwner = [
      [stabilizer, stabilizer.interface.encodeFunctionData("withdraw", [token, 1n, THIEF])],
      [stabilizer, stabilizer.interface.encodeFunctionData("setKeeper", [THIEF, true])],
      [mesh, mesh.interface.encodeFunctionData("setOperator", [THIEF, true])],
      [buckets, buckets.interface.encodeFunctionData("move", [token, 1, 0, 1n])],
    ] as const;
    for (const [contract, data] of asOwner) {
      expect(await attempt(contract, data)).to.equal("OwnableUnauthorizedAccount");
    }
    expect(await attempt(cUSDC, cUSDC.interface.encodeFunctionData("mint", [THIEF, 1n]))).to.equal(
      "AccessControlUnauthorizedAccount",
    );
    // What it may call asks the chain whether it is due, and at whose price.
    const swap = stabilizer.interface.encodeFunctionData("executePrivateSwap", [
      10n ** 12n,
      token,
      await contracts.token("cUSDT").getAddress(),
    ]);
    expect(await attempt(stabilizer, swap)).to.equal("NoAction");
  });
});
