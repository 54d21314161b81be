import { expect } from "chai";
import { MaxUint256 } from "ethers";

import { LEAST_LIFETIME_SECONDS } from "../../../keepers/cross-chain-arbitrage/deadlines.js";
import { decide } from "../../../keepers/cross-chain-arbitrage/decide.js";
import {
  messagesAt,
  observeChain,
  seePending,
  type ChainPlace,
} from "../../../keepers/cross-chain-arbitrage/observe.js";
import { booksOf } from "../../../keepers/cross-chain-arbitrage/pending.js";
import type { StoredBooks } from "../../../keepers/cross-chain-arbitrage/store.js";
import type { ChainSnapshot, Observation } from "../../../keepers/cross-chain-arbitrage/types.js";
import { pmmVenue } from "../../../keepers/cross-chain-arbitrage/strategies/venue.js";
import { ChainClient } from "../../../keepers/kit/provider.js";
import { TEST_RPC_TIMEOUT_MS } from "../../helpers/limits.js";
import { INVENTORY, startTwoChains, type ChainOfTwo, type TwoChains } from "../../helpers/twoChains.js";
import { codeOf } from "../../helpers/rejection.js";
import { books, CONFIG, PAIR } from "./fixtures.js";

const GOLD_PAIR = "XAU/cUSDT";
const PAIRS = [PAIR, GOLD_PAIR];
const AMOUNT = 50_000_000_000n;

describe("keepers/cross-chain-arbitrage/observe, two chains with everything deployed", () => {
  let chains: TwoChains;
  let both: readonly [ChainOfTwo, ChainOfTwo];
  let clients: readonly [ChainClient, ChainClient];
  let pristine: readonly [unknown, unknown];

  before(async () => {
    chains = await startTwoChains();
    both = [chains.home, chains.away];
  });
  after(() => chains.close());
  beforeEach(async () => {
    // A node that has lied is not asked again for a while: each test has clients of its own.
    const open = ({ urls: url, chainId }: ChainOfTwo) =>
      new ChainClient({ url, chainId, timeoutMs: TEST_RPC_TIMEOUT_MS, retries: 0, quorum: 2 });
    clients = [open(chains.home), open(chains.away)];
    pristine = [await chains.home.snapshot(), await chains.away.snapshot()];
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    for (const { proxy, second } of both) proxy.fault = second.fault = () => undefined;
    await chains.home.revert(pristine[0]);
    await chains.away.revert(pristine[1]);
  });

  const placeOf = (index: 0 | 1): ChainPlace => {
    const { key, deployment, params } = both[index];
    const fees = { maxFeePerGasWei: 100n * 10n ** 9n, priorityFeeWei: 10n ** 9n };
    return { chain: key, client: clients[index], deployment, params, fees };
  };
  const see = async (index: 0 | 1): Promise<ChainSnapshot> =>
    observeChain(placeOf(index), both[index].owner.address, PAIRS, await clients[index].head());
  const observation = async (): Promise<Observation> => ({
    chains: [await see(0), await see(1)],
    books: books(),
    reservedUnits: new Map(),
  });
  const poolOf = (seen: ChainSnapshot, pair = PAIR) => {
    const found = seen.pools.find((pool) => pool.pair === pair);
    if (found?.state === undefined) throw new Error(`${pair} is not readable`);
    return { address: found.address, state: found.state };
  };

  it("knows how soon a message of the deployed adapters can expire", async () => {
    for (const { adapter } of both) expect(await adapter.MIN_LIFETIME_SECONDS()).to.equal(LEAST_LIFETIME_SECONDS);
  });

  it("ARB-14 sees pools whose quotes are those of the contracts, to the unit, and the inventory that is there", async () => {
    for (const index of [0, 1] as const) {
      const { contracts, owner, trader, deployment } = both[index];
      for (const pair of PAIRS) {
        const pool = contracts.pool(pair);
        const units = pair === PAIR ? AMOUNT : 10n * 10n ** 18n;
        await (await pool.connect(trader).swapBase(units, 0n, trader, trader, MaxUint256)).wait();
        const { address, state } = poolOf(await see(index), pair);
        expect(address).to.equal(deployment.pools()[pair]);
        for (const sellBase of [true, false]) {
          for (const amount of [1_000n, 777_777n, AMOUNT]) {
            const query = sellBase ? pool.querySellBase : pool.querySellQuote;
            const [paid] = await query(owner.address, amount);
            expect(pmmVenue(state).quote(sellBase, amount) ?? 0n, `${pair} ${String(amount)}`).to.equal(paid);
          }
        }
      }
      const seen = await see(index);
      expect(seen.readable).to.equal(true);
      for (const { token, balanceUnits, priceXauWad, paused, pegHalted, lane } of seen.tokens) {
        expect(balanceUnits, token).to.equal(INVENTORY[token as keyof typeof INVENTORY]);
        expect(priceXauWad > 0n && !paused && !pegHalted, token).to.equal(true);
        expect(lane?.mode, token).to.equal(index === 0 ? "LOCK" : "MINT");
      }
      expect(seen.feeds.length).to.equal(9);
      expect(seen.feeds.every(({ roundId, answer }) => roundId > 0n && answer > 0n)).to.equal(true);
    }
  });

  it("ARB-14 a trade that moves one chain is a gap that the decision closes, and both pools pay what was said", async () => {
    // The two chains begin with rounds of their own: here only prices are looked at.
    const config = { ...CONFIG, maxGapRounds: 1_000n, maxGapSeconds: 10n ** 6n, maxSkewSeconds: 10n ** 6n };
    const { contracts, trader } = chains.home;
    await (
      await contracts
        .pool(PAIR)
        .connect(trader)
        .swapBase(6n * AMOUNT, 0n, trader, trader, MaxUint256)
    ).wait();
    const seen = await observation();
    const [first, second] = seen.chains;
    // The same rounds on both, as reporters would bring them.
    const decision = decide({ ...seen, chains: [first, { ...second, feeds: first.feeds }] }, config);
    if (decision.kind !== "plan") throw new Error(JSON.stringify(decision.skips.map(({ reason }) => reason)));
    const [intent] = decision.intents;
    if (intent.kind !== "trade") throw new Error(intent.kind);
    expect([intent.buy.chain, intent.sell.chain]).to.deep.equal(["138", "651940"]);
    const bought = contracts.pool(PAIR).connect(chains.home.owner);
    const sold = chains.away.contracts.pool(PAIR).connect(chains.away.owner);
    const { buy, sell } = intent;
    const paid = [
      await bought.swapQuote.staticCall(buy.amountIn, buy.minOut, chains.home.owner, chains.home.owner, MaxUint256),
      await sold.swapBase.staticCall(sell.amountIn, sell.minOut, chains.away.owner, chains.away.owner, MaxUint256),
    ];
    expect(paid[0]).to.equal(pmmVenue(poolOf(first).state).quote(false, buy.amountIn));
    expect(paid[1]).to.equal(pmmVenue(poolOf(second).state).quote(true, sell.amountIn));
  });

  it("ARB-14 a node that lies, or that is gone, makes its chain unreadable, and nothing is done", async () => {
    const { second } = chains.away;
    const readable = async () => {
      const seen = await observation();
      return [seen.chains[0].readable, seen.chains[1].readable, decide(seen, CONFIG).skips[0]?.reason];
    };
    second.fault = ({ method }) =>
      method === "eth_call" ? { kind: "answer", body: { result: `0x${"00".repeat(32)}` } } : undefined;
    expect(await readable()).to.deep.equal([true, false, "chain-unreadable"]);
    second.fault = () => ({ kind: "refuse" });
    expect(await readable()).to.deep.equal([true, false, "chain-unreadable"]);
  });

  it("ARB-14 sees what is held and paused, and an oracle with doubts as one", async () => {
    const { bridge, guardian, contracts, trader, deployment } = chains.away;
    await (await bridge.connect(guardian).pause()).wait();
    const held = await see(1);
    expect([held.readable, held.bridgeHeld, (await see(0)).bridgeHeld]).to.deep.equal([true, true, false]);
    expect(deployment.has("XAUOracle")).to.equal(true);
    await chains.away.ask("evm_increaseTime", 10 * 86_400);
    await chains.away.mine(1);
    const stale = await see(1);
    expect(stale.readable).to.equal(true);
    expect(poolOf(stale).state.anchorNew).to.equal(0n);
    expect(stale.tokens.find(({ token }) => token === "cUSDT")?.priceXauWad).to.equal(0n);
    expect(await contracts.token("cUSDT").balanceOf(trader.address)).to.equal(INVENTORY.cUSDT);
    expect(await codeOf(observeChain(placeOf(1), trader.address, ["cUSDT/none"], await clients[1].head()))).to.equal(
      "NOT_DEPLOYED",
    );
  });

  it("ARB-15 follows a transfer through the real adapter: on its way once, and in the balance when it has arrived", async () => {
    const { home, away } = chains;
    const sent = await home.send(away.chainId, "cUSDC", AMOUNT);
    const row = {
      ...{ book: "", token: "cUSDC", fromChain: home.key, toChain: away.key, ordinal: 1n, effectKey: "one" },
      ...{ amountUnits: AMOUNT, maxFeeUnits: AMOUNT, deadline: 0n, messageId: null },
      ...{ state: "mined" as const, nonce: 0n, minedHash: sent.hash, minedBlock: BigInt(sent.block) },
    };
    const stored: StoredBooks = {
      ...{ legs: [], transfers: [row], booked: { resultXauWei: 0n, unpriced: 0n } },
      ...{ tradesBegun: new Map(), transfersBegun: new Map(), lastTradeAt: new Map() },
    };
    const places = [placeOf(0), placeOf(1)] as const;
    const heads = async () => [await clients[0].head(), await clients[1].head()] as const;
    const look = async () => seePending(places, await heads(), home.owner.address, stored);
    const status = async () => booksOf(stored, await look(), 0n).transfers.map((transfer) => transfer.status);
    expect(await status()).to.deep.equal(["moving"]);
    const seen = await look();
    const receipt = seen.receipts.get(`${home.key}:${sent.hash}`);
    expect(receipt).to.include({ ok: true, messageId: sent.messageId });
    expect(seen.usedNonces.get(home.key)).to.equal(BigInt(await home.provider.getTransactionCount(home.owner.address)));
    const [before] = [(await see(1)).tokens.find(({ token }) => token === "cUSDC")?.balanceUnits ?? 0n];
    await away.deliver(sent.messageId, sent.message);
    expect(await status()).to.deep.equal([]);
    const after = await see(1);
    expect(after.tokens.find(({ token }) => token === "cUSDC")?.balanceUnits).to.equal(before + AMOUNT);
    // What was minted there may be burned again, and what is locked here paid out.
    expect(after.tokens.find(({ token }) => token === "cUSDC")?.lane?.bookUnits).to.equal(AMOUNT);
    expect((await see(0)).tokens.find(({ token }) => token === "cUSDC")?.lane?.bookUnits).to.equal(AMOUNT);
    const ids = [{ id: sent.messageId, from: home.key }];
    expect((await messagesAt(places, await heads(), ids)).get(sent.messageId)).to.deep.equal({
      ...{ source: "sent", destination: "delivered" },
    });
    // The other way round it is the same message.
    const [a, b] = await heads();
    expect((await messagesAt([placeOf(1), placeOf(0)], [b, a], ids)).get(sent.messageId)?.destination).to.equal(
      "delivered",
    );
  });

  it("ARB-15 the fee that is seen is what the adapter takes, from the least amount on", async () => {
    const { home, away } = chains;
    for (const token of ["cUSDC", "XAU"] as const) {
      const lane = (await see(0)).tokens.find((known) => known.token === token)?.lane;
      if (lane === undefined) throw new Error(`${token} has no lane`);
      for (const amount of [lane.minUnits, 3n * lane.minUnits + 1n, lane.outAvailableUnits]) {
        const { feeUnits, maxAmountUnits } = await home.adapter.quote(
          away.chainId,
          home.deployment.token(token),
          amount,
        );
        const expected = (amount * lane.feeRate + 10n ** 18n - 1n) / 10n ** 18n;
        expect(feeUnits <= expected, `${token} ${String(amount)}`).to.equal(true);
        expect(maxAmountUnits).to.equal(lane.outAvailableUnits);
      }
    }
  });
});
