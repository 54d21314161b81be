import { expect } from "chai";

import { NamedAccounts } from "../../../../keepers/courtesy-call-redeemer/adapters/aave/accounts.js";
import { Watchlist } from "../../../../keepers/courtesy-call-redeemer/watchlist.js";
import { Counters } from "../../../../keepers/kit/counters.js";
import { RetryableError } from "../../../../protocol/errors.js";
import { createAaveChain, type AaveChain } from "../../../helpers/aaveChain.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { rejection } from "../../../helpers/rejection.js";

describe("courtesy-call-redeemer: named accounts of Aave v3", () => {
  let site: AaveChain;
  let own: readonly string[];

  before(async () => {
    site = await createAaveChain();
    own = site.roles.borrowers.slice(0, 3);
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  /** Looks as a keeper does: each look with the cursor of the one before. */
  function looks(cursor: unknown = undefined, client = site.client()) {
    const accounts = new NamedAccounts(client, site.market.pool, new Set(own), site.rescue(own));
    const state = { cursor };
    return {
      accounts,
      state,
      told: async (): Promise<readonly string[]> => {
        const found = await accounts.discover(state.cursor);
        state.cursor = JSON.parse(JSON.stringify(found.cursor)) as unknown;
        return found.positions.map(({ id }) => id);
      },
    };
  }

  it("AAVE-23 tells all of them once, and again whoever borrows after owing nothing", async () => {
    const { scenario, units } = site;
    const [first = "", second = "", third = ""] = own;
    for (const account of [first, second]) await scenario.supply("WETH", account, units("WETH", 1n));
    await scenario.borrow("USDC", first, units("USDC", 100n));
    const { told, state } = looks();
    expect(await told()).to.deep.equal(own);
    expect(await told()).to.deep.equal([]);
    await scenario.borrow("DAI", second, units("DAI", 100n));
    // What could not be stored is told again: the cursor says what was.
    const unstored = looks(state.cursor);
    expect([await unstored.told(), await told(), await told()]).to.deep.equal([[second], [second], []]);
    await scenario.give("USDC", first, units("USDC", 1n));
    await scenario.repay("USDC", first, units("USDC", 101n), first);
    expect(await told()).to.deep.equal([]);
    await scenario.borrow("WBTC", first, 1_000n);
    expect(await told()).to.deep.equal([first]);
    // The next process goes on where this one was; an account that was not named before is new to it.
    expect(await looks(state.cursor).told()).to.deep.equal([]);
    expect(await looks({ owing: [first], clear: [second] }).told()).to.deep.equal([second, third]);
    expect(await looks({ checkpoints: [] }).told()).to.deep.equal(own);
  });

  it("AAVE-23 is watched again once it borrows, after it was over for good", async () => {
    const { scenario, units } = site;
    const [first = ""] = own;
    const { accounts } = looks();
    const captured = capturedLog();
    const watchlist = new Watchlist({
      protocol: accounts,
      operators: { kind: "own", addresses: new Set(own) },
      store: undefined,
      depth: 1n,
      counters: new Counters(),
      log: captured.log,
    });
    for (const number of [10n, 12n]) {
      await watchlist.discover();
      await watchlist.see(await accounts.read(watchlist.watched(), await site.block()), number);
    }
    expect(watchlist.watched()).to.deep.equal([]);
    await scenario.supply("WETH", first, units("WETH", 1n));
    await scenario.borrow("USDC", first, units("USDC", 100n));
    await watchlist.discover();
    expect(watchlist.watched().map(({ id }) => id)).to.deep.equal([first]);
  });

  it("AAVE-23 asks for the debts of all of them together, and for no logs", async () => {
    const { accounts } = looks(undefined, site.client({ url: site.liar.url }));
    // The first exchange of a client asks which chain it is.
    await accounts.discover(undefined);
    const { exchanges } = site.liar;
    const calls = site.liar.count("eth_call");
    await accounts.discover(undefined);
    expect(site.liar.count("eth_getLogs")).to.equal(0);
    expect(site.liar.count("eth_call") - calls).to.equal(own.length);
    expect(site.liar.exchanges - exchanges).to.be.lessThanOrEqual(2);
    site.liar.fault = ({ method }) => (method === "eth_call" ? { kind: "refuse" } : undefined);
    expect(await rejection(accounts.discover(undefined))).to.be.instanceOf(RetryableError);
  });
});
