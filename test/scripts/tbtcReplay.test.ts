import { expect } from "chai";

import { parseEthBtc, type EthBtcRow } from "../../scripts/tbtc/replay/prices.js";
import type { ReplayReport } from "../../scripts/tbtc/replay/report.js";
import { runReplay } from "../../scripts/tbtc/replay/run.js";
import { usePostgres } from "../helpers/postgres.js";

const WAD = 10n ** 18n;
/** Five small deposits: the fifth stays with its user. */
const LOTS_SAT = [100_000_000n, 50_000_000n, 50_000_000n, 20_000_000n, 10_000_000n];
const START = 1_600_000_000;
const ROW_SECONDS = 900;
/** Down by a third within two and a half hours. */
const FALL = [
  "0.032",
  "0.0315",
  "0.0305",
  "0.029",
  "0.0278",
  "0.0266",
  "0.0255",
  "0.0245",
  "0.0232",
  "0.022",
  "0.0213",
];

function rowsOf(prices: readonly string[]): readonly EthBtcRow[] {
  const lines = prices.map((price, index) => `${String(START + index * ROW_SECONDS)},${price}`);
  return parseEthBtc("fall.csv", ["timestamp,eth_btc", ...lines].join("\n"));
}

describe("replay of a price history through the real tBTC v1", function () {
  this.timeout(300_000);
  const postgres = usePostgres();
  let first: ReplayReport;

  before(async () => {
    first = await replay(1);
  });

  async function replay(seed: number, change: { readonly walletUnits?: bigint; readonly mode?: string } = {}) {
    const { url: databaseUrl } = await postgres.testDatabase();
    const { walletUnits, mode } = change;
    return runReplay({
      ...{ rows: rowsOf(FALL), lotsSat: LOTS_SAT, seed, databaseUrl },
      ...(walletUnits === undefined ? {} : { walletUnits }),
      env: mode === undefined ? {} : { REDEEMER_MODE: mode },
      signal: new AbortController().signal,
    });
  }

  /** What holds of every report. */
  function checkSums(report: ReplayReport): void {
    const { keeps, fates, used } = report;
    expect(report.isWhole).to.equal(true);
    expect(Object.values(fates).reduce((sum, count) => sum + count, 0)).to.equal(keeps.length);
    for (const keep of keeps) {
      expect(keep.fate === "lost").to.equal(keep.lostWei > 0n);
      expect(keep.fateWithout === "lost").to.equal(keep.lostWithoutWei > 0n);
      expect(keep.fateWithout).to.not.equal("rescued");
    }
    const lost = keeps.reduce((sum, { lostWei }) => sum + lostWei, 0n);
    expect(report.endangeredWei - lost).to.equal(report.savedWei);
    const lots = keeps.filter(({ fate }) => fate === "rescued").reduce((sum, { lotSat }) => sum + lotSat, 0n);
    expect(used.tbtcUnits - used.tbtcFeeUnits).to.equal(lots * 10n ** 10n);
    expect(used.tbtcUnits <= report.wallet.tbtcUnits).to.equal(true);
    expect(used.etherWei > 0n).to.equal(used.transactions > 0);
  }

  it("REPLAY-4 with enough money it saves every own keep that would have been lost, in time, and says what it took", () => {
    const report = first;
    checkSums(report);
    expect(report.fates.lost).to.equal(0);
    expect(report.fates.rescued).to.be.greaterThan(1);
    const lostWithout = report.keeps.filter(({ fateWithout }) => fateWithout === "lost");
    expect(lostWithout.length).to.be.greaterThan(1);
    expect([report.savedBps, report.ofOmniscientBps]).to.deep.equal([10_000n, 10_000n]);
    expect(report.savedWei).to.equal(report.omniscientWei);
    // It calls by itself as soon as it may, and so is there long before the liquidation.
    expect((report.smallestMargin.aboveLiquidationBps ?? 0n) > 500n).to.equal(true);
    expect(report.used.tbtcFeeUnits).to.equal(0n);
    expect(report.used.bitcoinFeeSat > 0n).to.equal(true);
    expect(report.used.failed).to.equal(0);
  });

  it("REPLAY-5 one seed is one replay, to the last figure; another one is another", async () => {
    expect(await replay(1)).to.deep.equal(first);
    const other = await replay(2);
    checkSums(other);
    expect(other.keeps.map(({ lowestHealthBps }) => lowestHealthBps)).to.not.deep.equal(
      first.keeps.map(({ lowestHealthBps }) => lowestHealthBps),
    );
  });

  it("REPLAY-6 with too little it spends no more than there is, and says what was lost; a watching keeper saves nothing", async () => {
    const poor = await replay(1, { walletUnits: WAD / 2n });
    checkSums(poor);
    expect(poor.wallet.tbtcUnits).to.equal(WAD / 2n);
    expect(poor.fates.lost).to.be.greaterThan(0);
    expect(poor.fates.rescued).to.be.greaterThan(0);
    expect(poor.savedBps < 10_000n).to.equal(true);
    expect(poor.omniscientWei < poor.endangeredWei).to.equal(true);
    const watching = await replay(1, { mode: "watch" });
    checkSums(watching);
    expect(watching.used).to.deep.include({ tbtcUnits: 0n, etherWei: 0n, transactions: 0 });
    expect(watching.keeps.map(({ fate }) => fate)).to.deep.equal(watching.keeps.map(({ fateWithout }) => fateWithout));
    expect([watching.savedWei, watching.ofOmniscientBps]).to.deep.equal([0n, 0n]);
  });
});
