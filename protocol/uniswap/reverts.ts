/** What the texts with which Uniswap v3 reverts mean for whoever wanted to sell a token. */
import { findRevertData, protocolDecoder } from "../revert.js";

const TEXTS: ReadonlyMap<string, string> = new Map([
  // The pool was given less than was sent: v3-core, UniswapV3Pool.swap.
  ["IIA", "UNISWAP_TOKEN_TAKES_FEE"],
  ["Too little received", "UNISWAP_TOO_LITTLE"],
  ["Insufficient WETH9", "UNISWAP_TOO_LITTLE"],
  ["Transaction too old", "UNISWAP_TOO_OLD"],
  // Neither balance nor allowance, or a token that answers false: v3-periphery, TransferHelper.
  ["STF", "UNISWAP_TRANSFER_REFUSED"],
  // The pool remembers no price that is so old: v3-core, Oracle.
  ["OLD", "UNISWAP_HISTORY_SHORT"],
]);

/** The meaning of a thrown revert; undefined for anything else, and for texts that are not listed. */
export function uniswapRevert(error: unknown): string | undefined {
  const data = findRevertData(error);
  if (data === undefined) return undefined;
  const { name, args } = protocolDecoder().decode(data);
  return name === "Error" ? TEXTS.get(args[0] ?? "") : undefined;
}
