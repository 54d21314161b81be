/**
 * What the stabilizer gains, loses and uses, from the token transfers of its executions alone: independent of what its events say.
 * Its inventory is what it holds itself and what lies in the mesh; moves between the two cancel out.
 */
import { id } from "ethers";

import type { MarketToken, UsdPrices } from "../market/outside.js";
import { InventorySum } from "../stats/inventory.js";
import type { SimLog } from "./chain.js";

const TRANSFER = id("Transfer(address,address,uint256)");
const WAD = 10n ** 18n;

/** A token as the ledger needs it. */
export interface LedgerToken {
  readonly name: MarketToken;
  readonly address: string;
  readonly decimals: number;
}

/** Change of the inventory, token base units. */
export type Changes = Map<MarketToken, bigint>;

function addressOf(topic: string | undefined): string {
  return `0x${(topic ?? "").slice(26).toLowerCase()}`;
}

export class StabilizerLedger {
  readonly atOracle = new InventorySum();
  readonly atMarket = new InventorySum();
  /** Sum of all changes so far. */
  readonly net: Changes = new Map();
  /** Largest capital in use at any time, micro-USD at the starting prices. */
  peakUsedUnits = 0n;
  readonly #tokens: ReadonlyMap<string, LedgerToken>;
  readonly #holders: ReadonlySet<string>;
  readonly #startMicroUsd: ReadonlyMap<MarketToken, bigint>;

  constructor(tokens: readonly LedgerToken[], holders: readonly string[], start: UsdPrices) {
    this.#tokens = new Map(tokens.map((token) => [token.address.toLowerCase(), token]));
    this.#holders = new Set(holders.map((holder) => holder.toLowerCase()));
    this.#startMicroUsd = new Map(tokens.map(({ name }) => [name, BigInt(Math.round(start[name] * 1e6))]));
  }

  /** Inventory change of one transaction from its logs. */
  changesOf(logs: readonly SimLog[]): Changes {
    const changes: Changes = new Map();
    for (const log of logs) {
      const token = this.#tokens.get(log.address.toLowerCase());
      if (token === undefined || log.topics[0] !== TRANSFER) continue;
      const amount = BigInt(log.data);
      const out = this.#holders.has(addressOf(log.topics[1])) ? amount : 0n;
      const into = this.#holders.has(addressOf(log.topics[2])) ? amount : 0n;
      if (out !== into) changes.set(token.name, (changes.get(token.name) ?? 0n) + into - out);
    }
    return changes;
  }

  /** Books an execution. `oracleXauWad`: XAU per whole token at this block's oracle, 1e18; `market`: outside prices. */
  book(changes: Changes, oracleXauWad: ReadonlyMap<MarketToken, bigint>, market: UsdPrices): void {
    const marketXauWad = marketInXau(market);
    this.atOracle.add(this.valueXauWei(changes, oracleXauWad));
    this.atMarket.add(this.valueXauWei(changes, marketXauWad));
    for (const [name, change] of changes) this.net.set(name, (this.net.get(name) ?? 0n) + change);
    const used = this.usedUnits();
    if (used > this.peakUsedUnits) this.peakUsedUnits = used;
  }

  /** Capital in use now: what is missing of each token against the start, micro-USD at the starting prices. */
  usedUnits(): bigint {
    let used = 0n;
    for (const token of this.#tokens.values()) {
      const change = this.net.get(token.name) ?? 0n;
      if (change < 0n) used += (-change * (this.#startMicroUsd.get(token.name) ?? 0n)) / 10n ** BigInt(token.decimals);
    }
    return used;
  }

  /** Value of amounts at outside prices, XAU wei. */
  valueAt(amounts: Changes, market: UsdPrices): bigint {
    return this.valueXauWei(amounts, marketInXau(market));
  }

  /** Value of amounts at prices given in XAU per whole token, 1e18. Each amount is rounded towards minus infinity. */
  valueXauWei(amounts: Changes, xauWad: ReadonlyMap<MarketToken, bigint>): bigint {
    let value = 0n;
    for (const token of this.#tokens.values()) {
      const amount = amounts.get(token.name) ?? 0n;
      const unit = 10n ** BigInt(token.decimals);
      const product = amount * (xauWad.get(token.name) ?? 0n);
      value += product >= 0n ? product / unit : -((-product + unit - 1n) / unit);
    }
    return value;
  }
}

/** Outside prices as XAU per whole token, 1e18. */
export function marketInXau(market: UsdPrices): ReadonlyMap<MarketToken, bigint> {
  const names = Object.keys(market) as MarketToken[];
  return new Map(
    names.map((name) => [name, name === "XAU" ? WAD : BigInt(Math.round((market[name] / market.XAU) * 1e18))]),
  );
}
