/** What an intent puts at stake: the worth of everything that its policy counts, fees aside. */
import { NATIVE_ASSET } from "./pnl/postings.js";
import type { PolicyGate } from "./policy/gate.js";
import type { Intent } from "./submitter.js";

export interface StakeParts {
  readonly gate: Pick<PolicyGate, "moves">;
  /** Address of an asset that the policy counts. */
  readonly assetAddress: (asset: string) => string;
  readonly valueXauWei: (asset: string, amount: bigint) => bigint | undefined;
}

/** XAU wei; undefined when the action is unknown or something that it moves has no price yet. */
export function stakeXauWei(
  { gate, assetAddress, valueXauWei }: StakeParts,
  { action, valueWei }: Intent,
): bigint | undefined {
  const moves = gate.moves(action);
  if (moves === undefined) return undefined;
  let total = 0n;
  const parts = [...moves].map(([asset, amount]) => [assetAddress(asset), amount] as const);
  for (const [asset, amount] of [...parts, [NATIVE_ASSET, valueWei] as const]) {
    const worth = amount === 0n ? 0n : valueXauWei(asset, amount);
    if (worth === undefined) return undefined;
    total += worth;
  }
  return total;
}
