/** What is under a simulated chain. */
import type { Provider, Signer } from "ethers";

/** A fresh chain whose development accounts are unlocked; it gives every transaction a block at once, until told otherwise. */
export interface SimNode {
  readonly provider: Provider;
  signer(address: string): Promise<Signer>;
  request(method: string, params: readonly unknown[]): Promise<unknown>;
  /** From now on a block is made when asked for only. */
  mineByHand(blockSeconds: number): Promise<void>;
  /** Empty blocks, the first with the timestamp that was set for it, each other one `blockSeconds` after the one before. */
  mineEmpty(count: number, blockSeconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Gas of a block: room for everything that a day at 5x puts into one. */
export const BLOCK_GAS = 120_000_000;

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
