/** Many transactions of the node's own accounts, packed into few blocks. */
import { toQuantity } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import type { ScenarioCall } from "../../tbtc/scenario.js";
import type { KeepableNode } from "./node.js";

export interface CrowdCall extends ScenarioCall {
  /** Limit, and what it counts for in its block. */
  readonly gas: number;
  readonly valueWei?: bigint;
}

/** As many as Ethereum had in a block. */
const GAS_PER_BLOCK = 30_000_000;
const GAS_PRICE_WEI = 20_000_000_000n;

interface Receipt {
  readonly status: string;
}

/** The calls in their order, block by block. Accounts send nothing else meanwhile. @throws PermanentError BENCH_CALL_FAILED */
export async function sendAll(
  { provider }: Pick<KeepableNode, "provider">,
  calls: readonly CrowdCall[],
  onBlock: (sent: number) => void = () => undefined,
): Promise<void> {
  const nonces = new Map<string, number>();
  for (const from of new Set(calls.map((call) => call.from))) {
    nonces.set(from, Number(await provider.send("eth_getTransactionCount", [from, "latest"])));
  }
  let sent = 0;
  for (const block of blocksOf(calls)) {
    const sending = block.map(({ from, to, data, gas, valueWei = 0n }) => {
      const nonce = nonces.get(from) ?? 0;
      nonces.set(from, nonce + 1);
      const money = { value: toQuantity(valueWei), gasPrice: toQuantity(GAS_PRICE_WEI) };
      return provider.send("eth_sendTransaction", [
        { from, to, data, gas: toQuantity(gas), nonce: toQuantity(nonce), ...money },
      ]);
    });
    await Promise.all(sending);
    await provider.send("evm_mine", []);
    const receipts = (await provider.send("eth_getBlockReceipts", ["latest"])) as readonly Receipt[];
    const failed = receipts.findIndex(({ status }) => status !== "0x1");
    if (receipts.length !== block.length || failed >= 0) {
      const what = failed < 0 ? `only ${String(receipts.length)} of ${String(block.length)} calls` : "a call";
      throw new PermanentError("BENCH_CALL_FAILED", `the node carried out ${what} of a block, or not well`);
    }
    sent += block.length;
    onBlock(sent);
  }
}

/** Cut where a block is full. */
export function blocksOf<T extends Pick<CrowdCall, "gas">>(calls: readonly T[]): readonly (readonly T[])[] {
  const blocks: T[][] = [];
  let room = 0;
  for (const call of calls) {
    if (call.gas > room || blocks.length === 0) {
      blocks.push([]);
      room = GAS_PER_BLOCK;
    }
    blocks.at(-1)?.push(call);
    room -= call.gas;
  }
  return blocks;
}
