/** A development node whose every block has the time and the base fee that it is told: one history makes one chain, whatever the clock on the wall says. */
import { toQuantity } from "ethers";

import { LocalChain, type DevelopmentProvider, type LocalReceipt, type LocalTransaction } from "../../local/chain.js";

export interface Waiting {
  readonly from: string;
  readonly to: string;
  readonly data: string;
  /** Who offers more comes first. */
  readonly tipWei: bigint;
}

/** Of what waits for a block, each: more than any call of the system takes. */
const WAITING_GAS = 1_500_000n;
/** Far above every base fee of a history. */
const WAITING_FEE_WEI = 1_000n * 10n ** 9n;

export class DatedChain extends LocalChain {
  private constructor(
    provider: DevelopmentProvider,
    private newestSeconds: number,
  ) {
    super(provider);
  }

  static async start(provider: DevelopmentProvider): Promise<DatedChain> {
    await provider.send("evm_setAutomine", [false]);
    const started = new DatedChain(provider, 0);
    started.newestSeconds = await new LocalChain(provider).now();
    return started;
  }

  /** Of the newest block. */
  get seconds(): number {
    return this.newestSeconds;
  }

  override now(): Promise<number> {
    return Promise.resolve(this.newestSeconds);
  }

  /** In a block of its own, a second after the newest one; what waits may be in it as well. */
  override async send(transaction: LocalTransaction): Promise<LocalReceipt> {
    await this.date(this.newestSeconds + 1);
    await this.provider.send("evm_setAutomine", [true]);
    try {
      return await super.send(transaction);
    } finally {
      await this.provider.send("evm_setAutomine", [false]);
    }
  }

  override async mine(blocks = 1): Promise<void> {
    for (let mined = 0; mined < blocks; mined += 1) await this.mineAt(this.newestSeconds + 1);
  }

  override async advance(seconds: bigint | number): Promise<void> {
    await this.mineAt(this.newestSeconds + Number(seconds));
  }

  /** A block with what waits, at that time or a second after the newest block. */
  async mineAt(seconds: number, baseFeeWei?: bigint): Promise<void> {
    await this.date(Math.max(seconds, this.newestSeconds + 1));
    if (baseFeeWei !== undefined) {
      await this.provider.send("hardhat_setNextBlockBaseFeePerGas", [toQuantity(baseFeeWei)]);
    }
    await this.provider.send("evm_mine", []);
  }

  /** For the next block that is mined. Whether it is still possible then, the block says. */
  async queue({ from, to, data, tipWei }: Waiting): Promise<void> {
    const fees = { maxFeePerGas: toQuantity(WAITING_FEE_WEI), maxPriorityFeePerGas: toQuantity(tipWei) };
    await this.provider.send("eth_sendTransaction", [{ from, to, data, gas: toQuantity(WAITING_GAS), ...fees }]);
  }

  /** Remembers the chain. @returns what goes back to it, once. */
  async keep(): Promise<() => Promise<void>> {
    const id = await this.provider.send("evm_snapshot", []);
    const at = this.newestSeconds;
    return async () => {
      await this.provider.send("evm_revert", [id]);
      this.newestSeconds = at;
    };
  }

  private async date(seconds: number): Promise<void> {
    await this.provider.send("evm_setNextBlockTimestamp", [toQuantity(seconds)]);
    this.newestSeconds = seconds;
  }
}
