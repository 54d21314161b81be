import { expect } from "chai";

import { CantileverError } from "../../protocol/errors.js";
import type { PoolState } from "../../scripts/sim/abi.js";
import { OBSERVED_TOPIC } from "../../scripts/sim/abi.js";
import { SimChain, type SimReceipt } from "../../scripts/sim/chain.js";
import { simulate } from "../../scripts/sim/engine.js";
import { SimKeeper } from "../../scripts/sim/keeper.js";
import { assertAgrees, stateAfter } from "../../scripts/sim/mirror.js";
import type { SimOptions } from "../../scripts/sim/options.js";
import { BlockEnds, isSustained, type TriggerConfig } from "../../scripts/sim/trigger.js";
import { worlds } from "./simWorlds.js";

const WAD = 10n ** 18n;
const BPS = 10n ** 14n;
const TRIGGER: TriggerConfig = { thresholdWad: BPS, fastThresholdWad: 8n * BPS, confirmations: 2, windowBlocks: 3 };
const SHORT: SimOptions = {
  hours: 0.1,
  volume: 10,
  seed: 1,
  flow: "regime",
  blockSeconds: 2,
  policy: "cantilever",
  profile: "target",
  pools: ["cUSDT/cUSDC"],
};

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof CantileverError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

/** Block-ends in hundredths of a basis point off the anchor, newest first. */
function sustained(...hundredths: bigint[]): boolean {
  return isSustained(
    hundredths.map((value) => WAD + (value * BPS) / 100n),
    TRIGGER,
  );
}

describe("what a simulation computes instead of asking", () => {
  const pool = "0x00000000000000000000000000000000000000a1";
  const trader = "0x00000000000000000000000000000000000000b2";
  const state: PoolState = {
    ratioWad: WAD,
    anchorNew: WAD,
    anchorPrevious: WAD,
    baseReserve: 10n ** 12n,
    quoteReserve: 10n ** 12n,
    baseTarget: 10n ** 12n,
    quoteTarget: 10n ** 12n,
    rState: 0,
    recordedRatioWad: WAD,
  };
  const curve = { k: 3n * 10n ** 15n, lpFeeRate: 5n * BPS, mtFeeRate: 0n };

  it("knows no state behind a trade that the contract would refuse", () => {
    const trade = { pool, sellBase: true, trader };
    expect(stateAfter(state, [{ ...trade, amountIn: 0n }], curve)).to.equal(undefined);
    expect(stateAfter(state, [{ ...trade, amountIn: 10n ** 9n }], curve)?.rState).to.equal(2);
  });

  it("takes any difference for an error", async () => {
    expect(
      await codeOf(() => {
        assertAgrees("p", 1, state, { ...state });
      }),
    ).to.equal("nothing thrown");
    for (const key of Object.keys(state) as (keyof PoolState)[]) {
      const told = { ...state, [key]: key === "rState" ? 1 : 7n };
      expect(
        await codeOf(() => {
          assertAgrees("p", 1, state, told);
        }),
        key,
      ).to.equal("SIM_MIRROR_DISAGREES");
    }
  });

  it("STAB-14 finds the trigger's edges: strictly outside, one side, average and fast rule", () => {
    expect(sustained(101n, 101n, 101n, 101n)).to.equal(true);
    expect(sustained(100n, 101n, 101n, 101n)).to.equal(false);
    expect(sustained(101n, -101n, 101n, 101n)).to.equal(false);
    expect(sustained(-101n, -101n, -101n, -101n)).to.equal(true);
    // Averages of three: (110 + 110 + 80) / 3 is outside by the sum of 300 only when it exceeds it.
    expect(sustained(110n, 110n, 80n, 110n)).to.equal(false);
    expect(sustained(110n, 111n, 80n, 110n)).to.equal(true);
    expect(sustained(801n, 801n, 0n, 0n)).to.equal(true);
    // Each of the last two blocks needs its average outside: 101 + 200 + 0 is, 101 + 199 + 0 is not.
    expect(sustained(801n, 101n, 200n, 0n)).to.equal(true);
    expect(sustained(801n, 101n, 199n, 0n)).to.equal(false);
  });

  it("STAB-14 counts quiet blocks as block-ends", () => {
    const ends = new BlockEnds(TRIGGER, WAD);
    const outside = WAD + 2n * BPS;
    expect([1, 2, 3, 4].map((count) => ends.isSustainedAfter(outside, count))).to.deep.equal([
      false,
      false,
      true,
      true,
    ]);
    ends.add(outside, 1000);
    expect(ends.isSustained).to.equal(true);
    ends.add(WAD, 1);
    expect(ends.isSustained).to.equal(false);
  });

  describe("against the chain", () => {
    it("ends when the chain tells another state", async () => {
      const method = Object.getOwnPropertyDescriptor(SimChain.prototype, "receipt");
      const receipt = method?.value as (this: SimChain, hash: string) => Promise<SimReceipt>;
      SimChain.prototype.receipt = async function (hash: string): Promise<SimReceipt> {
        const seen = await receipt.call(this, hash);
        // The last word of a report is the recorded ratio: one digit of it is changed.
        const logs = seen.logs.map((log) =>
          log.topics[0] === OBSERVED_TOPIC && log.data.length > 200
            ? { ...log, data: log.data.slice(0, -1) + (log.data.endsWith("7") ? "8" : "7") }
            : log,
        );
        return { ...seen, logs };
      };
      try {
        expect(await codeOf(() => simulate(SHORT, undefined, undefined, worlds))).to.equal("SIM_MIRROR_DISAGREES");
      } finally {
        SimChain.prototype.receipt = receipt;
      }
    });

    it("ends when the keeper wants to act and the trigger says no", async () => {
      const orders = Object.getOwnPropertyDescriptor(SimKeeper.prototype, "hasOrders");
      Object.defineProperty(SimKeeper.prototype, "hasOrders", { configurable: true, get: () => true });
      try {
        const options = { ...SHORT, hours: 0.5, volume: 20 };
        const code = await codeOf(() => simulate(options, undefined, undefined, worlds));
        expect(code).to.equal("SIM_TRIGGER_DISAGREES");
      } finally {
        if (orders !== undefined) Object.defineProperty(SimKeeper.prototype, "hasOrders", orders);
      }
    });
  });
});
