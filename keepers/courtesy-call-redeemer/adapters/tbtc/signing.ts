/**
 * What may be signed of tBTC v1: redemptions through the vending machine and of deposits themselves, to the one destination, and calls of
 * a courtesy where the mode allows them. Nothing that starts a liquidation has a rule, whatever the mode.
 */
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import { MIN_REDEMPTION_FEE_SAT } from "../../../../protocol/tbtc/constants.js";
import { depositTokenId, tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { DepositState, depositState } from "../../../../protocol/tbtc/states.js";
import { satFromBytes8 } from "../../../../protocol/tbtc/units.js";
import type { Action } from "../../../kit/policy/action.js";
import { textOf } from "../../../kit/policy/paths.js";
import { EACH, refuse, type Constraint, type PolicyRefusal, type PolicyRule } from "../../../kit/policy/types.js";
import { pinnedCall } from "../../../kit/providers/confirm.js";
import { POSITIONS, type CommonRule, type Look, type RescueSigning } from "../../site.js";
import type { Mode } from "../../types.js";

const REDEEM_VENDING_MACHINE = "VendingMachine.tbtcToBtc";
const REDEEM_DEPOSIT = "Deposit.requestRedemption";
const CALL_COURTESY = "Deposit.notifyCourtesyCall";

const OUTPUT_VALUE: Constraint = { kind: "bytes", length: 8 };
const POSITION = { kind: "each", of: POSITIONS } as const satisfies Constraint;
/** Selector, place of the script, output value, deposit, length and two words of script. */
const MOST_CALLDATA = 4 + 6 * 32;

/** @param outputScript with its length in front. @param maxFeeSat most that a redemption may offer bitcoin's miners at first */
export function tbtcSigning(addresses: TbtcAddresses, outputScript: string, maxFeeSat: bigint): RescueSigning {
  const redeemerOutputScript: Constraint = { kind: "oneOf", values: [outputScript] };
  return {
    methods: {
      [REDEEM_VENDING_MACHINE]: {
        target: addresses.vendingMachine,
        abi: tbtcAbi.vendingMachine,
        method: "tbtcToBtc",
      },
      [REDEEM_DEPOSIT]: { target: undefined, abi: tbtcAbi.deposit, method: "requestRedemption" },
      [CALL_COURTESY]: { target: undefined, abi: tbtcAbi.deposit, method: "notifyCourtesyCall" },
    },
    rules: (mode, common) => rulesOf(addresses, redeemerOutputScript, mode, common),
    spender: { ...POSITION, also: [addresses.vendingMachine] },
    looks: (action) => looksAt(action, addresses, maxFeeSat),
  };
}

function rulesOf(
  addresses: TbtcAddresses,
  redeemerOutputScript: Constraint,
  mode: Mode,
  common: CommonRule,
): readonly PolicyRule[] {
  const deposits = `${EACH}${POSITIONS}`;
  const redemptions: readonly PolicyRule[] = [
    {
      ...common,
      name: REDEEM_VENDING_MACHINE,
      target: addresses.vendingMachine,
      fragment: "function tbtcToBtc(address deposit, bytes8 outputValue, bytes redeemerOutputScript)",
      args: { deposit: POSITION, outputValue: OUTPUT_VALUE, redeemerOutputScript },
      amounts: [],
      maxCalldataBytes: MOST_CALLDATA,
    },
    {
      ...common,
      name: REDEEM_DEPOSIT,
      target: deposits,
      fragment: "function requestRedemption(bytes8 outputValue, bytes redeemerOutputScript)",
      args: { outputValue: OUTPUT_VALUE, redeemerOutputScript },
      amounts: [],
      maxCalldataBytes: MOST_CALLDATA,
    },
  ];
  if (mode === "watch" || mode === "courtesy") return redemptions;
  const call: PolicyRule = {
    ...common,
    name: CALL_COURTESY,
    target: deposits,
    fragment: "function notifyCourtesyCall()",
    args: {},
    amounts: [],
    maxCalldataBytes: 4,
  };
  return [...redemptions, call];
}

/** The gate has judged names and arguments before. */
function looksAt({ name, args, target }: Action, addresses: TbtcAddresses, maxFeeSat: bigint): readonly Look[] {
  const [deposit, outputValue] = [textOf(args["deposit"]) ?? "", textOf(args["outputValue"]) ?? ""];
  switch (name) {
    case REDEEM_VENDING_MACHINE:
      return [genuine(deposit, addresses), redeemable(deposit, outputValue, maxFeeSat)];
    case REDEEM_DEPOSIT:
      return [genuine(target ?? "", addresses), redeemable(target ?? "", outputValue, maxFeeSat)];
    case CALL_COURTESY:
      return [genuine(target ?? "", addresses), callable(target ?? "")];
    default:
      return [];
  }
}

/** Only the system makes tokens for deposits, one for each: an address with one is a deposit, whatever this keeper was told. */
function genuine(deposit: string, { depositToken }: TbtcAddresses): Look {
  const data = tbtcAbi.ownershipToken.encodeFunctionData("exists", [depositTokenId(deposit)]);
  return {
    reads: [pinnedCall({ to: depositToken, data })],
    judge: ([exists]) => (numberOf(exists) === 1n ? undefined : refuse("argument", `${deposit} is no deposit`)),
  };
}

/** It can be redeemed still, and what comes back is its output less a fee that somebody would offer. */
function redeemable(deposit: string, outputValue: string, maxFeeSat: bigint): Look {
  return {
    reads: [
      pinnedCall({ to: deposit, data: tbtcAbi.deposit.encodeFunctionData("currentState") }),
      pinnedCall({ to: deposit, data: tbtcAbi.deposit.encodeFunctionData("utxoValue") }),
    ],
    judge: ([state, utxo]) => {
      const wrong = inState(deposit, state, [DepositState.ACTIVE, DepositState.COURTESY_CALL]);
      if (wrong !== undefined) return wrong;
      const utxoSat = numberOf(utxo);
      const feeSat = utxoSat - satFromBytes8(outputValue);
      if (feeSat >= MIN_REDEMPTION_FEE_SAT && feeSat <= maxFeeSat && 2n * feeSat < utxoSat) return undefined;
      return refuse("price", `${deposit}: ${String(feeSat)} of ${String(utxoSat)} satoshis would be the fee`);
    },
  };
}

function callable(deposit: string): Look {
  return {
    reads: [
      pinnedCall({ to: deposit, data: tbtcAbi.deposit.encodeFunctionData("currentState") }),
      pinnedCall({ to: deposit, data: tbtcAbi.deposit.encodeFunctionData("collateralizationPercentage") }),
      pinnedCall({ to: deposit, data: tbtcAbi.deposit.encodeFunctionData("undercollateralizedThresholdPercent") }),
    ],
    judge: ([state, collateral, threshold]) => {
      const wrong = inState(deposit, state, [DepositState.ACTIVE]);
      if (wrong !== undefined) return wrong;
      if (numberOf(collateral) < numberOf(threshold)) return undefined;
      return refuse("price", `${deposit} has ${String(numberOf(collateral))} % of collateral`);
    },
  };
}

function inState(deposit: string, answer: unknown, wanted: readonly DepositState[]): PolicyRefusal | undefined {
  const state = depositState(numberOf(answer));
  return wanted.includes(state) ? undefined : refuse("argument", `${deposit} is in state ${String(state)}`);
}

function numberOf(answer: unknown): bigint {
  const text = String(answer);
  return text === "0x" ? 0n : BigInt(text.slice(0, 66));
}
