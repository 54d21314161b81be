import { expect } from "chai";

import {
  approvalAction,
  cancelAction,
  arbitrageEncoder,
  legAction,
  transferAction,
} from "../../../keepers/cross-chain-arbitrage/encode.js";
import { actionTargets, arbitragePolicy } from "../../../keepers/cross-chain-arbitrage/policy.js";
import type { Leg, TransferIntent } from "../../../keepers/cross-chain-arbitrage/types.js";
import { bytesOf, type Action } from "../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../keepers/kit/policy/gate.js";
import type { BridgeMessage } from "../../../protocol/bridgeMessage.js";
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
        "AlltraCustomBridge.cancel",
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

  it("ARB-16 cancels what it sent itself to itself from the other chain, and nobody else's transfers", () => {
    const message: BridgeMessage = {
      ...{ sourceChainId: 651_940n, nonce: 7n, token: deployment.token("cUSDC"), sender: SIGNER, recipient: SIGNER },
      ...{ amountUnits: UNIT, sentAt: NOW - 500_000n, expiresAt: NOW - 100n, paidUnits: UNIT },
    };
    const cancel = (change: Partial<BridgeMessage> = {}) => checkOf(cancelAction({ ...message, ...change }));
    expect(cancel()).to.equal("ok");
    for (const change of [{ sender: STRANGER }, { recipient: STRANGER }, { token: STRANGER }, { sourceChainId: 138n }])
      expect(cancel(change), Object.keys(change)[0]).to.equal("argument");
  });

  it("ARB-16 lets deadlines of chains of this machine run ahead, and no others", () => {
    const own = new PolicyGate(arbitragePolicy(deployment, params, 651940, { ...BOUNDS, local: true }, SIGNER), encode);
    const action = sale(PAIR, true, UNIT, UNIT, SIGNER, NOW + 7_200n);
    const envelope = { chainId: "138", signer: SIGNER, valueWei: 0n, gasLimit: 400_000n, maxFeePerGasWei: 10n ** 9n };
    expect(own.judge({ action, ...bytesOf(encode, action), ...envelope }, NOW).ok).to.equal(true);
    expect(judge(action).ok).to.equal(false);
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
