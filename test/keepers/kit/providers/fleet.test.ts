import { expect } from "chai";

import { NextBlock } from "../../../../keepers/kit/nextBlock.js";
import { confirmWith } from "../../../../keepers/kit/providers/confirm.js";
import type { FleetReport } from "../../../../keepers/kit/providers/fleet.js";
import { QUARANTINE_RULES } from "../../../../keepers/kit/providers/quarantine.js";
import { CantileverError } from "../../../../protocol/errors.js";
import type { Fault } from "../../../helpers/flakyRpc.js";
import { TEST_RPC_TIMEOUT_MS } from "../../../helpers/limits.js";
import { startTwins } from "../../../helpers/twinNodes.js";

type Twins = Awaited<ReturnType<typeof startTwins>>;

const ACCOUNT = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
const BALANCE = { method: "eth_getBalance", params: (block: unknown) => [ACCOUNT, block] };
/** Quick way back, so that healing can be watched. */
const QUICK = { ...QUARANTINE_RULES, weakPauseMs: 0, goodAnswers: 2 };

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CantileverError) return `${error.code}:${error.details["reason"] ?? ""}`;
    throw error;
  }
  return "none";
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const reasons = ({ providers }: FleetReport): (string | null)[] => providers.map(({ quarantined }) => quarantined);

describe("keepers/kit/providers fleet", () => {
  let two: Twins;
  let three: Twins;
  before(async () => {
    [two, three] = await Promise.all([startTwins(2), startTwins(3)]);
    await two.mine(3);
    await three.mine(3);
  });
  after(async () => {
    await two.close();
    await three.close();
  });
  beforeEach(() => {
    two.calm();
    three.calm();
  });

  it("agrees on a balance at a block, pinned by its hash", async () => {
    const client = two.client();
    const head = await client.head();
    expect(await client.agreed(head, [BALANCE])).to.deep.equal(["0x21e19e0c9bab2400000"]);
    for (const { proxy } of two.nodes) {
      const asked = proxy.seen.filter(({ method }) => method === "eth_getBalance").at(-1);
      expect(asked?.params[1]).to.deep.equal({ blockHash: head.hash });
    }
    expect(client.fleet.report().state).to.equal("healthy");
  });

  it("RPC-3 two nodes fed different blocks after a height: no quorum, nothing to sign on; heals when they are one chain again", async () => {
    const states: string[] = [];
    const client = two.client({ quarantine: QUICK, onFleet: ({ state }) => states.push(state) });
    const nextBlock = new NextBlock(client);
    const confirm = confirmWith(client, nextBlock, [BALANCE]);
    const call = { to: ACCOUNT, from: ACCOUNT, data: "0x", valueWei: 0n, gasLimit: 100_000n };
    await client.head();
    const [left, right] = two.nodes;
    if (left === undefined || right === undefined) throw new Error("two nodes");
    const snapshot = await right.ask("evm_snapshot");
    await confirm(call, await client.head());

    // From here on each follows its own branch.
    await left.mine(2);
    await right.mine(3);
    const split = await client.head();
    expect(await codeOf(client.agreed(split, [BALANCE]))).to.equal("NO_QUORUM:hash-disagreement");
    expect(await codeOf(confirm(call, split))).to.equal("NO_QUORUM:hash-disagreement");
    expect(client.fleet.report()).to.deep.include({ state: "no-quorum", reasons: ["hash-disagreement"] });
    // Nobody knows which of the two is right, so neither is blamed, and cheap reads go on.
    expect(reasons(client.fleet.report())).to.deep.equal([null, null]);
    await left.mine();
    await right.mine();
    await client.head();
    await client.fleet.probe();
    expect(client.fleet.report().state).to.equal("no-quorum");

    // The losing branch is unwound.
    await right.ask("evm_revert", snapshot);
    await right.mine(2);
    await right.mine();
    await client.fleet.probe();
    expect(client.fleet.report().state).to.equal("healthy");
    await confirm(call, await client.head());
    expect(states).to.deep.equal(["no-quorum", "healthy"]);
  });

  it("outvotes one node of three, goes on, and takes it back once it agrees again and has rested", async () => {
    const client = three.client({ quarantine: QUICK });
    const [first, ...others] = three.nodes;
    if (first === undefined) throw new Error("three nodes");
    const snapshot = await first.ask("evm_snapshot");
    await first.mine(5);
    for (const node of others) await node.mine();
    expect(await codeOf(client.agreed(await client.head(), [BALANCE]))).to.equal("NO_QUORUM:head-outvoted");
    expect(reasons(client.fleet.report())).to.deep.equal(["hash-disagreement", null, null]);
    expect(client.fleet.report().state).to.equal("degraded");
    expect(await client.agreed(await client.head(), [BALANCE])).to.have.length(1);

    await first.ask("evm_revert", snapshot);
    await first.mine();
    await client.fleet.probe();
    await client.fleet.probe();
    expect(client.fleet.report().state).to.equal("healthy");
  });

  it("RPC-2 finds a node that stands still within two intervals between blocks, and goes on with the next", async () => {
    const blockMs = 400;
    const client = two.client({ blockMs });
    await client.head();
    const frozenAt = (await client.head()).number;
    const stoodStill = performance.now();
    const [, right] = two.nodes;
    await right?.mine();
    let head = await client.head();
    while (head.number === frozenAt && performance.now() - stoodStill < 20 * blockMs) {
      await wait(20);
      head = await client.head();
    }
    expect(head.number).to.equal(frozenAt + 1);
    expect(reasons(client.fleet.report())).to.deep.equal(["head-stale", null]);
    expect(client.fleet.report().state, "one node is no quorum of two").to.equal("no-quorum");
    // What the rule asks of the client is time without news, not this machine's speed.
    const asked = two.nodes[0]?.proxy.seen.filter(({ method }) => method === "eth_chainId").length ?? 0;
    expect(asked, "it was compared, not asked for ever").to.be.within(1, 4);
    await two.nodes[0]?.mine();
    await client.fleet.probe();
  });

  it("RPC-2 blames nobody when the chain itself stands still, and says that the head is old", async () => {
    const client = two.client({ blockMs: 20 });
    const head = await client.head();
    await wait(60);
    expect(await client.head()).to.deep.equal(head);
    expect(reasons(client.fleet.report())).to.deep.equal([null, null]);
    expect(client.fleet.report()).to.deep.include({ state: "degraded" });
    expect(client.fleet.report().reasons.join()).to.match(/head-stale$/);
  });

  it("RPC-2 finds a node that lags, at the comparison", async () => {
    const client = two.client();
    await client.head();
    const [left, right] = two.nodes;
    for (let block = 0; block < 5; block += 1) await left?.mine();
    await client.fleet.probe();
    expect(reasons(client.fleet.report())).to.deep.equal([null, "height-lag"]);
    for (let block = 0; block < 5; block += 1) await right?.mine();
  });

  // The limit binds the healthy node, too: it is short only where something is to run into it.
  for (const [what, fault, reason, timeoutMs] of [
    ["refuses connections", { kind: "refuse" }, "unreachable", TEST_RPC_TIMEOUT_MS],
    ["throttles", { kind: "status", status: 429 }, "throttled", TEST_RPC_TIMEOUT_MS],
    ["serves a page", { kind: "status", status: 500 }, "http-status", TEST_RPC_TIMEOUT_MS],
    ["hangs", { kind: "hang" }, "timeout", 2_000],
  ] as const satisfies readonly (readonly [string, Fault, string, number])[]) {
    it(`RPC-1 goes on with the next node when the first ${what}, and soon stops asking it`, async () => {
      // While it rests, and while no block is due, nobody asks it, however long this takes.
      const quarantine = { ...QUARANTINE_RULES, weakPauseMs: 3_600_000 };
      const client = two.client({ timeoutMs, quarantine, blockMs: 3_600_000 });
      const [left, right] = two.nodes;
      if (left !== undefined) left.proxy.fault = () => fault;
      for (let look = 0; look < 8; look += 1) expect((await client.head()).number).to.be.a("number");
      expect(reasons(client.fleet.report())).to.deep.equal([reason, null]);
      expect(left?.proxy.exchanges).to.equal(QUARANTINE_RULES.inARow);
      expect(right?.proxy.exchanges).to.equal(8);
      expect(await codeOf(client.agreed(await client.head(), [BALANCE]))).to.equal("NO_QUORUM:too-few-providers");
    });
  }

  it("asks only the first node while nothing is to be signed", async () => {
    const client = two.client();
    for (let look = 0; look < 10; look += 1) {
      await two.mine();
      await client.head();
    }
    expect(two.nodes.map(({ proxy }) => proxy.exchanges)).to.deep.equal([10, 0]);
  });

  it("a node that changes its chain under way is not asked again", async () => {
    const client = two.client();
    await client.head();
    const [left] = two.nodes;
    if (left !== undefined) {
      left.proxy.fault = ({ method }) =>
        method === "eth_chainId" ? { kind: "answer", body: { result: "0x1" } } : undefined;
    }
    expect(await codeOf(client.agreed(await client.head(), [BALANCE]))).to.equal("NO_QUORUM:too-few-providers");
    expect(reasons(client.fleet.report())).to.deep.equal(["wrong-chain", null]);
    const asked = left?.proxy.exchanges;
    for (let look = 0; look < 5; look += 1) await client.head();
    expect(left?.proxy.exchanges).to.equal(asked);
    await client.assertChain();
  });

  it("knows how each node answers for the next block, also after the first one is gone", async () => {
    const client = two.client();
    const [left, right] = two.nodes;
    if (left === undefined || right === undefined) throw new Error("two nodes");
    const isOverride = ({ method, params }: { method: string; params: readonly unknown[] }): boolean =>
      method === "eth_call" && params.length === 4;
    left.proxy.fault = (request) =>
      isOverride(request) ? { kind: "rewrite", params: [request.params[0], "pending"] } : undefined;
    const head = await client.head();
    const nextBlock = new NextBlock(client);
    expect(await nextBlock.probe(head)).to.equal("override");
    const number = { data: "0x4360005260206000f3" };
    left.proxy.fault = () => ({ kind: "refuse" });
    expect(BigInt(await nextBlock.call(number, head))).to.equal(BigInt(head.number) + 1n);
    expect(client.endpoints.map(({ nextBlockMode }) => nextBlockMode)).to.deep.equal(["override", "pending"]);
  });
});
