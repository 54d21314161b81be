const U64_MAX = 2n ** 64n - 1n;

/** Numbers that look random and are the same for a seed. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 0 to 1, 1 excluded (mulberry32). */
  private next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    const found = from[this.below(from.length)];
    if (found === undefined) throw new RangeError("nothing to pick from");
    return found;
  }

  /** 0 to `most`, small ones and the edges often. */
  amount(upTo: bigint): bigint {
    const most = upTo < U64_MAX ? upTo : U64_MAX - 1n;
    const edge = this.below(20);
    if (edge === 0) return 0n;
    if (edge === 1) return 1n;
    if (edge === 2) return most;
    if (edge === 3) return most + 1n;
    if (edge === 4) return U64_MAX;
    return (most * BigInt(this.below(1_000_000))) / 1_000_000n;
  }

  seconds(most: bigint): bigint {
    return BigInt(this.below(Number(most) + 1));
  }
}
