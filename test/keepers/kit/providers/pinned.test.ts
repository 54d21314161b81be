import { expect } from "chai";

import type { MoneyRead } from "../../../../keepers/kit/providers/agreement.js";
import { readPinned } from "../../../../keepers/kit/providers/pinned.js";
import { codeOf } from "../../../helpers/rejection.js";
import { startTwins } from "../../../helpers/twinNodes.js";

const SENDER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
const BALANCE: MoneyRead = { method: "eth_getBalance", params: (block) => [SENDER, block] };
/** Code that reverts with nothing: a call without address runs it. */
const REVERTS: MoneyRead = { method: "eth_call", params: (block) => [{ data: "0x60006000fd" }, block] };

describe("keepers/kit/providers pinned", () => {
  let twins: Awaited<ReturnType<typeof startTwins>>;
  before(async () => {
    twins = await startTwins(2);
    await twins.mine(3);
  });
  after(async () => {
    await twins.close();
  });
  beforeEach(() => {
    twins.calm();
  });

  async function head() {
    const block = await twins.nodes[0]?.latest();
    return { number: Number(block?.["number"]), hash: String(block?.["hash"]) };
  }

  it("answers in order, in as few exchanges as allowed; a call that reverts is an answer", async () => {
    const client = twins.client();
    const reads = [BALANCE, REVERTS, BALANCE, BALANCE, BALANCE];
    await readPinned(client, await head(), [BALANCE]);
    const [left] = twins.nodes;
    if (left === undefined) throw new Error("two nodes");
    left.proxy.exchanges = 0;
    const answers = await readPinned(client, await head(), reads, 2);
    expect(answers.map((answer) => "result" in answer)).to.deep.equal([true, false, true, true, true]);
    expect(left.proxy.exchanges).to.equal(3);
    expect(await readPinned(client, await head(), [])).to.deep.equal([]);
  });

  it("asks by height where a node takes no hashes, and the next node where that height is another block", async () => {
    const client = twins.client();
    const asked = await head();
    const [left, right] = twins.nodes;
    if (left === undefined || right === undefined) throw new Error("two nodes");
    left.proxy.fault = ({ method, params }) =>
      method === "eth_getBalance" && typeof params[1] === "object"
        ? { kind: "answer", body: { error: { code: -32602, message: "invalid params" } } }
        : undefined;
    await readPinned(client, asked, [BALANCE]);
    expect(left.proxy.count("eth_getBalance")).to.be.greaterThan(0);
    expect(right.proxy.count("eth_getBalance")).to.equal(0);
    // Each goes on alone: the same height is two blocks now.
    await left.mine(5);
    await right.mine(2);
    const theirs = await right.latest();
    const other = { number: Number(theirs["number"]), hash: String(theirs["hash"]) };
    expect(await readPinned(client, other, [BALANCE])).to.have.length(1);
    expect(right.proxy.count("eth_getBalance")).to.be.greaterThan(0);
  });

  it("fails when no node knows the block, or none can say", async () => {
    const client = twins.client();
    const unknown = { number: 2, hash: `0x${"ab".repeat(32)}` };
    expect(await codeOf(readPinned(client, unknown, [BALANCE]))).to.equal("RPC_UNREACHABLE");
    for (const { proxy } of twins.nodes) {
      proxy.fault = ({ method }) =>
        method === "eth_call" ? { kind: "answer", body: { error: { code: -32000, message: "busy" } } } : undefined;
    }
    expect(await codeOf(readPinned(twins.client(), await head(), [REVERTS]))).to.equal("RPC_UNREACHABLE");
  });
});
