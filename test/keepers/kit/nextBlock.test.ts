import { expect } from "chai";

import { NextBlock } from "../../../keepers/kit/nextBlock.js";
import { RetryableError } from "../../../protocol/errors.js";
import { startLocalNode, type LocalNode } from "../../helpers/localNode.js";
import type { Fault, RpcRequest } from "../../helpers/flakyRpc.js";

/** NUMBER, MSTORE, RETURN: the block number a call sees. */
const BLOCK_NUMBER = { data: "0x4360005260206000f3" };

/** Nodes as they differ in what `eth_call` may be asked. */
const tagOf = (request: RpcRequest): unknown => request.params[1];
const isOverride = (request: RpcRequest): boolean => request.method === "eth_call" && request.params.length === 4;

/** A node that treats `pending` like `latest`, as some versions of Besu and Nethermind do. */
const pendingIsLatest = (request: RpcRequest): Fault | undefined =>
  request.method === "eth_call" && tagOf(request) === "pending"
    ? { kind: "rewrite", params: [request.params[0], "latest"] }
    : undefined;
/** A node that takes block overrides, as geth and anvil do; behind it the simulated node answers through `pending`. */
const takesOverrides = (request: RpcRequest): Fault | undefined =>
  isOverride(request) ? { kind: "rewrite", params: [request.params[0], "pending"] } : undefined;
/** A node that ignores overrides it does not know. */
const ignoresOverrides = (request: RpcRequest): Fault | undefined =>
  isOverride(request) ? { kind: "rewrite", params: [request.params[0], "latest"] } : undefined;

describe("keepers/kit/nextBlock", () => {
  let node: LocalNode;
  before(async () => {
    node = await startLocalNode();
    await node.mine(3);
  });
  after(async () => {
    await node.close();
  });

  for (const [what, fault, mode, ahead] of [
    ["EDR, which refuses overrides", () => undefined, "pending", 1n],
    ["a node with overrides", takesOverrides, "override", 1n],
    ["a node that ignores overrides", ignoresOverrides, "pending", 1n],
    [
      "a node without either",
      (request: RpcRequest) => pendingIsLatest(request) ?? ignoresOverrides(request),
      "latest",
      0n,
    ],
  ] as const) {
    it(`finds the best way to ask ${what}: ${mode}`, async () => {
      node.proxy.fault = fault;
      const client = node.client();
      const nextBlock = new NextBlock(client);
      const head = await client.head();
      expect(BigInt(await nextBlock.call(BLOCK_NUMBER, head))).to.equal(BigInt(head.number) + ahead);
      expect(nextBlock.mode).to.equal(mode);
    });
  }

  it("pins an override to the hash of the head and asks for the number after it", async () => {
    node.proxy.fault = takesOverrides;
    const client = node.client();
    const head = await client.head();
    await new NextBlock(client).probe(head);
    const asked = node.proxy.seen.filter(isOverride).at(-1);
    expect(asked?.params.slice(1)).to.deep.equal([
      { blockHash: head.hash },
      {},
      { number: `0x${(head.number + 1).toString(16)}`, time: `0x${(head.timestamp + 1).toString(16)}` },
    ]);
  });

  it("is not fooled by a block that arrives between two questions", async () => {
    const client = node.client();
    node.proxy.fault = () => undefined;
    const head = await client.head();
    let asked = 0;
    node.proxy.fault = async (request) => {
      if (asked++ < 4) await node.mine();
      return pendingIsLatest(request);
    };
    const nextBlock = new NextBlock(client);
    expect(await nextBlock.probe(head)).to.equal("latest");
  });

  for (const [what, fault] of [
    ["pending", () => undefined],
    ["override", takesOverrides],
  ] as const) {
    it(`RPC-8 sends prepared calls with the question for the head (${what}), and uses each answer once`, async () => {
      node.proxy.fault = fault;
      const client = node.client();
      const nextBlock = new NextBlock(client);
      await nextBlock.probe(await client.head());
      nextBlock.prepare([BLOCK_NUMBER]);
      // An override names the number it expects, so it needs a head before.
      await nextBlock.head();
      for (let block = 0; block < 3; block += 1) {
        await node.mine();
        const before = node.proxy.exchanges;
        const head = await nextBlock.head();
        expect(BigInt(await nextBlock.call(BLOCK_NUMBER, head))).to.equal(BigInt(head.number) + 1n);
        expect(node.proxy.exchanges - before).to.equal(1);
        expect(BigInt(await nextBlock.call(BLOCK_NUMBER, head))).to.equal(BigInt(head.number) + 1n);
        expect(node.proxy.exchanges - before).to.equal(2);
      }
      // Two blocks at once: the number that an override expected was another one, and the call is made again, pinned.
      await node.mine(2);
      const head = await nextBlock.head();
      expect(BigInt(await nextBlock.call(BLOCK_NUMBER, head))).to.equal(BigInt(head.number) + 1n);
    });
  }

  it("does not mistake an outage for a missing feature", async () => {
    const client = node.client({ retries: 0 });
    node.proxy.fault = () => undefined;
    const head = await client.head();
    node.proxy.fault = () => ({ kind: "refuse" });
    const nextBlock = new NextBlock(client);
    let failure: unknown;
    await nextBlock.probe(head).catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.instanceOf(RetryableError);
    expect(nextBlock.mode).to.equal(undefined);
  });
});
