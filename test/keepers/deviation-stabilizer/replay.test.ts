import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { decide } from "../../../keepers/deviation-stabilizer/decide.js";
import { encode } from "../../../keepers/deviation-stabilizer/encode.js";
import { decisionFacts, readDecision } from "../../../keepers/deviation-stabilizer/recorded.js";
import type { ReplayDifference } from "../../../keepers/kit/replay.js";
import { differenceOf, replay } from "../../../keepers/deviation-stabilizer/replay.js";
import type { DecideConfig, Observation } from "../../../keepers/deviation-stabilizer/types.js";
import { plain, type Fact, type Facts } from "../../../keepers/kit/logger.js";
import { JsonlRecord } from "../../../keepers/kit/record.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { codeOf } from "../../helpers/rejection.js";
import { CONFIG, observation, POOL_A, POOL_B, poolObservation } from "./fixtures.js";

/** What the tick writes down about an observation. */
function factsFor(seen: Observation, config: DecideConfig = CONFIG): Facts {
  const decision = decide(seen, config);
  return decisionFacts(seen, config, decision, decision.kind === "plan" ? encode(decision.orders) : null);
}

function throughJson(facts: Facts): Record<string, Fact> {
  return JSON.parse(JSON.stringify(plain(facts))) as Record<string, Fact>;
}

const amount = fc.bigInt(0n, 2n ** 128n);
const anyPool = fc
  .record({
    pool: fc.constantFrom(POOL_A, POOL_B),
    readable: fc.boolean(),
    rewardShareWad: fc.bigInt(0n, 10n ** 18n),
    maxAmountInXauWei: amount,
    reason: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 30 })),
    maxAmountIn: amount,
    blockEndDeviationWad: fc.bigInt(-(10n ** 18n), 10n ** 18n),
    readyAtBlock: fc.bigInt(0n, 10n ** 6n),
  })
  .map(({ pool, readable, rewardShareWad, maxAmountInXauWei, ...allowance }) =>
    poolObservation({ pool, readable, rewardShareWad, maxAmountInXauWei, allowance }),
  );
const anyObservation = fc
  .record({
    pools: fc.array(anyPool, { maxLength: 5 }),
    gasPriceWei: fc.option(fc.bigInt(0n, 10n ** 12n), { nil: undefined }),
    inFlight: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
    backoff: fc.dictionary(fc.constantFrom(POOL_A, POOL_B), fc.bigInt(0n, 200n)),
  })
  .map(({ backoff, ...rest }) => observation({ ...rest, backoffUntilBlock: new Map(Object.entries(backoff)) }));
const anyConfig = fc.record({
  sizeHeadroomBps: fc.integer({ min: 0, max: 100_000 }),
  maxOrders: fc.integer({ min: 1, max: 32 }),
  gasPerOrder: fc.integer({ min: 100_000, max: 5_000_000 }),
  gasBase: fc.integer({ min: 21_000, max: 1_000_000 }),
  economics: fc.constantFrom("off" as const, "reward" as const, "gain" as const),
});

describe("keepers/deviation-stabilizer/replay", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "cantilever-replay-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const range = { fromBlock: 90, toBlock: 110 };
  const quiet = () => undefined;

  /** A record as a keeper leaves it. */
  async function written(entries: readonly { readonly block: number; readonly facts: Facts }[]): Promise<string> {
    const file = path.join(folder, "record.jsonl");
    const record = new JsonlRecord(file, capturedLog().log);
    for (const { block, facts } of entries) {
      record.write({ kind: "skips", block, facts: {} });
      record.write({ kind: "decision", block, facts });
    }
    await record.close();
    return file;
  }

  it("AUDIT-5: whatever was seen, the record of it leads to the same decision and the same bytes", () => {
    let plans = 0;
    fc.assert(
      fc.property(anyObservation, anyConfig, (seen, config) => {
        const recorded = readDecision(throughJson(factsFor(seen, config)));
        if (recorded.data !== null) plans += 1;
        expect(recorded.observation).to.deep.equal(seen);
        expect(recorded.config).to.deep.equal(config);
        expect(differenceOf(100, recorded)).to.equal(undefined);
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(plans).to.be.greaterThan(10);
  });

  it("AUDIT-5: replays a range of a record and counts its plans", async () => {
    const skip = observation({ pools: [poolObservation({ allowance: { reason: 3 } })] });
    const file = await written([
      { block: 50, facts: { broken: true } }, // outside the range: not looked at
      { block: 100, facts: factsFor(observation()) },
      { block: 101, facts: factsFor(skip) },
    ]);
    const { ok, report } = await replay(file, range, quiet);
    expect([ok, report]).to.deep.equal([true, { ...range, decisions: 2, plans: 1, difference: null }]);
  });

  it("AUDIT-6: names the first difference, in the decision or in the bytes alone", async () => {
    const good = throughJson(factsFor(observation()));
    const { data } = readDecision(good);
    if (data === null) throw new Error("the observation of the fixtures leads to a plan");
    const changes: readonly (readonly [Facts, ReplayDifference["what"]])[] = [
      [{ ...good, data: `${data.slice(0, -1)}${data.endsWith("0") ? "1" : "0"}` }, "data"],
      [{ ...good, config: { ...(good["config"] as object), sizeHeadroomBps: 1 } }, "decision"],
      [{ ...good, decision: { ...(good["decision"] as object), kind: "skip" } }, "decision"],
    ];
    for (const [facts, what] of changes) {
      const file = await written([
        { block: 100, facts: good },
        { block: 101, facts },
      ]);
      const { ok, report } = await replay(file, range, quiet);
      const difference = report["difference"] as ReplayDifference;
      expect([ok, difference.block, difference.what]).to.deep.equal([false, 101, what]);
      expect(difference.recorded).to.not.equal(difference.replayed);
      rmSync(file);
    }
  });

  it("is not content with nothing, and names a record that is none", async () => {
    const file = await written([{ block: 100, facts: factsFor(observation()) }]);
    expect((await replay(file, { fromBlock: 1, toBlock: 2 }, quiet)).ok).to.equal(false);
    expect(await codeOf(replay(path.join(folder, "none"), range, quiet))).to.equal("REPLAY_NO_RECORD");
    writeFileSync(file, '{"some":"json"}\n');
    expect(await codeOf(replay(file, range, quiet))).to.equal("REPLAY_MALFORMED");
    writeFileSync(file, '{"kind":"decision","block":100,"observation":{}}\n');
    expect(await codeOf(replay(file, range, quiet))).to.equal("REPLAY_MALFORMED");
    // Half a line, as a killed process leaves it.
    const half = `{"kind":"decision","blo\n${JSON.stringify({ kind: "decision", block: 100, ...throughJson(factsFor(observation())) })}\n`;
    writeFileSync(file, half);
    expect((await replay(file, range, quiet)).report).to.deep.include({ decisions: 1, plans: 1 });
  });
});
