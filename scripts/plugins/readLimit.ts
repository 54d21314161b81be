/**
 * A Hardhat plugin: few reads at a time on a chain in this process.
 *
 * The chain answers one request after another in any case. But it gives every waiting request a thread of its own, up to 512, and a
 * thread keeps the memory that it has once used: reading a deployment's thousand settings at once cost 2 GB and seconds of every later
 * block. Waiting here instead costs nothing.
 */
import type { HardhatPlugin } from "hardhat/types/plugins";

/** The plugin for `plugins` in hardhat.config.ts. */
export const readLimit: HardhatPlugin = {
  id: "cantilever-read-limit",
  hookHandlers: { network: () => import("./readLimitHooks.js") },
};
