/** What whoever knows the whole history, and all others, would save with the same money: the best set of those that are lost without him. Exact. */

export interface Loss {
  readonly about: string;
  /** What saving it takes at least. */
  readonly costUnits: bigint;
  readonly valueWei: bigint;
}

export interface Best {
  readonly valueWei: bigint;
  readonly chosen: readonly string[];
}

/** By branch and bound; the bound is what is left in all, so that it is meant for some dozens. */
export function bestRescue(losses: readonly Loss[], budgetUnits: bigint): Best {
  // Dense ones first: good sums are found early and cut off the rest.
  const sorted = losses
    .filter(({ costUnits, valueWei }) => valueWei > 0n && costUnits <= budgetUnits)
    .sort((a, b) => compare(b.valueWei * a.costUnits, a.valueWei * b.costUnits));
  const rest = sorted.map((_, index) => sorted.slice(index).reduce((sum, { valueWei }) => sum + valueWei, 0n));
  let best: Best = { valueWei: 0n, chosen: [] };
  const search = (index: number, leftUnits: bigint, valueWei: bigint, chosen: readonly string[]): void => {
    if (valueWei > best.valueWei) best = { valueWei, chosen };
    const next = sorted[index];
    if (next === undefined || valueWei + (rest[index] ?? 0n) <= best.valueWei) return;
    if (next.costUnits <= leftUnits) {
      search(index + 1, leftUnits - next.costUnits, valueWei + next.valueWei, [...chosen, next.about]);
    }
    search(index + 1, leftUnits, valueWei, chosen);
  };
  search(0, budgetUnits, 0n, []);
  return best;
}

function compare(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
