import { expect } from "chai";

import { encode, executedCount, stabilizerAbi } from "../../../keepers/deviation-stabilizer/encode.js";
import { decodeSnapshot, observe, snapshotCall } from "../../../keepers/deviation-stabilizer/observe.js";
import type { ChainSnapshot, Order } from "../../../keepers/deviation-stabilizer/types.js";
import { PermanentError } from "../../../protocol/errors.js";
import { IPegLens__factory } from "../../../protocol/generated/contracts/index.js";
import { BASE, POOL_A, POOL_B, poolObservation, QUOTE } from "./fixtures.js";

const LENS = "0xC000000000000000000000000000000000000000";
const lens = IPegLens__factory.createInterface();
const chain: ChainSnapshot = {
  blockNumber: 123n,
  timestamp: 456n,
  parentHash: `0x${"22".repeat(32)}`,
  maxGasPriceWei: 7n,
  globalCapXauWei: 8n,
  nativePriceXauWei: 9n,
  pools: [
    poolObservation({ allowance: { reason: 6, blockEndDeviationWad: -(2n ** 200n), sellBase: false } }),
    poolObservation({ pool: POOL_B, readable: false, failure: "0x12345678", blockEndRatiosWad: [] }),
  ],
};
const encoded = lens.encodeFunctionResult("snapshot", [chain]);

function order(change: Partial<Order> = {}): Order {
  return {
    pool: POOL_A,
    tokenIn: BASE,
    tokenOut: QUOTE,
    sellBase: true,
    maxAmountIn: 60n,
    allowedAmountIn: 40n,
    deviationWad: 5n,
    expectedGainXauWei: 1n,
    readyAtBlock: 9n,
    ...change,
  };
}

describe("keepers/deviation-stabilizer/observe", () => {
  it("makes one call and returns every field as the lens gave it", async () => {
    const calls: { to: string; data: string }[] = [];
    const seen = await observe(
      (request) => {
        calls.push(request);
        return Promise.resolve(encoded);
      },
      LENS,
      8,
    );
    expect(seen).to.deep.equal(chain);
    expect(calls).to.deep.equal([snapshotCall(LENS, 8)]);
    expect(calls[0]?.to).to.equal(LENS);
    expect(lens.decodeFunctionData("snapshot", calls[0]?.data ?? "0x")[0]).to.equal(8n);
  });

  for (const [what, data] of [
    ["nothing, as an address without code does", "0x"],
    ["half an answer", encoded.slice(0, 2 + 64 * 10)],
    ["a number", `0x${"00".repeat(31)}01`],
  ] as const) {
    it(`refuses ${what}`, () => {
      let code = "none";
      try {
        decodeSnapshot(data);
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        code = error.code;
      }
      expect(code).to.equal("LENS_MALFORMED");
    });
  }
});

describe("keepers/deviation-stabilizer/encode", () => {
  it("sends one pool through executePrivateSwap, which names direction and reason", () => {
    const call = stabilizerAbi.parseTransaction({ data: encode([order()]) });
    expect(call?.name).to.equal("executePrivateSwap");
    expect([...(call?.args ?? [])]).to.deep.equal([60n, BASE, QUOTE]);
  });

  it("sends several pools through executeBatch, in the order of the plan", () => {
    const call = stabilizerAbi.parseTransaction({
      data: encode([order({ pool: POOL_B }), order({ maxAmountIn: 5n })]),
    });
    expect(call?.name).to.equal("executeBatch");
    expect(call?.args.toObject(true)).to.deep.equal({
      orders: [
        { pool: POOL_B, maxAmountIn: 60n },
        { pool: POOL_A, maxAmountIn: 5n },
      ],
    });
  });

  it("reads from a batch how many pools it carried out", () => {
    const orders: [Order, Order] = [order(), order({ pool: POOL_B })];
    for (const executed of [0n, 1n, 2n]) {
      const data = stabilizerAbi.encodeFunctionResult("executeBatch", [executed]);
      expect(executedCount(orders, data)).to.equal(Number(executed));
    }
    expect(executedCount([order()], "0x")).to.equal(1);
  });
});
