import { expect } from "chai";

import { renderReport, type ReportData } from "../../scripts/report/html.js";
import { envelope, ticks } from "../../scripts/report/svg.js";
import { Series } from "../../scripts/stats/distribution.js";

function sample(): ReportData {
  const deviationBps = new Series();
  for (let block = 0; block < 5000; block++) deviationBps.push(Math.sin(block / 300));
  deviationBps.push(42.5);
  return {
    title: `24 h <b>"at" 5×</b>`,
    command: "npm run sim -- --hours 24",
    hours: 24,
    bandBps: 10,
    pools: [{ name: "cUSDT/cUSDC", deviationBps, thresholdBps: 0.9, executionHours: [1, 2, 3] }],
    inventoryAtOracle: [
      [0, 0],
      [24, 0.01],
    ],
    inventoryAtMarket: [],
    capitalUsed: [[0, 0]],
    figures: [["seed", "1"]],
    poolTable: [
      ["pool", "in band"],
      ["cUSDT/cUSDC", "100 %"],
    ],
  };
}

describe("HTML report", () => {
  it("needs nothing from outside and runs no script", () => {
    const page = renderReport(sample());
    expect(page).to.not.match(/<script|<link|@import|url\(/);
    expect(page.match(/(?:src|href)=/g)).to.equal(null);
    const addresses = page.match(/https?:\/\/[^"' <]+/g) ?? [];
    expect(new Set(addresses)).to.deep.equal(new Set(["http://www.w3.org/2000/svg"]));
  });

  it("escapes what it is given", () => {
    const page = renderReport(sample());
    expect(page).to.not.contain("<b>");
    expect(page).to.contain("24 h &lt;b&gt;&quot;at&quot; 5×&lt;/b&gt;");
  });

  it("draws every coordinate as a number, whatever the series", () => {
    for (const page of [renderReport(sample()), renderReport({ ...sample(), pools: [], capitalUsed: [] })]) {
      expect(page).to.not.match(/NaN|Infinity|undefined/);
    }
  });

  it("keeps an extreme of a single block visible", () => {
    const values = Array.from({ length: 100_000 }, () => 0);
    values[54_321] = 9;
    const columns = envelope(values, 800);
    expect(columns.length).to.equal(800);
    expect(Math.max(...columns.map((column) => column.high))).to.equal(9);
    expect(columns.filter((column) => column.high === 9)).to.have.length(1);
  });

  it("covers every value of a series exactly once", () => {
    for (const length of [1, 7, 799, 800, 801, 5000]) {
      const values = Array.from({ length }, (_, index) => index);
      const columns = envelope(values, 800);
      expect(columns[0]?.low).to.equal(0);
      expect(columns.at(-1)?.high).to.equal(length - 1);
      columns.slice(1).forEach((column, index) => {
        expect(column.low).to.equal((columns[index]?.high ?? NaN) + 1);
      });
    }
  });

  it("puts ticks on round numbers inside the range", () => {
    expect(ticks([0, 24], 12)).to.deep.equal([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]);
    expect(ticks([-11, 11], 5)).to.deep.equal([-10, -5, 0, 5, 10]);
    expect(ticks([3, 3])).to.deep.equal([3]);
  });
});
