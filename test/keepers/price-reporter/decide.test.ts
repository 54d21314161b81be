import { expect } from "chai";

import { decideReport, decideTogether, nextRoundId } from "../../../keepers/price-reporter/decide.js";
import type { ReportInput } from "../../../keepers/price-reporter/types.js";

const LAST = { roundId: 4n, answer: 1_00000000n, observedAt: 1_000n, arrivedInBlock: 50n };
const SETTINGS = {
  deviationWad: 5n * 10n ** 14n,
  heartbeatSeconds: 3_600n,
  minGapBlocks: 3n,
  minAnswer: 50_000_000n,
  maxAnswer: 2_00000000n,
};

function input(outsideAnswer: bigint, change: Partial<ReportInput> = {}): ReportInput {
  return {
    outsideAnswer,
    observedAt: 1_100n,
    chain: { last: LAST, blockNumber: 100n, blockTimestamp: 1_100n },
    settings: SETTINGS,
    ...change,
  };
}

function reasonOf(decision: ReturnType<typeof decideReport>): string {
  return decision.kind === "skip" ? decision.reason : decision.cause;
}

describe("price-reporter › decideReport", () => {
  it("reports at exactly 5 bps and not one digit before, up and down", () => {
    expect(reasonOf(decideReport(input(1_00050000n)))).to.equal("deviation");
    expect(reasonOf(decideReport(input(1_00049999n)))).to.equal("inside-band");
    expect(reasonOf(decideReport(input(99_950_000n)))).to.equal("deviation");
    expect(reasonOf(decideReport(input(99_950_001n)))).to.equal("inside-band");
  });

  it("agrees with a floating-point rendering of the rule on a grid", () => {
    const seen = new Map<string, number>();
    for (let last = 60_000_000; last < 190_000_000; last += 7_654_321) {
      for (let bps = -12; bps <= 12; bps += 1) {
        const outside = Math.round(last * (1 + bps / 10_000));
        const chain = {
          last: { ...LAST, answer: BigInt(last) },
          blockNumber: 100n,
          blockTimestamp: 1_100n,
        };
        const distance = Math.abs(outside / last - 1);
        if (Math.abs(distance - 0.0005) < 1e-8) continue; // decided exactly by the test above
        const expected = distance > 0.0005 ? "deviation" : "inside-band";
        const got = reasonOf(decideReport(input(BigInt(outside), { chain })));
        expect(got).to.equal(expected);
        seen.set(got, (seen.get(got) ?? 0) + 1);
      }
    }
    expect(seen.get("deviation")).to.be.greaterThan(100);
    expect(seen.get("inside-band")).to.be.greaterThan(100);
  });

  it("reports on the heartbeat to the second", () => {
    const at = (observedAt: bigint) =>
      reasonOf(
        decideReport(
          input(LAST.answer, { observedAt, chain: { last: LAST, blockNumber: 100n, blockTimestamp: observedAt } }),
        ),
      );
    expect(at(LAST.observedAt + 3_599n)).to.equal("inside-band");
    expect(at(LAST.observedAt + 3_600n)).to.equal("heartbeat");
  });

  it("reports the first round at once", () => {
    const chain = { last: undefined, blockNumber: 0n, blockTimestamp: 1_100n };
    expect(reasonOf(decideReport(input(LAST.answer, { chain })))).to.equal("first");
  });

  it("holds a due round back while the feed would refuse it", () => {
    const due = 1_01000000n;
    const inBlock = (blockNumber: bigint) =>
      reasonOf(decideReport(input(due, { chain: { last: LAST, blockNumber, blockTimestamp: 1_100n } })));
    expect(inBlock(51n)).to.equal("min-gap"); // would arrive in 52, the feed accepts from 53
    expect(inBlock(52n)).to.equal("deviation");
    expect(reasonOf(decideReport(input(due, { observedAt: 1_101n })))).to.equal("clock");
    expect(reasonOf(decideReport(input(due, { observedAt: LAST.observedAt })))).to.equal("clock");
    expect(reasonOf(decideReport(input(2_00000001n)))).to.equal("outside-bounds");
    expect(reasonOf(decideReport(input(49_999_999n)))).to.equal("outside-bounds");
  });

  it("lets a chain inside its band take the round of another, and only such a chain", () => {
    const calm = input(LAST.answer + 1n);
    expect(reasonOf(decideTogether(calm, decideReport(calm)))).to.equal("together");
    const tooSoon = input(LAST.answer + 1n, { chain: { last: LAST, blockNumber: 51n, blockTimestamp: 1_100n } });
    expect(reasonOf(decideTogether(tooSoon, decideReport(tooSoon)))).to.equal("min-gap");
    const beyond = input(2_00000001n);
    expect(reasonOf(decideTogether(beyond, decideReport(beyond)))).to.equal("outside-bounds");
    const due = input(1_01000000n);
    expect(reasonOf(decideTogether(due, decideReport(due)))).to.equal("deviation");
  });

  it("numbers a round after the largest of any chain", () => {
    expect(nextRoundId([])).to.equal(1n);
    expect(nextRoundId([3n, 9n, 4n])).to.equal(10n);
  });
});
