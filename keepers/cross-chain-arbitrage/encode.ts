/**
 * What this keeper asks for, and the bytes of it, for one chain. A leg is a sale on a pool of the record, paid by and to the keeper's own
 * account; a transfer goes to the same account on the other chain. Neither names anybody else.
 */
import {
  IAlltraCustomBridge__factory,
  IBridgeAdapter__factory,
  IM1Token__factory,
  IPmmPool__factory,
} from "../../protocol/generated/contracts/index.js";
import { actionEncoder, type Action, type ActionMethod, type EncodeAction } from "../kit/policy/action.js";
import type { BridgeMessage } from "../../protocol/bridgeMessage.js";
import type { Leg, TransferIntent } from "./types.js";

const legAbi = IPmmPool__factory.createInterface();
const adapterAbi = IBridgeAdapter__factory.createInterface();
const bridgeAbi = IAlltraCustomBridge__factory.createInterface();
const tokenAbi = IM1Token__factory.createInterface();

/** Names of the contracts in the records. */
export const BRIDGE = "AlltraCustomBridge";
export const ADAPTER = "AlltraAdapter";

/** Where the actions of one chain go. */
export interface ActionTargets {
  /** Addresses of the pools that are traded, by pair. */
  readonly pools: Readonly<Record<string, string>>;
  readonly adapter: string;
  readonly bridge: string;
  /** Addresses of the tokens that legs and transfers pay with, by name. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** Every action of this keeper on one chain, and no other; the policy has a rule of the same name for each. */
export function arbitrageEncoder({ pools, adapter, bridge, tokens }: ActionTargets): EncodeAction {
  const legs = Object.entries(pools).flatMap(([pair, target]) =>
    (["swapBase", "swapQuote"] as const).map((method): [string, ActionMethod] => [
      legName(pair, method),
      { target, abi: legAbi, method },
    ]),
  );
  const approvals = Object.entries(tokens).map(([token, target]): [string, ActionMethod] => [
    approvalName(token),
    { target, abi: tokenAbi, method: "approve" },
  ]);
  return actionEncoder({
    ...Object.fromEntries([...legs, ...approvals]),
    [TRANSFER_NAME]: { target: adapter, abi: adapterAbi, method: "send" },
    [CANCEL_NAME]: { target: bridge, abi: bridgeAbi, method: "cancel" },
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
  { amountUnits, maxFeeUnits, to }: Pick<TransferIntent, "amountUnits" | "maxFeeUnits" | "to">,
  token: string,
  account: string,
  deadline: bigint,
): Action {
  const destinationChainId = BigInt(to);
  const order = { destinationChainId, token, recipient: account, amountUnits, maxFeeUnits, deadline };
  return { name: TRANSFER_NAME, args: { order } };
}

/** On the destination: a message of this account that was not paid in time, so that attestors may have it refunded. */
export function cancelAction(message: BridgeMessage): Action {
  return { name: CANCEL_NAME, args: { message: { ...message } } };
}

/** `spender`: a pool, or what takes tokens for the adapter. */
export function approvalAction(token: string, spender: string, value: bigint): Action {
  return { name: approvalName(token), args: { spender, value } };
}

export function approvalName(token: string): string {
  return `${token}.approve`;
}

export const TRANSFER_NAME = "BridgeAdapter.send";
export const CANCEL_NAME = "AlltraCustomBridge.cancel";

export function legName(pair: string, method: "swapBase" | "swapQuote"): string {
  return `PmmPool:${pair}.${method}`;
}
