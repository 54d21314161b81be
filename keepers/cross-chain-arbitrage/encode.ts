/**
 * What this keeper asks for, and the bytes of it, for one chain. A leg is a sale on a pool of the record, paid by and to the keeper's own
 * account; a transfer goes to the same account on the other chain. Neither names anybody else.
 */
import { IBridgeAdapter__factory, IPmmPool__factory } from "../../protocol/generated/contracts/index.js";
import { actionEncoder, type Action, type ActionMethod, type EncodeAction } from "../kit/policy/action.js";
import type { Leg, TransferIntent } from "./types.js";

const legAbi = IPmmPool__factory.createInterface();
const adapterAbi = IBridgeAdapter__factory.createInterface();

/** Where the actions of one chain go. */
export interface ActionTargets {
  /** Addresses of the pools that are traded, by pair. */
  readonly pools: Readonly<Record<string, string>>;
  readonly adapter: string;
}

/** Every action of this keeper on one chain, and no other; the policy has a rule of the same name for each. */
export function arbitrageEncoder({ pools, adapter }: ActionTargets): EncodeAction {
  const legs = Object.entries(pools).flatMap(([pair, target]) =>
    (["swapBase", "swapQuote"] as const).map((method): [string, ActionMethod] => [
      legName(pair, method),
      { target, abi: legAbi, method },
    ]),
  );
  return actionEncoder({
    ...Object.fromEntries(legs),
    "BridgeAdapter.send": { target: adapter, abi: adapterAbi, method: "send" },
  });
}

/** `deadline`: unix seconds, from when on the leg fails. */
export function legAction(pair: string, leg: Leg, account: string, deadline: bigint): Action {
  const common = { payer: account, to: account, deadline };
  const { amountIn, minOut } = leg;
  return leg.sellBase
    ? { name: legName(pair, "swapBase"), args: { baseIn: amountIn, minQuoteOut: minOut, ...common } }
    : { name: legName(pair, "swapQuote"), args: { quoteIn: amountIn, minBaseOut: minOut, ...common } };
}

/** `token` is the address, the same on both chains. The fee is taken beside the amount, at most what was decided. */
export function transferAction(
  { amountUnits, maxFeeUnits, to }: TransferIntent,
  token: string,
  account: string,
  deadline: bigint,
): Action {
  const destinationChainId = BigInt(to);
  const order = { destinationChainId, token, recipient: account, amountUnits, maxFeeUnits, deadline };
  return { name: "BridgeAdapter.send", args: { order } };
}

function legName(pair: string, method: "swapBase" | "swapQuote"): string {
  return `PmmPool:${pair}.${method}`;
}
