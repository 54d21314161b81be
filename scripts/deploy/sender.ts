import type { Provider, Signer, TransactionReceipt, TransactionRequest } from "ethers";
import { parseUnits } from "ethers";

import { PermanentError, RetryableError } from "../../protocol/errors.js";
import { asRevertError } from "../../protocol/revert.js";
import type { DeployFaults } from "./types.js";

/** A transaction to send. */
export interface Outgoing {
  readonly label: string;
  readonly to: string;
  readonly data: string;
  readonly valueWei?: bigint;
}

const POLL_MS = 20;
const MAX_POLL_MS = 500;
/** Gas is estimated and then raised by 20 %: state may move between estimate and inclusion. */
const GAS_MARGIN_PERCENT = 120n;

export interface SenderSettings {
  readonly maxGasPriceGwei: string;
  readonly timeoutMs: number;
  readonly faults: DeployFaults;
  /** Instead of an estimate per transaction: for simulations, where an estimate costs more than the transaction. */
  readonly fixedGasLimit: bigint | undefined;
}

/** Sends transactions of one account: several at once under consecutive nonces, then waits for all of them. */
export class Sender {
  private sent = 0;
  private recorded = 0;

  constructor(
    private readonly signer: Signer,
    private readonly provider: Provider,
    private readonly log: (line: string) => void,
    private readonly settings: SenderSettings,
  ) {}

  get transactions(): number {
    return this.sent;
  }

  /** Waits until nothing of this account is under way, so that a killed run's last transactions are seen before planning again. */
  async settle(): Promise<void> {
    const from = await this.signer.getAddress();
    await this.until(`transactions of ${from} that are under way`, async () => {
      const [mined, known] = await Promise.all([
        this.provider.getTransactionCount(from, "latest"),
        this.provider.getTransactionCount(from, "pending"),
      ]);
      return mined >= known ? true : undefined;
    });
  }

  /**
   * Sends all, then waits for all. `prepare` is told the first nonce before anything is sent; `done` hears of each receipt in order.
   * @throws RevertError when one would fail, RetryableError GAS_PRICE_ABOVE_LIMIT or TRANSACTION_NOT_MINED.
   */
  async sendAll(
    transactions: readonly Outgoing[],
    prepare: (firstNonce: number, afterBlock: number) => void,
    done: (index: number, receipt: TransactionReceipt) => Promise<void>,
  ): Promise<void> {
    if (transactions.length === 0) return;
    const from = await this.signer.getAddress();
    const [firstNonce, afterBlock, fees] = await Promise.all([
      this.provider.getTransactionCount(from, "latest"),
      this.provider.getBlockNumber(),
      this.fees(),
    ]);
    prepare(firstNonce, afterBlock);
    const hashes: string[] = [];
    for (const [index, transaction] of transactions.entries()) {
      hashes.push(await this.broadcast(transaction, from, firstNonce + index, fees));
      this.sent += 1;
      this.settings.faults.afterBroadcast?.(this.sent);
    }
    for (const [index, hash] of hashes.entries()) {
      const label = transactions[index]?.label ?? hash;
      const receipt = await this.until(`${label} (${hash})`, () => this.provider.getTransactionReceipt(hash));
      if (receipt.status !== 1) {
        throw new PermanentError(
          "TRANSACTION_FAILED",
          `${label} failed in transaction ${hash}`,
          "look at it in an explorer, then run again",
          {
            hash,
          },
        );
      }
      await done(index, receipt);
      this.recorded += 1;
      this.settings.faults.afterRecord?.(this.recorded);
      this.log(`    sent ${label}: block ${String(receipt.blockNumber)}, gas ${String(receipt.gasUsed)}`);
    }
  }

  private async broadcast(
    transaction: Outgoing,
    from: string,
    nonce: number,
    fees: TransactionRequest,
  ): Promise<string> {
    const request = { from, to: transaction.to, data: transaction.data, value: transaction.valueWei ?? 0n };
    try {
      const gasLimit = this.settings.fixedGasLimit ?? (await this.estimate(request));
      return (await this.signer.sendTransaction({ ...request, ...fees, nonce, gasLimit })).hash;
    } catch (error) {
      throw asRevertError(error, transaction.label);
    }
  }

  private async estimate(request: TransactionRequest): Promise<bigint> {
    return ((await this.provider.estimateGas(request)) * GAS_MARGIN_PERCENT) / 100n;
  }

  private async fees(): Promise<TransactionRequest> {
    const limitWei = parseUnits(this.settings.maxGasPriceGwei, "gwei");
    const fees = await this.provider.getFeeData();
    const askedWei = fees.maxFeePerGas ?? fees.gasPrice ?? 0n;
    if ((fees.gasPrice ?? 0n) > limitWei) {
      throw new RetryableError(
        "GAS_PRICE_ABOVE_LIMIT",
        `the network asks ${String(fees.gasPrice)} wei per gas, the parameters allow ${String(limitWei)}`,
        "run again later, or raise maxGasPriceGwei in the parameters",
      );
    }
    if (fees.maxFeePerGas === null) return { type: 0, gasPrice: askedWei };
    const tipWei = fees.maxPriorityFeePerGas ?? 0n;
    const maxWei = askedWei < limitWei ? askedWei : limitWei;
    return { type: 2, maxFeePerGas: maxWei, maxPriorityFeePerGas: tipWei < maxWei ? tipWei : maxWei };
  }

  /** Asks again until there is an answer. @throws RetryableError TRANSACTION_NOT_MINED */
  async until<T>(what: string, ask: () => Promise<T | null | undefined>): Promise<T> {
    const end = Date.now() + this.settings.timeoutMs;
    for (let pause = POLL_MS; ; pause = Math.min(pause * 2, MAX_POLL_MS)) {
      const answer = await ask();
      if (answer !== null && answer !== undefined) return answer;
      if (Date.now() > end) {
        throw new RetryableError(
          "TRANSACTION_NOT_MINED",
          `still waiting for ${what} after ${String(this.settings.timeoutMs / 1_000)} s`,
          "check that the chain makes blocks, then run the same command again: it continues where it stopped",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
