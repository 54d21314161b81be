/** Nodes of one chain: they start alike and stay alike while they are fed alike. Each stands behind a proxy that can misbehave. */
import { network } from "hardhat";

import { ChainClient, type ClientOptions } from "../../keepers/kit/provider.js";
import { HttpTransport } from "../../keepers/kit/providers/http.js";
import { FlakyRpc } from "./flakyRpc.js";
import { TEST_RPC_TIMEOUT_MS } from "./limits.js";

const START = "2030-01-01T00:00:00Z";
const BLOCK_SECONDS = 2;

export type TwinNode = Awaited<ReturnType<typeof startTwin>>;

/** One node; every one of them has the same first block. Blocks are mined on demand only. */
async function startTwin() {
  const server = await network.createServer(
    { network: "sim138", override: { initialDate: START, mining: { auto: false } } },
    "127.0.0.1",
    0,
  );
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${String(port)}`;
  const proxy = await FlakyRpc.start(() => url);
  const direct = new HttpTransport(new URL(url), { timeoutMs: TEST_RPC_TIMEOUT_MS, maxBytes: 10_000_000 });
  const ask = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const answer = (await direct.exchange({ jsonrpc: "2.0", id: 1, method, params })) as Record<string, unknown>;
    if ("error" in answer) throw new Error(`${method}: ${JSON.stringify(answer["error"])}`);
    return answer["result"];
  };
  const latest = async (): Promise<Record<string, string>> =>
    (await ask("eth_getBlockByNumber", "latest", false)) as Record<string, string>;
  return {
    url,
    proxy,
    ask,
    latest,
    /** Mines one block, so many seconds after the one before: another number of seconds is another block. */
    async mine(seconds = BLOCK_SECONDS): Promise<void> {
      await ask("evm_setNextBlockTimestamp", Number((await latest())["timestamp"]) + seconds);
      await ask("evm_mine");
    },
    async close(): Promise<void> {
      direct.close();
      await proxy.stop();
      await server.close();
    },
  };
}

/** Starts `count` nodes; close them in an `after` hook. */
export async function startTwins(count: number) {
  const nodes = await Promise.all(Array.from({ length: count }, startTwin));
  const clients: ChainClient[] = [];
  return {
    nodes,
    /** A client of all nodes through their proxies, in order. */
    client(options: Partial<ClientOptions> = {}): ChainClient {
      const client = new ChainClient({
        url: nodes.map(({ proxy }) => proxy.url).join(","),
        chainId: 138,
        timeoutMs: TEST_RPC_TIMEOUT_MS,
        retries: 1,
        quorum: Math.min(2, count),
        ...options,
      });
      clients.push(client);
      return client;
    },
    async mine(blocks = 1): Promise<void> {
      for (let block = 0; block < blocks; block += 1) for (const node of nodes) await node.mine();
    },
    /** All proxies behave again and have seen nothing. */
    calm(): void {
      for (const { proxy } of nodes) {
        proxy.fault = () => undefined;
        proxy.seen.length = 0;
        proxy.exchanges = 0;
      }
    },
    async close(): Promise<void> {
      for (const client of clients) client.close();
      for (const node of nodes) await node.close();
    },
  };
}
