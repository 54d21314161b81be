/** A node on this machine with a proxy in front of it, and the cheats a test needs. */
import { network } from "hardhat";

import { ChainClient, type ClientOptions } from "../../keepers/kit/provider.js";
import { FlakyRpc } from "./flakyRpc.js";
import { TEST_RPC_TIMEOUT_MS } from "./limits.js";

export type LocalNode = Awaited<ReturnType<typeof startLocalNode>>;

/** Starts a simulated chain 138 behind HTTP; blocks are mined on demand only. Close it in an `after` hook. */
export async function startLocalNode() {
  const { url, close } = await serveChain();
  const node = await attachToNode(url);
  await node.ask("evm_setAutomine", false);
  return {
    ...node,
    async close(): Promise<void> {
      await node.close();
      await close();
    },
  };
}

/** A simulated chain behind HTTP that mines every transaction at once. */
export async function serveChain(
  name: "sim138" | "sim651940" = "sim138",
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = await network.createServer(name, "127.0.0.1", 0);
  const { port } = await server.listen();
  return { url: `http://127.0.0.1:${String(port)}`, close: () => server.close() };
}

/** A proxy in front of a node that runs, and the cheats a test needs. Closing it leaves the node running. */
export async function attachToNode(url: string) {
  const proxy = await FlakyRpc.start(() => url);
  const clients: ChainClient[] = [];
  const direct = new ChainClient({ url, chainId: 138, timeoutMs: TEST_RPC_TIMEOUT_MS, retries: 0 });
  clients.push(direct);
  return {
    url,
    proxy,
    /** A client that talks to the node through the proxy. */
    client(options: Partial<ClientOptions> = {}): ChainClient {
      const client = new ChainClient({
        url: proxy.url,
        chainId: 138,
        timeoutMs: TEST_RPC_TIMEOUT_MS,
        retries: 2,
        ...options,
      });
      clients.push(client);
      return client;
    },
    /** A request to the node itself, past the proxy. */
    ask: (method: string, ...params: unknown[]) => direct.request(method, params),
    /** Mines `count` blocks. */
    async mine(count = 1): Promise<void> {
      for (let block = 0; block < count; block += 1) await direct.request("evm_mine", []);
    },
    async close(): Promise<void> {
      for (const client of clients) client.close();
      await proxy.stop();
    },
  };
}
