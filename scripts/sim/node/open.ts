/** The nodes that a simulation can run on. What it says does not depend on which. */
import type { SimNode } from "./types.js";

export const NODE_KINDS = ["hardhat", "anvil"] as const;
/** hardhat: in this process. anvil: in a process of its own, and faster. */
export type NodeKind = (typeof NODE_KINDS)[number];

/** @throws PermanentError ANVIL_FAILED when there is no anvil for this machine. */
export async function openNode(kind: NodeKind, chainId: number): Promise<SimNode> {
  // Loading Hardhat takes a second.
  if (kind === "hardhat") return (await import("./hardhat.js")).openHardhatNode(chainId);
  return (await import("./anvil.js")).openAnvilNode(chainId);
}
