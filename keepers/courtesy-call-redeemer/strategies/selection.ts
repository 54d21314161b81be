/**
 * The best choice under two budgets: of every group at most one option, so that the sum of worths is largest while the sums of both
 * weights stay inside what is left. Exact integers throughout.
 *
 * A dynamic program over partial sums: after each group only sums are kept that no other one beats in both weights and in worth. Where
 * weights are multiples of a unit there are at most budget / unit of them per count of the other weight, which is the usual table without
 * its empty cells; where stray amounts make all sums different, a bound cuts those that cannot lead to the best any more:
 *     worth + x · left1 + y · left2 + Σ over later groups of max(0, worth - x · weight1 - y · weight2)
 * holds for all multipliers x, y ≥ 0, so searching for good ones changes the speed and never the answer. Both weights are dimensions of
 * the sums themselves; a budget that everything together fits into is no limit, and its weight is left out of the comparison.
 *
 * The search has a limit in sums instead of time, so that it ends alike on every machine. Beyond it only the most promising sums are
 * followed; the result is at least as good as taking greedily by worth per weight, and the bound says how much it may miss.
 */
import { maxBigint } from "../../../protocol/math.js";

/** What one option of a group takes, and brings. Weights are not negative; the worth is positive. */
export interface Option {
  readonly weights: Weights;
  readonly worth: bigint;
}
/** Token units, native wei. */
export type Weights = readonly [bigint, bigint];
export type Group = readonly Option[];

/**
 * `exact`: no other choice is worth more, and all of that worth were passed on. `exact-one`: no other choice is worth more, one of them
 * was passed on. `bounded`: the limit was reached, and the gap says how far.
 */
export type Proof = "exact" | "exact-one" | "bounded";

/** A choice: what it takes, what it brings, and its last step. */
export interface Sum {
  readonly weights: Weights;
  readonly worth: bigint;
  readonly last: { readonly before: Sum; readonly group: number; readonly option: number } | undefined;
}

export interface Selection {
  /** Choices of the same, largest worth; none of them takes less of both weights than another. At least one. */
  readonly best: readonly Sum[];
  readonly proof: Proof;
  /** Nothing can be worth more than the best by more than this; 0 unless `bounded`. */
  readonly gap: bigint;
}

export const NOTHING: Sum = { weights: [0n, 0n], worth: 0n, last: undefined };

/** Sums of a group that are followed beyond the limit. */
const WIDTH = 128;

/** Multipliers are fractions of this. */
const SCALE = 1n << 40n;

interface Multipliers {
  readonly x: bigint;
  readonly y: bigint;
}

/**
 * @param starts sums to go on from, all of the same worth; their worth counts as 0
 * @param budget largest sums of both weights, starts included; every start is inside
 * @param all whether all choices of the largest worth are wanted, because something is chosen after this
 */
export function select(
  groups: readonly Group[],
  starts: readonly Sum[],
  budget: Weights,
  limits: { readonly sumLimit: number; readonly all: boolean },
): Selection {
  const roots = starts.map((start): Sum => ({ ...start, worth: 0n }));
  const first = roots[0] ?? NOTHING;
  const left: Weights = [budget[0] - first.weights[0], budget[1] - first.weights[1]];
  const multipliers = multipliersOf(groups, left);
  const search = new Search(groups, roots, budget, multipliers);
  const exact = limits.all ? search.run(limits.sumLimit, true) : undefined;
  if (exact !== undefined) return { best: exact, proof: "exact", gap: 0n };
  search.run(limits.sumLimit, false);
  const gap = search.gap();
  const proof = gap > 0n ? "bounded" : limits.all ? "exact-one" : "exact";
  return { best: [search.best], proof, gap };
}

/** The options of a choice by group. */
export function chosenOf(sum: Sum, from: readonly Sum[] = []): ReadonlyMap<number, number> {
  const chosen = new Map<number, number>();
  const stop = new Set(from.map(({ last }) => last));
  for (let step = sum.last; step !== undefined && !stop.has(step); step = step.before.last)
    chosen.set(step.group, step.option);
  return chosen;
}

class Search {
  best: Sum;
  /** Scaled bound of the sums that were not followed. */
  private dropped = 0n;
  private readonly order: readonly number[];
  /** Scaled; what the groups from a place of the order on can add to the bound. */
  private readonly later: readonly bigint[];
  /** Most worth per weight first. */
  private readonly byPrice: readonly Pick[];

  constructor(
    private readonly groups: readonly Group[],
    private readonly roots: readonly Sum[],
    private readonly budget: Weights,
    private readonly multipliers: Multipliers,
  ) {
    // Groups whose option is clear come first: leaving the clear option costs more than the gap, so nothing branches there.
    const decided = groups.map((group) => clearness(group, multipliers));
    this.order = groups.map((_, index) => index).sort((a, b) => compare(decided[b] ?? 0n, decided[a] ?? 0n) || a - b);
    const later = [0n];
    for (const index of [...this.order].reverse())
      later.push((later.at(-1) ?? 0n) + maxBigint(0n, reducedBest(groups[index] ?? [], multipliers)));
    this.later = later.reverse();
    const price = ({ weights }: Option): bigint => multipliers.x * weights[0] + multipliers.y * weights[1] + 1n;
    this.byPrice = this.sorted((a, b) => compare(b.option.worth * price(a.option), a.option.worth * price(b.option)));
    this.best = this.greedy();
  }

  /** Largest by which any choice may be worth more than the best one found, rounded up. */
  gap(): bigint {
    return maxBigint((this.dropped + SCALE - 1n) / SCALE - this.best.worth, 0n);
  }

  /**
   * Choices of the largest worth. All: undefined when there are more sums than the limit. One: beyond the limit only the most promising
   * sums go on, and the bound of what was dropped is kept.
   */
  run(sumLimit: number, all: boolean): readonly Sum[] | undefined {
    let sums: readonly Sum[] = undominated([...this.roots].sort(compareSums));
    let seen = 0;
    for (const [place, index] of this.order.entries()) {
      const options = this.groups[index] ?? [];
      let merged = this.alive(sums, place + 1, all);
      for (const [number, option] of options.entries()) {
        const taken = sums.flatMap((sum) => this.take(sum, index, number, option));
        for (const sum of taken) if (sum.worth > this.best.worth) this.best = sum;
        merged = merge(merged, this.alive(taken, place + 1, all));
      }
      sums = undominated(merged);
      this.complete(sums, place + 1);
      seen += sums.length;
      if (seen <= sumLimit) continue;
      if (all) return undefined;
      sums = this.narrow(sums, place + 1);
    }
    if (!all) return [this.best];
    return sums.filter(({ worth }) => worth === this.best.worth);
  }

  private narrow(sums: readonly Sum[], place: number): readonly Sum[] {
    if (sums.length <= WIDTH) return sums;
    const ranked = sums.map((sum, index) => ({ index, bound: this.bound(sum, place) }));
    ranked.sort((a, b) => compare(b.bound, a.bound) || a.index - b.index);
    this.dropped = maxBigint(this.dropped, ranked[WIDTH]?.bound ?? 0n);
    const kept = new Set(ranked.slice(0, WIDTH).map(({ index }) => index));
    return sums.filter((_, index) => kept.has(index));
  }

  /** Goes on greedily from the most promising sum: a better best cuts more. */
  private complete(sums: readonly Sum[], place: number): void {
    if (sums.length < 2) return;
    const bounds = sums.map((sum) => this.bound(sum, place));
    const most = bounds.reduce(maxBigint);
    const promising = sums[bounds.indexOf(most)];
    if (promising === undefined) return;
    const done = new Set(this.order.slice(0, place));
    const sum = this.fill(promising, this.byPrice, done);
    if (sum.worth > this.best.worth) this.best = sum;
  }

  private alive(sums: readonly Sum[], place: number, all: boolean): readonly Sum[] {
    const least = this.best.worth * SCALE;
    return sums.filter((sum) => {
      const bound = this.bound(sum, place);
      return all ? bound >= least : bound > least;
    });
  }

  private bound({ weights, worth }: Sum, place: number): bigint {
    const { x, y } = this.multipliers;
    const [left1, left2] = [this.budget[0] - weights[0], this.budget[1] - weights[1]];
    return worth * SCALE + x * left1 + y * left2 + (this.later[place] ?? 0n);
  }

  private take(before: Sum, group: number, number: number, option: Option): readonly Sum[] {
    const weights: Weights = [before.weights[0] + option.weights[0], before.weights[1] + option.weights[1]];
    if (weights[0] > this.budget[0] || weights[1] > this.budget[1]) return [];
    return [{ weights, worth: before.worth + option.worth, last: { before, group, option: number } }];
  }

  /** By worth per weight, by what the multipliers leave, and by worth alone: whichever brings most, from whichever start. */
  private greedy(): Sum {
    const orders = [
      this.byPrice,
      this.sorted((a, b) => compare(reduced(b.option, this.multipliers), reduced(a.option, this.multipliers))),
      this.sorted((a, b) => compare(b.option.worth, a.option.worth)),
    ];
    const filled = orders.flatMap((order) => this.roots.map((root) => this.fill(root, order, new Set())));
    return filled.reduce((best, sum) => (sum.worth > best.worth ? sum : best), this.roots[0] ?? NOTHING);
  }

  /** Takes what fits, in order, of groups that are not done. */
  private fill(from: Sum, order: readonly Pick[], done: ReadonlySet<number>): Sum {
    const taken = new Set(done);
    let sum = from;
    for (const { index, number, option } of order) {
      const [next] = taken.has(index) ? [] : this.take(sum, index, number, option);
      if (next === undefined) continue;
      taken.add(index);
      sum = next;
    }
    return sum;
  }

  private sorted(order: (a: Pick, b: Pick) => number): readonly Pick[] {
    const picks = this.groups.flatMap((group, index) => group.map((option, number) => ({ index, number, option })));
    return picks.sort((a, b) => order(a, b) || a.index - b.index || a.number - b.number);
  }
}

interface Pick {
  readonly index: number;
  readonly number: number;
  readonly option: Option;
}

function reduced({ weights, worth }: Option, { x, y }: Multipliers): bigint {
  return worth * SCALE - x * weights[0] - y * weights[1];
}

/** Of the options alone; taking none is worth 0. */
function reducedBest(group: Group, multipliers: Multipliers): bigint {
  const [head, ...tail] = group.map((option) => reduced(option, multipliers));
  return head === undefined ? 0n : tail.reduce(maxBigint, head);
}

/** How far the best of a group, none included, is above the second best. */
function clearness(group: Group, multipliers: Multipliers): bigint {
  const [head = 0n, next = head] = [0n, ...group.map((option) => reduced(option, multipliers))].sort((a, b) =>
    compare(b, a),
  );
  return head - next;
}

/** What is taken when every weight has its price. */
function takenAt(groups: readonly Group[], multipliers: Multipliers): Weights {
  let [sum1, sum2] = [0n, 0n];
  for (const group of groups) {
    let [most, taken]: [bigint, Option | undefined] = [0n, undefined];
    for (const option of group) {
      const value = reduced(option, multipliers);
      if (value > most) [most, taken] = [value, option];
    }
    sum1 += taken?.weights[0] ?? 0n;
    sum2 += taken?.weights[1] ?? 0n;
  }
  return [sum1, sum2];
}

/** Prices at which what is taken just fits: one alone where that makes the other weight fit as well, else both. */
function multipliersOf(groups: readonly Group[], left: Weights): Multipliers {
  const free = takenAt(groups, { x: 0n, y: 0n });
  const [fits1, fits2] = [free[0] <= left[0], free[1] <= left[1]];
  if (fits1 && fits2) return { x: 0n, y: 0n };
  const most = groups.flat().reduce((sum, { worth }) => sum + worth, 0n) * SCALE;
  const priceOf = (at: (price: bigint) => Multipliers, side: 0 | 1, digits: bigint): bigint =>
    leastPrice((price) => takenAt(groups, at(price))[side] <= left[side], most, digits);
  if (!fits1) {
    const x = priceOf((price) => ({ x: price, y: 0n }), 0, FINE);
    if (takenAt(groups, { x, y: 0n })[1] <= left[1]) return { x, y: 0n };
  }
  if (!fits2) {
    const y = priceOf((price) => ({ x: 0n, y: price }), 1, FINE);
    if (takenAt(groups, { x: 0n, y })[0] <= left[0]) return { x: 0n, y };
  }
  const xAt = (y: bigint): bigint => priceOf((price) => ({ x: price, y }), 0, COARSE);
  const y = leastPrice((price) => takenAt(groups, { x: xAt(price), y: price })[1] <= left[1], most, COARSE);
  return { x: xAt(y), y };
}

/** Digits (binary) to which a price is found. */
const FINE = 48n;
const COARSE = 16n;

/** Least price, to some digits, at which something holds that holds at the most one and at every higher price. */
function leastPrice(holds: (price: bigint) => boolean, most: bigint, digits: bigint): bigint {
  let high = 1n;
  while (high < most && !holds(high)) high <<= 4n;
  let low = high === 1n ? 0n : high >> 4n;
  while (high - low > 1n && high - low > high >> digits) {
    const middle = (low + high) >> 1n;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function compare(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Lighter first; of the same weights the one that is worth more. */
function compareSums(a: Sum, b: Sum): number {
  return compare(a.weights[0], b.weights[0]) || compare(a.weights[1], b.weights[1]) || compare(b.worth, a.worth);
}

function merge(a: readonly Sum[], b: readonly Sum[]): readonly Sum[] {
  const merged: Sum[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [left, right] = [a[i], b[j]];
    if (left === undefined) return right === undefined ? merged : [...merged, ...b.slice(j)];
    if (right === undefined) return [...merged, ...a.slice(i)];
    if (compareSums(left, right) <= 0) {
      merged.push(left);
      i++;
    } else {
      merged.push(right);
      j++;
    }
  }
}

/** Of sums in order those that no other one beats or equals in everything. */
function undominated(sums: readonly Sum[]): readonly Sum[] {
  const kept: Sum[] = [];
  /** Of those so far, which are all no heavier in the first weight: rising in the second weight and in worth. */
  const stairs: Sum[] = [];
  for (const sum of sums) {
    let [low, high] = [0, stairs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((stairs[middle]?.weights[1] ?? 0n) <= sum.weights[1]) low = middle + 1;
      else high = middle;
    }
    const below = stairs[low - 1];
    if (below !== undefined && below.worth >= sum.worth) continue;
    kept.push(sum);
    const from = below?.weights[1] === sum.weights[1] ? low - 1 : low;
    let to = low;
    while (to < stairs.length && (stairs[to]?.worth ?? 0n) <= sum.worth) to++;
    stairs.splice(from, to - from, sum);
  }
  return kept;
}
