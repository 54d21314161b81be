/**
 * What the key may sign of Uniswap v3: one call of the router that holds exactly a swap in the one pool and the unwrapping of what it
 * brings, to the key's own account, for no less than a fixed rate, up to a limit per swap and per day.
 */
import type { UniswapAddresses } from "../../../../protocol/uniswap/addresses.js";
import { uniswapAbi } from "../../../../protocol/uniswap/contracts.js";
import type { Action, ActionMethod } from "../../../kit/policy/action.js";
import { refuse, type Constraint, type PolicyRule } from "../../../kit/policy/types.js";
import type { MoneyRead } from "../../../kit/providers/agreement.js";
import type { CommonRule, Look } from "../../site.js";
import { ALL_BPS } from "../decide.js";
import { NO_PRICE_LIMIT, ROUTER_ITSELF } from "./calls.js";

export const SWAP = "SwapRouter.multicall";
const SELL = "SwapRouter.exactInputSingle";
const UNWRAP = "SwapRouter.unwrapWETH9";
const SELL_FRAGMENT =
  "function exactInputSingle((address tokenIn, address tokenOut, uint24 fee, address recipient, uint256 deadline, " +
  "uint256 amountIn, uint256 amountOutMinimum, uint160 sqrtPriceLimitX96) params)";

const WORD_BYTES = 32;
const SELECTOR_BYTES = 4;
const SELL_CALLDATA = SELECTOR_BYTES + 8 * WORD_BYTES;
const UNWRAP_CALLDATA = SELECTOR_BYTES + 2 * WORD_BYTES;
/** Place, length and two places of the list; each call with its length in whole words. */
const SWAP_CALLDATA = SELECTOR_BYTES + (4 + 1 + 9 + 1 + 3) * WORD_BYTES;
const MOST_WEI = 2n ** 128n;
const LAST_SECOND = 2n ** 64n;
const ETHER_DECIMALS = 18;
const ETHER_WEI = 10n ** 18n;

export interface SwapBounds {
  /** Of the token. */
  readonly decimals: number;
  readonly mostUnits: bigint;
  /** Name under which swapped units count against a day. */
  readonly meter: string;
  readonly leastRateWei: bigint;
  readonly maxDeviationBps: bigint;
  readonly maxSlippageBps: bigint;
}

export function swapMethods(router: string): Readonly<Record<string, ActionMethod>> {
  return { [SWAP]: { target: router, abi: uniswapAbi.router, method: "multicall" } };
}

interface Terms {
  readonly addresses: UniswapAddresses;
  readonly token: string;
  readonly poolFee: bigint;
  readonly bounds: SwapBounds;
  readonly gasLimit: bigint;
  readonly signer: string;
}

export function rulesOf(
  { addresses, token, poolFee, bounds, gasLimit, signer }: Terms,
  common: CommonRule,
): readonly PolicyRule[] {
  const only = (value: string | bigint): Constraint => ({ kind: "oneOf", values: [String(value)] });
  const upTo = (max: bigint): Constraint => ({ kind: "range", min: 1n, max });
  const base = { ...common, target: addresses.router, maxGasLimit: gasLimit };
  const { decimals, mostUnits, meter, leastRateWei } = bounds;
  return [
    {
      ...base,
      name: SWAP,
      fragment: "function multicall(bytes[] data)",
      args: {
        data: {
          kind: "sequence",
          entries: [
            { kind: "call", rules: [SELL] },
            { kind: "call", rules: [UNWRAP] },
          ],
        },
      },
      amounts: [],
      maxCalldataBytes: SWAP_CALLDATA,
    },
    {
      ...base,
      name: SELL,
      fragment: SELL_FRAGMENT,
      args: {
        params: {
          kind: "struct",
          fields: {
            ...{ tokenIn: only(token), tokenOut: only(addresses.wrappedEther), fee: only(poolFee) },
            ...{ recipient: only(ROUTER_ITSELF), deadline: upTo(LAST_SECOND), amountIn: upTo(mostUnits) },
            ...{ amountOutMinimum: upTo(MOST_WEI), sqrtPriceLimitX96: only(NO_PRICE_LIMIT) },
          },
        },
      },
      // In ether instead of dollars: a whole token is worth the least rate at least, an ether is worth one.
      relations: [
        {
          kind: "exchange",
          ...{ paid: "params.amountIn", received: "params.amountOutMinimum", maxBps: 0 },
          paidPrice: { decimals, minUsdWad: leastRateWei, maxUsdWad: leastRateWei },
          receivedPrice: { decimals: ETHER_DECIMALS, minUsdWad: ETHER_WEI, maxUsdWad: ETHER_WEI },
        },
      ],
      amounts: [{ amount: "params.amountIn", of: "", spends: { "": [{ asset: meter, max: mostUnits }] } }],
      maxCalldataBytes: SELL_CALLDATA,
      innerOnly: true,
    },
    {
      ...base,
      name: UNWRAP,
      fragment: "function unwrapWETH9(uint256 amountMinimum, address recipient)",
      args: { amountMinimum: upTo(MOST_WEI), recipient: only(signer) },
      amounts: [],
      maxCalldataBytes: UNWRAP_CALLDATA,
      innerOnly: true,
    },
  ];
}

interface SoldOrder {
  readonly amountIn: bigint;
  readonly amountOutMinimum: bigint;
}

interface Seen {
  readonly account: string;
  readonly to: string;
  readonly data: string;
  readonly bounds: SwapBounds;
}

/** The very call passes now, and it asks for no less than the average price allows. The gate has judged names and arguments before. */
export function looksOf(
  action: Action,
  { account, to, data, bounds }: Seen,
  observation: MoneyRead,
  averageOut: (answer: string, units: bigint) => bigint | undefined,
): readonly Look[] {
  const request = { from: account, to, data };
  const [sell = "0x"] = (action.args["data"] ?? []) as readonly string[];
  const sold = uniswapAbi.router.decodeFunctionData("exactInputSingle", sell)[0] as SoldOrder;
  const { amountIn: amountUnits, amountOutMinimum: leastOutWei } = sold;
  return [
    { reads: [{ method: "eth_call", params: (block) => [request, block] }], judge: () => undefined },
    {
      reads: [observation],
      judge: ([answer]) => {
        const fairWei = averageOut(String(answer), amountUnits);
        if (fairWei === undefined) return refuse("price", "the pool has no average price");
        const { maxDeviationBps, maxSlippageBps } = bounds;
        const atLeast = fairWei * (ALL_BPS - maxDeviationBps) * (ALL_BPS - maxSlippageBps);
        if (leastOutWei * ALL_BPS * ALL_BPS >= atLeast) return undefined;
        return refuse("price", `${String(leastOutWei)} wei are asked for, the average price gives ${String(fairWei)}`);
      },
    },
  ];
}
