/**
 * A lane between two simulated chains at its boundary: limits, books, fee and latency as the bridge promises them, but no contract and no
 * attestor. Tokens move for real on both chains: into an account of the bridge on one, out of such an account on the other, a latency later.
 */
import { IM1Token__factory } from "../../protocol/generated/contracts/index.js";
import type { LaneSnapshot, Transfer } from "../../keepers/cross-chain-arbitrage/types.js";
import type { SimTransaction } from "./chain.js";

const erc20 = IM1Token__factory.createInterface();
const WAD = 10n ** 18n;

/** What holds for one token, base units. */
export interface LaneTerms {
  readonly token: string;
  readonly address: string;
  readonly capacityUnits: bigint;
  readonly refillUnitsPerSecond: bigint;
  readonly minUnits: bigint;
  /** What is locked on the first chain, and was minted on the second, at the start. */
  readonly bookUnits: bigint;
}

/** Gross: what has passed in one direction fills up again with time. */
class Bucket {
  #units: bigint;
  #at = 0;

  constructor(
    private readonly capacityUnits: bigint,
    private readonly refillUnitsPerSecond: bigint,
  ) {
    this.#units = capacityUnits;
  }

  available(atSeconds: number): bigint {
    const refilled = this.#units + this.refillUnitsPerSecond * BigInt(atSeconds - this.#at);
    return refilled < this.capacityUnits ? refilled : this.capacityUnits;
  }

  take(units: bigint, atSeconds: number): void {
    this.#units = this.available(atSeconds) - units;
    this.#at = atSeconds;
  }
}

interface Lane {
  readonly terms: LaneTerms;
  /** Per chain and direction. */
  readonly out: Readonly<Record<string, Bucket>>;
  readonly into: Readonly<Record<string, Bucket>>;
  bookUnits: bigint;
}

interface Moving extends Transfer {
  readonly arrivesAt: number;
}

export class SimBridge {
  readonly #lanes: ReadonlyMap<string, Lane>;
  #moving: Moving[] = [];
  sent = 0;
  delivered = 0;

  constructor(
    private readonly chains: readonly [string, string],
    terms: readonly LaneTerms[],
    private readonly latencySeconds: number,
    private readonly feeRate: bigint,
    private readonly account: string,
    private readonly customer: string,
  ) {
    const buckets = (lane: LaneTerms): Readonly<Record<string, Bucket>> =>
      Object.fromEntries(chains.map((chain) => [chain, new Bucket(lane.capacityUnits, lane.refillUnitsPerSecond)]));
    this.#lanes = new Map(
      terms.map((lane) => [
        lane.token,
        { terms: lane, out: buckets(lane), into: buckets(lane), bookUnits: lane.bookUnits },
      ]),
    );
  }

  /** On their way, none of them on both chains or on neither. */
  get transfers(): readonly Transfer[] {
    return this.#moving;
  }

  /** What a chain's side of a lane says. The first chain locks, the second mints. */
  lane(token: string, chain: string, atSeconds: number): LaneSnapshot | undefined {
    const lane = this.#lanes.get(token);
    if (lane === undefined) return undefined;
    return {
      mode: chain === this.chains[0] ? "LOCK" : "MINT",
      outAvailableUnits: lane.out[chain]?.available(atSeconds) ?? 0n,
      inAvailableUnits: lane.into[chain]?.available(atSeconds) ?? 0n,
      bookUnits: lane.bookUnits,
      minUnits: lane.terms.minUnits,
      feeRate: this.feeRate,
    };
  }

  /** The transaction that hands a transfer to the bridge. */
  handOver(token: string, units: bigint): SimTransaction {
    return this.#pay(this.customer, this.account, token, units);
  }

  /** The transfer was taken on its source. */
  accept(transfer: Omit<Transfer, "status">, atSeconds: number): void {
    const lane = this.#lanes.get(transfer.token);
    if (lane === undefined) throw new Error(`the bridge does not carry ${transfer.token}`);
    lane.out[transfer.from]?.take(transfer.amountUnits, atSeconds);
    // Locked here is minted there, a latency later; burned there is gone at once, and released here a latency later.
    if (transfer.from === this.chains[1]) lane.bookUnits -= transfer.amountUnits;
    if (lane.bookUnits < 0n) throw new Error(`more ${transfer.token} was burned than was minted`);
    this.#moving.push({ ...transfer, status: "moving", arrivesAt: atSeconds + this.latencySeconds });
    this.sent += 1;
  }

  /** Payments that are due on a chain, in the order in which they were sent; what the inbound limit refuses waits. */
  due(chain: string, atSeconds: number): { readonly transfer: Transfer; readonly transaction: SimTransaction }[] {
    const due: { transfer: Transfer; transaction: SimTransaction }[] = [];
    for (const transfer of this.#moving) {
      if (transfer.to !== chain || transfer.arrivesAt > atSeconds) continue;
      const bucket = this.#lanes.get(transfer.token)?.into[chain];
      if (bucket === undefined || bucket.available(atSeconds) < transfer.amountUnits) continue;
      bucket.take(transfer.amountUnits, atSeconds);
      const transaction = this.#pay(this.account, this.customer, transfer.token, transfer.amountUnits);
      due.push({ transfer, transaction });
    }
    return due;
  }

  /** The payment is in the chain. */
  settle(transfer: Transfer): void {
    const lane = this.#lanes.get(transfer.token);
    if (lane !== undefined && transfer.to === this.chains[1]) lane.bookUnits += transfer.amountUnits;
    this.#moving = this.#moving.filter((moving) => moving.id !== transfer.id);
    this.delivered += 1;
  }

  #pay(from: string, to: string, token: string, units: bigint): SimTransaction {
    const terms = this.#lanes.get(token)?.terms;
    if (terms === undefined) throw new Error(`the bridge does not carry ${token}`);
    return { from, to: terms.address, data: erc20.encodeFunctionData("transfer", [to, units]), gas: 200_000 };
  }
}

/** Fee beside an amount, rounded up. */
export function bridgeFeeUnits(amountUnits: bigint, feeRate: bigint): bigint {
  return (amountUnits * feeRate + WAD - 1n) / WAD;
}
