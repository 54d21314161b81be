/** A simulated chain's node in a process of its own: anvil, which runs the same rules and records less. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { startAnvil, type AnvilNode } from "../../world/anvil.js";
import { IpcClient, IpcProvider } from "./ipc.js";
import { BLOCK_GAS, hex, type SimNode } from "./types.js";

/** As many as Hardhat's have (hardhat.config.ts). */
const ACCOUNTS = 21;
/** Blocks whose transactions and receipts stay: a receipt is read right after its block, those of the deployment within it. */
const KEPT_BLOCKS = 1_000;

function rulesOf(chainId: number): string[] {
  return [
    ...["--chain-id", String(chainId), "--hardfork", "cancun", "--accounts", String(ACCOUNTS), "--base-fee", "0"],
    ...["--gas-limit", String(BLOCK_GAS), "--order", "fifo", "--disable-default-create2-deployer"],
  ];
}

/**
 * Anvil computes the root of its whole state for every block, which costs several times what the block does, unless its chain is another's
 * from some block on. So each chain here is that of a second node, from its first block on, in which nothing ever happens.
 */
function continuing(origin: AnvilNode, socket: string): string[] {
  return [
    ...["--fork-url", origin.url, "--fork-block-number", "0", "--no-storage-caching", "--no-rate-limit"],
    // Only the newest state is read.
    ...["--prune-history", "--transaction-block-keeper", String(KEPT_BLOCKS), "--ipc", socket],
  ];
}

/** @throws PermanentError ANVIL_FAILED when there is no anvil for this machine. */
export async function openAnvilNode(chainId: number): Promise<SimNode> {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-sim-"));
  const socket = process.platform === "win32" ? `\\\\.\\pipe\\${basename(folder)}` : join(folder, "ipc");
  const nodes: AnvilNode[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(nodes.map(({ child }) => child.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const rules = rulesOf(chainId);
    const origin = await startAnvil(rules);
    nodes.push(origin);
    nodes.push(await startAnvil([...rules, ...continuing(origin, socket)]));
    return await connected(await IpcClient.open(socket), chainId, end);
  } catch (error) {
    await end();
    throw error;
  }
}

async function connected(client: IpcClient, chainId: number, end: () => Promise<void>): Promise<SimNode> {
  const provider = new IpcProvider(client, chainId);
  const request: SimNode["request"] = (method, params) => client.request(method, params);
  // As Hardhat's: never two blocks with one timestamp.
  await request("anvil_setBlockTimestampInterval", [1]);
  return {
    provider,
    signer: (address) => provider.getSigner(address),
    request,
    async mineByHand(blockSeconds) {
      await request("evm_setAutomine", [false]);
      await request("anvil_setBlockTimestampInterval", [blockSeconds]);
    },
    async mineEmpty(count) {
      await request("anvil_mine", [hex(count)]);
    },
    async close() {
      provider.destroy();
      client.close();
      await end();
    },
  };
}
