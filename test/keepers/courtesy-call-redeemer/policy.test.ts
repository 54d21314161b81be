import { expect } from "chai";

import { tbtcSigning } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/signing.js";
import { actionOf, approvalAction, redeemerEncoder } from "../../../keepers/courtesy-call-redeemer/encode.js";
import { redeemerPolicy } from "../../../keepers/courtesy-call-redeemer/policy.js";
import { MODES, type Mode } from "../../../keepers/courtesy-call-redeemer/types.js";
import type { Action } from "../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../keepers/kit/policy/gate.js";
import { MAINNET } from "../../../protocol/tbtc/addresses.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { satToBytes8 } from "../../../protocol/tbtc/units.js";
import { GWEI, idOf, NOW, STRANGER, WAD } from "./fixtures.js";

const DEPOSIT = idOf(7);
const SIGNER = idOf(1);
const SCRIPT = `0x160014${"c0".repeat(20)}`;
const OTHER_SCRIPT = `0x160014${"c1".repeat(20)}`;
const VALUE = satToBytes8(9_990_000n);
const ENVELOPE = { chainId: "1", signer: SIGNER, valueWei: 0n, gasLimit: 800_000n, maxFeePerGasWei: 50n * GWEI };

function gateOf(mode: Mode) {
  const site = {
    name: "tbtc",
    signing: tbtcSigning(MAINNET, SCRIPT, 100_000n),
    token: { address: MAINNET.token.toLowerCase(), symbol: "TBTC", decimals: 18 },
  };
  const bounds = {
    ...{ chainId: 1, mode, maxFeePerGasWei: 100n * GWEI, callGasLimit: 1_000_000n, perHour: 100 },
    ...{ tokenUnitsPerDay: 20n * WAD, nativeWeiPerDay: WAD },
  };
  const policy = redeemerPolicy(site, bounds, SIGNER);
  const encode = redeemerEncoder(site);
  const gate = new PolicyGate(policy, encode, (_, address) => address.toLowerCase() === DEPOSIT);
  const judge = (action: Action, envelope: Partial<typeof ENVELOPE> = {}): string => {
    const bytes = encode(action) ?? { to: STRANGER, data: "0x" };
    const verdict = gate.judge({ action, ...bytes, ...ENVELOPE, ...envelope }, NOW);
    return verdict.ok ? "ok" : verdict.check;
  };
  return { policy, gate, judge };
}

const redeem = (deposit = DEPOSIT, redeemerOutputScript = SCRIPT): Action => ({
  name: "VendingMachine.tbtcToBtc",
  args: { deposit, outputValue: VALUE, redeemerOutputScript },
});
const request = (target = DEPOSIT, redeemerOutputScript = SCRIPT): Action => ({
  name: "Deposit.requestRedemption",
  args: { outputValue: VALUE, redeemerOutputScript },
  target,
});
const call: Action = { name: "Deposit.notifyCourtesyCall", args: {}, target: DEPOSIT };

describe("courtesy-call-redeemer: what its key may sign", () => {
  it("REDEEM-33 redeems deposits that were found, to the one destination, and nothing else", () => {
    const { judge } = gateOf("courtesy");
    expect(judge(redeem())).to.equal("ok");
    expect(judge(request())).to.equal("ok");
    expect(judge(redeem(STRANGER))).to.equal("argument");
    expect(judge(request(STRANGER))).to.equal("target");
    expect(judge(redeem(DEPOSIT, OTHER_SCRIPT))).to.equal("argument");
    expect(judge(request(DEPOSIT, OTHER_SCRIPT))).to.equal("argument");
    expect(judge(redeem(), { valueWei: 1n })).to.equal("value");
    expect(judge(redeem(), { gasLimit: 1_000_001n })).to.equal("gas-limit");
    expect(judge(redeem(), { maxFeePerGasWei: 101n * GWEI })).to.equal("fee-ceiling");
  });

  it("REDEEM-33 approves to those who take the token, up to what a day may cost, and counts it as spent", () => {
    const { judge, gate } = gateOf("courtesy");
    expect(judge(approvalAction(MAINNET.vendingMachine, 20n * WAD), { gasLimit: 70_000n })).to.equal("ok");
    expect(judge(approvalAction(DEPOSIT, WAD), { gasLimit: 70_000n })).to.equal("ok");
    expect(judge(approvalAction(STRANGER, WAD), { gasLimit: 70_000n })).to.equal("argument");
    // The script that would become the redeemer.
    expect(judge(approvalAction(MAINNET.redemptionScript, WAD), { gasLimit: 70_000n })).to.equal("argument");
    expect(judge(approvalAction(DEPOSIT, 20n * WAD + 1n), { gasLimit: 70_000n })).to.equal("amount");
    expect(judge(approvalAction(DEPOSIT, WAD))).to.equal("gas-limit");
    expect(gate.moves(approvalAction(DEPOSIT, WAD))?.get("TBTC")).to.equal(WAD);
  });

  it("REDEEM-33 calls a courtesy only where the mode allows, and has no rule at all while it watches", () => {
    const answers = MODES.map((mode) => [mode, gateOf(mode).judge(call), gateOf(mode).judge(redeem())]);
    expect(answers).to.deep.equal([
      ["watch", "unknown-action", "unknown-action"],
      ["courtesy", "unknown-action", "ok"],
      ["self-courtesy", "ok", "ok"],
      ["preemptive", "ok", "ok"],
      // Redeems through the escrow alone: servicePolicy.test.ts.
      ["service-provider", "unknown-action", "unknown-action"],
    ]);
  });

  it("REDEEM-42 settles redemptions of deposits that were found by calls of their own form, in every mode but the watching one", () => {
    const hash = `0x${"11".repeat(32)}`;
    const signature = (target = DEPOSIT, v = 27n): Action => ({
      name: "Deposit.provideRedemptionSignature",
      args: { v, r: hash, s: hash },
      target,
    });
    const fee: Action = {
      name: "Deposit.increaseRedemptionFee",
      args: { previousOutputValue: VALUE, newOutputValue: VALUE },
      target: DEPOSIT,
    };
    const proof = (headers: number, nodes: number, more = ""): Action => ({
      name: "Deposit.provideRedemptionProof",
      args: {
        txVersion: "0x01000000",
        txInputVector: `0x${"00".repeat(42)}`,
        txOutputVector: `0x${"00".repeat(32)}`,
        txLocktime: "0x00000000",
        merkleProof: `0x${"00".repeat(32 * nodes)}`,
        txIndexInBlock: 1n,
        bitcoinHeaders: `0x${"00".repeat(80 * headers)}${more}`,
      },
      target: DEPOSIT,
    });
    for (const mode of MODES) {
      const { judge } = gateOf(mode);
      const allowed = mode === "watch" ? "unknown-action" : "ok";
      for (const action of [signature(), fee, proof(6, 12), proof(144, 32)]) expect(judge(action)).to.equal(allowed);
    }
    const { judge } = gateOf("courtesy");
    expect(judge(signature(STRANGER))).to.equal("target");
    expect(judge(signature(DEPOSIT, 29n))).to.equal("argument");
    for (const wrong of [proof(0, 12), proof(145, 12), proof(6, 0), proof(6, 33), proof(6, 12, "00")]) {
      expect(judge(wrong)).to.be.oneOf(["argument", "calldata-size"]);
    }
  });

  it("REDEEM-33 no mode knows a call that harms an operator or moves a token", () => {
    const harmful = [
      [DEPOSIT, tbtcAbi.deposit.encodeFunctionData("notifyUndercollateralizedLiquidation")],
      [DEPOSIT, tbtcAbi.deposit.encodeFunctionData("notifyCourtesyCallExpired")],
      [DEPOSIT, tbtcAbi.deposit.encodeFunctionData("notifyRedemptionSignatureTimedOut")],
      [DEPOSIT, tbtcAbi.deposit.encodeFunctionData("purchaseSignerBondsAtAuction")],
      [DEPOSIT, tbtcAbi.deposit.encodeFunctionData("transferAndRequestRedemption", [VALUE, SCRIPT, STRANGER])],
      [MAINNET.token, tbtcAbi.token.encodeFunctionData("transfer", [STRANGER, WAD])],
      [MAINNET.vendingMachine, tbtcAbi.vendingMachine.encodeFunctionData("tbtcToTdt", [1n])],
    ] as const;
    for (const mode of MODES) {
      const { policy } = gateOf(mode);
      for (const [to, data] of harmful)
        expect(actionOf(policy, { to, data, valueWei: 0n }), `${mode} ${data}`).to.equal(undefined);
    }
    const { policy } = gateOf("courtesy");
    const data = tbtcAbi.vendingMachine.encodeFunctionData("tbtcToBtc", [DEPOSIT, VALUE, SCRIPT]);
    expect(actionOf(policy, { to: MAINNET.vendingMachine.toLowerCase(), data, valueWei: 0n })?.name).to.equal(
      redeem().name,
    );
    // Trailing bytes have no meaning here.
    expect(actionOf(policy, { to: MAINNET.vendingMachine, data: `${data}00`, valueWei: 0n })).to.equal(undefined);
  });
});
