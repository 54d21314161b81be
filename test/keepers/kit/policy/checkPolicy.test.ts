import { expect } from "chai";
import { AbiCoder, Interface } from "ethers";

import { checkNoOp, checkPolicy, type Envelope } from "../../../../keepers/kit/policy/checkPolicy.js";
import { actionEncoder, encodeIntended, NO_OP_ACTION, type Action } from "../../../../keepers/kit/policy/action.js";
import { actionJson, readAction } from "../../../../keepers/kit/policy/actionJson.js";
import { canonicalJson, policyHash } from "../../../../keepers/kit/policy/canonical.js";
import { PolicyGate } from "../../../../keepers/kit/policy/gate.js";
import { worstCaseLossPerDay } from "../../../../keepers/kit/policy/meters.js";
import type { IsMember, Policy, PolicyRule, PolicyVerdict, Value } from "../../../../keepers/kit/policy/types.js";
import { validPolicy } from "../../../../keepers/kit/policy/validate.js";
import { CantileverError } from "../../../../protocol/errors.js";
import {
  deployment,
  NOW,
  reporterFixture,
  ruleOf,
  SIGNER,
  stabilizerFixture,
  validCall,
} from "../../../helpers/policyFixtures.js";

const VAULT = "0x1111111111111111111111111111111111111111";
const OTHER = "0x2222222222222222222222222222222222222222";
const FRIEND = "0x3333333333333333333333333333333333333333";
const STRANGER = "0x00000000000000000000000000000000DeaDBeef";

function rule(part: Partial<PolicyRule> & Pick<PolicyRule, "name" | "fragment" | "args">): PolicyRule {
  return {
    target: VAULT,
    relations: [],
    amounts: [],
    maxValueWei: 0n,
    maxGasLimit: 500_000n,
    maxFeePerGasWei: 100n,
    maxCalldataBytes: 2_000,
    perHour: 10,
    innerOnly: false,
    ...part,
  };
}

const pay = rule({
  name: "Vault.pay",
  fragment: "function pay(address to, uint256 amount, uint256 deadline)",
  args: {
    to: { kind: "oneOf", values: [FRIEND] },
    amount: { kind: "range", min: 1n, max: 1_000n },
    deadline: { kind: "time", behindSeconds: 0, aheadSeconds: 600 },
  },
  amounts: [{ amount: "amount", of: "to", spends: { [FRIEND]: [{ asset: "coin", max: 1_000n }] } }],
});
const innerCalls = {
  kind: "list",
  minLength: 1,
  maxLength: 4,
  each: { kind: "call", rules: [pay.name, "Vault.multicall"] },
} as const;
const multicall = rule({
  name: "Vault.multicall",
  fragment: "function multicall(bytes[] calls)",
  args: { calls: innerCalls },
});
const batch = rule({
  name: "Safe.batch",
  target: OTHER,
  fragment: "function batch((address target, uint256 value, bytes data)[] calls)",
  args: {
    calls: {
      kind: "list",
      minLength: 1,
      maxLength: 4,
      each: { kind: "callStruct", rules: [pay.name], target: "target", value: "value", data: "data" },
    },
  },
});
const POLICY: Policy = validPolicy({
  role: "test",
  chainId: "138",
  signer: SIGNER,
  rules: [pay, multicall, batch],
  noOp: { maxFeePerGasWei: 100n, perHour: 4 },
  perDay: { coin: 5_000n, native: 10n ** 18n },
});
const ENVELOPE: Envelope = { chainId: "138", signer: SIGNER, valueWei: 0n, gasLimit: 100_000n, maxFeePerGasWei: 10n };

function verdict(name: string, args: Record<string, Value>, envelope: Partial<Envelope> = {}): PolicyVerdict {
  const valid = validCall(POLICY, name, args);
  return checkPolicy(POLICY, valid.call, valid.simulated, { ...ENVELOPE, ...envelope }, NOW);
}

function checkOf(answer: { readonly ok: boolean; readonly check?: string }): string {
  return answer.ok ? "ok" : (answer.check ?? "");
}

const payment = (to = FRIEND, amount = 100n, deadline = NOW + 60n): Record<string, Value> => ({ to, amount, deadline });
const payBytes = (to?: string, amount?: bigint): string =>
  validCall(POLICY, pay.name, payment(to, amount)).simulated.data;

describe("keepers/kit/policy", () => {
  it("SIGN-3 checks every decoded argument, also when intent and bytes agree", () => {
    expect(checkOf(verdict(pay.name, payment()))).to.equal("ok");
    expect(checkOf(verdict(pay.name, payment(STRANGER)))).to.equal("argument");
    expect(checkOf(verdict(pay.name, payment(FRIEND, 0n)))).to.equal("argument");
    expect(checkOf(verdict(pay.name, payment(FRIEND, 1_001n)))).to.equal("argument");
    expect(checkOf(verdict(pay.name, payment(FRIEND, 1n, NOW - 1n)))).to.equal("argument");
    expect(checkOf(verdict(pay.name, payment(FRIEND, 1n, NOW + 601n)))).to.equal("argument");
    expect(checkOf(verdict(pay.name, payment(), { valueWei: 1n }))).to.equal("value");
    expect(checkOf(verdict(pay.name, payment(), { gasLimit: 500_001n }))).to.equal("gas-limit");
    expect(checkOf(verdict(pay.name, payment(), { maxFeePerGasWei: 101n }))).to.equal("fee-ceiling");
  });

  it("SIGN-3 counts calls, amounts and the chain's coin of what it allows", () => {
    const answer = verdict(multicall.name, { calls: [payBytes(FRIEND, 7n), payBytes(FRIEND, 5n)] });
    expect(answer).to.deep.equal({
      ok: true,
      use: { calls: { "Vault.multicall": 1, "Vault.pay": 2 }, amounts: { native: 1_000_000n, coin: 12n } },
    });
  });

  it("SIGN-4 checks every call inside a call and refuses those that no rule lists", () => {
    const unlisted = new Interface(["function setOwner(address owner)"]).encodeFunctionData("setOwner", [FRIEND]);
    const inMulticall = (calls: string[]): string => checkOf(verdict(multicall.name, { calls }));
    expect(inMulticall([payBytes()])).to.equal("ok");
    expect(inMulticall([payBytes(), unlisted])).to.equal("inner-call");
    expect(inMulticall([payBytes(STRANGER)])).to.equal("argument");
    expect(inMulticall([`${payBytes()}00`])).to.equal("inner-call");
    expect(inMulticall(["0x"])).to.equal("inner-call");
    expect(inMulticall([])).to.equal("argument");

    const nested = (depth: number): string =>
      depth === 0 ? payBytes() : validCall(POLICY, multicall.name, { calls: [nested(depth - 1)] }).simulated.data;
    expect(inMulticall([nested(2)])).to.equal("ok");
    expect(inMulticall([nested(3)])).to.equal("inner-call");

    const call = (part: object): Record<string, Value> => ({
      calls: [{ target: VAULT, value: 0n, data: payBytes(), ...part }],
    });
    expect(checkOf(verdict(batch.name, call({})))).to.equal("ok");
    expect(checkOf(verdict(batch.name, call({ target: STRANGER })))).to.equal("inner-call");
    expect(checkOf(verdict(batch.name, call({ value: 1n })))).to.equal("inner-call");
    // Allowed by a rule of its own, but not inside a batch.
    const asOuter = validCall(POLICY, multicall.name, { calls: [payBytes()] }).simulated.data;
    expect(checkOf(verdict(batch.name, call({ data: asOuter })))).to.equal("inner-call");
  });

  it("SIGN-4 a sequence is exactly its calls in their order, and an amount has a limit for whom it names and for others", () => {
    const tip = rule({
      name: "Vault.tip",
      fragment: "function tip(address to, uint256 amount)",
      args: { to: { kind: "oneOf", values: [FRIEND, OTHER] }, amount: { kind: "range", min: 0n, max: 1_000n } },
      relations: [{ kind: "atMost", amount: "amount", of: "to", max: { [FRIEND]: 10n }, others: 20n }],
    });
    const pair = rule({
      name: "Vault.pair",
      fragment: "function pair(bytes[] calls)",
      args: {
        calls: {
          kind: "sequence",
          entries: [
            { kind: "call", rules: [pay.name] },
            { kind: "call", rules: [tip.name] },
          ],
        },
      },
    });
    const policy = validPolicy({ ...POLICY, rules: [pay, tip, pair] });
    const judge = (name: string, args: Record<string, Value>): string => {
      const { call, simulated } = validCall(policy, name, args);
      return checkOf(checkPolicy(policy, call, simulated, ENVELOPE, NOW));
    };
    const tipped = (to: string, amount: bigint): string => validCall(policy, tip.name, { to, amount }).simulated.data;
    const [first, second] = [payBytes(), tipped(FRIEND, 10n)];
    expect(judge(pair.name, { calls: [first, second] })).to.equal("ok");
    for (const calls of [[], [first], [second], [second, first], [first, first], [first, second, second]]) {
      expect(judge(pair.name, { calls })).to.be.oneOf(["argument", "inner-call"]);
    }
    expect(judge(tip.name, { to: FRIEND, amount: 11n })).to.equal("relation");
    expect(judge(tip.name, { to: OTHER, amount: 20n })).to.equal("ok");
    expect(judge(tip.name, { to: OTHER, amount: 21n })).to.equal("relation");
    const gap = { ...pair, args: { calls: { kind: "sequence", entries: [{ kind: "call", rules: ["Vault.none"] }] } } };
    expect(() => validPolicy({ ...POLICY, rules: [gap as PolicyRule] })).to.throw(CantileverError);
  });

  it("SIGN-2 gives overlapping and reordered dynamic data no meaning", () => {
    const coder = AbiCoder.defaultAbiCoder();
    const { selector } = new Interface([multicall.fragment]).getFunction("multicall") ?? { selector: "" };
    const inner = payBytes();
    const canonical = selector + coder.encode(["bytes[]"], [[inner, inner]]).slice(2);
    const inside = (bytes: string): string => checkOf(verdict(multicall.name, { calls: [bytes] }));
    expect(inside(canonical)).to.equal("ok");
    // Both entries point to the first one's bytes: shorter, the same to a lenient decoder.
    const words = (canonical.slice(10).match(/.{64}/g) ?? []).slice();
    words[3] = words[2] ?? "";
    expect(inside(selector + words.join(""))).to.equal("inner-call");
    const padding = canonical.slice(0, -2) + "01";
    expect(inside(padding)).to.equal("inner-call");
    expect(inside(selector + "f".repeat(1_000))).to.equal("inner-call");
    expect(inside(selector + "0".repeat(10_000))).to.equal("calldata-size");
  });

  it("SIGN-3 lets a nonce be used for nothing, and only for nothing", () => {
    const bytes = (to: string, data: string): boolean =>
      encodeIntended(() => undefined, SIGNER, { action: NO_OP_ACTION, to, data }).ok;
    expect(bytes(SIGNER, "0x")).to.equal(true);
    expect(bytes(VAULT, "0x")).to.equal(false);
    expect(bytes(SIGNER, "0x00")).to.equal(false);
    const noOp = { ...ENVELOPE, gasLimit: 21_000n };
    expect(checkNoOp(POLICY, noOp)).to.deep.equal({
      ok: true,
      use: { calls: { "no-op": 1 }, amounts: { native: 210_000n } },
    });
    expect(checkOf(checkNoOp(POLICY, { ...noOp, valueWei: 1n }))).to.equal("value");
    expect(checkOf(checkNoOp(POLICY, { ...noOp, gasLimit: 21_001n }))).to.equal("gas-limit");
    expect(checkOf(checkNoOp(POLICY, { ...noOp, maxFeePerGasWei: 101n }))).to.equal("fee-ceiling");
    expect(checkOf(checkNoOp(POLICY, { ...noOp, chainId: "1" }))).to.equal("chain");
  });

  it("SIGN-5 names a policy by everything it says", () => {
    const hash = policyHash(POLICY);
    expect(policyHash(structuredClone(POLICY))).to.equal(hash);
    expect(canonicalJson({ b: 1n, a: [true, "x"] })).to.equal('{"a":[true,"x"],"b":"1"}');
    const variants: object[] = [
      { ...POLICY, signer: STRANGER },
      { ...POLICY, chainId: "1" },
      { ...POLICY, perDay: { ...POLICY.perDay, coin: 5_001n } },
      { ...POLICY, rules: POLICY.rules.slice(1) },
      { ...POLICY, rules: [{ ...pay, maxValueWei: 1n }, ...POLICY.rules.slice(1)] },
    ];
    expect(new Set([hash, ...variants.map(policyHash)]).size).to.equal(variants.length + 1);
  });

  it("SIGN-5 refuses a policy with a gap, naming every one", () => {
    const gaps: PolicyRule[] = [
      { ...pay, args: { to: pay.args["to"] ?? { kind: "bytes", length: 1 } }, perHour: 1 },
      { ...multicall, args: { calls: { ...innerCalls, each: { kind: "call", rules: ["nobody"] } } } },
      { ...batch, target: "0x12", amounts: [{ amount: "x", of: "y", spends: { A: [{ asset: "gold", max: 1n }] } }] },
    ];
    try {
      validPolicy({ ...POLICY, rules: gaps, perDay: {} });
      expect.fail("it was accepted");
    } catch (error) {
      if (!(error instanceof CantileverError)) throw error;
      expect(error.code).to.equal("POLICY_INVALID");
      expect(Number(error.details["problems"])).to.be.greaterThan(7);
    }
  });

  it("SIGN-6 tells the worst loss of a day by the numbers that it enforces", () => {
    expect(worstCaseLossPerDay(POLICY)).to.deep.equal({ coin: 5_000n, native: 10n ** 18n });
    expect(Object.keys(worstCaseLossPerDay(stabilizerFixture()))).to.have.members([
      "cUSDT",
      "cUSDC",
      "cEURT",
      "XAU",
      "native",
    ]);
    expect(Object.keys(worstCaseLossPerDay(reporterFixture()))).to.deep.equal(["native"]);
  });
});

describe("keepers/kit/policy: rules about every contract of a kind", () => {
  const close = rule({
    name: "Position.close",
    target: "each:positions",
    fragment: "function close(uint256 amount)",
    args: { amount: { kind: "range", min: 1n, max: 10n } },
  });
  const allow = rule({
    name: "Coin.approve",
    target: OTHER,
    fragment: "function approve(address spender, uint256 amount)",
    args: { spender: { kind: "each", of: "positions", also: [VAULT] }, amount: { kind: "range", min: 0n, max: 50n } },
    amounts: [{ amount: "amount", of: "", spends: { "": [{ asset: "coin", max: 40n }] } }],
  });
  const policy = validPolicy({ ...POLICY, rules: [close, allow] });
  const encode = actionEncoder({
    "Position.close": { target: undefined, abi: new Interface([close.fragment]), method: "close" },
    "Coin.approve": { target: OTHER, abi: new Interface([allow.fragment]), method: "approve" },
  });
  const judge = (action: Action, isMember?: IsMember): string => {
    const bytes = encode(action);
    const gate = new PolicyGate(policy, encode, isMember);
    return checkOf(gate.judge({ action, ...(bytes ?? { to: FRIEND, data: "0x" }), ...ENVELOPE }, NOW));
  };
  const knowsFriend: IsMember = (kind, address) => kind === "positions" && address.toLowerCase() === FRIEND;

  it("SIGN-22 allows a function of those contracts alone that the gate knows to be of the kind", () => {
    const at = (target?: string): Action => ({
      name: "Position.close",
      args: { amount: 1n },
      ...(target === undefined ? {} : { target }),
    });
    expect(judge(at(FRIEND), knowsFriend)).to.equal("ok");
    expect(judge(at(STRANGER), knowsFriend)).to.equal("target");
    expect(judge(at(), knowsFriend)).to.equal("unknown-action");
    expect(judge(at(FRIEND), (kind) => kind === "others")).to.equal("target");
    // Without being told nobody is of any kind.
    expect(judge(at(FRIEND))).to.equal("target");
    expect(judge({ ...at(FRIEND), args: { amount: 11n } }, knowsFriend)).to.equal("argument");
  });

  it("SIGN-22 an address of the kind as an argument, and an amount that the rule itself names", () => {
    const approve = (spender: string, amount: bigint): Action => ({ name: "Coin.approve", args: { spender, amount } });
    expect(judge(approve(FRIEND, 40n), knowsFriend)).to.equal("ok");
    expect(judge(approve(VAULT, 40n), knowsFriend)).to.equal("ok");
    expect(judge(approve(STRANGER, 40n), knowsFriend)).to.equal("argument");
    expect(judge(approve(FRIEND, 41n), knowsFriend)).to.equal("amount");
    const action = approve(FRIEND, 7n);
    const bytes = encode(action) ?? { to: "", data: "" };
    const answer = new PolicyGate(policy, encode, knowsFriend).judge({ action, ...bytes, ...ENVELOPE }, NOW);
    expect(answer.ok && answer.use.amounts["coin"]).to.equal(7n);
  });

  it("SIGN-22 which contract was meant survives being stored", () => {
    const action: Action = { name: "Position.close", args: { amount: 1n }, target: FRIEND };
    expect(readAction(actionJson(action))).to.deep.equal(action);
    expect(encode(readAction(actionJson(action)))?.to).to.equal(FRIEND);
  });
});

describe("keepers/deviation-stabilizer/policy", () => {
  const policy = stabilizerFixture();
  const check = (name: string, args: Record<string, Value>): string => {
    const { call, simulated, envelope } = validCall(policy, name, args);
    return checkOf(checkPolicy(policy, call, simulated, envelope, NOW));
  };
  const token = (name: "cUSDT" | "cUSDC" | "cEURT" | "XAU"): string => deployment.token(name);
  const swap = (tradeSize: bigint, tokenIn: string, tokenOut: string): string =>
    check("Stabilizer.executePrivateSwap", { tradeSize, tokenIn, tokenOut });

  it("SIGN-3 bounds an execution by the cap of the parameters at the guard's worst prices", () => {
    // 20 oz, twice that while defended, half again as headroom: 60 oz at 13,000 USD, in a token at 0.98 USD.
    const largest = (60n * 13_000n * 10n ** 6n * 100n + 97n) / 98n;
    expect(swap(largest, token("cUSDT"), token("cUSDC"))).to.equal("ok");
    expect(swap(largest + 1n, token("cUSDT"), token("cUSDC"))).to.equal("amount");
    expect(swap(60n * 10n ** 18n, token("XAU"), token("cUSDC"))).to.equal("ok");
    expect(swap(60n * 10n ** 18n + 1n, token("XAU"), token("cUSDC"))).to.equal("amount");
    expect(swap(1n, token("cEURT"), token("cUSDC"))).to.equal("relation"); // no public pool
    expect(swap(1n, token("cUSDT"), token("cUSDT"))).to.equal("relation");
    expect(swap(0n, token("cUSDT"), token("cUSDC"))).to.equal("argument");
  });

  it("SIGN-3 counts both tokens of a pool in a batch, each up to its own cap", () => {
    const pool = deployment.address("PmmPool:XAU/cUSDT");
    const { call, simulated, envelope } = validCall(policy, "Stabilizer.executeBatch", {
      orders: [{ pool, maxAmountIn: 10n ** 19n }],
    });
    const answer = checkPolicy(policy, call, simulated, envelope, NOW);
    if (!answer.ok) throw new Error(answer.message);
    const most = ruleOf(policy, "Stabilizer.executeBatch").amounts[0]?.spends[pool.toLowerCase()];
    expect(answer.use.amounts["XAU"]).to.equal(10n ** 19n);
    expect(answer.use.amounts["cUSDT"]).to.equal(most?.find(({ asset }) => asset === "cUSDT")?.max);
    const twice = { orders: [1n, 2n].map((maxAmountIn) => ({ pool, maxAmountIn })) };
    expect(check("Stabilizer.executeBatch", twice)).to.equal("argument");
    const foreign = { orders: [{ pool: STRANGER, maxAmountIn: 1n }] };
    expect(check("Stabilizer.executeBatch", foreign)).to.equal("argument");
  });

  it("SIGN-3 bounds what a refill pays by what it gets", () => {
    const refill = (
      amountUnits: bigint,
      maxPaidUnits: bigint,
      scarce = token("cUSDC"),
      surplusToken = token("cUSDT"),
    ): string => check("CapitalBuckets.refill", { bucket: 1n, scarce, surplusToken, amountUnits, maxPaidUnits });
    expect(refill(1_000_000n, 1_005_000n)).to.equal("ok");
    // 1.02 ÷ 0.98 and 1 %: the worst that the guards allow.
    expect(refill(1_000_000n, 1_051_224n)).to.equal("ok");
    expect(refill(1_000_000n, 1_051_225n)).to.equal("relation");
    expect(refill(10n ** 30n, 1_000_000n)).to.equal("relation");
    expect(refill(1_000_000n, 1n, token("cUSDT"), token("cUSDT"))).to.equal("relation");
  });

  it("SIGN-7 knows no function that moves funds or power", () => {
    const fragmentOf = (text: string): string =>
      new Interface([text]).getFunction(text.split(/[ (]/)[1] ?? "")?.format("sighash") ?? "";
    const { envelope } = validCall(policy, "PegBoard.poke", { which: [token("cUSDC")] });
    for (const [name, fragment, values] of [
      [
        "Stabilizer",
        "function withdraw(address token, uint256 amountUnits, address to)",
        [token("cUSDC"), 1n, STRANGER],
      ],
      ["Stabilizer", "function setKeeper(address keeper, bool allowed)", [STRANGER, true]],
      ["Stabilizer", "function transferOwnership(address owner)", [STRANGER]],
      ["cUSDC", "function transfer(address to, uint256 amount)", [STRANGER, 1n]],
      ["cUSDC", "function approve(address to, uint256 amount)", [STRANGER, 1n]],
    ] as const) {
      const data = new Interface([fragment]).encodeFunctionData(fragment.split(/[ (]/)[1] ?? "", [...values]);
      const call = { target: deployment.address(name), function: fragmentOf(fragment), args: {} };
      const answer = checkPolicy(policy, call, { to: call.target, data }, envelope, NOW);
      expect(checkOf(answer), fragment).to.be.oneOf(["target", "selector"]);
    }
  });
});
