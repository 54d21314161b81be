/**
 * Who owes whom when a redemption is requested, as DepositUtils.calculateRedemptionTbtcAmounts computes it: for states that a getter
 * cannot be asked about, such as the one after a courtesy call that nobody has made yet. Wei of TBTC.
 */
import { maxBigint } from "../math.js";

export interface RedemptionTerms {
  readonly lotWei: bigint;
  readonly signerFeeWei: bigint;
  /** What lies in the deposit: the escrowed fee, and whatever was sent there by mistake. */
  readonly balanceWei: bigint;
  /** Before the end of the term and not called. */
  readonly preTerm: boolean;
  /** Somebody is owed the signer fee back. */
  readonly rebateExists: boolean;
  /** The redeemer himself is. */
  readonly holdsRebate: boolean;
}

export interface RedemptionAmounts {
  /** Taken from who requests. */
  readonly toDepositWei: bigint;
  /** Paid out of the deposit at once: burnt where the vending machine holds the TDT. */
  readonly toHolderWei: bigint;
  readonly toRebateHolderWei: bigint;
}

/**
 * @param holdsDeposit whether the redeemer holds the TDT when he requests; through the vending machine he does by then.
 * @returns undefined when he may not request: before the end of the term only the holder may, unless the deposit is called.
 */
export function redemptionAmounts(terms: RedemptionTerms, holdsDeposit: boolean): RedemptionAmounts | undefined {
  const { lotWei, signerFeeWei, balanceWei, preTerm, rebateExists, holdsRebate } = terms;
  if (preTerm && !holdsDeposit) return undefined;
  const rebateWei = preTerm && rebateExists && !holdsRebate ? signerFeeWei : 0n;
  const feeWei = preTerm || rebateExists || holdsDeposit ? signerFeeWei : 0n;
  const dueWei = (holdsDeposit ? 0n : lotWei) + feeWei + rebateWei;
  const toDepositWei = maxBigint(dueWei - balanceWei, 0n);
  const toHolderWei = balanceWei + toDepositWei - signerFeeWei - rebateWei;
  return { toDepositWei, toHolderWei, toRebateHolderWei: rebateWei };
}
