import { expect } from "chai";

import type { AaveCursor } from "../../../../keepers/courtesy-call-redeemer/adapters/aave/discovery.js";
import { createAaveChain, type AaveChain } from "../../../helpers/aaveChain.js";

describe("courtesy-call-redeemer: finds borrowers of Aave v3", () => {
  let site: AaveChain;

  before(async () => {
    site = await createAaveChain();
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  async function borrow(index: number): Promise<string> {
    const { scenario, units, roles } = site;
    const borrower = roles.borrowers[index] ?? "";
    await scenario.supply("WETH", borrower, units("WETH", 1n));
    await scenario.borrow("USDC", borrower, units("USDC", 100n));
    return borrower;
  }

  /** Ids found from a cursor on; in as many steps as it takes. */
  async function found(cursor: AaveCursor | undefined, logRange = 1_000, own: readonly string[] = []) {
    const ids: string[] = [];
    let at = cursor;
    for (let step = 0; step < 20; step += 1) {
      const { positions, cursor: next, more } = await site.rescue(own, { logRange }).discover(at);
      ids.push(...positions.map(({ id }) => id));
      // Kept as text between two runs.
      at = JSON.parse(JSON.stringify(next)) as AaveCursor;
      if (more !== true) break;
    }
    return { ids, cursor: at };
  }

  it("AAVE-13 finds every borrower once, whoever sent the transaction, in any number of steps", async () => {
    const [one, two] = [await borrow(0), await borrow(1)];
    await borrow(0);
    for (const logRange of [1_000, 7, 3]) expect((await found(undefined, logRange)).ids).to.deep.equal([one, two]);
    const { cursor } = await found(undefined);
    expect((await found(cursor)).ids).to.deep.equal([]);
    const three = await borrow(2);
    expect((await found(cursor)).ids).to.deep.equal([three]);
  });

  it("AAVE-13 own accounts are looked at whatever the logs say", async () => {
    const [own = ""] = site.roles.borrowers;
    const { ids, cursor } = await found(undefined, 1_000, [own]);
    expect(ids).to.deep.equal([own]);
    expect((await found(cursor, 1_000, [own])).ids).to.deep.equal([]);
  });

  it("AAVE-13 after a reorganisation it reads on behind the newest block that still stands", async () => {
    const one = await borrow(0);
    const { cursor: early } = await found(undefined);
    await site.keep();
    const gone = await borrow(1);
    await site.chain.mine(3);
    const { ids, cursor } = await found(early);
    expect(ids).to.deep.equal([gone]);
    await site.giveBack();
    // Another branch, in which another account borrows at the same height.
    const instead = await borrow(2);
    await site.chain.mine(5);
    expect((await found(cursor)).ids).to.deep.equal([instead]);

    const rescue = site.rescue([]);
    const readings = await rescue.read(
      [one, gone, instead].map((id) => ({ id, operators: [id], sizeUnits: 0n })),
      await site.block(),
    );
    expect(readings.map(({ stage }) => stage)).to.deep.equal(["open", "closed", "open"]);
  });

  it("AAVE-13 keeps few checkpoints of a long way, and finds back when all of them are gone", async () => {
    const one = await borrow(0);
    let cursor: AaveCursor | undefined;
    for (let look = 0; look < 40; look += 1) {
      await site.chain.mine(1);
      cursor = (await site.rescue([]).discover(cursor)).cursor;
    }
    expect(cursor?.checkpoints.length).to.be.lessThan(10);
    const foreign = {
      checkpoints: (cursor?.checkpoints ?? []).map((each) => ({ ...each, hash: `0x${"00".repeat(32)}` })),
    };
    expect((await found(foreign)).ids).to.deep.equal([one]);
  });
});
