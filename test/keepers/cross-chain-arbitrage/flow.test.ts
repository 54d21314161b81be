import { expect } from "chai";

import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { Copies, BLOCK_MS, booked, holdings, openGap, startWorld, takeAllowances, type TwoChains } from "./world.js";

const AMOUNT = 300_000_000_000n;

describe("npm run keeper -- cross-chain-arbitrage, on two chains", function () {
  this.timeout(180_000);
  const postgres = usePostgres();
  let chains: TwoChains;
  let database: TestDatabase;
  let copies: Copies;
  let pristine: readonly [unknown, unknown];

  before(async () => {
    chains = await startWorld();
  });
  after(() => chains.close());
  beforeEach(async () => {
    pristine = [await chains.home.snapshot(), await chains.away.snapshot()];
    database = await postgres.testDatabase();
    copies = new Copies(chains, database);
    for (const chain of [chains.home, chains.away]) await chain.ask("evm_setIntervalMining", BLOCK_MS);
  });
  afterEach(async () => {
    await copies.end();
    for (const chain of [chains.home, chains.away]) {
      chain.proxy.fault = () => undefined;
      await chain.ask("evm_setIntervalMining", 0);
    }
    await chains.home.revert(pristine[0]);
    await chains.away.revert(pristine[1]);
  });

  const count = async (sql: string): Promise<number> =>
    Number((await database.database.query<{ count: bigint }>(`SELECT count(*) FROM ${sql}`))[0]?.count ?? -1n);

  it("ARB-17 a gap opens, both legs are sold, and the books are what the chains say, to the unit", async () => {
    for (const chain of [chains.home, chains.away]) await takeAllowances(chain);
    const before = await holdings(chains);
    copies.start();
    await openGap(chains.home, AMOUNT);
    await copies.until(async () => (await count("keeper_arbitrage_trade WHERE closed_at IS NOT NULL")) > 0);
    expect(await count("keeper_arbitrage_leg")).to.equal(2);
    const after = await holdings(chains);
    expect(after).to.deep.equal(await booked(database.database, chains, before));
    expect(after).not.to.deep.equal(before);
  });
});
