import { expect } from "chai";
import { AbiCoder, concat, keccak256, toBeHex } from "ethers";

import { bloomMayHold, receiptsRoot, receiptsSchema } from "../../../../protocol/receiptsRoot.js";
import { completeLogs } from "../../../../keepers/kit/providers/logs.js";
import { CantileverError } from "../../../../protocol/errors.js";
import type { RpcRequest } from "../../../helpers/flakyRpc.js";
import { startTwins } from "../../../helpers/twinNodes.js";

const SENDER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
/** EVM code that emits LOG1(data = 32 bytes of calldata, topic = next 32 bytes): CALLDATACOPY, then LOG1. */
const RUNTIME = "0x60406000600037602051602060" + "00a100";
const TOPIC = keccak256("0x01");
const OTHER = keccak256("0x02");

describe("keepers/kit/providers logs", () => {
  let twins: Awaited<ReturnType<typeof startTwins>>;
  let emitter = "";
  let blockHash = "";
  let transactions: string[] = [];
  before(async () => {
    twins = await startTwins(2);
    // The init code returns the runtime code that follows it.
    const size = (RUNTIME.length - 2) / 2;
    const init = concat([`0x60${toBeHex(size, 1).slice(2)}600c60003960${toBeHex(size, 1).slice(2)}6000f3`, RUNTIME]);
    const deploys: string[] = [];
    for (const node of twins.nodes) {
      deploys.push(String(await node.ask("eth_sendTransaction", { from: SENDER, data: init, gas: "0x30000" })));
    }
    await twins.mine();
    const receipt = (await twins.nodes[0]?.ask("eth_getTransactionReceipt", deploys[0])) as { contractAddress: string };
    emitter = receipt.contractAddress;
    // Enough transactions for branches, extensions and leaves of the trie; a mixture of types and topics.
    for (const node of twins.nodes) {
      for (let index = 0; index < 20; index += 1) {
        const data = AbiCoder.defaultAbiCoder().encode(
          ["uint256", "bytes32"],
          [index, index % 3 === 0 ? OTHER : TOPIC],
        );
        const fees = index % 2 === 0 ? { gasPrice: "0x77359400" } : {};
        await node.ask("eth_sendTransaction", { from: SENDER, to: emitter, data, gas: "0x10000", ...fees });
      }
    }
    await twins.mine();
    const block = await twins.nodes[0]?.latest();
    blockHash = block?.["hash"] ?? "";
    transactions = block?.["transactions"] as unknown as string[];
    expect(transactions).to.have.length(20);
    expect((await twins.nodes[1]?.latest())?.["hash"]).to.equal(blockHash);
  });
  after(async () => {
    await twins.close();
  });
  beforeEach(() => {
    twins.calm();
  });

  it("RPC-6 computes the root of a block's receipts as the chain does", async () => {
    const receipts: unknown[] = [];
    for (const hash of transactions) receipts.push(await twins.nodes[0]?.ask("eth_getTransactionReceipt", hash));
    const block = await twins.nodes[0]?.latest();
    const parsed = receiptsSchema.parse(receipts);
    expect(receiptsRoot(parsed)).to.equal(block?.["receiptsRoot"]);
    expect(new Set(parsed.map(({ type }) => type)).size, "types of transactions").to.equal(2);
    expect(receiptsRoot([])).to.equal("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    const bloom = block?.["logsBloom"] ?? "";
    expect(bloomMayHold(bloom, [emitter, TOPIC])).to.equal(true);
    expect(bloomMayHold(bloom, [emitter, keccak256("0x03")])).to.equal(false);
  });

  it("gives all logs of an honest node, and the bloom's word for none", async () => {
    const client = twins.client();
    const all = await completeLogs(client, blockHash, { address: emitter });
    expect([all.logs.length, all.omitted, all.proof]).to.deep.equal([20, 0, "receipts"]);
    const some = await completeLogs(client, blockHash, { address: emitter, topic: OTHER });
    expect(some.logs).to.have.length(7);
    const none = await completeLogs(client, blockHash, { address: emitter, topic: keccak256("0x03") });
    expect(none).to.deep.equal({ logs: [], omitted: 0, proof: "bloom" });
    expect(client.fleet.report().state).to.equal("healthy");
  });

  const lies: readonly (readonly [string, (logs: Record<string, unknown>[]) => unknown[]])[] = [
    ["leaves out one log", (logs) => logs.slice(1)],
    ["leaves out all logs", () => []],
    ["changes the data of a log", ([first, ...rest]) => [{ ...first, data: `0x${"ff".repeat(32)}` }, ...rest]],
    ["invents a log", (logs) => [...logs, { ...logs[0], logIndex: "0x63" }]],
  ];
  for (const [what, lie] of lies) {
    it(`RPC-6 finds a node that ${what}, and gives all of them`, async () => {
      const client = twins.client();
      const [left] = twins.nodes;
      if (left === undefined) throw new Error("two nodes");
      left.proxy.fault = async ({ method, params }: RpcRequest) =>
        method === "eth_getLogs"
          ? { kind: "answer", body: { result: lie((await left.ask(method, ...params)) as Record<string, unknown>[]) } }
          : undefined;
      const { logs } = await completeLogs(client, blockHash, { address: emitter });
      expect(logs).to.have.length(20);
      expect(client.endpoints[0]?.quarantine.reason).to.equal("log-omission");
    });
  }

  it("RPC-6 finds receipts that are not the block's by their root, and asks the next node", async () => {
    const client = twins.client();
    const [left] = twins.nodes;
    if (left === undefined) throw new Error("two nodes");
    left.proxy.fault = async ({ method, params }: RpcRequest) => {
      if (method !== "eth_getTransactionReceipt") return undefined;
      const receipt = (await left.ask(method, ...params)) as { logs: unknown[] };
      return { kind: "answer", body: { result: params[0] === transactions[4] ? { ...receipt, logs: [] } : receipt } };
    };
    const { logs, omitted } = await completeLogs(client, blockHash, { address: emitter });
    expect([logs.length, omitted]).to.deep.equal([20, 0]);
    expect(client.endpoints.map(({ quarantine }) => quarantine.reason)).to.deep.equal(["log-omission", undefined]);
  });

  it("says so when nobody tells the truth", async () => {
    const client = twins.client();
    for (const { proxy } of twins.nodes) {
      proxy.fault = ({ method }) =>
        method === "eth_getBlockByHash" ? { kind: "answer", body: { result: { hash: blockHash } } } : undefined;
    }
    let code = "none";
    await completeLogs(client, blockHash, { address: emitter }).catch((error: unknown) => {
      if (error instanceof CantileverError) code = error.code;
    });
    expect(code).to.equal("RPC_MALFORMED");
  });
});
