/**
 * What may be signed of tBTC v1: redemptions through the vending machine and of deposits themselves, to the one destination, and calls of
 * a courtesy where the mode allows them; and what settles a redemption: its signature, a higher fee, its proof. Nothing that starts a
 * liquidation has a rule, whatever the mode.
 */
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import { MIN_REDEMPTION_FEE_SAT } from "../../../../protocol/tbtc/constants.js";
import { depositTokenId, tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { DepositState, depositState } from "../../../../protocol/tbtc/states.js";
import { satFromBytes8 } from "../../../../protocol/tbtc/units.js";
import { actionEncoder, type Action, type ActionMethod } from "../../../kit/policy/action.js";
import { textOf } from "../../../kit/policy/paths.js";
import { EACH, refuse, type Constraint, type PolicyRefusal, type PolicyRule } from "../../../kit/policy/types.js";
import { pinnedCall } from "../../../kit/providers/confirm.js";
import { MAX_HEADERS } from "../../bitcoin/electrum/claim.js";
import { FOLLOW_UP_POLICY } from "../../bitcoin/followUp.js";
import { POSITIONS, type CommonRule, type Look, type RescueSigning } from "../../site.js";
import type { Mode } from "../../types.js";

const REDEEM_VENDING_MACHINE = "VendingMachine.tbtcToBtc";
const REDEEM_DEPOSIT = "Deposit.requestRedemption";
const CALL_COURTESY = "Deposit.notifyCourtesyCall";
const GIVE_SIGNATURE = "Deposit.provideRedemptionSignature";
const INCREASE_FEE = "Deposit.increaseRedemptionFee";
const GIVE_PROOF = "Deposit.provideRedemptionProof";

export const OUTPUT_VALUE: Constraint = { kind: "bytes", length: 8 };
export const POSITION = { kind: "each", of: POSITIONS } as const satisfies Constraint;
/** Selector, place of the script, output value, deposit, length and two words of script. */
const MOST_CALLDATA = 4 + 6 * 32;
const WORD_BYTES = 32;
const HEADER_BYTES = 80;
/** Hashes beside the way to the root, of the largest tree that servers may show. */
const MOST_NODES = 32;
/** One input without script: count, outpoint, length, sequence. */
const INPUT_VECTOR_BYTES = 42;
/** One output: count, value, and the longest script that deposits pay to, with its length. */
const MOST_OUTPUT_BYTES = 44;
/** Selector, seven heads, and each of the four vectors with its length in whole words. */
const MOST_PROOF_CALLDATA =
  4 + WORD_BYTES * (7 + 3 + 3 + (1 + MOST_NODES) + (1 + (MAX_HEADERS * HEADER_BYTES) / WORD_BYTES));
/** The first fee is added once with each bump. */
const MOST_FEES = 1n + BigInt(FOLLOW_UP_POLICY.mostBumps);

/** @param outputScript with its length in front. @param maxFeeSat most that a redemption may offer bitcoin's miners at first */
export function tbtcSigning(addresses: TbtcAddresses, outputScript: string, maxFeeSat: bigint): RescueSigning {
  const redeemerOutputScript: Constraint = { kind: "oneOf", values: [outputScript] };
  const methods = methodsOf(addresses);
  return {
    methods,
    rules: (mode, common) => rulesOf(addresses, redeemerOutputScript, mode, common),
    spender: { ...POSITION, also: [addresses.vendingMachine] },
    looks: (action, account) => looksAt(action, { addresses, maxFeeSat, methods, account }),
  };
}

function methodsOf({ vendingMachine }: TbtcAddresses): Readonly<Record<string, ActionMethod>> {
  const ofDeposit = (method: string): ActionMethod => ({ target: undefined, abi: tbtcAbi.deposit, method });
  return {
    [REDEEM_VENDING_MACHINE]: { target: vendingMachine, abi: tbtcAbi.vendingMachine, method: "tbtcToBtc" },
    [REDEEM_DEPOSIT]: ofDeposit("requestRedemption"),
    [CALL_COURTESY]: ofDeposit("notifyCourtesyCall"),
    [GIVE_SIGNATURE]: ofDeposit("provideRedemptionSignature"),
    [INCREASE_FEE]: ofDeposit("increaseRedemptionFee"),
    [GIVE_PROOF]: ofDeposit("provideRedemptionProof"),
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
  const settling = settlingRules(deposits, common);
  // Who is paid by an escrow redeems through it alone.
  if (mode === "service-provider") return settling;
  if (mode === "watch" || mode === "courtesy") return [...redemptions, ...settling];
  const call: PolicyRule = {
    ...common,
    name: CALL_COURTESY,
    target: deposits,
    fragment: "function notifyCourtesyCall()",
    args: {},
    amounts: [],
    maxCalldataBytes: 4,
  };
  return [...redemptions, ...settling, call];
}

/** None of them moves a token: a signature and a proof are the contract's to judge, a fee is the redeemer's own bitcoin. */
function settlingRules(target: string, common: CommonRule): readonly PolicyRule[] {
  const hash: Constraint = { kind: "bytes", length: WORD_BYTES };
  const word: Constraint = { kind: "bytes", length: 4 };
  return [
    {
      ...common,
      name: GIVE_SIGNATURE,
      target,
      fragment: "function provideRedemptionSignature(uint8 v, bytes32 r, bytes32 s)",
      args: { v: { kind: "oneOf", values: ["27", "28"] }, r: hash, s: hash },
      amounts: [],
      maxCalldataBytes: 4 + 3 * WORD_BYTES,
    },
    {
      ...common,
      name: INCREASE_FEE,
      target,
      fragment: "function increaseRedemptionFee(bytes8 previousOutputValue, bytes8 newOutputValue)",
      args: { previousOutputValue: OUTPUT_VALUE, newOutputValue: OUTPUT_VALUE },
      amounts: [],
      maxCalldataBytes: 4 + 2 * WORD_BYTES,
    },
    {
      ...common,
      name: GIVE_PROOF,
      target,
      fragment:
        "function provideRedemptionProof(bytes4 txVersion, bytes txInputVector, bytes txOutputVector, bytes4 txLocktime, bytes merkleProof, uint256 txIndexInBlock, bytes bitcoinHeaders)",
      args: {
        txVersion: word,
        txInputVector: { kind: "bytes", length: INPUT_VECTOR_BYTES },
        txOutputVector: { kind: "chunks", chunkBytes: 1, minChunks: 1, maxChunks: MOST_OUTPUT_BYTES },
        txLocktime: word,
        merkleProof: { kind: "chunks", chunkBytes: WORD_BYTES, minChunks: 1, maxChunks: MOST_NODES },
        txIndexInBlock: { kind: "range", min: 0n, max: 2n ** BigInt(MOST_NODES) - 1n },
        bitcoinHeaders: { kind: "chunks", chunkBytes: HEADER_BYTES, minChunks: 1, maxChunks: MAX_HEADERS },
      },
      amounts: [],
      maxCalldataBytes: MOST_PROOF_CALLDATA,
    },
  ];
}

interface Looking {
  readonly addresses: TbtcAddresses;
  readonly maxFeeSat: bigint;
  readonly methods: Readonly<Record<string, ActionMethod>>;
  readonly account: string;
}

/** The gate has judged names and arguments before. */
function looksAt(action: Action, { addresses, maxFeeSat, methods, account }: Looking): readonly Look[] {
  const { name, args, target } = action;
  const [deposit, outputValue] = [textOf(args["deposit"]) ?? "", textOf(args["outputValue"]) ?? ""];
  switch (name) {
    case REDEEM_VENDING_MACHINE:
      return [genuine(deposit, addresses), redeemable(deposit, outputValue, maxFeeSat)];
    case REDEEM_DEPOSIT:
      return [genuine(target ?? "", addresses), redeemable(target ?? "", outputValue, maxFeeSat)];
    case CALL_COURTESY:
      return [genuine(target ?? "", addresses), callable(target ?? "")];
    case INCREASE_FEE: {
      const value = textOf(args["newOutputValue"]) ?? "";
      const run = runs(action, methods, account);
      return [genuine(target ?? "", addresses), affordable(target ?? "", value, maxFeeSat), run];
    }
    case GIVE_SIGNATURE:
    case GIVE_PROOF:
      return [genuine(target ?? "", addresses), runs(action, methods, account)];
    default:
      return [];
  }
}

/** Only the system makes tokens for deposits, one for each: an address with one is a deposit, whatever this keeper was told. */
export function genuine(deposit: string, { depositToken }: TbtcAddresses): Look {
  const data = tbtcAbi.ownershipToken.encodeFunctionData("exists", [depositTokenId(deposit)]);
  return {
    reads: [pinnedCall({ to: depositToken, data })],
    judge: ([exists]) => (numberOf(exists) === 1n ? undefined : refuse("argument", `${deposit} is no deposit`)),
  };
}

/** It can be redeemed still, and what comes back is its output less a fee that somebody would offer. */
export function redeemable(deposit: string, outputValue: string, maxFeeSat: bigint): Look {
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

/** What all bumps together may take. */
function affordable(deposit: string, outputValue: string, maxFeeSat: bigint): Look {
  return {
    reads: [pinnedCall({ to: deposit, data: tbtcAbi.deposit.encodeFunctionData("utxoValue") })],
    judge: ([utxo]) => {
      const feeSat = numberOf(utxo) - satFromBytes8(outputValue);
      if (feeSat <= MOST_FEES * maxFeeSat) return undefined;
      return refuse("price", `${deposit}: ${String(feeSat)} of ${String(numberOf(utxo))} satoshis would be the fee`);
    },
  };
}

/** The contract takes exactly this call now: nodes that must agree have run it. */
function runs(action: Action, methods: Readonly<Record<string, ActionMethod>>, account: string): Look {
  const bytes = actionEncoder(methods)(action);
  const call = { from: account, to: bytes?.to, data: bytes?.data };
  return { reads: [{ method: "eth_call", params: (block) => [call, block] }], judge: () => undefined };
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
