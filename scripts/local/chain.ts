/** A development node as the scripts of published protocols use it: unlocked accounts, time and storage to command, one transaction after the other. */
import { setTimeout as sleep } from "node:timers/promises";

import { getAddress, type Provider, toQuantity } from "ethers";

import { PermanentError, RetryableError } from "../../protocol/errors.js";

/** What both ethers' JsonRpcProvider and Hardhat's provider are. */
export interface DevelopmentProvider extends Provider {
  send(method: string, params: unknown[]): Promise<unknown>;
}

export interface LocalTransaction {
  readonly from: string;
  /** Undefined: creates a contract. */
  readonly to?: string;
  readonly data?: string;
  readonly valueWei?: bigint;
}

export interface LocalReceipt {
  readonly hash: string;
  readonly blockNumber: number;
  readonly gasUsed: bigint;
  readonly contractAddress: string | undefined;
  readonly logs: readonly { readonly address: string; readonly topics: string[]; readonly data: string }[];
}

interface RawReceipt {
  readonly status: string;
  readonly transactionHash: string;
  readonly blockNumber: string;
  readonly gasUsed: string;
  readonly contractAddress: string | null;
  readonly logs: LocalReceipt["logs"];
}

/** Holds every transaction of the system, the creation of its contracts among them; estimates would double the work. */
const GAS_LIMIT = 10_000_000n;
const RECEIPT_POLL_MS = 20;
const RECEIPT_TIMEOUT_MS = 30_000;

export class LocalChain {
  constructor(readonly provider: DevelopmentProvider) {}

  /** Unlocked accounts, checksummed. */
  async accounts(): Promise<string[]> {
    return ((await this.provider.send("eth_accounts", [])) as string[]).map((account) => getAddress(account));
  }

  /** Sends from an unlocked account and waits for the receipt. A revert is thrown as the node reports it, with its data. */
  async send(transaction: LocalTransaction): Promise<LocalReceipt> {
    const hash = (await this.provider.send("eth_sendTransaction", [
      {
        from: transaction.from,
        data: transaction.data ?? "0x",
        gas: toQuantity(GAS_LIMIT),
        ...(transaction.to === undefined ? {} : { to: transaction.to }),
        ...(transaction.valueWei === undefined ? {} : { value: toQuantity(transaction.valueWei) }),
      },
    ])) as string;
    const raw = await this.receipt(hash);
    if (raw.status !== "0x1") {
      // Nodes that accept the transaction say only in a call why it failed.
      await this.provider.send("eth_call", [
        { from: transaction.from, to: transaction.to, data: transaction.data ?? "0x" },
        raw.blockNumber,
      ]);
      throw new PermanentError("LOCAL_TRANSACTION_FAILED", `transaction ${hash} reverted without a reason`);
    }
    return {
      hash,
      blockNumber: Number(raw.blockNumber),
      gasUsed: BigInt(raw.gasUsed),
      contractAddress: raw.contractAddress ?? undefined,
      logs: raw.logs,
    };
  }

  /** Seconds, by the chain's clock. */
  async now(): Promise<number> {
    const block = (await this.provider.send("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
    return Number(block.timestamp);
  }

  async mine(blocks = 1): Promise<void> {
    for (let mined = 0; mined < blocks; mined += 1) await this.provider.send("evm_mine", []);
  }

  /** Moves the clock on and mines a block there. */
  async advance(seconds: bigint | number): Promise<void> {
    await this.provider.send("evm_increaseTime", [Number(seconds)]);
    await this.mine();
  }

  private async receipt(hash: string): Promise<RawReceipt> {
    for (const until = Date.now() + RECEIPT_TIMEOUT_MS; ;) {
      const raw = (await this.provider.send("eth_getTransactionReceipt", [hash])) as RawReceipt | null;
      if (raw !== null) return raw;
      if (Date.now() > until) {
        throw new RetryableError("LOCAL_NOT_MINED", `transaction ${hash} is in no block`, "let the node mine");
      }
      await sleep(RECEIPT_POLL_MS);
    }
  }
}
