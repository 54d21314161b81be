/**
 * Drift, 2026-04-01, about 285 million USD. Council members were induced to pre-sign approvals in transactions that do not expire; days
 * later two of them were sent, a new admin listed a worthless token, moved its price, took the withdrawal limits away and emptied the
 * vaults, all within minutes. No contract had a bug: there was no delay, approvals did not go stale, and opaque bytes were signed.
 * What stands against the same on an EVM chain: our timelock, ceilings that no owner can raise, rounds that expire, and a signer that
 * signs what it has decoded and nothing else.
 */
import { expect } from "chai";
import { Interface, ZeroHash } from "ethers";

import { checkPolicy } from "../../../keepers/kit/policy/checkPolicy.js";
import { PolicyGate } from "../../../keepers/kit/policy/gate.js";
import {
  ISignedPriceFeed__factory,
  IXAUOracle__factory,
  Timelock__factory,
} from "../../../protocol/generated/contracts/index.js";
import { loadParams } from "../../../protocol/params/load.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import { encodeSubmit, feedIdOf, orderSignatures, roundDigest } from "../../../protocol/signedRound.js";
import { startDeployedChain, type DeployedChain } from "../../helpers/deployedChain.js";
import {
  deployment,
  NOW,
  reporterFixture,
  ruleOf,
  stabilizerEncode,
  stabilizerFixture,
  validCall,
} from "../../helpers/policyFixtures.js";
import { refusalOf } from "../../helpers/refusals.js";

const THIEF = "0x00000000000000000000000000000000DeaDBeef";
const GAS_LIMIT = 3_000_000n;
const HOUR_SECONDS = 3_600n;

describe("golden: Drift, 2026-04-01", () => {
  let chain: DeployedChain;
  let admin: string;
  let guardian: string;
  let timelock: string;
  let delaySeconds: bigint;
  before(async () => {
    chain = await startDeployedChain();
    const { roles } = loadParams("localhost").params;
    admin = roles.admin ?? "";
    guardian = roles.guardian ?? "";
    timelock = chain.deployment.address("Timelock");
    delaySeconds = BigInt(roles.timelockDelaySeconds);
    await chain.mine(20);
  });
  after(async () => {
    await chain.close();
  });

  const timelockAbi = Timelock__factory.createInterface();
  const walletOf = (address: string) => {
    const wallet = developmentAccounts().find((account) => account.address === address);
    if (wallet === undefined) throw new Error(`no key of ${address}`);
    return wallet.connect(chain.provider);
  };
  /** What the thief wants, in the order of the attack: the worthless collateral, the limits away, the money out. */
  async function loot(): Promise<{ to: string; data: string }[]> {
    const { contracts } = chain;
    const { stabilizer, limits, buckets } = contracts;
    const token = chain.deployment.token("cUSDC");
    const held = await contracts.token("cUSDC").balanceOf(stabilizer);
    const config = { capXauWei: 10n ** 21n, maxGasPriceWei: 10n ** 11n, nativePriceXauWei: 10n ** 15n };
    const listing = {
      tokenDecimals: 6n,
      minFeeds: 1,
      maxDisagreementBps: 100,
      minPriceWad: 1n,
      maxPriceWad: 10n ** 24n,
    };
    const feeds = [{ source: chain.deployment.feeds("cUSDC")[0] ?? "", kind: 1, maxAgeSeconds: 86_400 }];
    const oracle = IXAUOracle__factory.createInterface();
    return [
      {
        to: chain.deployment.address("XAUOracle"),
        data: oracle.encodeFunctionData("setToken", [token, { ...listing, feeds }]),
      },
      { to: await limits.getAddress(), data: limits.interface.encodeFunctionData("setGlobalConfig", [config]) },
      {
        to: await buckets.getAddress(),
        data: buckets.interface.encodeFunctionData("setMoveLimit", [token, 10n ** 18n]),
      },
      {
        to: await stabilizer.getAddress(),
        data: stabilizer.interface.encodeFunctionData("withdraw", [token, held, THIEF]),
      },
    ];
  }
  const asBatch = (calls: readonly { to: string; data: string }[], salt = ZeroHash) =>
    [calls.map(({ to }) => to), calls.map(() => 0n), calls.map(({ data }) => data), ZeroHash, salt] as const;

  it("GOLDEN-4 stopped by the delay: whoever takes over the admin lists nothing, lifts nothing and withdraws nothing in one go", async () => {
    const calls = await loot();
    for (const { to, data } of calls) {
      expect(await refusalOf(chain.provider, { from: admin, to, data })).to.equal("OwnableUnauthorizedAccount");
    }
    const batch = asBatch(calls);
    const now = timelockAbi.encodeFunctionData("scheduleBatch", [...batch, 0n]);
    const atOnce = timelockAbi.encodeFunctionData("executeBatch", [...batch]);
    expect(await refusalOf(chain.provider, { from: admin, to: timelock, data: now })).to.equal(
      "TimelockInsufficientDelay",
    );
    expect(await refusalOf(chain.provider, { from: admin, to: timelock, data: atOnce })).to.equal(
      "TimelockUnexpectedOperationState",
    );
    // Nor can the delay itself be taken away first.
    const shorter = timelockAbi.encodeFunctionData("updateDelay", [0n]);
    expect(await refusalOf(chain.provider, { from: admin, to: timelock, data: shorter })).to.equal(
      "TimelockUnauthorizedCaller",
    );
  });

  it("GOLDEN-4 stopped by the veto: what is scheduled is seen, and the guardian cancels it before its time", async () => {
    const contract = Timelock__factory.connect(timelock, walletOf(admin));
    const batch = asBatch(await loot());
    await contract.scheduleBatch(...batch, delaySeconds, { gasLimit: GAS_LIMIT });
    await chain.mine();
    const id = await contract.hashOperationBatch(...batch);
    expect(await contract.isOperationPending(id)).to.equal(true);
    const early = timelockAbi.encodeFunctionData("executeBatch", [...batch]);
    expect(await refusalOf(chain.provider, { from: admin, to: timelock, data: early })).to.equal(
      "TimelockUnexpectedOperationState",
    );
    await contract.connect(walletOf(guardian)).cancel(id, { gasLimit: GAS_LIMIT });
    await chain.mine();
    await chain.ask("evm_increaseTime", Number(delaySeconds));
    await chain.mine();
    // The approvals that were collected for it are worth nothing now.
    expect(await refusalOf(chain.provider, { from: admin, to: timelock, data: early })).to.equal(
      "TimelockUnexpectedOperationState",
    );
  });

  it("GOLDEN-5 stopped by ceilings: even the owner, after its delay, lifts no limit beyond what is immutable", async () => {
    const { limits, buckets } = chain.contracts;
    const token = chain.deployment.token("cUSDC");
    const beyond = { capXauWei: 10n ** 24n, maxGasPriceWei: 10n ** 11n, nativePriceXauWei: 10n ** 15n };
    const attempts = [
      { to: await limits.getAddress(), data: limits.interface.encodeFunctionData("setGlobalConfig", [beyond]) },
      {
        to: await buckets.getAddress(),
        data: buckets.interface.encodeFunctionData("setMoveLimit", [token, 10n ** 18n]),
      },
    ];
    for (const { to, data } of attempts) {
      expect(await refusalOf(chain.provider, { from: timelock, to, data })).to.equal("OutOfRange");
    }
  });

  it("GOLDEN-5 stopped by expiry: a round that reporters signed and somebody kept is refused when its time has passed", async () => {
    const { params } = loadParams("localhost");
    const [source] = params.oracle.tokens.XAU.sources;
    if (source?.kind !== "signed") throw new Error("the XAU feed is not signed");
    const feed = ISignedPriceFeed__factory.connect(chain.deployment.feeds("XAU")[0] ?? "", chain.provider);
    const [last] = await feed.newestRound();
    const latest = await chain.provider.getBlock("latest");
    const round = { roundId: last.roundId + 1n, answer: last.answer, observedAt: BigInt(latest?.timestamp ?? 0) };
    const digest = roundDigest(feedIdOf({ description: source.description, decimals: 8 }), round);
    const signatures = params.reporters.addresses
      .slice(0, params.reporters.threshold)
      .map((signer) => ({ signer, signature: walletOf(signer).signingKey.sign(digest).serialized }));
    const call = { from: THIEF, to: await feed.getAddress(), data: encodeSubmit(round, signatures) };
    expect(await refusalOf(chain.provider, call)).to.equal("none");
    await chain.ask("evm_increaseTime", Number(await feed.maxDelaySeconds()) + 1);
    await chain.mine();
    expect(await refusalOf(chain.provider, call)).to.equal("ObservationOutsideWindow");

    // And no key of ours pays for it: the policy looks at the clock of the database.
    const policy = reporterFixture();
    const [rule] = policy.rules.filter(({ name }) => name.includes("XAU:1"));
    if (rule === undefined) throw new Error("no rule");
    const kept = { ...round, observedAt: NOW - HOUR_SECONDS };
    const keptDigest = roundDigest(feedIdOf({ description: source.description, decimals: 8 }), kept);
    const again = signatures.map(({ signer }) => ({
      signer,
      signature: walletOf(signer).signingKey.sign(keptDigest).serialized,
    }));
    const valid = validCall(policy, rule.name, { round: kept, signatures: orderSignatures(again) });
    const verdict = checkPolicy(policy, valid.call, valid.simulated, valid.envelope, NOW);
    expect(verdict.ok ? "ok" : verdict.check).to.equal("argument");
    const fresh = checkPolicy(policy, valid.call, valid.simulated, valid.envelope, NOW - HOUR_SECONDS);
    expect(fresh.ok).to.equal(true);
  });

  it("GOLDEN-6 stopped by target, selector and inner-call: approvals and opaque bytes are not signable", () => {
    const policy = stabilizerFixture();
    const token = deployment.token("cUSDC");
    const opaque: readonly [to: string, abi: string, args: readonly unknown[]][] = [
      [
        THIEF,
        "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 a, uint256 b, uint256 c, address d, address e, bytes signatures)",
        [token, 0n, "0x12", 1n, 0n, 0n, 0n, THIEF, THIEF, "0x"],
      ],
      [
        deployment.address("Timelock"),
        "function scheduleBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt, uint256 delay)",
        [[token], [0n], ["0x12"], ZeroHash, ZeroHash, 0n],
      ],
      [token, "function approve(address spender, uint256 amount)", [THIEF, 2n ** 256n - 1n]],
      [
        token,
        "function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)",
        [THIEF, THIEF, 1n, 1n, 27n, ZeroHash, ZeroHash],
      ],
      [deployment.address("Stabilizer"), "function multicall(bytes[] calls)", [["0x12345678"]]],
      [deployment.address("Stabilizer"), "function execute(bytes opaque)", ["0xdeadbeef"]],
    ];
    const { envelope } = validCall(policy, "PegBoard.poke", { which: [deployment.token("cUSDC")] });
    for (const [to, abi, args] of opaque) {
      const fragment = new Interface([abi]);
      const name = abi.slice("function ".length, abi.indexOf("("));
      const data = fragment.encodeFunctionData(name, [...args]);
      const action = { name, args: {} };
      const encoded = new PolicyGate(policy, stabilizerEncode()).encode({ action, to, data });
      expect(encoded.ok ? "ok" : encoded.check, name).to.equal("unknown-action");
      // Nor where a typed call names it: the policy has no rule.
      const call = { target: to, function: fragment.getFunction(name)?.format("sighash") ?? "", args: {} };
      const read = checkPolicy(policy, call, { to, data }, envelope, NOW);
      expect(read.ok ? "ok" : read.check, name).to.be.oneOf(["target", "selector"]);
    }
    // Where a batch is allowed, bytes inside it that nobody can read are refused all the same.
    const batch = {
      ...ruleOf(policy, "PegBoard.poke"),
      name: "batch",
      target: THIEF,
      fragment: "function batch(bytes[] calls)",
    };
    const rules = [
      { kind: "list" as const, minLength: 1, maxLength: 2, each: { kind: "call" as const, rules: ["PegBoard.poke"] } },
    ];
    const [calls] = rules;
    if (calls === undefined) throw new Error("no rule");
    const withBatch = {
      ...policy,
      rules: [...policy.rules, { ...batch, args: { calls }, relations: [], amounts: [] }],
    };
    const valid = validCall(withBatch, "batch", { calls: ["0xdeadbeef"] });
    const verdict = checkPolicy(withBatch, valid.call, valid.simulated, valid.envelope, NOW);
    expect(verdict.ok ? "ok" : verdict.check).to.equal("inner-call");
  });
});
