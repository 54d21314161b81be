/**
 * Which allowances are too small. They are given in named amounts, never without limit: what a pool or the bridge could take at once is then
 * no more than this keeper would bring them in so many trades.
 */
import { maxBigint, mulDivDown } from "../../protocol/math.js";
import type { Allowance } from "./observe.js";
import type { ChainSnapshot } from "./types.js";

export interface AllowanceConfig {
  readonly maxTradeXauWei: bigint;
  /** Largest trades that an allowance is for, at least 2. */
  readonly allowanceTrades: number;
}

/** An allowance to give: the new value, base units. */
export interface WantedAllowance extends Allowance {
  readonly value: bigint;
}

/** Those below half of what they shall be; one for the bridge also when it does not cover the balance. Without a price nothing is asked for. */
export function wantedAllowances(
  { tokens }: Pick<ChainSnapshot, "tokens">,
  allowances: readonly Allowance[],
  bridge: string,
  { maxTradeXauWei, allowanceTrades }: AllowanceConfig,
): readonly WantedAllowance[] {
  return allowances.flatMap((allowance): WantedAllowance[] => {
    const token = tokens.find((known) => known.token === allowance.token);
    if (token === undefined || token.priceXauWad === 0n) return [];
    const tradeUnits = mulDivDown(maxTradeXauWei, 10n ** BigInt(token.decimals), token.priceXauWad);
    const isBridge = allowance.spender.toLowerCase() === bridge.toLowerCase();
    const balance = isBridge ? token.balanceUnits : 0n;
    const value = maxBigint(tradeUnits * BigInt(allowanceTrades), 2n * balance);
    const least = maxBigint(value / 2n, balance);
    return allowance.units < least ? [{ ...allowance, value }] : [];
  });
}
