/**
 * What the stabilizer's trigger says of a pool, without asking: the rule of contracts/stabilizer/DeviationTrigger.sol on the block-ends
 * that the pool's history holds. Only a "no" saves a question; a "yes" is the chain's to say, through the keeper.
 */
import { WAD } from "../../protocol/units.js";

/** The pool's trigger settings. */
export interface TriggerConfig {
  readonly thresholdWad: bigint;
  readonly fastThresholdWad: bigint;
  readonly confirmations: number;
  readonly windowBlocks: number;
}

/** Block-ends the rule looks at. */
export function triggerDepth(config: TriggerConfig): number {
  return config.confirmations + config.windowBlocks - 1;
}

/** `ratiosWad`: block-ends, newest first, as many as `triggerDepth` says. */
export function isSustained(ratiosWad: readonly bigint[], config: TriggerConfig): boolean {
  const { thresholdWad, fastThresholdWad, confirmations, windowBlocks } = config;
  const side = (ratiosWad[0] ?? WAD) > WAD ? 1n : -1n;
  // Deviations count as positive on the side of the newest.
  const deviations = ratiosWad.map((ratioWad) => (ratioWad - WAD) * side);
  const confirmed = deviations.slice(0, confirmations);
  if (confirmed.every((deviation) => deviation > fastThresholdWad)) return true;
  if (!confirmed.every((deviation) => deviation > thresholdWad)) return false;
  return confirmed.every((_, age) => {
    const sum = deviations.slice(age, age + windowBlocks).reduce((total, deviation) => total + deviation, 0n);
    return sum > thresholdWad * BigInt(windowBlocks);
  });
}

/** The newest block-ends of one pool's history. */
export class BlockEnds {
  readonly #config: TriggerConfig;
  #ratiosWad: readonly bigint[];

  /** `ratioWad`: what the history holds now; a new pool's older block-ends are the same. */
  constructor(config: TriggerConfig, ratioWad: bigint) {
    this.#config = config;
    this.#ratiosWad = Array.from({ length: triggerDepth(config) }, () => ratioWad);
  }

  /** Whether the trigger may hold for the block after the newest. */
  get isSustained(): boolean {
    return isSustained(this.#ratiosWad, this.#config);
  }

  /** The same after `count` further blocks that end at `ratioWad`. */
  isSustainedAfter(ratioWad: bigint, count: number): boolean {
    return isSustained(this.#after(ratioWad, count), this.#config);
  }

  /** `count` blocks have ended at `ratioWad`. */
  add(ratioWad: bigint, count: number): void {
    this.#ratiosWad = this.#after(ratioWad, count);
  }

  #after(ratioWad: bigint, count: number): bigint[] {
    const depth = triggerDepth(this.#config);
    const added = Array.from({ length: Math.min(count, depth) }, () => ratioWad);
    return [...added, ...this.#ratiosWad].slice(0, depth);
  }
}
