/** The node of the benchmark, in a process of its own. Arguments: blocks, transfers per block. Says its port to its parent. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import { denseChain } from "./denseChain.js";

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly [unknown];
}

const [blockCount = 0, transfersPerBlock = 0] = process.argv.slice(2).map(Number);
const chain = denseChain(blockCount, transfersPerBlock);
const byHash = new Map(chain.map((block) => [block.hash, block]));
// Answers as text: a real node's work is not what is measured.
const headers = chain.map(({ header }) => JSON.stringify(header));
const shown = chain.map((block) => block.shown.map((log) => JSON.stringify(log)).join());
const receipts = new Map(chain.map(({ hash, logs }) => [hash, JSON.stringify([{ blockHash: hash, logs }])]));

function answer({ method, params: [first] }: Call): string {
  switch (method) {
    case "eth_getBlockByNumber": {
      const number = first === "latest" ? chain.length - 1 : Number(first);
      return headers[number] ?? "null";
    }
    case "eth_getLogs": {
      const { fromBlock, toBlock } = first as { fromBlock: string; toBlock: string };
      const range = shown.slice(Number(fromBlock), Number(toBlock) + 1);
      return `[${range.filter((text) => text !== "").join()}]`;
    }
    case "eth_getBlockReceipts":
      return receipts.get((first as { blockHash: string }).blockHash) ?? "null";
    default:
      throw new Error(`the node of the benchmark has no ${method}`);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

const server = createServer((request, response) => {
  void textOf(request).then((text) => {
    const body = JSON.parse(text) as Call | Call[];
    const say = (call: Call): string => `{"jsonrpc":"2.0","id":${String(call.id)},"result":${answer(call)}}`;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(Array.isArray(body) ? `[${body.map(say).join()}]` : say(body));
  });
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port, blocks: byHash.size });
});
