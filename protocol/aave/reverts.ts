/** What the numbers with which Aave v3 reverts mean for whoever wanted to pay a debt back. */
import { findRevertData, protocolDecoder } from "../revert.js";

/**
 * retryable: refused now, and accepted once time, a price or the market's guardians have moved; terminal: this call can never succeed;
 * rescued: there is nothing (left) to pay back or to liquidate, mostly because somebody else did it first; configuration: the caller must
 * change an amount, a kind of debt or what it holds.
 */
export type AaveRevertKind = "retryable" | "terminal" | "rescued" | "configuration";

export interface AaveRevert {
  readonly code: string;
  readonly kind: AaveRevertKind;
}

/** Texts are whole numbers in decimal, as the library Errors of core-v3 1.19.3 has them. */
export const AAVE_REVERTS: ReadonlyMap<string, AaveRevert> = new Map([
  ["25", { code: "AAVE_AMOUNT_BELOW_ONE_SCALED", kind: "configuration" }],
  ["26", { code: "AAVE_AMOUNT_ZERO", kind: "configuration" }],
  ["27", { code: "AAVE_RESERVE_INACTIVE", kind: "terminal" }],
  ["28", { code: "AAVE_RESERVE_FROZEN", kind: "retryable" }],
  ["29", { code: "AAVE_RESERVE_PAUSED", kind: "retryable" }],
  ["32", { code: "AAVE_DEPOSIT_SHORT", kind: "configuration" }],
  ["33", { code: "AAVE_RATE_MODE_UNKNOWN", kind: "configuration" }],
  ["34", { code: "AAVE_NO_COLLATERAL", kind: "terminal" }],
  ["35", { code: "AAVE_HEALTH_TOO_LOW", kind: "retryable" }],
  ["36", { code: "AAVE_COLLATERAL_SHORT", kind: "retryable" }],
  ["39", { code: "AAVE_NO_DEBT", kind: "rescued" }],
  ["40", { code: "AAVE_AMOUNT_NOT_EXPLICIT", kind: "configuration" }],
  ["43", { code: "AAVE_NO_DEPOSIT", kind: "configuration" }],
  ["45", { code: "AAVE_HEALTHY", kind: "rescued" }],
  ["46", { code: "AAVE_COLLATERAL_NOT_USED", kind: "terminal" }],
  ["47", { code: "AAVE_ASSET_NOT_BORROWED", kind: "rescued" }],
  ["59", { code: "AAVE_SENTINEL_WAITS", kind: "retryable" }],
]);

/** What tokens say when the wallet cannot pay; texts of older ones, names of newer ones. */
const SHORT: ReadonlyMap<string, AaveRevert> = new Map([
  ["ERC20InsufficientBalance", { code: "AAVE_BALANCE_SHORT", kind: "configuration" }],
  ["ERC20: transfer amount exceeds balance", { code: "AAVE_BALANCE_SHORT", kind: "configuration" }],
  ["ERC20InsufficientAllowance", { code: "AAVE_ALLOWANCE_SHORT", kind: "configuration" }],
  ["ERC20: transfer amount exceeds allowance", { code: "AAVE_ALLOWANCE_SHORT", kind: "configuration" }],
  ["ERC20: insufficient allowance", { code: "AAVE_ALLOWANCE_SHORT", kind: "configuration" }],
]);

/** The meaning of a thrown revert; undefined for anything else, and for numbers that are not listed. */
export function aaveRevert(error: unknown): AaveRevert | undefined {
  const data = findRevertData(error);
  if (data === undefined) return undefined;
  const { name, args } = protocolDecoder().decode(data);
  const text = name === "Error" ? (args[0] ?? "") : name;
  return AAVE_REVERTS.get(text) ?? SHORT.get(text);
}
