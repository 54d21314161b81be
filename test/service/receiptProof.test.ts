import { expect } from "chai";

import { RpcSource } from "../../service/indexer/rpcSource.js";
import { TEST_RPC_TIMEOUT_MS } from "../helpers/limits.js";
import { startLocalNode, type LocalNode } from "../helpers/localNode.js";
import { codeOf } from "../helpers/rejection.js";

describe("service/indexer: receipts against the block's hash", () => {
  let node: LocalNode;
  before(async () => {
    node = await startLocalNode();
  });
  after(async () => {
    await node.close();
  });

  it("INDEX-9 takes receipts that the hash commits to, and no others, unless proofs are off by name", async () => {
    const [from] = (await node.ask("eth_accounts")) as string[];
    const transaction = await node.ask("eth_sendTransaction", { from, to: from, gas: "0x5208" });
    await node.mine();
    const block = (await node.ask("eth_getBlockByNumber", "latest", false)) as { hash: string };
    const receipt = (await node.ask("eth_getTransactionReceipt", transaction)) as Record<string, unknown>;
    const source = (proof?: "off") => new RpcSource({ url: node.proxy.url, timeoutMs: TEST_RPC_TIMEOUT_MS }, proof);
    expect(await source().receiptLogs(block.hash)).to.deep.equal([]);
    const lies: Readonly<Record<string, unknown>> = {
      eth_getBlockReceipts: [], // as if the block were empty
      eth_getTransactionReceipt: { ...receipt, cumulativeGasUsed: "0x5209" },
    };
    for (const [told, result] of Object.entries(lies)) {
      node.proxy.fault = ({ method }) => (method === told ? { kind: "answer", body: { result } } : undefined);
      expect(await codeOf(source().receiptLogs(block.hash)), told).to.equal("RECEIPTS_FALSE");
      expect(await source("off").receiptLogs(block.hash), told).to.deep.equal([]);
    }
    node.proxy.fault = ({ method }) =>
      method === "eth_getBlockByHash"
        ? { kind: "answer", body: { result: { ...block, extraData: "0xaa" } } }
        : undefined;
    expect(await codeOf(source().receiptLogs(block.hash))).to.equal("HEADER_UNPROVEN");
  });
});
