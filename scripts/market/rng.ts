/**
 * Seeded pseudo-random numbers: xoshiro128** (Blackman and Vigna), seeded by splitmix32. Integer arithmetic modulo 2^32 only, so one
 * seed gives one sequence on every machine. Not for keys.
 */

/** 2^-53: the distance of two neighbouring doubles below 1. */
const UNIT_STEP = 1 / 2 ** 53;

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** FNV-1a over the UTF-16 code units: turns a stream's label into 32 bits. */
function hashLabel(label: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < label.length; index++) {
    hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** One stream of pseudo-random numbers. Streams with different labels are independent of each other's use. */
export class Rng {
  readonly #seed: number;
  readonly #label: string;
  readonly #state = new Uint32Array(4);
  #spareGaussian: number | undefined;

  /** `seed` is any safe integer; `label` names the stream, so that adding a consumer does not shift the others. */
  constructor(seed: number, label = "") {
    this.#seed = seed;
    this.#label = label;
    let mixer = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1) ^ hashLabel(label)) >>> 0;
    for (let index = 0; index < 4; index++) {
      mixer = (mixer + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(mixer ^ (mixer >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      this.#state[index] = (mixed ^ (mixed >>> 15)) >>> 0;
    }
    // The all-zero state is the generator's only fixed point.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** An independent stream of the same seed; labels nest. */
  stream(label: string): Rng {
    return new Rng(this.#seed, `${this.#label}/${label}`);
  }

  /** The next 32 bits as an integer in [0, 2^32). */
  uint32(): number {
    const state = this.#state;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const carried = s1 << 9;
    const next2 = s2 ^ s0;
    const next3 = s3 ^ s1;
    state[1] = s1 ^ next2;
    state[0] = s0 ^ next3;
    state[2] = next2 ^ carried;
    state[3] = rotateLeft(next3, 11);
    return result;
  }

  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) * UNIT_STEP;
  }

  /** Uniform integer in [0, bound); bias below 2^-21 for bounds up to 2^32. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** Exponential with the given mean: the waiting time of a Poisson process. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  /** Standard normal by Marsaglia's polar method. */
  gaussian(): number {
    const spare = this.#spareGaussian;
    if (spare !== undefined) {
      this.#spareGaussian = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spareGaussian = y * factor;
      return x * factor;
    }
  }
}
