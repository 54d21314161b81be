import { expect } from "chai";
import { id, Interface } from "ethers";

import type { Database } from "../../db/database.js";
import { PlainERC20__factory } from "../../protocol/generated/contracts/index.js";
import { transferHandler } from "../../service/indexer/handlers/transfer.js";
import { Indexer } from "../../service/indexer/indexer.js";
import { RpcSource } from "../../service/indexer/rpcSource.js";
import { startLocalNode, type LocalNode } from "../helpers/localNode.js";
import { usePostgres } from "../helpers/postgres.js";

interface RawLog {
  readonly blockNumber: string;
  readonly logIndex: string;
}

describe("indexer over a node", () => {
  const postgres = usePostgres();
  let node: LocalNode;
  let db: Database;
  let token: string;
  let holder: string;
  let units = 0n;
  let hidden = 0;
  /** Logs that the lying node leaves out; the same each time it is asked. */
  let hides: (log: RawLog) => boolean = () => false;

  before(async () => {
    db = (await postgres.testDatabase()).connect({ role: "indexer_rw" });
    node = await startLocalNode();
    [holder = ""] = (await node.ask("eth_accounts")) as string[];
    const { data } = await new PlainERC20__factory().getDeployTransaction("TKN", 6);
    const hash = await node.ask("eth_sendTransaction", { from: holder, data });
    await node.mine();
    const receipt = (await node.ask("eth_getTransactionReceipt", hash)) as { contractAddress: string };
    token = receipt.contractAddress.toLowerCase();
    node.proxy.fault = async ({ method, params }) => {
      if (method !== "eth_getLogs") return undefined;
      const logs = (await node.ask(method, ...params)) as RawLog[];
      const shown = logs.filter((log) => !hides(log));
      hidden += logs.length - shown.length;
      return { kind: "answer", body: { result: shown } };
    };
  });
  after(async () => {
    await node.close();
  });

  const erc20 = new Interface(PlainERC20__factory.abi);
  /** Blocks with so many mints each, of amounts that never repeat. */
  const mineTransfers = async (counts: readonly number[]): Promise<void> => {
    for (const count of counts) {
      for (let index = 0; index < count; index += 1) {
        units += 1n;
        const data = erc20.encodeFunctionData("mint", [holder, units]);
        await node.ask("eth_sendTransaction", { from: holder, to: token, data, gas: "0x186a0" });
      }
      await node.mine();
    }
  };
  const truth = async (): Promise<unknown[]> => {
    const filter = {
      fromBlock: "0x0",
      toBlock: "latest",
      address: token,
      topics: [id("Transfer(address,address,uint256)")],
    };
    const logs = (await node.ask("eth_getLogs", filter)) as (RawLog & { blockHash: string; data: string })[];
    return logs.map(({ blockNumber, logIndex, blockHash, data }) => ({
      ...{ block_number: BigInt(blockNumber), log_index: Number(logIndex), block_hash: blockHash, units: BigInt(data) },
    }));
  };
  const table = (chainId: string): Promise<readonly object[]> =>
    db.query(
      `SELECT block_number, log_index, '0x' || encode(block_hash, 'hex') AS block_hash, units
         FROM chain_transfer WHERE chain_id = $1 ORDER BY block_number, log_index`,
      [chainId],
    );
  const follow = (chainId: string, isMoney: boolean): Indexer =>
    new Indexer({
      ...{ db, chainId, isMoney, startBlock: 0n, quorum: 2, maxRange: 50 },
      sources: [new RpcSource({ url: node.proxy.url }), new RpcSource({ url: node.url })],
      handlers: [transferHandler([token])],
      finality: { kind: "depth", safe: 4n, finalized: 8n },
    });
  const caughtUp = async (indexer: Indexer): Promise<void> => {
    while ((await indexer.step()).kind === "advanced");
  };

  it("INDEX-8: recovers every log of the 1 % that a node hides, and survives the node's reorganisations", async () => {
    await mineTransfers(Array.from({ length: 100 }, (_, index) => (index * 7) % 10));
    hides = ({ blockNumber, logIndex }) => (Number(blockNumber) * 7919 + Number(logIndex) * 104_729) % 100 === 0;
    const [money, rescanned] = [follow("money", true), follow("rescanned", false)];
    await caughtUp(money);
    expect(await table("money")).to.deep.equal(await truth());
    await caughtUp(rescanned);
    const missing = (await truth()).length - (await table("rescanned")).length;
    expect(hidden).to.be.greaterThan(0);
    expect(missing).to.be.greaterThan(0);
    expect(await rescanned.rescan(0n, 200n)).to.include({ recovered: missing, disputed: 0 });
    expect(await table("rescanned")).to.deep.equal(await truth());

    for (const depth of [1, 2, 3]) {
      const snapshot = await node.ask("evm_snapshot");
      await mineTransfers(Array.from({ length: depth }, () => 3));
      await caughtUp(money);
      await node.ask("evm_revert", snapshot);
      await mineTransfers([2, ...Array.from({ length: depth }, () => 1)]);
      await caughtUp(money);
      expect(await table("money")).to.deep.equal(await truth());
    }
    const heights = await db.query(
      "SELECT status, count(*) AS blocks FROM chain_block WHERE chain_id = 'money' GROUP BY status ORDER BY status",
    );
    const head = BigInt((await node.ask("eth_blockNumber")) as string);
    expect(heights).to.deep.equal([
      { status: "finalized", blocks: head + 1n - 8n },
      { status: "observed", blocks: 4n },
      { status: "safe", blocks: 4n },
    ]);
  });

  it("a node that stops answering costs nothing but time", async () => {
    const indexer = follow("silent", true);
    const honest = node.proxy.fault;
    node.proxy.fault = () => ({ kind: "status", status: 503 });
    await caughtUp(indexer);
    node.proxy.fault = honest;
    await caughtUp(indexer);
    expect(await table("silent")).to.deep.equal(await truth());
  });
});
