import { expect } from "chai";

import { RetryableError } from "../../../protocol/errors.js";
import { ChainClient, nextBaseFeeWei } from "../../../keepers/kit/provider.js";
import { backoffMs, RetryBudget } from "../../../keepers/kit/retry.js";
import { startLocalNode, type LocalNode } from "../../helpers/localNode.js";
import { codeOf } from "../../helpers/rejection.js";

describe("keepers/kit/provider", () => {
  let node: LocalNode;
  before(async () => {
    node = await startLocalNode();
  });
  after(async () => {
    await node.close();
  });
  beforeEach(() => {
    node.proxy.fault = () => undefined;
    node.proxy.seen.length = 0;
  });

  it("reads the head with the base fee of the next block", async () => {
    const head = await node.client().head();
    await node.mine();
    const next = (await node.ask("eth_getBlockByNumber", "latest", false)) as Record<string, string>;
    expect(next["parentHash"]).to.equal(head.hash);
    expect(head.nextBaseFeeWei).to.equal(BigInt(next["baseFeePerGas"] ?? "-1"));
  });

  for (const [what, fault] of [
    ["refused connections", { kind: "refuse" }],
    ["server errors", { kind: "status", status: 503 }],
    ["throttling", { kind: "status", status: 429 }],
    ["lost replies", { kind: "lose-reply" }],
    ["a busy answer", { kind: "answer", body: { error: { code: -32005, message: "limit exceeded" } } }],
  ] as const) {
    it(`repeats after ${what}, at most as often as configured`, async () => {
      let left = 2;
      node.proxy.fault = () => (left-- > 0 ? fault : undefined);
      expect((await node.client().head()).number).to.be.a("number");
      expect(node.proxy.count("eth_getBlockByNumber")).to.equal(3);

      left = 9;
      node.proxy.seen.length = 0;
      expect(await codeOf(node.client().head())).to.equal("RPC_UNREACHABLE");
      expect(node.proxy.count("eth_getBlockByNumber")).to.equal(3);
    });
  }

  it("gives up on a node that never answers", async () => {
    node.proxy.fault = () => ({ kind: "hang" });
    expect(await codeOf(node.client({ timeoutMs: 1_000, retries: 1 }).head())).to.equal("RPC_UNREACHABLE");
    expect(node.proxy.seen).to.have.length(2);
  });

  it("never repeats a request that was answered with an error", async () => {
    const client = node.client();
    let refused = false;
    await client.request("eth_sendRawTransaction", ["0x00"]).catch((error: unknown) => {
      refused = !(error instanceof RetryableError);
    });
    expect(refused).to.equal(true);
    expect(node.proxy.count("eth_sendRawTransaction")).to.equal(1);
  });

  it("refuses a node of another chain", async () => {
    expect(await codeOf(node.client({ chainId: 651940 }).assertChain())).to.equal("WRONG_CHAIN");
    await node.client().assertChain();
  });

  it("refuses something that is not a node", async () => {
    node.proxy.fault = () => ({ kind: "answer", body: { result: { hello: "world" } } });
    expect(await codeOf(node.client().head())).to.equal("RPC_MALFORMED");
  });

  it("hides what an address carries beside its host", () => {
    const client = new ChainClient({
      url: "https://user:pw@host.example:8545/v3/key?x=1",
      chainId: 138,
      timeoutMs: 1,
      retries: 0,
    });
    expect(client.shownUrl).to.equal("https://host.example:8545");
    client.close();
  });
});

describe("keepers/kit/retry", () => {
  it("has one budget for all requests, refilled by time", () => {
    let nowMs = 0;
    const budget = new RetryBudget(2, 4, () => nowMs);
    expect([budget.spend(), budget.spend(), budget.spend()]).to.deep.equal([true, true, false]);
    nowMs = 250;
    expect([budget.spend(), budget.spend()]).to.deep.equal([true, false]);
    nowMs = 60_000;
    expect([budget.spend(), budget.spend(), budget.spend()]).to.deep.equal([true, true, false]);
  });

  it("doubles pauses up to a limit, each between half and all of it", () => {
    for (const [attempt, fullMs] of [
      [1, 100],
      [2, 200],
      [4, 800],
      [9, 1_000],
    ] as const) {
      expect(backoffMs(attempt, 100, 1_000, () => 0)).to.equal(fullMs / 2);
      expect(backoffMs(attempt, 100, 1_000, () => 1)).to.equal(fullMs);
    }
  });
});

describe("keepers/kit/provider nextBaseFeeWei", () => {
  it("moves by at most an eighth and not at all at the target", () => {
    expect(nextBaseFeeWei(800n, 15n, 30n)).to.equal(800n);
    expect(nextBaseFeeWei(800n, 30n, 30n)).to.equal(900n);
    expect(nextBaseFeeWei(800n, 0n, 30n)).to.equal(700n);
    expect(nextBaseFeeWei(1n, 16n, 30n)).to.equal(2n);
    expect(nextBaseFeeWei(0n, 30n, 30n)).to.equal(0n);
  });
});
