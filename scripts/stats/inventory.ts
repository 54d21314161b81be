/**
 * What the stabilizer gains or loses by acting: the sum over executions of the value of what it received minus what it spent, and the
 * deepest fall of that sum below its running maximum. XAU wei.
 */
export class InventorySum {
  #sum = 0n;
  #peak = 0n;
  #largestFall = 0n;

  add(changeXauWei: bigint): void {
    this.#sum += changeXauWei;
    if (this.#sum > this.#peak) this.#peak = this.#sum;
    const fall = this.#peak - this.#sum;
    if (fall > this.#largestFall) this.#largestFall = fall;
  }

  get sumXauWei(): bigint {
    return this.#sum;
  }

  /** Largest fall of the sum below its running maximum; never negative. */
  get lossMaxXauWei(): bigint {
    return this.#largestFall;
  }
}
