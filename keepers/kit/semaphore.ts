/** Runs at most so many pieces of asynchronous work at a time, in the order in which they came. */
export class Semaphore {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(atATime: number) {
    this.#free = atATime;
  }

  /** What `work` returns or throws, once it had its turn. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The turn passes from hand to hand: a newcomer cannot slip in between.
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
