import { expect } from "chai";

import { runCrashes } from "../../scripts/bench/crash/run.js";
import { withCrashServer } from "../../scripts/bench/crash/server.js";
import { SolanaCrashChain } from "../../scripts/bench/crash/solana/chain.js";
import { FAULT_POINTS } from "../../keepers/kit/outbox/faultPoints.js";

/** Every fault point once and some other deaths; `npm run bench -- crash --chain solana` is the long version. */
const KILLS = 20;

describe("a Solana keeper that is killed", function () {
  this.timeout(240_000);

  it("does every effect once, as the chain counts them", async () => {
    const report = await withCrashServer((server) =>
      runCrashes(server, {
        kills: KILLS,
        seed: 7,
        leaseMs: 400,
        start: (rng) => SolanaCrashChain.start(rng),
        say: () => undefined,
      }),
    );
    const { lost, duplicates, wrongClaims, intents, executed, cancelled } = report;
    expect({ lost, duplicates, wrongClaims }).to.deep.equal({ lost: 0, duplicates: 0, wrongClaims: 0 });
    expect(executed + cancelled).to.equal(intents);
    expect(executed).to.be.above(KILLS);
    // Most of them died where they were told to, and the faults were there.
    const places = Object.keys(report.killsBy).filter((place) => (FAULT_POINTS as readonly string[]).includes(place));
    expect(places.length).to.be.above(FAULT_POINTS.length / 2);
    for (const faults of [report.lostReplies, report.forgotten, report.bumps]) expect(faults).to.be.above(0);
  });
});
