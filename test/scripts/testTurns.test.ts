import { expect } from "chai";

import { Turns } from "../../scripts/testTurns.js";

describe("Turns", () => {
  let shown: string;
  let turns: Turns;

  beforeEach(() => {
    shown = "";
    turns = new Turns((text) => {
      shown += text;
    });
  });

  it("shows the first at once, and the next when its turn comes", () => {
    const [first, second] = [turns.next(), turns.next()];
    second.show("b1 ");
    first.show("a1 ");
    expect(shown).to.equal("a1 ");
    first.show("a2 ");
    first.end();
    expect(shown).to.equal("a1 a2 b1 ");
    second.show("b2 ");
    expect(shown).to.equal("a1 a2 b1 b2 ");
  });

  it("shows nothing twice and loses nothing when the last ends first", () => {
    const [first, second, third] = [turns.next(), turns.next(), turns.next()];
    third.show("c ");
    third.end();
    second.show("b ");
    second.end();
    expect(shown).to.equal("");
    first.show("a ");
    first.end();
    expect(shown).to.equal("a b c ");
  });
});
