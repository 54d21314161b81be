/**
 * The refiller inside the simulation: the keeper's own question and bytes. What a bucket holds changes by executions and refills only, and
 * what stood in the way of a refill ends with time; in between nothing is asked.
 */
import type { Deployment } from "../../protocol/addresses.js";
import { ICapitalBuckets__factory, IXAUOracle__factory } from "../../protocol/generated/contracts/index.js";
import {
  BUCKETS,
  decodeRefills,
  decodeReserveSnapshot,
  encodeRefill,
  REFILL_GAS_LIMIT,
  refillsCall,
  reserveSnapshotCall,
  type BucketLetter,
  type RefillView,
} from "../../protocol/reserveLens.js";
import { reservesReport, type ReservesReport } from "../../protocol/reservesReport.js";
import type { LedgerToken } from "./stabilizer-ledger.js";
import type { SimChain, SimReceipt, SimTransaction } from "./chain.js";

const bucketsAbi = ICapitalBuckets__factory.createInterface();
const oracleAbi = IXAUOracle__factory.createInterface();
/** What is in the way for other reasons than a cooldown (a doubt, a stop, P) is looked at again after this many seconds. */
const ASKED_EVERY_SECONDS = 60;

/** One refill that was made. */
export interface Refill {
  readonly block: number;
  readonly bucket: BucketLetter;
  readonly scarce: string;
  readonly surplus: string;
  readonly filledUnits: bigint;
  readonly paidUnits: bigint;
  readonly rewardUnits: bigint;
}

export class SimRefills {
  readonly made: Refill[] = [];
  reverted = 0;
  readonly #question: { readonly to: string; readonly data: string };
  readonly #buckets: string;
  /** Chain time from which asking could change the answer; undefined: only an execution or a refill could. */
  #askFrom: number | undefined = 0;
  #due: RefillView | undefined;

  constructor(
    private readonly chain: SimChain,
    private readonly deployment: Deployment,
    private readonly sender: string,
    /** Tokens that the oracle prices here: those of traded pools, and gold. */
    private readonly priced: readonly LedgerToken[],
  ) {
    this.#question = refillsCall(deployment.address("ReserveLens"));
    this.#buckets = deployment.address("CapitalBuckets");
  }

  /** Something moved what a bucket holds. */
  touched(): void {
    this.#askFrom = 0;
  }

  /** Whether the lens has to be asked at the end of a block with this timestamp. */
  isDue(timestamp: number): boolean {
    return this.#due !== undefined || (this.#askFrom !== undefined && timestamp >= this.#askFrom);
  }

  /** At the end of a block. */
  async observe(): Promise<void> {
    const now = this.chain.head.timestamp;
    if (this.#due !== undefined || !this.isDue(now)) return;
    const all = decodeRefills(await this.chain.call(this.#question.to, this.#question.data));
    const refills = all.filter(({ scarce }) => this.priced.some(({ address }) => address === scarce));
    this.#due = refills.find((refill) => refill.reason === "NONE");
    const waits = refills.flatMap((refill) => {
      if (refill.reason === "COOLDOWN") return [Number(refill.readyAt)];
      return refill.reason === "NOT_LOW" ? [] : [now + ASKED_EVERY_SECONDS];
    });
    this.#askFrom = waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** The refill decided at the end of the block before, once. */
  transaction(): SimTransaction | undefined {
    const due = this.#due;
    this.#due = undefined;
    if (due === undefined) return undefined;
    return { from: this.sender, to: this.#buckets, data: encodeRefill(due), gas: Number(REFILL_GAS_LIMIT) };
  }

  /** Books what the refill of the newest block did. */
  settle(receipt: SimReceipt, block: number): void {
    this.touched();
    if (!receipt.ok) {
      this.reverted += 1;
      this.#askFrom = this.chain.head.timestamp + ASKED_EVERY_SECONDS;
    }
    for (const log of receipt.logs) {
      if (log.address.toLowerCase() !== this.#buckets.toLowerCase()) continue;
      const event = bucketsAbi.parseLog({ topics: [...log.topics], data: log.data });
      if (event?.name !== "Refilled") continue;
      const { bucket, scarce, surplus, amountUnits, paidUnits, rewardUnits } = event.args.toObject() as Record<
        string,
        bigint | string
      >;
      this.made.push({
        block,
        bucket: BUCKETS[Number(bucket)] ?? "B",
        scarce: this.#nameOf(String(scarce)),
        surplus: this.#nameOf(String(surplus)),
        filledUnits: BigInt(amountUnits ?? 0n),
        paidUnits: BigInt(paidUnits ?? 0n),
        rewardUnits: BigInt(rewardUnits ?? 0n),
      });
    }
  }

  /** Tiers, P, T and buckets at the newest block, of the tokens that have a price. */
  async report(): Promise<ReservesReport> {
    const { to, data } = reserveSnapshotCall(this.deployment.address("ReserveLens"));
    return reservesReport(
      decodeReserveSnapshot(await this.chain.call(to, data)),
      (address) => this.priced.find((token) => token.address === address)?.name,
      (token, units) => this.#valueXauWei(token, units),
    );
  }

  async #valueXauWei(token: string, units: bigint): Promise<bigint> {
    const data = oracleAbi.encodeFunctionData("valueInXau", [token, units]);
    return BigInt(await this.chain.call(this.deployment.address("XAUOracle"), data));
  }

  #nameOf(address: string): string {
    return this.deployment.tokenAt(address) ?? address;
  }
}
