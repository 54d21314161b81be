import { expect } from "chai";
import { ZeroAddress } from "ethers";

import { AGENTS, bountySigning } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/bountySigning.js";
import { tbtcSigning } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/signing.js";
import { approvalAction, actionOf, redeemerEncoder } from "../../../keepers/courtesy-call-redeemer/encode.js";
import { redeemerPolicy } from "../../../keepers/courtesy-call-redeemer/policy.js";
import { POSITIONS } from "../../../keepers/courtesy-call-redeemer/site.js";
import { MODES, type Mode } from "../../../keepers/courtesy-call-redeemer/types.js";
import type { Action } from "../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../keepers/kit/policy/gate.js";
import type { Value } from "../../../keepers/kit/policy/types.js";
import { MAINNET } from "../../../protocol/tbtc/addresses.js";
import { encodeClaim, encodeCollect, rescueAgentAbi, rescueBountyAbi } from "../../../protocol/tbtc/bounty.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { satToBytes8 } from "../../../protocol/tbtc/units.js";
import { GWEI, idOf, NOW, STRANGER, WAD } from "./fixtures.js";

const DEPOSIT = idOf(7);
const SIGNER = idOf(1);
const ESCROW = idOf(3);
const AGENT = idOf(4);
const SCRIPT = `0x160014${"c0".repeat(20)}`;
const OTHER_SCRIPT = `0x160014${"c1".repeat(20)}`;
const VALUE = satToBytes8(9_990_000n);
const LEAST = WAD / 100n;
const ENVELOPE = { chainId: "1", signer: SIGNER, valueWei: 0n, gasLimit: 60_000n, maxFeePerGasWei: 50n * GWEI };

function gateOf(mode: Mode) {
  const site = {
    signing: bountySigning(tbtcSigning(MAINNET, SCRIPT, 100_000n), {
      ...{ addresses: MAINNET, escrow: ESCROW, outputScript: SCRIPT, maxFeeSat: 100_000n },
      ...{ leastBountyWei: LEAST, mostCostUnits: 20n * WAD },
    }),
    token: { address: MAINNET.token.toLowerCase(), symbol: "TBTC", decimals: 18 },
  };
  const bounds = {
    ...{ chainId: 1, mode, maxFeePerGasWei: 100n * GWEI, callGasLimit: 1_200_000n, perHour: 100 },
    ...{ tokenUnitsPerDay: 20n * WAD, nativeWeiPerDay: WAD },
  };
  const policy = redeemerPolicy(site, bounds, SIGNER);
  const encode = redeemerEncoder(site);
  const members: Readonly<Record<string, string>> = { [POSITIONS]: DEPOSIT, [AGENTS]: AGENT };
  const gate = new PolicyGate(policy, encode, (kind, address) => members[kind] === address.toLowerCase());
  const judge = (action: Action, envelope: Partial<typeof ENVELOPE> = {}): string => {
    const bytes = encode(action) ?? { to: STRANGER, data: "0x" };
    const verdict = gate.judge({ action, ...bytes, ...ENVELOPE, ...envelope }, NOW);
    return verdict.ok ? "ok" : verdict.check;
  };
  return { policy, judge };
}

const rescue = (changes: Readonly<Record<string, Value>> = {}): Action => ({
  name: "RescueBounty.rescue",
  args: {
    order: {
      ...{ deposit: DEPOSIT, outputValue: VALUE, redeemerOutputScript: SCRIPT },
      ...{ maxCostUnits: WAD, minBountyWei: LEAST, deadline: NOW },
      ...changes,
    },
  },
});
const claim = (deposits: readonly string[]): Action => ({ name: "RescueBounty.claim", args: { deposits } });
const collect = (to: string): Action => ({ name: "RescueBounty.collect", args: { to } });
const transfer = (to: string, value = WAD): string => tbtcAbi.token.encodeFunctionData("transfer", [to, value]);
const execute = (data: string, changes: Partial<{ to: string; valueWei: bigint; agent: string }> = {}): Action => ({
  name: "RescueAgent.execute",
  args: { target: changes.to ?? MAINNET.token, valueWei: changes.valueWei ?? 0n, data },
  target: changes.agent ?? AGENT,
});

describe("courtesy-call-redeemer: what a provider's key may sign", () => {
  const { judge, policy } = gateOf("service-provider");

  it("BOUNTY-9 rescues found deposits through the one escrow, to one destination, for no less than the margin and no more than a day's TBTC", () => {
    const wide = { gasLimit: 1_200_000n };
    expect(judge(rescue(), wide)).to.equal("ok");
    expect(judge(rescue({ deposit: STRANGER }), wide)).to.equal("argument");
    expect(judge(rescue({ redeemerOutputScript: OTHER_SCRIPT }), wide)).to.equal("argument");
    expect(judge(rescue({ minBountyWei: LEAST - 1n }), wide)).to.equal("argument");
    expect(judge(rescue({ maxCostUnits: 20n * WAD + 1n }), wide)).to.equal("argument");
    expect(judge(rescue({ deadline: 2n ** 40n }), wide)).to.equal("argument");
    expect(judge(rescue(), { ...wide, valueWei: 1n })).to.equal("value");
    expect(judge(rescue(), { gasLimit: 1_200_001n })).to.equal("gas-limit");
    expect(judge(approvalAction(ESCROW, WAD))).to.equal("ok");
    expect(judge(approvalAction(ESCROW, 20n * WAD + 1n))).to.equal("amount");
    for (const other of [DEPOSIT, MAINNET.vendingMachine, AGENT, STRANGER])
      expect(judge(approvalAction(other, WAD)), other).to.equal("argument");
  });

  it("BOUNTY-9 claims one found deposit at a time, and has itself paid and nobody else", () => {
    expect(judge(claim([DEPOSIT]))).to.equal("ok");
    for (const deposits of [[], [STRANGER]])
      expect(judge(claim(deposits)), String(deposits.length)).to.equal("argument");
    expect(judge(claim([DEPOSIT, DEPOSIT]))).to.equal("calldata-size");
    expect(judge(claim([DEPOSIT]), { gasLimit: 100_001n })).to.equal("gas-limit");
    expect(judge(collect(SIGNER))).to.equal("ok");
    for (const to of [STRANGER, AGENT, ESCROW, ZeroAddress]) expect(judge(collect(to)), to).to.equal("argument");
    expect(judge(collect(SIGNER), { gasLimit: 60_001n })).to.equal("gas-limit");
  });

  it("BOUNTY-9 has its agent hand it TBTC, and do nothing else", () => {
    expect(judge(execute(transfer(SIGNER)))).to.equal("ok");
    expect(judge(execute(transfer(STRANGER)))).to.equal("argument");
    expect(judge(execute(transfer(SIGNER, 0n)))).to.equal("argument");
    expect(judge(execute(`${transfer(SIGNER)}00`))).to.equal("inner-call");
    expect(judge(execute(tbtcAbi.token.encodeFunctionData("approve", [SIGNER, WAD])))).to.equal("inner-call");
    expect(judge(execute(tbtcAbi.deposit.encodeFunctionData("withdrawFunds"), { to: DEPOSIT }))).to.equal("argument");
    expect(judge(execute("0x"))).to.equal("inner-call");
    expect(judge(execute(transfer(SIGNER), { valueWei: 1n }))).to.equal("argument");
    expect(judge(execute(transfer(SIGNER), { agent: STRANGER }))).to.equal("target");
    // A transfer of its own is none.
    expect(judge({ name: "Token.transfer", args: { to: SIGNER, value: WAD } })).to.equal("unknown-action");
    expect(actionOf(policy, { to: MAINNET.token, data: transfer(SIGNER), valueWei: 0n })).to.equal(undefined);
  });

  it("BOUNTY-9 nothing goes past the escrow, and no other mode knows it", () => {
    const past = [
      [MAINNET.vendingMachine, tbtcAbi.vendingMachine.encodeFunctionData("tbtcToBtc", [DEPOSIT, VALUE, SCRIPT])],
      [DEPOSIT, tbtcAbi.deposit.encodeFunctionData("requestRedemption", [VALUE, SCRIPT])],
      [DEPOSIT, tbtcAbi.deposit.encodeFunctionData("notifyCourtesyCall")],
      [DEPOSIT, tbtcAbi.deposit.encodeFunctionData("notifyUndercollateralizedLiquidation")],
      [ESCROW, rescueBountyAbi.encodeFunctionData("pledge", [[{ deposit: DEPOSIT, bountyWei: 1n }]])],
      [ESCROW, rescueBountyAbi.encodeFunctionData("announceWithdrawal", [[DEPOSIT]])],
      [ESCROW, rescueBountyAbi.encodeFunctionData("withdraw", [[DEPOSIT]])],
      [AGENT, rescueAgentAbi.encodeFunctionData("redeem", [DEPOSIT, WAD, VALUE, SCRIPT])],
    ] as const;
    for (const [to, data] of past) expect(actionOf(policy, { to, data, valueWei: 0n }), data).to.equal(undefined);
    const own = [
      [ESCROW, encodeClaim([DEPOSIT])],
      [ESCROW, encodeCollect(SIGNER)],
    ] as const;
    for (const mode of MODES.filter((one) => one !== "service-provider")) {
      const other = gateOf(mode);
      for (const [to, data] of own)
        expect(actionOf(other.policy, { to, data, valueWei: 0n }), mode).to.equal(undefined);
    }
  });
});
