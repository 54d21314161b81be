/**
 * From plan to bytes, once: what is simulated is what is sent.
 *
 * One pool goes through `executePrivateSwap`: it names the direction, and if anything has changed it reverts with the reason, which the
 * simulation shows and a receipt cannot hide. Several pools go through `executeBatch`: one nonce and one signature, and a pool that can
 * no longer be acted on is skipped without taking the others with it.
 */
import { IStabilizer__factory } from "../../protocol/generated/contracts/index.js";
import type { Order } from "./types.js";

/** The ABI that names this call's reverts first. */
export const stabilizerAbi = IStabilizer__factory.createInterface();

/** Calldata for the Stabilizer. */
export function encode(orders: readonly [Order, ...Order[]]): string {
  const [first, ...others] = orders;
  if (others.length === 0) {
    return stabilizerAbi.encodeFunctionData("executePrivateSwap", [first.maxAmountIn, first.tokenIn, first.tokenOut]);
  }
  const batch = orders.map((order) => ({ pool: order.pool, maxAmountIn: order.maxAmountIn }));
  return stabilizerAbi.encodeFunctionData("executeBatch", [batch]);
}

/** How many of the orders a simulation carried out: a batch says so, a single execution either happens or reverts. */
export function executedCount(orders: readonly [Order, ...Order[]], returnData: string): number {
  if (orders.length === 1) return 1;
  const [executed] = stabilizerAbi.decodeFunctionResult("executeBatch", returnData) as unknown as [bigint];
  return Number(executed);
}
