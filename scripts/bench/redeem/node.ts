/** A node whose whole chain, blocks and receipts among it, can be taken out and put in again. */
import { JsonRpcProvider } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { startAnvil, type AnvilNode } from "../../world/anvil.js";

export const CHAIN_ID = 138;
const ACCOUNTS = 21;
/** Bonds of thousands of keeps. */
const BALANCE_ETHER = 10_000_000;
/** Twice of what is put in a block, so that the base fee stays where it is. */
const BLOCK_GAS = 60_000_000;
/** States of so many blocks can be asked for; each is a copy. */
const STATES_KEPT = 32;
const ARGS = [
  ...["--chain-id", String(CHAIN_ID), "--hardfork", "cancun", "--accounts", String(ACCOUNTS)],
  ...["--balance", String(BALANCE_ETHER), "--gas-limit", String(BLOCK_GAS), "--order", "fifo"],
  ...["--prune-history", String(STATES_KEPT), "--no-request-size-limit"],
];

export class KeepableNode {
  private constructor(
    private readonly node: AnvilNode,
    readonly provider: JsonRpcProvider,
  ) {}

  /** @throws PermanentError ANVIL_FAILED when there is no anvil for this machine. */
  static async start(): Promise<KeepableNode> {
    const node = await startAnvil(ARGS);
    const options = { staticNetwork: true, cacheTimeout: -1 };
    return new KeepableNode(node, new JsonRpcProvider(node.url, CHAIN_ID, options));
  }

  get url(): string {
    return this.node.url;
  }

  /** Everything, as the node packs it. */
  async dump(): Promise<Buffer> {
    const packed = String(await this.provider.send("anvil_dumpState", []));
    return Buffer.from(packed.slice(2), "hex");
  }

  /** Puts it in, and goes on from its time. @throws PermanentError BENCH_STATE_REFUSED */
  async load(state: Buffer): Promise<void> {
    const { provider } = this;
    if ((await provider.send("anvil_loadState", [`0x${state.toString("hex")}`])) !== true) {
      throw new PermanentError("BENCH_STATE_REFUSED", "the node does not take its own state", "remove data/bench");
    }
    const newest = await provider.getBlock("latest");
    await provider.send("anvil_setTime", [(newest?.timestamp ?? 0) + 1]);
  }

  /** From now on blocks are made by `evm_mine` alone. */
  async mineByHand(): Promise<void> {
    await this.provider.send("evm_setAutomine", [false]);
  }

  /** From now on every transaction has a block of its own. */
  async mineAtOnce(): Promise<void> {
    await this.provider.send("evm_setAutomine", [true]);
  }

  async close(): Promise<void> {
    this.provider.destroy();
    await this.node.child.stop();
  }
}
