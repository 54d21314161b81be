import { expect } from "chai";
import fc from "fast-check";

import {
  costWei,
  nativeNeedWei,
  plan,
  spendable,
  type Candidate,
  type Means,
  type RescuePlan,
} from "../../../keepers/courtesy-call-redeemer/strategies/planner.js";
import { URGENCIES } from "../../../keepers/courtesy-call-redeemer/types.js";
import { actionOf, candidateOf, GWEI, HOUR, idOf, meansOf, NOW, WAD } from "./fixtures.js";

const SEED = 20_201_122;
/** 0.01 tokens: the unit of lots. */
const UNIT = WAD / 100n;

const option = fc.record({
  /** A fee on top, or stray amounts that make it cheaper. */
  extra: fc.oneof(
    { weight: 3, arbitrary: fc.constant("none" as const) },
    fc.constant("fee" as const),
    fc.bigInt(1n, UNIT - 1n),
  ),
  gasLimit: fc.constantFrom(800_000n, 800_000n, 560_000n, 1_120_003n),
  expenseWei: fc.oneof(fc.constant(0n), fc.bigInt(0n, WAD / 10n)),
});
const shape = fc.record({
  lot: fc.constantFrom(1n, 10n, 20n, 50n, 100n, 500n, 1_000n),
  urgency: fc.constantFrom(...URGENCIES, "B" as const, "B" as const),
  deadline: fc.constantFrom(undefined, NOW + HOUR, NOW + 2n * HOUR),
  /** Per unit of the lot: many are equal, some differ by little, some are worth nothing. */
  rate: fc.oneof(fc.constantFrom(28n, 28n, 27n, 1n), fc.bigInt(0n, 30n)),
  stray: fc.oneof(fc.constant(0n), fc.bigInt(0n, WAD / 7n)),
  options: fc.array(option, { minLength: 1, maxLength: 2 }),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

function candidatesOf(shapes: readonly Shape[]): Candidate[] {
  return shapes.map(({ lot, urgency, deadline, rate, stray, options }, index) => {
    const sizeUnits = lot * UNIT;
    return {
      position: idOf(index),
      urgency,
      sizeUnits,
      deadline,
      atStakeWei: rate * sizeUnits + stray,
      options: options.map(({ extra, gasLimit, expenseWei }) => {
        const costUnits = sizeUnits + (extra === "none" ? 0n : extra === "fee" ? sizeUnits / 2_000n : -extra);
        return actionOf(idOf(index), costUnits, { gasLimit, gasEstimate: gasLimit / 2n, expenseWei });
      }),
    };
  });
}

/** Shares of what all together would need, so that budgets bind often; above 100 never. */
const share = fc.oneof(fc.bigInt(0n, 110n), fc.constant(200n));
const sample = (maxLength: number, maxOptions: number) =>
  fc.record({
    shapes: fc.array(
      shape.map((each) => ({ ...each, options: each.options.slice(0, maxOptions) })),
      { maxLength },
    ),
    tokenShare: share,
    nativeShare: share,
  });
type Sample = ReturnType<typeof sample> extends fc.Arbitrary<infer T> ? T : never;

function worldOf({ shapes, tokenShare, nativeShare }: Sample): { candidates: Candidate[]; means: Means } {
  const candidates = candidatesOf(shapes);
  const usual = meansOf(0n);
  const actions = candidates.flatMap(({ options: [first] }) => first ?? []);
  const tokenUnits = actions.reduce((sum, { costUnits }) => sum + costUnits, 0n);
  const nativeWei = actions.reduce((sum, action) => sum + nativeNeedWei(action, usual.maxFeePerGasWei), 0n);
  const batchWei = usual.batchGasLimit * usual.maxFeePerGasWei;
  return {
    candidates,
    means: {
      ...usual,
      tokenUnits: (tokenUnits * tokenShare) / 100n,
      nativeWei: batchWei + (nativeWei * nativeShare) / 100n,
    },
  };
}

/** Worth of each class, most urgent first, of the best of all choices there are. */
function bruteForce(candidates: readonly Candidate[], means: Means): readonly bigint[] {
  let best = URGENCIES.map(() => 0n);
  const worths = URGENCIES.map(() => 0n);
  const visit = (index: number, tokenUnits: bigint, nativeWei: bigint): void => {
    const candidate = candidates[index];
    if (candidate === undefined) {
      if (isMore(worths, best)) best = [...worths];
      return;
    }
    visit(index + 1, tokenUnits, nativeWei);
    const place = URGENCIES.indexOf(candidate.urgency);
    for (const action of candidate.options) {
      const [token, native] = [tokenUnits - action.costUnits, nativeWei - nativeNeedWei(action, means.maxFeePerGasWei)];
      if (token < 0n || native < 0n) continue;
      const worth = candidate.atStakeWei - costWei(action, means.gasPriceWei);
      worths[place] = (worths[place] ?? 0n) + worth;
      visit(index + 1, token, native);
      worths[place] = (worths[place] ?? 0n) - worth;
    }
  };
  visit(0, means.tokenUnits, means.nativeWei - means.batchGasLimit * means.maxFeePerGasWei);
  return best;
}

function isMore(a: readonly bigint[], b: readonly bigint[]): boolean {
  const index = a.findIndex((worth, place) => worth !== b[place]);
  return index >= 0 && (a[index] ?? 0n) > (b[index] ?? 0n);
}

function worthsOf({ chosen }: RescuePlan): readonly bigint[] {
  return URGENCIES.map((urgency) =>
    chosen.reduce((sum, { candidate, worthWei }) => sum + (candidate.urgency === urgency ? worthWei : 0n), 0n),
  );
}

function spentOf({ chosen }: RescuePlan, means: Means): { tokenUnits: bigint; nativeWei: bigint } {
  return {
    tokenUnits: chosen.reduce((sum, { action }) => sum + action.costUnits, 0n),
    nativeWei: chosen.reduce((sum, { action }) => sum + nativeNeedWei(action, means.maxFeePerGasWei), 0n),
  };
}

const positionsOf = ({ chosen }: RescuePlan): string[] => chosen.map(({ candidate }) => candidate.position).sort();
const sizesOf = ({ chosen }: RescuePlan): bigint[] => chosen.map(({ candidate }) => candidate.sizeUnits / WAD);

describe("courtesy-call-redeemer: planner", () => {
  it("REDEEM-1 is worth what the best of all choices is, class by class, under both budgets", () => {
    let binding = 0;
    const check = (world: Sample): void => {
      const { candidates, means } = worldOf(world);
      const result = plan(candidates, means);
      expect(worthsOf(result).join()).to.equal(bruteForce(candidates, means).join());
      expect(result.classes.every(({ proof, gapWei }) => proof === "exact" && gapWei === 0n)).to.equal(true);
      if (result.uncovered.length > 0 && result.chosen.length > 0) binding++;
    };
    fc.assert(fc.property(sample(9, 2), check), { numRuns: 300, seed: SEED });
    fc.assert(fc.property(sample(15, 1), check), { numRuns: 200, seed: SEED });
    expect(binding).to.be.greaterThan(150);
  });

  it("REDEEM-2 never exceeds a budget, chooses a position once, and names a reason for every other one", () => {
    fc.assert(
      fc.property(sample(40, 2), (world) => {
        const { candidates, means } = worldOf(world);
        const result = plan([...candidates, ...candidates], means);
        const spent = spentOf(result, means);
        const batchWei = means.batchGasLimit * means.maxFeePerGasWei;
        expect(spent.tokenUnits <= means.tokenUnits).to.equal(true);
        if (result.chosen.length > 0) expect(spent.nativeWei + batchWei <= means.nativeWei).to.equal(true);
        const named = [...positionsOf(result), ...result.rejected.map(({ about }) => about)];
        expect(named.sort()).to.deep.equal(candidates.map(({ position }) => position).sort());
        expect(result.chosen.every(({ worthWei }) => worthWei > 0n)).to.equal(true);
      }),
      { numRuns: 300, seed: SEED },
    );
  });

  it("REDEEM-3 more of either means is never worth less, and what it says is short is what is short", () => {
    fc.assert(
      fc.property(sample(14, 2), fc.bigInt(0n, 20n * WAD), fc.bigInt(0n, WAD), (world, tokens, native) => {
        const { candidates, means } = worldOf(world);
        const before = plan(candidates, means);
        for (const more of [
          { ...means, tokenUnits: means.tokenUnits + tokens },
          { ...means, nativeWei: means.nativeWei + native },
        ])
          expect(isMore(worthsOf(before), worthsOf(plan(candidates, more)))).to.equal(false);
        const { tokenUnits, nativeWei } = before.shortfall;
        const enough = {
          ...means,
          tokenUnits: means.tokenUnits + tokenUnits,
          nativeWei: means.nativeWei + nativeWei,
        };
        const saved = before.chosen.length + before.uncovered.length;
        expect(plan(candidates, enough).chosen.length).to.equal(saved);
      }),
      { numRuns: 200, seed: SEED },
    );
  });

  it("REDEEM-4 chooses the same whatever the order of the input, and among alike the earlier, the larger, the lower address", () => {
    fc.assert(
      fc.property(sample(20, 2), fc.infiniteStream(fc.nat()), (world, random) => {
        const { candidates, means } = worldOf(world);
        const keyed = candidates.map((candidate) => ({ candidate, key: random.next().value as number }));
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ candidate }) => candidate);
        expect(positionsOf(plan(shuffled, means))).to.deep.equal(positionsOf(plan(candidates, means)));
      }),
      { numRuns: 150, seed: SEED },
    );
    const late = candidateOf(0, 1n, { deadline: NOW + 5n * HOUR });
    const windowless = candidateOf(1, 1n, { deadline: undefined });
    const [low, high] = [candidateOf(2, 1n), candidateOf(3, 1n)];
    const chosenOf = (units: bigint): string[] => positionsOf(plan([high, windowless, late, low], meansOf(units)));
    expect(chosenOf(1n * WAD)).to.deep.equal([idOf(2)]);
    expect(chosenOf(2n * WAD)).to.deep.equal([idOf(2), idOf(3)]);
    expect(chosenOf(3n * WAD)).to.deep.equal([idOf(0), idOf(2), idOf(3)]);
    const alike = { atStakeWei: WAD, options: [actionOf(idOf(4), WAD)] };
    const larger = candidateOf(5, 2n, { ...alike });
    expect(positionsOf(plan([candidateOf(4, 1n, { ...alike }), larger], meansOf(WAD)))).to.deep.equal([idOf(5)]);
  });

  it("REDEEM-5 ten tokens pay for one lot of 10, two of 5 or ten of 1, to the last unit", () => {
    const lots: readonly (readonly bigint[])[] = [[10n], [5n, 5n], Array.from({ length: 10 }, () => 1n)];
    for (const lot of lots) {
      const result = plan(
        lot.map((tokens, index) => candidateOf(index, tokens)),
        meansOf(10n * WAD),
      );
      expect(result.chosen.length).to.equal(lot.length);
      expect(spentOf(result, meansOf(0n)).tokenUnits).to.equal(10n * WAD);
      expect(result.shortfall.tokenUnits).to.equal(0n);
    }
  });

  // The balance in base units against a lot in whole tokens is always enough, and "more than" refuses exactly enough.
  it("REDEEM-5 a unit less than the lot is too little, exactly the lot is enough, and a fee counts", () => {
    const short = plan([candidateOf(0, 10n)], meansOf(9_999n * 10n ** 15n));
    expect(short.chosen).to.deep.equal([]);
    expect(short.rejected[0]?.reason).to.equal("over-token-budget");
    expect(short.shortfall.tokenUnits).to.equal(10n ** 15n);
    expect(short.uncovered).to.deep.equal([
      { position: idOf(0), urgency: "B", sizeUnits: 10n * WAD, costUnits: 10n * WAD, deadline: NOW + 4n * HOUR },
    ]);
    expect(plan([candidateOf(0, 10n)], meansOf(10n * WAD - 1n)).chosen).to.deep.equal([]);
    const early = candidateOf(0, 10n, { urgency: "D", options: [actionOf(idOf(0), 10_005n * 10n ** 15n)] });
    expect(plan([early], meansOf(10n * WAD)).shortfall.tokenUnits).to.equal(5n * 10n ** 15n);
    expect(plan([early], meansOf(10_005n * 10n ** 15n)).chosen.length).to.equal(1);
  });

  it("REDEEM-5 of 10, 5, 5 and ten of 1 takes the set that saves most", () => {
    const mixed = [10n, 5n, 5n, ...Array.from({ length: 10 }, () => 1n)];
    const candidates = mixed.map((tokens, index) => candidateOf(index, tokens));
    expect(sizesOf(plan(candidates, meansOf(10n * WAD)))).to.deep.equal([10n]);
    // Small lots in more danger are worth more than their gas.
    const pressed = mixed.map((tokens, index) =>
      candidateOf(index, tokens, { atStakeWei: (tokens === 1n ? 30n : 28n) * tokens * WAD }),
    );
    expect(sizesOf(plan(pressed, meansOf(10n * WAD)))).to.deep.equal(Array.from({ length: 10 }, () => 1n));
    const even = plan(candidates, meansOf(30n * WAD));
    expect(even.chosen.length).to.equal(mixed.length);
  });

  // Taking positions as a cache lists them gives the means away to those that could wait.
  it("REDEEM-6 a more urgent class takes what it needs before the next one gets anything", () => {
    const rich = candidateOf(0, 10n, { urgency: "B", deadline: NOW + 2n * HOUR });
    const pressing = candidateOf(1, 1n, { urgency: "A", deadline: NOW + HOUR / 2n });
    const result = plan([rich, pressing], meansOf(10n * WAD));
    expect(positionsOf(result)).to.deep.equal([idOf(1)]);
    expect(result.rejected).to.deep.include({
      about: idOf(0),
      reason: "over-budget",
      needed: 10n * WAD,
      unit: "token-units",
    });
    expect(positionsOf(plan([rich, pressing], meansOf(11n * WAD)))).to.have.length(2);
  });

  it("REDEEM-6 of equally good choices of a class the one that leaves the next class more is taken", () => {
    const dear = [actionOf(idOf(0), 5n * WAD)];
    const cheap = [actionOf(idOf(1), 4n * WAD)];
    const urgent = [
      candidateOf(0, 5n, { urgency: "A", atStakeWei: 100n * WAD, options: dear, deadline: NOW }),
      candidateOf(1, 4n, { urgency: "A", atStakeWei: 100n * WAD, options: cheap }),
    ];
    const next = candidateOf(2, 1n, { urgency: "C" });
    expect(positionsOf(plan([...urgent, next], meansOf(5n * WAD)))).to.deep.equal([idOf(1), idOf(2)]);
  });

  it("REDEEM-7 keeps reserves, what is unpaid, and the gas of settling what is on its way", () => {
    const balance = { tokenUnits: 20n * WAD, nativeWei: WAD };
    const reserve = { tokenUnits: WAD, nativeWei: WAD / 10n };
    const onItsWay = [
      { unpaidUnits: 5n * WAD, unpaidGas: 800_000n, followUpGas: 500_000n },
      { unpaidUnits: 0n, unpaidGas: 0n, followUpGas: 400_000n },
    ];
    expect(spendable(balance, reserve, onItsWay, 100n * GWEI)).to.deep.equal({
      tokenUnits: 14n * WAD,
      nativeWei: WAD - WAD / 10n - 1_700_000n * 100n * GWEI,
    });
    expect(spendable(balance, { tokenUnits: 30n * WAD, nativeWei: 2n * WAD }, [], GWEI)).to.deep.equal({
      tokenUnits: 0n,
      nativeWei: 0n,
    });
  });

  it("REDEEM-7 a rescue needs its gas at the highest fee, its settling and once the batch's own", () => {
    const fee = 100n * GWEI;
    const enoughWei = (800_000n + 500_000n + 60_000n) * fee;
    const at = (nativeWei: bigint): RescuePlan => plan([candidateOf(0, 1n)], meansOf(WAD, { nativeWei }));
    expect(at(enoughWei).chosen.length).to.equal(1);
    const short = at(enoughWei - 1n);
    expect(short.rejected[0]?.reason).to.equal("over-native-budget");
    expect(short.shortfall).to.deep.equal({ tokenUnits: 0n, nativeWei: 1n });
    const two = plan([candidateOf(0, 1n), candidateOf(1, 2n)], meansOf(10n * WAD, { nativeWei: enoughWei }));
    expect(positionsOf(two)).to.deep.equal([idOf(1)]);
    const value = { calls: [{ to: idOf(0), data: "0x", valueWei: 1n }] };
    const paying = candidateOf(0, 1n, { options: [actionOf(idOf(0), WAD, value)] });
    expect(plan([paying], meansOf(WAD, { nativeWei: enoughWei })).chosen).to.deep.equal([]);
  });

  it("REDEEM-2 leaves what is not worth its cost, has no way, or costs another token, and counts none of it as short", () => {
    const poor = candidateOf(0, 1n, { atStakeWei: costWei(actionOf(idOf(0), WAD), 20n * GWEI) });
    const stuck = candidateOf(1, 1n, { options: [] });
    const foreign = candidateOf(2, 1n, { options: [actionOf(idOf(2), WAD, { costToken: idOf(9) })] });
    const result = plan([poor, stuck, foreign], meansOf(0n));
    expect(result.rejected.map(({ about, reason }) => [about, reason])).to.have.deep.members([
      [idOf(0), "not-worth-it"],
      [idOf(1), "no-option"],
      [idOf(2), "other-token"],
    ]);
    expect(result.uncovered).to.deep.equal([]);
    expect(result.shortfall).to.deep.equal({ tokenUnits: 0n, nativeWei: 0n });
  });

  it("REDEEM-8 takes the cheaper of two ways when means are short, and the better one when they are not", () => {
    const ways = [actionOf(idOf(0), 10n * WAD), actionOf(idOf(0), 9n * WAD, { expenseWei: WAD })];
    const candidates = [candidateOf(0, 10n, { options: ways }), candidateOf(1, 1n)];
    const costs = (units: bigint): bigint[] =>
      plan(candidates, meansOf(units)).chosen.map(({ action }) => action.costUnits);
    expect(costs(11n * WAD)).to.deep.equal([10n * WAD, WAD]);
    expect(costs(10n * WAD)).to.deep.equal([9n * WAD, WAD]);
  });

  it("REDEEM-9 at the limit of its search it stays inside the budgets and says how much it may miss", () => {
    let missed = 0;
    const random = lehmer(7n);
    for (let round = 0; round < 6; round++) {
      // Stray amounts make every sum another one, and most combinations are nearly as good.
      const candidates = Array.from({ length: 160 }, (_, index) => {
        const sizeUnits = (1n + random(1_000n)) * UNIT - random(UNIT / 10n);
        const atStakeWei = (sizeUnits * (20_000n + random(900n))) / 1_000n;
        const gasLimit = 700_000n + random(200_000n);
        return candidateOf(index, 1n, {
          sizeUnits,
          atStakeWei,
          options: [actionOf(idOf(index), sizeUnits, { gasLimit })],
        });
      });
      const means = meansOf(211n * WAD, { nativeWei: 6n * WAD });
      const [long, hurried] = [5_000, 300].map((sumLimit) => plan(candidates, { ...means, sumLimit }));
      if (long === undefined || hurried === undefined) throw new Error("two plans");
      const spent = spentOf(hurried, means);
      expect(spent.tokenUnits <= means.tokenUnits && spent.nativeWei <= means.nativeWei).to.equal(true);
      const [best, found] = [long.classes[0], hurried.classes[0]];
      if (best === undefined || found === undefined) throw new Error("one class");
      expect(best.worthWei <= found.worthWei + found.gapWei).to.equal(true);
      expect(found.proof === "bounded").to.equal(found.gapWei > 0n);
      // Within a thousandth of what is at stake.
      expect(found.gapWei * 1_000n < found.worthWei).to.equal(true);
      if (found.proof === "bounded") missed++;
    }
    expect(missed).to.be.greaterThan(3);
  });
});

/** Numbers below a bound, the same ones in every run. */
function lehmer(start: bigint): (below: bigint) => bigint {
  let state = start;
  return (below) => {
    state = (state * 48_271n * 69_621n + 11n) % ((1n << 61n) - 1n);
    return state % below;
  };
}
