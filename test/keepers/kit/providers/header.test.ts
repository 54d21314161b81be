import { expect } from "chai";

import { headerHash } from "../../../../protocol/headerHash.js";
import { startLocalNode, type LocalNode } from "../../../helpers/localNode.js";

type Block = Record<string, string>;

/** Ethereum mainnet, block 1: a header from before any fork field. */
const MAINNET_1: Block = {
  hash: "0x88e96d4537bea4d9c05d12549907b32561d3bf31f45aae734cdc119f13406cb6",
  parentHash: "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
  sha3Uncles: "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
  miner: "0x05a56e2d52c817161883f50c441c3228cfe54d9f",
  stateRoot: "0xd67e4d450343046425ae4271474353857ab860dbc0a1dde64b41b5cd3a532bf3",
  transactionsRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
  receiptsRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
  logsBloom: `0x${"00".repeat(256)}`,
  difficulty: "0x3ff800000",
  number: "0x1",
  gasLimit: "0x1388",
  gasUsed: "0x0",
  timestamp: "0x55ba4224",
  extraData: "0x476574682f76312e302e302f6c696e75782f676f312e342e32",
  mixHash: "0x969b900de27b6ac6a67742365dd65f55a0526c41fd18e1b16f1a1215c2e66f59",
  nonce: "0x539bd4979fef1ec4",
};

describe("keepers/kit/providers/header", () => {
  let node: LocalNode;
  let block: Block;
  before(async () => {
    node = await startLocalNode();
    await node.ask("eth_sendTransaction", {
      from: "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
      to: "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
      value: "0x1",
    });
    await node.mine();
    block = (await node.ask("eth_getBlockByNumber", "latest", false)) as Block;
  });
  after(async () => {
    await node.close();
  });

  it("RPC-4 recomputes the hash of a block: published vectors and a node's own", () => {
    expect(headerHash(MAINNET_1)).to.equal(MAINNET_1["hash"]);
    expect(headerHash(block)).to.equal(block["hash"]);
  });

  it("RPC-4 notices a change of any field of the header", () => {
    const fields = Object.keys(block).filter(
      (name) => !["hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals"].includes(name),
    );
    expect(fields.length).to.be.greaterThan(18);
    for (const name of fields) {
      const value = block[name] ?? "0x";
      const last = value.at(-1) === "1" ? "2" : "1";
      expect(headerHash({ ...block, [name]: `${value.slice(0, -1)}${last}` }), name).to.not.equal(block["hash"]);
    }
  });

  it("RPC-4 notices a field that a fork has brought and a node leaves out", () => {
    for (const name of ["baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"]) {
      const { [name]: left, ...rest } = block;
      expect(left, name).to.be.a("string");
      expect(headerHash(rest), name).to.be.a("string").and.not.equal(block["hash"]);
    }
  });

  it("says nothing of headers it does not know", () => {
    expect(headerHash({ ...block, laterForkField: "0x1" })).to.equal(undefined);
    expect(headerHash({ number: "0x1" })).to.equal(undefined);
  });
});
