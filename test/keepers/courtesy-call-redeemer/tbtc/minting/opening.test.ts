import { expect } from "chai";

import {
  broughtBy,
  decideOpening,
  type OpeningFacts,
  type OpeningPolicy,
} from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/opening.js";
import { WAD } from "../../fixtures.js";

const LOTS_SAT = [100_000_000n, 1_000_000n, 10_000_000n, 50_000_000n];
const coin = (index: number, amountSat: bigint) => ({ txid: "aa".repeat(32), index, amountSat, raw: "00" });

const FACTS: OpeningFacts = {
  ...{ lotsSat: LOTS_SAT, mintableSat: new Set(LOTS_SAT), creationFeeWei: WAD / 1_000n },
  ...{ tokenUnits: 0n, nativeWei: 10n * WAD, openLotsSat: [], usedCoins: new Set<string>(), unfundedSat: 0n },
  ...{ committedSat: 0n, relay: { currentDifficulty: 5n, previousDifficulty: 4n } },
  purse: { kind: "known", coins: [coin(0, 300_000_000n)], tipDifficulty: 5n, nextBlockSatPerKvb: 1_000n },
};
const POLICY: OpeningPolicy = {
  ...{ targetUnits: WAD, maxOpen: 2, maxSatPerDay: 200_000_000n, maxCreationFeeWei: WAD / 100n },
  ...{ maxBitcoinFeeSat: 50_000n, reserveWei: WAD, gasWei: WAD },
};

function opened(facts: Partial<OpeningFacts>, policy: Partial<OpeningPolicy> = {}): string {
  const found = decideOpening({ ...FACTS, ...facts }, { ...POLICY, ...policy });
  return "skip" in found ? found.skip : found.lotsSat.join();
}

describe("minting: which lot is opened", () => {
  it("MINT-8 the smallest lot that brings what is missing after the signers' fee, then smaller ones; of what is under way nothing twice", () => {
    expect(broughtBy(10_000_000n)).to.equal(WAD / 10n - WAD / 20_000n);
    const all = "100000000,50000000,10000000,1000000";
    expect(opened({})).to.equal(all);
    // A lot of one brings less than one: of 0.9995 missing it is enough, of one more wei it is the largest there is all the same.
    expect(opened({ tokenUnits: WAD / 2_000n })).to.equal(all);
    expect(opened({ tokenUnits: WAD - broughtBy(10_000_000n) })).to.equal("10000000,1000000");
    expect(opened({ tokenUnits: WAD - broughtBy(10_000_000n) - 1n })).to.equal("50000000,10000000,1000000");
    expect(opened({ tokenUnits: WAD - 1n })).to.equal("1000000");
    expect(opened({ tokenUnits: WAD })).to.equal("target-met");
    expect(opened({ openLotsSat: [100_000_000n], tokenUnits: WAD / 2_000n })).to.equal("target-met");
    expect(opened({ openLotsSat: [50_000_000n] })).to.equal(all);
  });

  it("MINT-9 limits of number, day, fee, gas, coins, supply and relay each stop it by name, and it is off by default", () => {
    expect(opened({}, { targetUnits: 0n })).to.equal("off");
    expect(opened({ openLotsSat: [1_000_000n, 1_000_000n] })).to.equal("max-open");
    expect(opened({ committedSat: 100_000_000n })).to.equal("100000000,50000000,10000000,1000000");
    expect(opened({ committedSat: 100_000_001n })).to.equal("50000000,10000000,1000000");
    expect(opened({ committedSat: 199_000_001n })).to.equal("day-limit");
    expect(opened({ creationFeeWei: WAD / 100n + 1n })).to.equal("creation-fee");
    expect(opened({ nativeWei: 2n * WAD + WAD / 1_000n })).to.equal("100000000,50000000,10000000,1000000");
    expect(opened({ nativeWei: 2n * WAD + WAD / 1_000n - 1n })).to.equal("gas-short");
    expect(opened({ purse: { kind: "unknown" } })).to.equal("bitcoin-unknown");
    expect(opened({ relay: { currentDifficulty: 6n, previousDifficulty: 4n } })).to.equal("relay-behind");
    expect(opened({ mintableSat: new Set([1_000_000n]) })).to.equal("1000000");
    expect(opened({ mintableSat: new Set() })).to.equal("supply-cap");
    expect(opened({ lotsSat: [] })).to.equal("no-lots");
    const with2 = (a: bigint, b: bigint): OpeningFacts["purse"] => {
      return { kind: "known", coins: [coin(0, a), coin(1, b)], tipDifficulty: 5n, nextBlockSatPerKvb: 1_000n };
    };
    expect(opened({ purse: with2(50_000_000n, 50_050_000n) })).to.equal("100000000,50000000,10000000,1000000");
    expect(opened({ purse: with2(50_000_000n, 50_049_999n) })).to.equal("50000000,10000000,1000000");
    const used = new Set([`${"aa".repeat(32)}:1`]);
    expect(opened({ purse: with2(5_000_000n, 90_000_000n), usedCoins: used })).to.equal("1000000");
    expect(opened({ purse: with2(5_000_000n, 90_000_000n), unfundedSat: 94_000_000n })).to.equal("coins-short");
  });
});
