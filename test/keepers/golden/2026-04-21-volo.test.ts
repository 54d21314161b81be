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
import { stabilizerGuard } from "../../../keepers/deviation-stabilizer/guard.js";
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

describe("golden: Volo, 2026-04-21", () => {
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
      const { signal } = new AbortController();
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

  it("GOLDEN-2 stopped by price and balance: just before it signs the keeper looks at feeds and holders itself", async () => {
    const policy = livePolicy();
    const client = chain.client();
    const head = await client.head();
    const address = (name: string): string => chain.deployment.address(name);
    const guard = stabilizerGuard({
      client,
      signer: executor,
      oracle: address("XAUOracle"),
      stabilizer: address("Stabilizer"),
      buckets: address("CapitalBuckets"),
      pools: Object.entries(chain.deployment.pools()).map(([pair, pool]) => {
        const [base = "", quote = ""] = pair.split("/").map(address);
        return { address: pool, base, quote };
      }),
      sizeHeadroomBps: STABILIZER_BOUNDS.sizeHeadroomBps,
    });
    const check = async (
      name: string,
      args: Record<string, Value>,
      gasLimit = 700_000n,
      at = head,
    ): Promise<string> => {
      const { action, simulated, call, envelope } = validCall(policy, name, args);
      const verdict = checkPolicy(policy, call, simulated, envelope, NOW);
      // What the policy's standing bounds allow, but for amounts that nobody has.
      expect(verdict.ok ? "ok" : verdict.check).to.be.oneOf(["ok", "amount"]);
      const terms = { key: "k", valueWei: 0n, gasLimit, maxFeePerGasWei: 1n, validUntilBlock: 0 };
      return (await guard({ action, ...simulated, ...terms }, at))?.check ?? "ok";
    };
    const [scarce, surplusToken] = [address("cUSDC"), address("cUSDT")];
    const refill = (amountUnits: bigint, maxPaidUnits: bigint): Promise<string> =>
      check("CapitalBuckets.refill", { bucket: 1n, scarce, surplusToken, amountUnits, maxPaidUnits });
    // Fair by the guards' worst prices, and therefore by the policy; not by the feeds.
    expect(await refill(1_000_000_000n, 1_005_000_000n)).to.equal("ok");
    expect(await refill(1_000_000_000n, 1_045_000_000n)).to.equal("price");

    const swap = (tradeSize: bigint, sellBase: boolean, at = head, gasLimit = 700_000n): Promise<string> => {
      const [tokenIn, tokenOut] = sellBase ? [surplusToken, scarce] : [scarce, surplusToken];
      return check("Stabilizer.executePrivateSwap", { tradeSize, tokenIn, tokenOut }, gasLimit, at);
    };
    const pool = address("PmmPool:cUSDT/cUSDC");
    const batch = (at = head): Promise<string> =>
      check("Stabilizer.executeBatch", { orders: [{ pool, maxAmountIn: 1_000_000n }] }, 700_000n, at);
    // Nothing is off: a process that was made to believe otherwise signs nothing.
    expect(await swap(1_000_000n, true)).to.equal("price");
    expect(await batch()).to.equal("price");
    const snapshot = await chain.ask("evm_snapshot");
    await chain.push("cUSDT/cUSDC", 10);
    await chain.mine();
    const off = await client.head();
    expect([await swap(1_000_000n, true, off), await batch(off)]).to.deep.equal(["ok", "ok"]);
    expect(await swap(1_000_000n, false, off)).to.equal("price");
    const held = await chain.contracts.stabilizer.available(surplusToken);
    const most = (held * 15_000n) / 10_000n;
    expect(await swap(most, true, off)).to.equal("ok");
    expect(await swap(most + 2n, true, off)).to.equal("balance");
    await chain.ask("hardhat_setBalance", executor, "0x1");
    await chain.mine();
    expect(await swap(1_000_000n, true, await client.head())).to.equal("balance");
    await chain.ask("evm_revert", snapshot);
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
