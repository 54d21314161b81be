/**
 * What minting adds to what the key may sign: opening deposits, up to a lot and a fee; their setup, proof, exchange and failure; and the
 * exchange's approval, to the vending machine alone. All of it about deposits whose token the key holds. Those that this keeper has opened,
 * except for the exchange of one that is proven and its approval: they name it by its token, whoever opened it, and what it brings stays here.
 */
import type { TbtcAddresses } from "../../../../../protocol/tbtc/addresses.js";
import { depositTokenId, tbtcAbi } from "../../../../../protocol/tbtc/contracts.js";
import { DepositState, depositState } from "../../../../../protocol/tbtc/states.js";
import type { Action, ActionMethod } from "../../../../kit/policy/action.js";
import { EACH, refuse, type Constraint, type PolicyRule } from "../../../../kit/policy/types.js";
import { pinnedCall } from "../../../../kit/providers/confirm.js";
import type { CommonRule, Look, RescueSigning } from "../../../site.js";
import { MINTS, type MintStep } from "./types.js";

export interface MintBounds {
  readonly maxLotSat: bigint;
  readonly maxCreationFeeWei: bigint;
  /** To which signers are asked to return bitcoin, with its length in front. */
  readonly returnScript: string;
}

/** Name of the rule of each step. */
export const MINT_ACTIONS = {
  create: "DepositFactory.createDeposit",
  key: "Mint.retrieveSignerPubkey",
  approve: "DepositToken.approve",
  mint: "VendingMachine.unqualifiedDepositToTbtc",
  prove: "Mint.provideBTCFundingProof",
  exchange: "VendingMachine.tdtToTbtc",
  "report-setup": "Mint.notifySignerSetupFailed",
  "report-funding": "Mint.notifyFundingTimedOut",
  abort: "Mint.requestFunderAbort",
  withdraw: "Mint.withdrawFunds",
} as const satisfies Readonly<Record<MintStep, string>>;

/** Limits with room for colder storage, longer vectors and more headers than were measured. */
export const MINT_GAS: Readonly<Record<MintStep, bigint>> = {
  create: 1_800_000n,
  key: 250_000n,
  approve: 90_000n,
  mint: 1_000_000n,
  prove: 700_000n,
  exchange: 300_000n,
  "report-setup": 500_000n,
  "report-funding": 400_000n,
  abort: 120_000n,
  withdraw: 120_000n,
};

const WORD_BYTES = 32;
const HEADER_BYTES = 80;
/** Twenty inputs of the longest kind, two outputs, a tree of 32 levels, and headers across a retarget to a quarter. */
const MOST_INPUT_BYTES = 6_500;
const MOST_OUTPUT_BYTES = 100;
const MOST_LEVELS = 32;
const MOST_HEADERS = 30;
const PROOF_CALLDATA = 10_500;
const MAX_ADDRESS = 2n ** 160n - 1n;

const bytesUpTo = (most: number): Constraint => ({ kind: "chunks", chunkBytes: 1, minChunks: 1, maxChunks: most });
const MINT = { kind: "each", of: MINTS } as const satisfies Constraint;
const TOKEN_ID = { kind: "range", min: 1n, max: MAX_ADDRESS } as const satisfies Constraint;
const PROOF: Readonly<Record<string, Constraint>> = {
  txVersion: { kind: "bytes", length: 4 },
  txInputVector: bytesUpTo(MOST_INPUT_BYTES),
  txOutputVector: bytesUpTo(MOST_OUTPUT_BYTES),
  txLocktime: { kind: "bytes", length: 4 },
  fundingOutputIndex: { kind: "range", min: 0n, max: 0n },
  merkleProof: { kind: "chunks", chunkBytes: WORD_BYTES, minChunks: 0, maxChunks: MOST_LEVELS },
  txIndexInBlock: { kind: "range", min: 0n, max: 2n ** 32n - 1n },
  bitcoinHeaders: { kind: "chunks", chunkBytes: HEADER_BYTES, minChunks: 1, maxChunks: MOST_HEADERS },
};
const PROOF_FRAGMENT =
  "bytes4 txVersion, bytes txInputVector, bytes txOutputVector, bytes4 txLocktime, uint8 fundingOutputIndex, " +
  "bytes merkleProof, uint256 txIndexInBlock, bytes bitcoinHeaders";

/** Methods, rules and looks of rescues and of minting together. */
export function withMinting(rescue: RescueSigning, addresses: TbtcAddresses, bounds: MintBounds): RescueSigning {
  return {
    ...rescue,
    methods: { ...rescue.methods, ...methodsOf(addresses) },
    rules: (mode, common, signer) => [...rescue.rules(mode, common, signer), ...rulesOf(addresses, bounds, common)],
    looks: (action, account) => {
      const own = looksAt(action, account, addresses);
      return own.length > 0 ? own : rescue.looks(action, account);
    },
  };
}

function methodsOf(addresses: TbtcAddresses): Readonly<Record<string, ActionMethod>> {
  const deposit = (method: string): ActionMethod => ({ target: undefined, abi: tbtcAbi.deposit, method });
  const machine = (method: string): ActionMethod => ({
    target: addresses.vendingMachine,
    abi: tbtcAbi.vendingMachine,
    method,
  });
  return {
    [MINT_ACTIONS.create]: { target: addresses.depositFactory, abi: tbtcAbi.depositFactory, method: "createDeposit" },
    [MINT_ACTIONS.key]: deposit("retrieveSignerPubkey"),
    [MINT_ACTIONS.approve]: { target: addresses.depositToken, abi: tbtcAbi.ownershipToken, method: "approve" },
    [MINT_ACTIONS.mint]: machine("unqualifiedDepositToTbtc"),
    [MINT_ACTIONS.prove]: deposit("provideBTCFundingProof"),
    [MINT_ACTIONS.exchange]: machine("tdtToTbtc"),
    [MINT_ACTIONS["report-setup"]]: deposit("notifySignerSetupFailed"),
    [MINT_ACTIONS["report-funding"]]: deposit("notifyFundingTimedOut"),
    [MINT_ACTIONS.abort]: deposit("requestFunderAbort"),
    [MINT_ACTIONS.withdraw]: deposit("withdrawFunds"),
  };
}

function rulesOf(addresses: TbtcAddresses, bounds: MintBounds, common: CommonRule): readonly PolicyRule[] {
  const rule = (
    step: MintStep,
    target: string,
    fragment: string,
    args: Readonly<Record<string, Constraint>>,
    maxCalldataBytes: number,
  ): PolicyRule => ({
    ...common,
    ...{ name: MINT_ACTIONS[step], target, fragment: `function ${fragment}`, args, maxCalldataBytes },
    amounts: [],
    maxGasLimit: MINT_GAS[step],
  });
  const { vendingMachine, depositFactory, depositToken } = addresses;
  const mints = `${EACH}${MINTS}`;
  const lot = { kind: "range", min: 1n, max: bounds.maxLotSat } as const;
  const returnScript = { kind: "oneOf", values: [bounds.returnScript] } as const;
  const word = 4 + WORD_BYTES;
  const proof = { deposit: MINT, ...PROOF };
  return [
    {
      ...rule("create", depositFactory, "createDeposit(uint64 lotSizeSatoshis)", { lotSizeSatoshis: lot }, word),
      maxValueWei: bounds.maxCreationFeeWei,
    },
    rule("key", mints, "retrieveSignerPubkey()", {}, 4),
    rule(
      "approve",
      depositToken,
      "approve(address to, uint256 tokenId)",
      { to: { kind: "oneOf", values: [vendingMachine] }, tokenId: TOKEN_ID },
      word + WORD_BYTES,
    ),
    rule("mint", vendingMachine, `unqualifiedDepositToTbtc(address deposit, ${PROOF_FRAGMENT})`, proof, PROOF_CALLDATA),
    rule("prove", mints, `provideBTCFundingProof(${PROOF_FRAGMENT})`, PROOF, PROOF_CALLDATA),
    rule("exchange", vendingMachine, "tdtToTbtc(uint256 tdtId)", { tdtId: TOKEN_ID }, word),
    rule("report-setup", mints, "notifySignerSetupFailed()", {}, 4),
    rule("report-funding", mints, "notifyFundingTimedOut()", {}, 4),
    rule(
      "abort",
      mints,
      "requestFunderAbort(bytes abortOutputScript)",
      { abortOutputScript: returnScript },
      4 + 4 * 32,
    ),
    rule("withdraw", mints, "withdrawFunds()", {}, 4),
  ];
}

const { AWAITING_SIGNER_SETUP, AWAITING_BTC_FUNDING_PROOF, FAILED_SETUP, ACTIVE, REDEEMED, LIQUIDATED } = DepositState;

/** The gate has judged names and arguments before. */
function looksAt({ name, args, target }: Action, account: string, addresses: TbtcAddresses): readonly Look[] {
  const of = (deposit: unknown, states: readonly DepositState[]): readonly Look[] => [
    held(String(deposit), account, addresses),
    inState(String(deposit), states),
  ];
  const number = (value: unknown): bigint => BigInt(String(value));
  const byId = (id: unknown): string => `0x${number(id).toString(16).padStart(40, "0")}`;
  switch (name) {
    case MINT_ACTIONS.create:
      return [allowed(number(args["lotSizeSatoshis"]), addresses)];
    case MINT_ACTIONS.key:
    case MINT_ACTIONS["report-setup"]:
      return of(target, [AWAITING_SIGNER_SETUP]);
    case MINT_ACTIONS.approve:
      return of(byId(args["tokenId"]), [AWAITING_BTC_FUNDING_PROOF, ACTIVE]);
    case MINT_ACTIONS.mint:
      return of(args["deposit"], [AWAITING_BTC_FUNDING_PROOF]);
    case MINT_ACTIONS.prove:
    case MINT_ACTIONS["report-funding"]:
      return of(target, [AWAITING_BTC_FUNDING_PROOF]);
    case MINT_ACTIONS.exchange:
      return of(byId(args["tdtId"]), [ACTIVE]);
    case MINT_ACTIONS.abort:
      return of(target, [FAILED_SETUP]);
    case MINT_ACTIONS.withdraw:
      return of(target, [FAILED_SETUP, REDEEMED, LIQUIDATED]);
    default:
      return [];
  }
}

/** Only the system makes tokens for deposits: what this key holds one of is a deposit of its own. */
function held(deposit: string, account: string, { depositToken }: TbtcAddresses): Look {
  const data = tbtcAbi.ownershipToken.encodeFunctionData("ownerOf", [depositTokenId(deposit)]);
  return {
    reads: [pinnedCall({ to: depositToken, data })],
    judge: ([owner]) =>
      BigInt(String(owner)) === BigInt(account)
        ? undefined
        : refuse("argument", `${deposit} is no deposit of ${account}`),
  };
}

function inState(deposit: string, states: readonly DepositState[]): Look {
  return {
    reads: [pinnedCall({ to: deposit, data: tbtcAbi.deposit.encodeFunctionData("currentState") })],
    judge: ([answer]) => {
      const state = depositState(BigInt(String(answer)));
      return states.includes(state) ? undefined : refuse("argument", `${deposit} is in state ${String(state)}`);
    },
  };
}

function allowed(lotSat: bigint, { system }: TbtcAddresses): Look {
  const data = tbtcAbi.system.encodeFunctionData("getAllowedLotSizes");
  return {
    reads: [pinnedCall({ to: system, data })],
    judge: ([answer]) => {
      const decoded = tbtcAbi.system.decodeFunctionResult("getAllowedLotSizes", String(answer));
      const lots = decoded[0] as readonly bigint[];
      return lots.includes(lotSat) ? undefined : refuse("argument", `${String(lotSat)} satoshis are no lot`);
    },
  };
}
