import { PermanentError } from "../errors.js";

/** What `currentState()` of a deposit answers. */
export const DepositState = {
  START: 0,
  AWAITING_SIGNER_SETUP: 1,
  AWAITING_BTC_FUNDING_PROOF: 2,
  FAILED_SETUP: 3,
  ACTIVE: 4,
  AWAITING_WITHDRAWAL_SIGNATURE: 5,
  AWAITING_WITHDRAWAL_PROOF: 6,
  REDEEMED: 7,
  COURTESY_CALL: 8,
  FRAUD_LIQUIDATION_IN_PROGRESS: 9,
  LIQUIDATION_IN_PROGRESS: 10,
  LIQUIDATED: 11,
} as const;

export type DepositStateName = keyof typeof DepositState;
export type DepositState = (typeof DepositState)[DepositStateName];

const names = new Map<number, DepositStateName>(
  Object.entries(DepositState).map(([name, value]) => [value, name as DepositStateName]),
);

/** Nothing leads out of these. */
export const TERMINAL_STATES: ReadonlySet<DepositState> = new Set([
  DepositState.FAILED_SETUP,
  DepositState.REDEEMED,
  DepositState.LIQUIDATED,
]);

/** A redemption can be requested: in ACTIVE by the owner or at the end of the term only, in COURTESY_CALL by anyone. */
export const REDEEMABLE_STATES: ReadonlySet<DepositState> = new Set([DepositState.ACTIVE, DepositState.COURTESY_CALL]);

/** A redemption was requested and the Bitcoin clock runs. */
export const SETTLING_STATES: ReadonlySet<DepositState> = new Set([
  DepositState.AWAITING_WITHDRAWAL_SIGNATURE,
  DepositState.AWAITING_WITHDRAWAL_PROOF,
]);

/** The signers' bond is for sale. */
export const AUCTION_STATES: ReadonlySet<DepositState> = new Set([
  DepositState.FRAUD_LIQUIDATION_IN_PROGRESS,
  DepositState.LIQUIDATION_IN_PROGRESS,
]);

/** @throws PermanentError TBTC_STATE_UNKNOWN: the address is no deposit of this version. */
export function depositState(value: bigint): DepositState {
  const state = knownState(value);
  if (state === undefined) {
    throw new PermanentError("TBTC_STATE_UNKNOWN", `${String(value)} is no state of a tBTC v1 deposit`);
  }
  return state;
}

/** undefined: no deposit of this version says so. */
export function knownState(value: bigint): DepositState | undefined {
  const state = Number(value);
  return isState(state) ? state : undefined;
}

export function depositStateName(state: DepositState): DepositStateName {
  return names.get(state) ?? "START";
}

function isState(value: number): value is DepositState {
  return names.has(value);
}
