/**
 * What can be spent, and what will be there. Statuses of legs and transfers are those of the pinned blocks, so that nothing is counted
 * both in a balance and on its way.
 *
 *     spendable = on-chain - reserved - what planned and sent legs and planned transfers still take
 *     virtual   = spendable + transfers on their way here (refunds too) + what planned and sent legs pay at least
 *
 * Trades spend what is spendable; the bridge is asked by what is virtual, or each look during its latency would send again.
 */
import { maxBigint } from "../../../protocol/math.js";
import type { ChainKey, LegRecord, Observation } from "../types.js";

function keyOf(chain: ChainKey, token: string): string {
  return `${chain}:${token}`;
}

/** Legs of open trades, repairs included. */
export function openLegs(observation: Observation): LegRecord[] {
  return observation.books.trades.flatMap(({ buy, sell, repairs }) => [buy, sell, ...repairs]);
}

/** Whether anything on its way cannot be read: then no inventory is known. */
export function hasUnreadable({ books }: Observation): boolean {
  return (
    !books.readable ||
    books.transfers.some(({ status }) => status === "unreadable") ||
    books.trades.some((trade) =>
      [trade.buy, trade.sell, ...trade.repairs].some(({ status }) => status === "unreadable"),
    )
  );
}

/** Amounts in base units; changes as intents are decided. */
export class Inventory {
  readonly #spendable = new Map<string, bigint>();
  readonly #coming = new Map<string, bigint>();

  constructor(observation: Observation) {
    for (const { chain, tokens } of observation.chains)
      for (const { token, balanceUnits } of tokens) this.#add(this.#spendable, chain, token, balanceUnits);
    for (const [key, units] of observation.reservedUnits)
      this.#spendable.set(key, (this.#spendable.get(key) ?? 0n) - units);
    for (const leg of openLegs(observation)) {
      if (leg.status !== "planned" && leg.status !== "sent") continue;
      this.#add(this.#spendable, leg.chain, leg.tokenIn, -leg.amountIn);
      this.#add(this.#coming, leg.chain, leg.tokenOut, leg.minOut);
    }
    for (const transfer of observation.books.transfers) {
      const { token, from, to, amountUnits, feeUnits, status } = transfer;
      if (status === "planned") this.#add(this.#spendable, from, token, -(amountUnits + feeUnits));
      this.#add(this.#coming, status === "refunding" ? from : to, token, amountUnits);
    }
  }

  /** What may be spent on a chain now; never below 0. */
  spendable(chain: ChainKey, token: string): bigint {
    return maxBigint(this.#spendable.get(keyOf(chain, token)) ?? 0n, 0n);
  }

  /** What will be there once all that is on its way has arrived; below 0 while more is pledged than is there. */
  virtual(chain: ChainKey, token: string): bigint {
    const key = keyOf(chain, token);
    return (this.#spendable.get(key) ?? 0n) + (this.#coming.get(key) ?? 0n);
  }

  /** A sale was decided. */
  trade(chain: ChainKey, tokenIn: string, amountIn: bigint, tokenOut: string, minOut: bigint): void {
    this.#add(this.#spendable, chain, tokenIn, -amountIn);
    this.#add(this.#coming, chain, tokenOut, minOut);
  }

  /** A transfer was decided. */
  send(token: string, from: ChainKey, to: ChainKey, amountUnits: bigint, feeUnits: bigint): void {
    this.#add(this.#spendable, from, token, -(amountUnits + feeUnits));
    this.#add(this.#coming, to, token, amountUnits);
  }

  #add(map: Map<string, bigint>, chain: ChainKey, token: string, units: bigint): void {
    const key = keyOf(chain, token);
    map.set(key, (map.get(key) ?? 0n) + units);
  }
}
