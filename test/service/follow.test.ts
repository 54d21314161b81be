import { expect } from "chai";

import { PermanentError, RetryableError } from "../../protocol/errors.js";
import { follow, usualRescans, type FollowOptions } from "../../service/indexer/follow.js";
import type { Rescan, Step } from "../../service/indexer/indexer.js";
import { codeOf } from "../helpers/rejection.js";

const STEP: Step = {
  ...{ kind: "caught-up", nextBlock: 1_000n, head: 999n, blocks: 0, logs: 0, unwound: 0, recovered: 0 },
  finality: "settled",
};

describe("#follow", () => {
  let stop: AbortController;

  beforeEach(() => {
    stop = new AbortController();
  });

  const run = (
    step: () => Promise<Step>,
    rescan: (from: bigint, to: bigint) => Promise<Rescan>,
    own: Partial<FollowOptions> = {},
  ): Promise<void> => follow({ indexer: { step, rescan }, pollMs: 1, rescans: [], signal: stop.signal, ...own });
  const nothing = (): Promise<Rescan> => Promise.resolve({ blocks: 0, recovered: 0, disputed: 0 });

  it("reads every block of the trailing window again, and goes on following meanwhile", async () => {
    const pieces: [bigint, bigint][] = [];
    let steps = 0;
    const stepsDuringRescan: number[] = [];
    const rescan = async (from: bigint, to: bigint): Promise<Rescan> => {
      const before = steps;
      while (steps === before) await new Promise((resolve) => setTimeout(resolve, 1));
      stepsDuringRescan.push(steps - before);
      pieces.push([from, to]);
      return { blocks: Number(to - from) + 1, recovered: 1, disputed: 0 };
    };
    const totals: Rescan[] = [];
    await run(
      () => {
        steps += 1;
        return Promise.resolve(STEP);
      },
      rescan,
      {
        rescans: [{ blocks: 250n, everyMs: 60_000 }],
        onRescan: (total) => {
          totals.push(total);
          stop.abort();
        },
      },
    );
    expect(pieces).to.deep.equal([
      [750n, 849n],
      [850n, 949n],
      [950n, 999n],
    ]);
    expect(totals).to.deep.equal([{ blocks: 250, recovered: 3, disputed: 0 }]);
    expect(Math.min(...stepsDuringRescan)).to.be.greaterThan(0);
  });

  it("does not wait while there is something to do", async () => {
    let steps = 0;
    await run(
      () => {
        steps += 1;
        if (steps === 5) stop.abort();
        return Promise.resolve({ ...STEP, kind: "advanced" });
      },
      nothing,
      { pollMs: 3_600_000 },
    );
    expect(steps).to.equal(5);
  });

  it("tries again what can pass, and a failing re-scan does not stop the loop", async () => {
    const failures: string[] = [];
    let steps = 0;
    const step = (): Promise<Step> => {
      steps += 1;
      if (steps === 2) return Promise.reject(new RetryableError("SOURCE_UNREACHABLE", "no"));
      if (steps > 4 && failures.includes("RECEIPTS_UNAVAILABLE")) stop.abort();
      return Promise.resolve(STEP);
    };
    await run(step, () => Promise.reject(new RetryableError("RECEIPTS_UNAVAILABLE", "no")), {
      rescans: [{ blocks: 5n, everyMs: 1 }],
      onFailure: ({ code }) => failures.push(code),
    });
    expect(failures).to.include.members(["SOURCE_UNREACHABLE", "RECEIPTS_UNAVAILABLE"]);
  });

  it("ends all loops when one meets what cannot pass", async () => {
    let steps = 0;
    const step = (): Promise<Step> => {
      steps += 1;
      return steps < 3 ? Promise.resolve(STEP) : Promise.reject(new PermanentError("FINALITY_BROKEN", "no"));
    };
    const rescans = [{ blocks: 5n, everyMs: 3_600_000 }];
    expect(await codeOf(run(step, nothing, { rescans }))).to.equal("FINALITY_BROKEN");
  });

  it("looks at the last two days once a day", () => {
    expect(usualRescans(2)).to.deep.equal([
      { blocks: 100n, everyMs: 60_000 },
      { blocks: 86_400n, everyMs: 86_400_000 },
    ]);
  });
});
