/**
 * What this keeper asks for, and the bytes of it. The tick simulates what `stabilizerEncoder` makes; the signer makes it again from the
 * typed action and signs nothing else.
 *
 * One pool goes through `executePrivateSwap`: it names the direction, and if anything has changed it reverts with the reason, which the
 * simulation shows and a receipt cannot hide. Several pools go through `executeBatch`: one nonce and one signature, and a pool that can
 * no longer be acted on is skipped without taking the others with it.
 */
import { IStabilizer__factory } from "../../protocol/generated/contracts/index.js";
import { pegBoardAbi } from "../../protocol/pegBoard.js";
import { bucketsAbi, refillArgs, type RefillView } from "../../protocol/reserveLens.js";
import { actionEncoder, bytesOf, type Action, type EncodeAction } from "../kit/policy/action.js";
import type { Order } from "./types.js";

/** The ABI that names this call's reverts first. */
export const stabilizerAbi = IStabilizer__factory.createInterface();

/** Where the actions go. */
export interface ActionTargets {
  readonly stabilizer: string;
  readonly pegBoard: string;
  readonly buckets: string;
}

/** Every action of this keeper, and no other; the policy has a rule of the same name for each. */
export function stabilizerEncoder({ stabilizer, pegBoard, buckets }: ActionTargets): EncodeAction {
  return actionEncoder({
    "Stabilizer.executePrivateSwap": { target: stabilizer, abi: stabilizerAbi, method: "executePrivateSwap" },
    "Stabilizer.executeBatch": { target: stabilizer, abi: stabilizerAbi, method: "executeBatch" },
    "PegBoard.poke": { target: pegBoard, abi: pegBoardAbi, method: "poke" },
    "CapitalBuckets.refill": { target: buckets, abi: bucketsAbi, method: "refill" },
  });
}

export function executionAction(orders: readonly [Order, ...Order[]]): Action {
  const [{ maxAmountIn, tokenIn, tokenOut }, ...others] = orders;
  if (others.length === 0) {
    return { name: "Stabilizer.executePrivateSwap", args: { tradeSize: maxAmountIn, tokenIn, tokenOut } };
  }
  const batch = orders.map((order) => ({ pool: order.pool, maxAmountIn: order.maxAmountIn }));
  return { name: "Stabilizer.executeBatch", args: { orders: batch } };
}

export function pokeAction(tokens: readonly string[]): Action {
  return { name: "PegBoard.poke", args: { which: tokens } };
}

export function refillAction(refill: RefillView): Action {
  return { name: "CapitalBuckets.refill", args: { ...refillArgs(refill) } };
}

/** Calldata of a plan alone, for the record: it says nothing of addresses. */
export function encode(orders: readonly [Order, ...Order[]]): string {
  return bytesOf(stabilizerEncoder({ stabilizer: "", pegBoard: "", buckets: "" }), executionAction(orders)).data;
}

/** How many of the orders a simulation carried out: a batch says so, a single execution either happens or reverts. */
export function executedCount(orders: readonly [Order, ...Order[]], returnData: string): number {
  if (orders.length === 1) return 1;
  const [executed] = stabilizerAbi.decodeFunctionResult("executeBatch", returnData) as unknown as [bigint];
  return Number(executed);
}
