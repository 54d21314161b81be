import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";
import fc from "fast-check";
import { id as hashOf, Wallet } from "ethers";

import { plain, type Fact } from "../../../keepers/kit/logger.js";
import { JsonlRecord } from "../../../keepers/kit/record.js";
import type { ReplayDifference } from "../../../keepers/kit/replay.js";
import { readReport, reportFacts } from "../../../keepers/price-reporter/recorded.js";
import { differenceOf, replay } from "../../../keepers/price-reporter/replay.js";
import { PriceReporter, signedBy, type Decided } from "../../../keepers/price-reporter/reporter.js";
import type { ReportInput } from "../../../keepers/price-reporter/types.js";
import { feedIdOf } from "../../../protocol/signedRound.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { codeOf } from "../../helpers/rejection.js";

const FEED = { description: "XAU / USD A", decimals: 8 };
const FEED_ID = feedIdOf(FEED);
const keys = ["one", "two"].map((name) => new Wallet(hashOf(name)));
const SETTINGS = {
  deviationWad: 5n * 10n ** 14n,
  heartbeatSeconds: 3_600n,
  minGapBlocks: 3n,
  minAnswer: 1_000n,
  maxAnswer: 10n ** 12n,
};

const anyInput: fc.Arbitrary<ReportInput> = fc
  .record({
    outsideAnswer: fc.bigInt(0n, 11n * 10n ** 11n),
    observedAt: fc.bigInt(4_000n, 9_500n),
    last: fc.option(
      fc.record({
        roundId: fc.bigInt(1n, 1_000_000n),
        answer: fc.bigInt(1_000n, 10n ** 12n),
        observedAt: fc.bigInt(0n, 6_000n),
        arrivedInBlock: fc.bigInt(0n, 100n),
      }),
      { nil: undefined },
    ),
  })
  .map(({ outsideAnswer, observedAt, last }) => ({
    ...{ outsideAnswer, observedAt, settings: SETTINGS },
    chain: { last, blockNumber: 100n, blockTimestamp: 9_000n },
  }));

/** What the reporter itself decides of it, with real signatures, as it is written down. */
async function decided(input: ReportInput): Promise<Record<string, Fact>> {
  const seen: Decided[] = [];
  const target = {
    ...{ name: "chain", settings: input.settings },
    readState: () => Promise.resolve(input.chain),
    send: () => Promise.resolve("0x"),
  };
  const reporter = new PriceReporter(FEED, signedBy(keys), [target], (entry) => seen.push(entry));
  await reporter.tick(input.outsideAnswer, input.observedAt);
  expect(seen).to.have.length(1);
  const [only] = seen;
  if (only === undefined) throw new Error("one decision");
  return JSON.parse(JSON.stringify(plain(reportFacts(FEED.description, FEED_ID, only)))) as Record<string, Fact>;
}

const DUE: ReportInput = {
  ...{ outsideAnswer: 240_000_000_000n, observedAt: 8_000n, settings: SETTINGS },
  chain: {
    last: { roundId: 7n, answer: 230_000_000_000n, observedAt: 7_000n, arrivedInBlock: 50n },
    ...{ blockNumber: 100n, blockTimestamp: 9_000n },
  },
};
const RANGE = { fromBlock: 90, toBlock: 110 };

describe("keepers/price-reporter/replay", () => {
  it("AUDIT-5: whatever was seen, the record of it leads to the same round and the same bytes", async () => {
    let rounds = 0;
    await fc.assert(
      fc.asyncProperty(anyInput, async (input) => {
        const recorded = readReport(await decided(input));
        if (recorded.data !== null) rounds += 1;
        expect(recorded.input).to.deep.equal(input);
        expect(differenceOf(100, recorded)).to.equal(undefined);
      }),
      { numRuns: 60, seed: 7 },
    );
    expect(rounds).to.be.greaterThan(5);
  });

  it("AUDIT-6: names the first difference in a record: in the decision, the round, its signatures or the bytes", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "cantilever-replay-"));
    try {
      const good = await decided(DUE);
      const run = async (facts: Record<string, Fact>) => {
        const file = path.join(folder, "record.jsonl");
        const record = new JsonlRecord(file, capturedLog().log);
        record.write({ kind: "decision", block: 100, facts: good });
        record.write({ kind: "decision", block: 101, facts });
        await record.close();
        const result = await replay(file, RANGE, () => undefined).finally(() => {
          rmSync(file);
        });
        return [result.ok, result.report["plans"], (result.report["difference"] as ReplayDifference | null)?.what];
      };
      expect(await run(good)).to.deep.equal([true, 2, undefined]);
      const input = good["input"] as Record<string, Fact>;
      const decision = good["decision"] as Record<string, Fact>;
      const { data } = readReport(good);
      if (data === null) throw new Error("a round is due");
      const [first, second] = good["signatures"] as Record<string, Fact>[];
      const changes: readonly (readonly [Record<string, Fact>, string])[] = [
        [{ input: { ...input, outsideAnswer: "230000000001" } }, "decision"],
        [{ decision: { ...decision, cause: "heartbeat" } }, "decision"],
        [{ roundId: "9" }, "data"], // signed was round 8
        [{ roundId: "7" }, "data"],
        [{ signatures: [{ ...first, signature: second?.["signature"] }, second] as Fact }, "data"],
        [{ data: `${data.slice(0, -1)}${data.endsWith("0") ? "1" : "0"}` }, "data"],
      ];
      for (const [change, what] of changes) {
        expect((await run({ ...good, ...change })).slice(-1), JSON.stringify(change)).to.deep.equal([what]);
      }
      expect(await codeOf(run({ ...good, input: {} }))).to.equal("REPLAY_MALFORMED");
      expect(await codeOf(replay(path.join(folder, "none"), RANGE, () => undefined))).to.equal("REPLAY_NO_RECORD");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
