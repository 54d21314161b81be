import { expect } from "chai";
import { id, SigningKey } from "ethers";

import {
  broughtBy,
  decideOpening,
  type OpeningFacts,
  type OpeningPolicy,
} from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/opening.js";
import { chooseCoins } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/funding.js";
import { keyScript } from "../../../../../scripts/tbtc/bitcoin.js";
import { WAD } from "../../fixtures.js";

const SCRIPT = keyScript(new SigningKey(id("wallet")));
const LOTS_SAT = [100_000_000n, 1_000_000n, 10_000_000n, 50_000_000n];
const coin = (index: number, amountSat: bigint) => ({ txid: "aa".repeat(32), index, amountSat, raw: "00" });

const FACTS: OpeningFacts = {
  ...{ lotsSat: LOTS_SAT, mintableSat: new Set(LOTS_SAT), creationFeeWei: WAD / 1_000n },
  ...{ tokenUnits: 0n, nativeWei: 10n * WAD, openLotsSat: [], usedCoins: new Set<string>(), unfundedLotsSat: [] },
  ...{ committedSat: 0n, failedToday: 0n, relay: { currentDifficulty: 5n, previousDifficulty: 4n } },
  purse: { kind: "known", coins: [coin(0, 300_000_000n)], tipDifficulty: 5n, nextBlockSatPerKvb: 1_000n },
};
const POLICY: OpeningPolicy = {
  ...{ targetUnits: WAD, maxOpen: 2, maxSatPerDay: 200_000_000n, maxCreationFeeWei: WAD / 100n },
  ...{ reserveWei: WAD, gasWei: WAD, script: SCRIPT, fees: { rateMultipleBps: 20_000n, maxFeeSat: 50_000n } },
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
    const two = [coin(0, 90_000_000n), coin(1, 90_000_000n)];
    const chosen = chooseCoins(two, 100_000_000n, 22, SCRIPT, 1_000n, POLICY.fees);
    const feeSat = chosen.ok ? chosen.feeSat : 0n;
    expect(opened({ purse: with2(50_000_000n, 50_000_000n + feeSat) })).to.equal("100000000,50000000,10000000,1000000");
    expect(opened({ purse: with2(50_000_000n, 50_000_000n + feeSat - 1n) })).to.equal("50000000,10000000,1000000");
    const used = new Set([`${"aa".repeat(32)}:1`]);
    expect(opened({ purse: with2(5_000_000n, 90_000_000n), usedCoins: used })).to.equal("1000000");
    // The larger coin is another's, and of the rest of it nothing is there yet.
    expect(opened({ purse: with2(5_000_000n, 90_000_000n), unfundedLotsSat: [10_000_000n] })).to.equal("1000000");
    expect(opened({ purse: with2(5_000_000n, 900_000n), unfundedLotsSat: [1_000_000n] })).to.equal("coins-short");
    expect(opened({ purse: with2(500_000n, 90_000n), unfundedLotsSat: [1_000_000n] })).to.equal("coins-short");
  });

  it("MINT-24 nothing is opened that one payment could not pay for now, or that has just failed", () => {
    const purse = (count: number, nextBlockSatPerKvb: bigint | undefined): OpeningFacts["purse"] => ({
      kind: "known",
      coins: Array.from({ length: count }, (_, index) => coin(index, 1_000_000n)),
      tipDifficulty: 5n,
      nextBlockSatPerKvb,
    });
    // A whole bitcoin, of which a payment takes twenty coins.
    expect(opened({ purse: purse(100, 1_000n) })).to.equal("10000000,1000000");
    expect(opened({ purse: purse(100, 200_000n) })).to.equal("fee-ceiling");
    expect(opened({ purse: purse(100, undefined) })).to.equal("fee-unknown");
    expect(opened({ purse: purse(1, 1_000n) })).to.equal("coins-short");
    expect(opened({ failedToday: 1n })).to.equal("failed-lately");
  });
});
