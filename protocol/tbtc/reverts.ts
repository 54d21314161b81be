/** What the texts with which tBTC v1 and Keep revert mean for whoever wanted to redeem. */
import { type CantileverError, PermanentError, RetryableError } from "../errors.js";
import { findRevertData, protocolDecoder } from "../revert.js";

/**
 * retryable: refused now, and accepted once time or the price has moved; terminal: this call can never succeed; rescued: the deposit has left the state
 * that the call wanted, mostly because somebody else did it first; configuration: the caller must change an amount, address or script.
 */
export type TbtcRevertKind = "retryable" | "terminal" | "rescued" | "configuration";

interface Meaning {
  readonly code: string;
  readonly kind: TbtcRevertKind;
}

const retryable = (code: string): Meaning => ({ code, kind: "retryable" });
const terminal = (code: string): Meaning => ({ code, kind: "terminal" });
const rescued = (code: string): Meaning => ({ code, kind: "rescued" });
const configuration = (code: string): Meaning => ({ code, kind: "configuration" });

/** Whole texts, as the published contracts spell them. */
export const TBTC_REVERTS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    // Requesting a redemption.
    "Fee is too low": configuration("TBTC_FEE_TOO_LOW"),
    "Initial fee cannot exceed half of the deposit's value": configuration("TBTC_FEE_TOO_HIGH"),
    "Output script must be a standard type": configuration("TBTC_SCRIPT_UNSUPPORTED"),
    "SafeMath: subtraction overflow": configuration("TBTC_ALLOWANCE_OR_BALANCE_SHORT"),
    "Redemption only available from Active or Courtesy state": rescued("TBTC_ALREADY_REDEEMING"),
    "Only TDT holder can redeem unless deposit is at-term or in COURTESY_CALL": terminal("TBTC_NOT_REDEEMABLE_YET"),
    // The vending machine has not got the TDT, or not any more: what a lost race through it ends with.
    "ERC721: approve caller is not owner nor approved for all": rescued("TBTC_NOT_OWNED_BY_VENDING_MACHINE"),
    // Prices and collateral.
    "Price feed offline": retryable("TBTC_PRICE_OFFLINE"),
    "Caller must be a Deposit contract": configuration("TBTC_PRICE_CALLER"),
    "Signers have sufficient collateral": retryable("TBTC_COLLATERAL_SUFFICIENT"),
    "Deposit has sufficient collateral": retryable("TBTC_COLLATERAL_NOT_SEVERE"),
    "Deposit is still undercollateralized": retryable("TBTC_COLLATERAL_NOT_RECOVERED"),
    "Can only courtesy call from active state": rescued("TBTC_ALREADY_CALLED"),
    "Not currently in courtesy call": rescued("TBTC_COURTESY_OVER"),
    "Deposit not in active or courtesy call": rescued("TBTC_NOT_LIQUIDATABLE"),
    "Courtesy period has not elapsed": retryable("TBTC_COURTESY_RUNS"),
    // Settlement.
    "Not currently awaiting a signature": rescued("TBTC_SIGNATURE_NOT_AWAITED"),
    "Not currently awaiting a redemption proof": rescued("TBTC_PROOF_NOT_AWAITED"),
    "Signature timer has not elapsed": retryable("TBTC_SIGNATURE_TIMER_RUNS"),
    "Proof timer has not elapsed": retryable("TBTC_PROOF_TIMER_RUNS"),
    "Fee increase only available after signature provided": retryable("TBTC_BUMP_BEFORE_SIGNATURE"),
    "Fee increase not yet permitted": retryable("TBTC_BUMP_TOO_EARLY"),
    "Not an allowed fee step": terminal("TBTC_BUMP_WRONG_STEP"),
    "Provided previous value does not yield previous sighash": terminal("TBTC_BUMP_WRONG_PREVIOUS"),
    "Redemption proof only allowed from redemption flow": rescued("TBTC_REDEMPTION_OVER"),
    "Incorrect fee amount": terminal("TBTC_PROOF_WRONG_FEE"),
    "Tx sends value to wrong output script": terminal("TBTC_PROOF_WRONG_SCRIPT"),
    "Tx spends the wrong UTXO": terminal("TBTC_PROOF_WRONG_INPUT"),
    "Insufficient accumulated difficulty in header chain": retryable("TBTC_PROOF_TOO_SHORT"),
    "not at current or previous difficulty": terminal("TBTC_RELAY_BEHIND"),
    // Auctions.
    "No active auction": rescued("TBTC_AUCTION_OVER"),
    "Not enough TBTC to cover outstanding debt": configuration("TBTC_AUCTION_PAYMENT_SHORT"),
    "Contract not yet terminated": retryable("TBTC_FUNDS_LOCKED"),
    "Nothing to withdraw": terminal("TBTC_NOTHING_TO_WITHDRAW"),
    // Minting.
    "Not enough operators in pool": retryable("TBTC_OPERATORS_SHORT"),
    "provided lot size not supported": configuration("TBTC_LOT_UNSUPPORTED"),
    "Insufficient payment for opening a new keep": configuration("TBTC_CREATION_FEE_SHORT"),
    "Signing group formation timeout not yet elapsed": retryable("TBTC_SETUP_TIMER_RUNS"),
    "Funding timeout has not elapsed.": retryable("TBTC_FUNDING_TIMER_RUNS"),
    "Funding timeout has not started": retryable("TBTC_FUNDING_NOT_STARTED"),
    "public key not set or not 64-bytes long": retryable("TBTC_KEY_MISSING"),
  }),
);

/** Refused now, accepted later. */
export class TbtcNotYet extends RetryableError {
  readonly kind = "retryable";
}

/** This call can never succeed. */
export class TbtcImpossible extends PermanentError {
  readonly kind = "terminal";
}

/** The deposit has moved on; for a redeemer that is success at nobody's cost but the gas. */
export class TbtcMovedOn extends PermanentError {
  readonly kind = "rescued";
}

/** An amount, address or script of the caller is wrong. */
export class TbtcMisconfigured extends PermanentError {
  readonly kind = "configuration";
}

export type TbtcRevert = TbtcNotYet | TbtcImpossible | TbtcMovedOn | TbtcMisconfigured;

/** The typed error behind a thrown revert of tBTC v1; anything else, and texts not listed, give undefined. */
export function tbtcRevert(error: unknown, doing: string): TbtcRevert | undefined {
  if (isTbtcRevert(error)) return error;
  const text = revertText(error);
  const meaning = text === undefined ? undefined : TBTC_REVERTS.get(text);
  if (text === undefined || meaning === undefined) return undefined;
  const message = `${doing}: the contract answered "${text}"`;
  const rest = [undefined, { text }, { cause: error }] as const;
  switch (meaning.kind) {
    case "retryable":
      return new TbtcNotYet(meaning.code, message, ...rest);
    case "terminal":
      return new TbtcImpossible(meaning.code, message, ...rest);
    case "rescued":
      return new TbtcMovedOn(meaning.code, message, ...rest);
    case "configuration":
      return new TbtcMisconfigured(meaning.code, message, ...rest);
  }
}

/** Like `tbtcRevert`, but gives other errors back as they came. */
export function asTbtcRevert(error: unknown, doing: string): unknown {
  return tbtcRevert(error, doing) ?? error;
}

function isTbtcRevert(error: unknown): error is TbtcRevert & CantileverError {
  return (
    error instanceof TbtcNotYet ||
    error instanceof TbtcImpossible ||
    error instanceof TbtcMovedOn ||
    error instanceof TbtcMisconfigured
  );
}

function revertText(error: unknown): string | undefined {
  const data = findRevertData(error);
  if (data === undefined) return undefined;
  const decoded = protocolDecoder().decode(data);
  return decoded.name === "Error" ? decoded.args[0] : undefined;
}
