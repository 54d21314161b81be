import { expect } from "chai";

import { parseOperators } from "../../../keepers/courtesy-call-redeemer/strategies/modes.js";
import type { Stage } from "../../../keepers/courtesy-call-redeemer/types.js";
import { Watchlist } from "../../../keepers/courtesy-call-redeemer/watchlist.js";
import { Counters } from "../../../keepers/kit/counters.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { idOf, OPERATOR, readingOf } from "./fixtures.js";

const DEPTH = 32n;

describe("courtesy-call-redeemer: positions that are known", () => {
  async function listOf(count: number): Promise<Watchlist> {
    const positions = Array.from({ length: count }, (_, index) => readingOf(index + 1, 1n).position);
    const watchlist = new Watchlist({
      protocol: { discover: () => Promise.resolve({ positions, cursor: 1 }) },
      ...{ operators: parseOperators(OPERATOR, 0n), store: undefined, depth: DEPTH },
      ...{ counters: new Counters(), log: capturedLog().log },
    });
    await watchlist.discover();
    return watchlist;
  }

  async function known() {
    const watchlist = await listOf(1);
    /** One block at which it is looked at if it is watched. @returns whether it is. */
    const look = async (stage: Stage, block: bigint): Promise<boolean> => {
      const isWatched = watchlist.watched().some(({ id }) => id === idOf(1));
      await watchlist.see(isWatched ? [readingOf(1, 1n, { stage })] : [], block);
      return isWatched;
    };
    return { look };
  }

  it("TBTC-9 what is over is looked at until blocks enough lie on its end, and then no more", async () => {
    const { look } = await known();
    for (let block = 0n; block <= DEPTH; block += 1n) expect(await look("closed", block), String(block)).to.equal(true);
    for (let block = DEPTH + 1n; block < DEPTH + 100n; block += 1n) expect(await look("closed", block)).to.equal(false);
  });

  it("REDEEM-63 a node that says for a while that a position is over hides it for an hour of blocks and not for ever", async () => {
    const { look } = await known();
    let block = 0n;
    for (; block <= DEPTH; block += 1n) await look("closed", block);
    let hidden = 0;
    for (; !(await look("called", block)); block += 1n) hidden += 1;
    expect(hidden).to.be.within(1, 300);
    // Back for good.
    for (let more = 1n; more < 100n; more += 1n) expect(await look("called", block + more)).to.equal(true);
  });

  it("TBTC-9 of many that ended together a part is looked at again in each look, and every one in its turn", async () => {
    const many = 350;
    const watchlist = await listOf(many);
    const again = new Set<string>();
    for (let block = 0n; block < 600n; block += 1n) {
      const watched = watchlist.watched();
      if (block > DEPTH) {
        expect(watched.length, String(block)).to.be.at.most(100);
        for (const { id } of watched) again.add(id);
      }
      await watchlist.see(
        watched.map((position) => ({ ...readingOf(1, 1n, { stage: "closed" }), position })),
        block,
      );
    }
    expect(again.size).to.equal(many);
  });

  it("TBTC-9 what stays over is looked at once in a while", async () => {
    const { look } = await known();
    let looks = 0;
    for (let block = 0n; block < 3_000n; block += 1n) if (await look("closed", block)) looks += 1;
    expect(looks).to.be.within(Number(DEPTH) + 5, Number(DEPTH) + 12);
  });
});
