import { expect } from "chai";
import { network } from "hardhat";

import { PmmMathHarness__factory, type PmmMathHarness } from "../../protocol/generated/contracts/index.js";
import { PermanentError } from "../../protocol/errors.js";
import {
  MAX_RATIO_WAD,
  ONE,
  amountToAnchor,
  quoteTrade,
  ratioWad,
  shortage,
  type PmmState,
} from "../../protocol/pmm.js";
import { UNIT, exactTrade } from "../helpers/pmmModel.js";
import { createRandom, createSample, type Sample } from "../helpers/pmmSamples.js";

const SAMPLES = 21_000;
const PER_CALL = 100;
const WAD = 10n ** 18n;
/** What integer arithmetic may add to the one unit of the final rounding: 2^-5 units (docs/pmm.md). */
const INTERNAL_ERROR = UNIT >> 5n;

describe("PMM curve", () => {
  let harness: PmmMathHarness;
  let chain: Awaited<ReturnType<typeof network.create<"l1">>>;
  const samples: Sample[] = [];

  before(async () => {
    chain = await network.create("sim138");
    const [deployer] = await chain.ethers.getSigners();
    if (deployer === undefined) throw new Error("the simulated chain has no accounts");
    harness = await new PmmMathHarness__factory(deployer).deploy();
    const random = createRandom(20_261_121n);
    for (let j = 0; j < SAMPLES; j++) samples.push(createSample(random));
  });

  after(async () => {
    await chain.close();
  });

  async function runAll(): Promise<PmmMathHarness.AnswerStructOutput[]> {
    const answers: PmmMathHarness.AnswerStructOutput[] = [];
    for (let from = 0; from < samples.length; from += PER_CALL) {
      const part = samples.slice(from, from + PER_CALL);
      const batch = await harness.run(
        part.map((sample) => sample.state),
        part.map((sample) => sample.isSellBase),
        part.map((sample) => sample.amountIn),
      );
      answers.push(...batch);
    }
    return answers;
  }

  it("POOL-3 pays at most the exact output and at least one unit less, over all decimals, prices, k and sizes", async () => {
    const answers = await runAll();
    let worst = 0n;
    let refused = 0;
    const seen = { crossings: 0, back: 0, away: 0, one: 0 };
    for (const [index, sample] of samples.entries()) {
      const answer = answers[index];
      if (answer === undefined) throw new Error("an answer is missing");
      const mirror = tryQuote(sample);
      check(answer.ok === (mirror !== undefined), "reverts differ", sample);
      if (mirror === undefined) {
        refused++;
        continue;
      }
      // The mirror makes the same integer steps.
      const short = shortage(sample.state);
      check(mirror.grossOut === answer.amountOut, "mirror: amountOut", sample);
      check(mirror.newInTarget === answer.newInTarget, "mirror: newInTarget", sample);
      check(ratioWad(sample.state) === answer.ratioWad, "mirror: ratioWad", sample);
      check(short.shortDown === answer.shortDown, "mirror: shortDown", sample);
      check(short.shortUp === answer.shortUp, "mirror: shortUp", sample);

      const exact = exactTrade(sample.state, sample.isSellBase, sample.amountIn);
      const modelError = 4n * sampleScale(sample.state);
      const under = exact.out - answer.amountOut * UNIT;
      if (under > worst) worst = under;
      check(under >= -modelError, "pays more than exact", sample);
      check(under <= UNIT + INTERNAL_ERROR, "pays too little", sample);
      check(answer.shortDown * UNIT <= exact.shortage + modelError, "shortDown too large", sample);
      check(exact.shortage < (answer.shortDown + 1n) * UNIT + INTERNAL_ERROR, "shortDown too small", sample);
      check(answer.shortUp * UNIT >= exact.shortage - modelError, "shortUp too small", sample);
      check(answer.shortUp * UNIT < exact.shortage + UNIT + INTERNAL_ERROR, "shortUp too large", sample);
      check(isNearest(answer.ratioWad, exact.ratio), "ratioWad", sample);
      count(seen, sample, answer.newInTarget);
    }
    console.log(
      `      worst undershoot ${(Number((worst * 10n ** 9n) / UNIT) / 1e9).toFixed(9)} units; refused ${String(refused)}; ${JSON.stringify(seen)}`,
    );
    expect(refused).to.be.lessThan(SAMPLES / 100);
    for (const [kind, number] of Object.entries(seen)) expect(number, kind).to.be.greaterThan(SAMPLES / 20);
  }).timeout(180_000);
});

function tryQuote(sample: Sample) {
  try {
    return quoteTrade(sample.state, sample.isSellBase, sample.amountIn);
  } catch (error) {
    if (error instanceof PermanentError) return undefined;
    throw error;
  }
}

/** The model's own error is a few units of 2^-512 per unit of reserve. */
function sampleScale(state: PmmState): bigint {
  return state.base + state.quote + (state.anchor * state.base) / WAD + (state.quote * WAD) / state.anchor;
}

function isNearest(actual: bigint, exactUnit: bigint): boolean {
  const exact = exactUnit * WAD;
  if (exact >= MAX_RATIO_WAD * UNIT) return actual === MAX_RATIO_WAD;
  const off = actual * UNIT - exact;
  // Rounded to nearest, of a number that is itself off by less than 1e-30.
  const tolerance = (UNIT * 501n) / 1000n + exact / 10n ** 30n;
  return (off < 0n ? -off : off) <= tolerance || (actual === 1n && exact < UNIT);
}

function count(
  seen: { crossings: number; back: number; away: number; one: number },
  sample: Sample,
  newInTarget: bigint,
): void {
  if (sample.state.r === ONE) seen.one++;
  else if (newInTarget !== 0n) seen.crossings++;
  else if (sample.isSellBase === amountToAnchor(sample.state).sellBase) seen.back++;
  else seen.away++;
}

/** Cheaper than an assertion library at a third of a million comparisons. */
function check(condition: boolean, what: string, sample: Sample): void {
  if (!condition) expect.fail(`${what}: ${describeSample(sample)}`);
}

function describeSample(sample: Sample): string {
  return JSON.stringify(sample, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}
