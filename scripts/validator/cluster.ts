/** One local cluster: a bank, its faucet, the way transactions take to it, and the faults that are injected there. */
import { Bank, type BankOptions } from "./bank.js";
import { Deliveries, type SendFault } from "./delivery.js";
import { Faucet } from "./faucet.js";

/** What befalls a request that is not a sendTransaction. */
export type RequestFault = "refuse" | "lose-reply" | "unhealthy";

export interface Faults {
  /** Asked once for every sendTransaction that passed its checks. */
  send?: (signature: string) => SendFault | undefined;
  /** Asked once for every request, sendTransaction included. */
  request?: (method: string) => RequestFault | undefined;
}

export interface ClusterOptions extends BankOptions {
  /** Slots below the newest for which transactions are remembered without `searchTransactionHistory`. */
  readonly recentStatusSlots?: bigint;
  /** Slots below the newest for which blocks are kept at all; 0 keeps everything. */
  readonly ledgerSlots?: bigint;
  /** Airdrops that a saved cluster has made already. */
  readonly airdrops?: number;
}

/** A node's status cache. */
const RECENT_STATUS_SLOTS = 300n;

export class Cluster {
  readonly faults: Faults = {};
  readonly deliveries: Deliveries;
  readonly recentStatusSlots: bigint;
  private readonly ledgerSlots: bigint;

  private constructor(
    readonly bank: Bank,
    readonly faucet: Faucet,
    options: ClusterOptions,
  ) {
    this.deliveries = new Deliveries(bank);
    this.recentStatusSlots = options.recentStatusSlots ?? RECENT_STATUS_SLOTS;
    this.ledgerSlots = options.ledgerSlots ?? 0n;
  }

  static async create(options: ClusterOptions = {}): Promise<Cluster> {
    const bank = new Bank(options);
    return new Cluster(bank, await Faucet.create(bank, options.airdrops), options);
  }

  /** Lowest slot of which the node still knows transactions. */
  get firstAvailableSlot(): bigint {
    if (this.ledgerSlots === 0n) return 0n;
    const first = this.bank.blocks.open.slot - this.ledgerSlots;
    return first > 0n ? first : 0n;
  }

  /** Time passes. */
  advance(slots = 1): void {
    for (let i = 0; i < slots; i += 1) {
      this.bank.advance();
      this.deliveries.slotPassed();
    }
  }

  /** The newest blocks never were. Nodes send again what was in them when `redeliver` is set. */
  fork(blocks: number, redeliver: boolean): number {
    const dropped = this.bank.fork(blocks);
    if (redeliver) for (const { wire } of dropped) this.bank.deliver(wire);
    return dropped.length;
  }
}
