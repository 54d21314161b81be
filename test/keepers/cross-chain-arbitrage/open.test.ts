import { expect } from "chai";

import type { LegRow, TransferRow } from "../../../db/queries/arbitrage/rows.js";
import { wantedAllowances } from "../../../keepers/cross-chain-arbitrage/allowances.js";
import { HeadPairs } from "../../../keepers/cross-chain-arbitrage/heads.js";
import { finishedTrades, legDuties, transferDuties } from "../../../keepers/cross-chain-arbitrage/open.js";
import { Prices } from "../../../keepers/cross-chain-arbitrage/prices.js";
import type { LegStatus, OpenTrade } from "../../../keepers/cross-chain-arbitrage/types.js";
import type { Head } from "../../../keepers/kit/provider.js";
import { AWAY, chain, HOME, legRecord, openTrade, PAIR, WAD } from "./fixtures.js";

const NOW = 2_000n;
const at = (): bigint => NOW;

function row(position: number, changes: Partial<LegRow> = {}): LegRow {
  return {
    ...{ book: "", pair: PAIR, ordinal: 3n, position, way: position < 2 ? null : "complete" },
    ...{
      effectKey: `leg:${String(position)}`,
      chainId: position === 0 ? HOME : AWAY,
      pool: "",
      sellBase: position > 0,
    },
    ...{ tokenIn: "cUSDC", tokenOut: "cUSDT", assetOut: "", amountIn: 1n, minOut: 1n, deadline: NOW + 10n },
    ...{
      state: null,
      nonce: null,
      minedHash: null,
      minedBlock: null,
      beganAt: 1n,
      dropped: false,
      receivedUnits: null,
    },
    ...changes,
  };
}

const trade = (buy: LegStatus, sell: LegStatus, repairs: readonly LegStatus[] = []): OpenTrade =>
  openTrade({
    buy: legRecord(false, { status: buy }),
    sell: legRecord(true, { status: sell }),
    repairs: repairs.map((status) => legRecord(true, { status })),
  });

describe("keepers/cross-chain-arbitrage, what was begun", () => {
  it("ARB-24 sends only what has no row in an outbox: not what is signed, whatever came of its sending", () => {
    for (const state of ["assigned", "signed", "mined", "final", "reverted", "cancelled", "foreign"] as const)
      expect(legDuties([row(0, { state })], [trade("sent", "planned")], at)).to.deep.equal([]);
    expect(legDuties([row(0, { dropped: true })], [trade("failed", "planned")], at)).to.deep.equal([]);
    const [duty] = legDuties([row(0)], [trade("planned", "sent")], at);
    expect(duty?.what).to.equal("send");
  });

  it("ARB-24 drops what is too late, and a leg whose other one has failed, but never a repair for that", () => {
    const what = (rows: readonly LegRow[], of: OpenTrade) => legDuties(rows, [of], at).map((duty) => duty.what);
    expect(what([row(0, { deadline: NOW })], trade("planned", "sent"))).to.deep.equal(["drop"]);
    expect(what([row(1)], trade("failed", "planned"))).to.deep.equal(["drop"]);
    expect(what([row(2)], trade("done", "failed", ["planned"]))).to.deep.equal(["send"]);
    const transfer = { state: null, fromChain: HOME, deadline: NOW + 1n } as TransferRow;
    expect(transferDuties([transfer], at).map((duty) => duty.what)).to.deep.equal(["send"]);
    expect(transferDuties([{ ...transfer, deadline: NOW }], at).map((duty) => duty.what)).to.deep.equal(["drop"]);
    expect(transferDuties([{ ...transfer, state: "signed" }], at)).to.deep.equal([]);
  });

  it("ARB-24 a trade is at its end when nothing is left to do and nothing can change any more", () => {
    const finals = [row(0, { state: "final" }), row(1, { state: "final" })];
    const over = (rows: readonly LegRow[], of: OpenTrade): boolean => finishedTrades(rows, [of]).length === 1;
    expect(over(finals, trade("done", "done"))).to.equal(true);
    // Both are in a block, one of which may still be unwound.
    expect(over([row(0, { state: "final" }), row(1, { state: "mined" })], trade("done", "done"))).to.equal(false);
    const broken = [row(0, { state: "final" }), row(1, { state: "reverted" })];
    expect(over(broken, trade("done", "failed"))).to.equal(false);
    expect(over([...broken, row(2, { state: "final" })], trade("done", "failed", ["done"]))).to.equal(true);
    expect(over([...broken, row(2, { state: "reverted" })], trade("done", "failed", ["failed"]))).to.equal(false);
    expect(over([row(0, { dropped: true }), row(1, { state: "cancelled" })], trade("failed", "failed"))).to.equal(true);
  });

  it("ARB-25 allowances are named amounts, asked for before they are missing, and none without a price", () => {
    const config = { maxTradeXauWei: 40n * WAD, allowanceTrades: 20 };
    const bridge = "0x00000000000000000000000000000000000000B1";
    const snapshot = chain(HOME);
    const tradeUnits = 100_000n * 10n ** 6n;
    const wanted = (units: bigint, spender = "0xpool", of = snapshot) =>
      wantedAllowances(of, [{ token: "cUSDC", spender, units }], bridge, config).map(({ value }) => value);
    expect(wanted(0n)).to.deep.equal([20n * tradeUnits]);
    expect(wanted(10n * tradeUnits)).to.deep.equal([]);
    expect(wanted(10n * tradeUnits - 1n)).to.deep.equal([20n * tradeUnits]);
    // What the bridge takes is never more than the balance.
    const balance = snapshot.tokens.find(({ token }) => token === "cUSDC")?.balanceUnits ?? 0n;
    const rich = chain(HOME, { tokens: { cUSDC: { balanceUnits: 30n * balance } } });
    expect(wanted(20n * tradeUnits, bridge.toLowerCase(), rich)).to.deep.equal([60n * balance]);
    expect(wanted(0n, "0xpool", chain(HOME, { tokens: { cUSDC: { priceXauWad: 0n } } }))).to.deep.equal([]);
  });

  it("ARB-26 books are valued by the newest prices that the oracle has told, and not at all before", () => {
    const prices = new Prices((token) => `0x${token}`);
    expect([prices.complete, prices.valueXauWei("0xcUSDC", 10n ** 6n)]).to.deep.equal([false, undefined]);
    prices.see(chain(HOME, { tokens: { cUSDT: { priceXauWad: 0n } } }));
    expect(prices.complete).to.equal(false);
    expect(prices.valueXauWei("0xcusdt", 1n)).to.equal(undefined);
    expect(prices.valueXauWei("0xCUSDC", -2_500n * 10n ** 6n)).to.equal(-WAD);
    expect(prices.valueXauWei("native", WAD)).to.equal(WAD / 1_000n);
    prices.see(chain(HOME));
    prices.see(chain(HOME, { tokens: { cUSDC: { priceXauWad: 0n } } }));
    prices.see(chain(HOME, { readable: false, tokens: { cUSDC: { priceXauWad: 1n } } }));
    expect(prices.complete).to.equal(true);
    expect(prices.valueXauWei("0xcusdc", 2_500n * 10n ** 6n)).to.equal(WAD);
  });

  it("ARB-27 a look has heads of both chains, and a chain that is gone holds up no news of the other", async () => {
    const head = (number: number): Head => ({ number, hash: String(number), timestamp: number }) as unknown as Head;
    const feeds = [new Feed(), new Feed()] as const;
    const pairs = new HeadPairs(feeds);
    const signal = new AbortController();
    feeds[0].push(head(1));
    const first = pairs.next(signal.signal, false);
    feeds[1].push(head(50));
    expect((await first)?.head.heads.map(({ number }) => number)).to.deep.equal([1, 50]);
    for (const number of [2, 3]) {
      feeds[0].push(head(number));
      expect((await pairs.next(signal.signal, false))?.head.heads.map((one) => one.number)).to.deep.equal([number, 50]);
    }
    // What failed is tried again without a new block.
    expect((await pairs.next(signal.signal, true))?.head.heads.map((one) => one.number)).to.deep.equal([3, 50]);
    const last = pairs.next(signal.signal, false);
    signal.abort();
    expect(await last).to.equal(undefined);
    await pairs.close();
  });
});

/** Gives the heads that it is told. */
class Feed {
  private readonly heads: Head[] = [];
  private wake: () => void = () => undefined;

  push(head: Head): void {
    this.heads.push(head);
    this.wake();
  }

  async next(signal: AbortSignal): Promise<{ readonly head: Head; readonly missedBlocks: number } | undefined> {
    for (;;) {
      const head = this.heads.shift();
      if (head !== undefined) return { head, missedBlocks: 0 };
      if (signal.aborted) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener(
          "abort",
          () => {
            resolve();
          },
          { once: true },
        );
      });
    }
  }
}
