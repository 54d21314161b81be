import { expect } from "chai";

import {
  approvalAction,
  arbitrageEncoder,
  legAction,
  transferAction,
} from "../../../keepers/cross-chain-arbitrage/encode.js";
import { actionTargets, arbitragePolicy } from "../../../keepers/cross-chain-arbitrage/policy.js";
import type { Leg, TransferIntent } from "../../../keepers/cross-chain-arbitrage/types.js";
import { bytesOf, type Action } from "../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../keepers/kit/policy/gate.js";
import { loadParams } from "../../../protocol/params/load.js";
import { deployment, NOW, SIGNER } from "../../helpers/policyFixtures.js";
import { PAIR } from "./fixtures.js";

const UNIT = 10n ** 6n;
const OUNCE = 10n ** 18n;
const GOLD_PAIR = "XAU/cUSDT";
const OTHER_PAIR = "XAU/cUSDC";
const STRANGER = "0x00000000000000000000000000000000000000Ff";
const BOUNDS = { pairs: [PAIR, GOLD_PAIR], gasLimit: 500_000, maxFeePerGasWei: 100n * 10n ** 9n, local: false };
const MAX_UINT256 = 2n ** 256n - 1n;
const { params } = loadParams("localhost");

describe("keepers/cross-chain-arbitrage/policy", () => {
  const policy = arbitragePolicy(deployment, params, 651940, BOUNDS, SIGNER);
  const encode = arbitrageEncoder(actionTargets(deployment, BOUNDS.pairs));
  const gate = new PolicyGate(policy, encode);
  const judge = (action: Action) => {
    const envelope = {
      ...{ chainId: "138", signer: SIGNER, valueWei: 0n, gasLimit: 400_000n, maxFeePerGasWei: 10n ** 9n },
    };
    return gate.judge({ action, ...bytesOf(encode, action), ...envelope }, NOW);
  };
  const checkOf = (action: Action): string => {
    const verdict = judge(action);
    return verdict.ok ? "ok" : verdict.check;
  };
  const leg = (sellBase: boolean, amountIn: bigint, minOut: bigint): Leg => ({
    ...{ chain: "138", pool: "", sellBase, tokenIn: "", tokenOut: "", amountIn, minOut },
  });
  const sale = (
    pair: string,
    sellBase: boolean,
    amountIn: bigint,
    minOut: bigint,
    account = SIGNER,
    deadline = NOW + 60n,
  ) => legAction(pair, leg(sellBase, amountIn, minOut), account, deadline);
  const transfer = (change: Partial<TransferIntent> = {}, recipient = SIGNER, token = deployment.token("cUSDC")) =>
    transferAction(
      {
        ...{ kind: "transfer", key: "", token: "cUSDC", from: "138", to: "651940" },
        ...{ amountUnits: 1_000n * UNIT, maxFeeUnits: UNIT, ...change },
      },
      token,
      recipient,
      NOW + 60n,
    );

  it("ARB-16 lets sales of the named pools through at prices that the guards allow, and counts what they sell", () => {
    for (const sellBase of [true, false]) {
      const verdict = judge(sale(PAIR, sellBase, 1_000n * UNIT, 999n * UNIT));
      if (!verdict.ok) throw new Error(verdict.message);
      expect(verdict.use.amounts[sellBase ? "cUSDT" : "cUSDC"]).to.equal(1_000n * UNIT);
      // 0.98 against 1.02 and one percent: less than 95.1 % is no price.
      expect(checkOf(sale(PAIR, sellBase, 1_000n * UNIT, 952n * UNIT))).to.equal("ok");
      expect(checkOf(sale(PAIR, sellBase, 1_000n * UNIT, 950n * UNIT))).to.equal("relation");
      expect(checkOf(sale(PAIR, sellBase, 1_000n * UNIT, 0n))).to.equal("argument");
    }
    // Between tokens of other decimals and prices too, in both directions.
    expect(checkOf(sale(GOLD_PAIR, true, OUNCE, 4_000n * UNIT))).to.equal("ok");
    expect(checkOf(sale(GOLD_PAIR, true, OUNCE, 900n * UNIT))).to.equal("relation");
    expect(checkOf(sale(GOLD_PAIR, false, 4_000n * UNIT, OUNCE))).to.equal("ok");
    expect(checkOf(sale(GOLD_PAIR, false, 14_000n * UNIT, OUNCE))).to.equal("relation");
    const most = 250_000n * UNIT;
    expect(checkOf(sale(PAIR, true, most, most))).to.equal("ok");
    expect(checkOf(sale(PAIR, true, most + 1n, most))).to.equal("amount");
  });

  it("ARB-16 pays and gets for its own account alone, soon or not at all, and knows no other pool", () => {
    expect(checkOf(sale(PAIR, true, UNIT, UNIT, STRANGER))).to.equal("argument");
    const mixed = sale(PAIR, true, UNIT, UNIT);
    expect(checkOf({ ...mixed, args: { ...mixed.args, to: STRANGER } })).to.equal("argument");
    expect(checkOf({ ...mixed, args: { ...mixed.args, payer: STRANGER } })).to.equal("argument");
    expect(checkOf(sale(PAIR, true, UNIT, UNIT, SIGNER, NOW + 7_200n))).to.equal("argument");
    expect(checkOf(sale(PAIR, true, UNIT, UNIT, SIGNER, NOW - 1n))).to.equal("argument");
    expect(encode(sale(OTHER_PAIR, true, OUNCE, UNIT))).to.equal(undefined);
    const sent = new Set(policy.rules.map(({ name }) => name));
    expect(sent).to.deep.equal(
      new Set([
        ...[PAIR, GOLD_PAIR].flatMap((pair) => [`PmmPool:${pair}.swapBase`, `PmmPool:${pair}.swapQuote`]),
        "BridgeAdapter.send",
        ...["cUSDT", "cUSDC", "XAU"].map((token) => `${token}.approve`),
      ]),
    );
  });

  it("ARB-16 sends through the bridge to itself on the other chain, within an amount and its fee, and counts it apart", () => {
    const verdict = judge(transfer());
    if (!verdict.ok) throw new Error(verdict.message);
    expect(verdict.use.amounts["bridge:cUSDC"]).to.equal(1_001n * UNIT);
    expect(verdict.use.amounts["cUSDC"]).to.equal(undefined);
    expect(checkOf(transfer({}, STRANGER))).to.equal("argument");
    expect(checkOf(transfer({ to: "1" }))).to.equal("argument");
    expect(checkOf(transfer({}, SIGNER, STRANGER))).to.equal("argument");
    const most = 1_000_000n * UNIT;
    expect(checkOf(transfer({ amountUnits: most }))).to.equal("ok");
    expect(checkOf(transfer({ amountUnits: most + 1n }))).to.equal("amount");
    // Ten basis points of the largest transfer.
    expect(checkOf(transfer({ maxFeeUnits: 1_000n * UNIT }))).to.equal("ok");
    expect(checkOf(transfer({ maxFeeUnits: 1_000n * UNIT + 1n }))).to.equal("amount");
  });

  it("ARB-16 approves pools that trade the token, and the bridge, and nobody else", () => {
    const pools = deployment.pools();
    const approve = (spender: string) => checkOf(approvalAction("cUSDC", spender, MAX_UINT256));
    expect(approve(pools[PAIR] ?? "")).to.equal("ok");
    expect(approve(deployment.address("AlltraCustomBridge"))).to.equal("ok");
    for (const spender of [pools[GOLD_PAIR] ?? "", deployment.address("AlltraAdapter"), STRANGER, SIGNER])
      expect(approve(spender), spender).to.equal("argument");
  });
});
