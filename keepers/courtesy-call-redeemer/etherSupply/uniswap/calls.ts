/** The two calls of a swap that travel in one: the router sells for wrapped ether of its own, and gives all of it out as ether. */
import { ZeroAddress } from "ethers";

import { uniswapAbi } from "../../../../protocol/uniswap/contracts.js";

export interface SwapCalls {
  readonly token: string;
  readonly wrappedEther: string;
  readonly poolFee: bigint;
  readonly amountUnits: bigint;
  readonly leastOutWei: bigint;
  readonly deadline: bigint;
  /** Of the ether. */
  readonly recipient: string;
}

/** As a recipient the router takes this for itself. */
export const ROUTER_ITSELF = ZeroAddress;
export const NO_PRICE_LIMIT = 0n;

export function encodeSwap(calls: SwapCalls): readonly [string, string] {
  const { token, wrappedEther, poolFee, amountUnits, leastOutWei, deadline, recipient } = calls;
  const order = [token, wrappedEther, poolFee, ROUTER_ITSELF, deadline, amountUnits, leastOutWei, NO_PRICE_LIMIT];
  return [
    uniswapAbi.router.encodeFunctionData("exactInputSingle", [order]),
    uniswapAbi.router.encodeFunctionData("unwrapWETH9", [leastOutWei, recipient]),
  ];
}
