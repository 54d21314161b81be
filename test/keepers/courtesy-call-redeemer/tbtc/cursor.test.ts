import { expect } from "chai";

import {
  backTo,
  freshCursor,
  readCursor,
  withAnchor,
  type TbtcCursor,
} from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/cursor.js";

const START = {
  system: `0x${"AB".repeat(20)}`,
  minBlock: 100,
  factories: [`0x${"CD".repeat(20)}`],
};
const hashOf = (block: number): string => `0x${block.toString(16).padStart(64, "0")}`;

describe("courtesy-call-redeemer, cursor of tBTC v1", () => {
  it("keeps few anchors, however long it has gone on, and one near every place to go back to", () => {
    let cursor: TbtcCursor = freshCursor(START);
    for (let block = 100; block < 20_000; block += 1) cursor = withAnchor(cursor, block, hashOf(block));
    expect(cursor.anchors.length).to.be.lessThan(40);
    expect(cursor.next).to.equal(20_000);
    let checked = 0;
    for (let depth = 1; depth < 10_000; depth = Math.ceil(depth * 1.3)) {
      const place = cursor.anchors.find(({ number }) => number <= 19_999 - depth);
      expect(place === undefined ? Infinity : 19_999 - place.number, `depth ${String(depth)}`).to.be.lessThan(
        4 * depth + 2,
      );
      checked += 1;
    }
    expect(checked).to.be.greaterThan(20);
  });

  it("goes back to what it knew at an anchor, factories that were learned later excepted", () => {
    const first = withAnchor({ ...freshCursor(START), compared: 104 }, 110, hashOf(110));
    const learned = { address: `0x${"ef".repeat(20)}`, verified: 7 };
    const later = withAnchor({ ...first, factories: [...first.factories, learned], compared: 110 }, 120, hashOf(120));
    const anchor = later.anchors.find(({ number }) => number === 110);
    if (anchor === undefined) throw new Error("an anchor at 110");
    expect(backTo(later, anchor)).to.deep.equal(first);
  });

  it("is read as it was written, and not at all for another look", () => {
    const cursor = withAnchor(freshCursor(START), 110, hashOf(110));
    const stored: unknown = JSON.parse(JSON.stringify(cursor));
    expect(readCursor(stored, START)).to.deep.equal(cursor);
    expect(readCursor(stored, { ...START, minBlock: 99 })).to.equal(undefined);
    expect(readCursor(stored, { ...START, factories: [`0x${"ef".repeat(20)}`] })).to.equal(undefined);
    expect(readCursor(undefined, START)).to.equal(undefined);
  });
});
