/** The prices of the parameter file: for sizes only, never for a trade. */
import { mulDivDown } from "../../protocol/math.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { parseDecimal, parseWad } from "../../protocol/units.js";
import type { Blueprint } from "./blueprint.js";

const USD_DECIMALS = 18;

/** USD per whole token, 1e18. */
export type Prices = Readonly<Record<TokenName, bigint>>;

export function referencePrices(plan: Blueprint): Prices {
  const { tokens } = plan.params.oracle;
  const entries = tokenNames.map((name): [TokenName, bigint] => [name, parseWad(tokens[name].referencePriceUsd)]);
  return Object.fromEntries(entries) as Record<TokenName, bigint>;
}

/** Base units worth `usd` of what costs `priceWad` USD, rounded down. */
export function usdToUnits(usd: string, priceWad: bigint, decimals: number): bigint {
  return mulDivDown(parseDecimal(usd, USD_DECIMALS), 10n ** BigInt(decimals), priceWad);
}

/** Base units of a token worth `usd`, rounded down. */
export function tokenUnitsOf(plan: Blueprint, name: TokenName, usd: string): bigint {
  return usdToUnits(usd, referencePrices(plan)[name], plan.tokens[name].decimals);
}
