/** A node whose whole chain, blocks and receipts among it, can be taken out and put in again. */
import { JsonRpcProvider } from "ethers";
import { z } from "zod";

import { PermanentError } from "../../../protocol/errors.js";
import { Child } from "../../world/child.js";

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

const startedSchema = z.object({ url: z.string() });

export class KeepableNode {
  private constructor(
    private readonly child: Child,
    readonly url: string,
    readonly provider: JsonRpcProvider,
  ) {}

  /** @throws PermanentError BENCH_NODE_FAILED when it does not start, as where npm has no program for this machine. */
  static async start(): Promise<KeepableNode> {
    const child = new Child({ script: "scripts/bench/redeem/node-main.ts", args: ARGS });
    const started = startedSchema.safeParse(await child.message());
    if (!started.success) {
      const why = child.lastErrorLines.at(-1) ?? "it said nothing";
      throw new PermanentError("BENCH_NODE_FAILED", `the node did not start: ${why}`, "npm ci --include=optional");
    }
    const { url } = started.data;
    const options = { staticNetwork: true, cacheTimeout: -1 };
    return new KeepableNode(child, url, new JsonRpcProvider(url, CHAIN_ID, options));
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
    await this.child.stop();
  }
}
