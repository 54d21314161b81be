/** A second node of a chain that runs already: alike up to a height, fed with blocks of its own after it, until it is healed. */
import { network } from "hardhat";

import { ChainClient } from "../../keepers/kit/provider.js";
import { FlakyRpc } from "./flakyRpc.js";
import { TEST_RPC_TIMEOUT_MS } from "./limits.js";

/** Close it in an `after` hook, before the node that it was forked from. */
export async function startForkNode(origin: string, height: number) {
  const server = await network.createServer(
    {
      network: "sim138",
      override: { forking: { enabled: true, url: origin, blockNumber: height }, mining: { auto: false } },
    },
    "127.0.0.1",
    0,
  );
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${String(port)}`;
  const direct = new ChainClient({ url, chainId: 138, timeoutMs: TEST_RPC_TIMEOUT_MS, retries: 0 });
  let target = url;
  let isDown = false;
  const proxy = await FlakyRpc.start(() => target);
  return {
    /** Where clients reach it. */
    proxy,
    get isDown(): boolean {
      return isDown;
    },
    /** A block without transactions, one second later than the other node's at this height: another block. */
    async mine(otherTimestamp: number): Promise<void> {
      await direct.request("evm_setNextBlockTimestamp", [otherTimestamp + 1]);
      await direct.request("evm_mine", []);
    },
    /** Answers nobody any more. */
    stop(): void {
      isDown = true;
      proxy.fault = () => ({ kind: "refuse" });
    },
    /** Is back, as a node of the chain that it was forked from. */
    heal(): void {
      target = origin;
      proxy.fault = () => undefined;
    },
    async close(): Promise<void> {
      direct.close();
      await proxy.stop();
      await server.close();
    },
  };
}
