/** The books of the arbitrage keeper in a simulation: what it holds on each chain, what that is worth, what it has earned and needed. */
import type { Transfer } from "../../keepers/cross-chain-arbitrage/types.js";
import type { LedgerToken } from "./stabilizer-ledger.js";

const DAY_SECONDS = 86_400;

export class ArbitrageBooks {
  /** Results of closed trades at the oracle, gas and bridge fees included, XAU wei. */
  resultXauWei = 0n;
  bridgeFeesXauWei = 0n;
  gasXauWei = 0n;
  /** Largest sum of what was missing on both chains against the start, micro-USD; what is on the bridge is missing on both. */
  peakUsedMicroUsd = 0n;
  peakInFlightMicroUsd = 0n;
  readonly #balances = new Map<string, bigint>();
  readonly #start = new Map<string, bigint>();
  readonly #values = new Map<string, bigint>();
  #bookedXauWei = 0n;
  #bookedDay = 0;

  /** `moving`: what is on the bridge now. Values of a trade are those of the first chain. */
  constructor(
    private readonly chains: readonly [string, string],
    private readonly tokens: readonly LedgerToken[],
    private readonly moving: () => readonly Pick<Transfer, "token" | "amountUnits">[],
    private readonly microUsd: (token: LedgerToken, units: bigint) => bigint,
  ) {}

  /** What the keeper starts with. */
  open(chain: string, token: string, units: bigint): void {
    this.#balances.set(keyOf(chain, token), units);
    this.#start.set(keyOf(chain, token), units);
  }

  balanceUnits(chain: string, token: string): bigint {
    return this.#balances.get(keyOf(chain, token)) ?? 0n;
  }

  /** Value of a whole token at the oracle, XAU wei; 0: there is none. */
  setValue(chain: string, token: string, xauWad: bigint): void {
    this.#values.set(keyOf(chain, token), xauWad);
  }

  valueXauWad(chain: string, token: string): bigint {
    return this.#values.get(keyOf(chain, token)) ?? 0n;
  }

  /** XAU wei, rounded towards zero. */
  worth(name: string, units: bigint): bigint {
    return (units * this.valueXauWad(this.chains[0], name)) / 10n ** BigInt(this.token(name).decimals);
  }

  token(name: string): LedgerToken {
    const token = this.tokens.find((known) => known.name === name);
    if (token === undefined) throw new Error(`there is no token ${name}`);
    return token;
  }

  /** Something came (or, below zero, went). */
  add(chain: string, token: string, units: bigint): void {
    this.#balances.set(keyOf(chain, token), this.balanceUnits(chain, token) + units);
    this.notePeaks();
  }

  bookTrade(xauWei: bigint, atSeconds: number): void {
    this.#book(xauWei, atSeconds);
  }

  bookGas(costXauWei: bigint, atSeconds: number): void {
    this.gasXauWei += costXauWei;
    this.#book(-costXauWei, atSeconds);
  }

  bookBridgeFee(feeXauWei: bigint, atSeconds: number): void {
    this.bridgeFeesXauWei += feeXauWei;
    this.#book(-feeXauWei, atSeconds);
  }

  /** Results of the day in which `atSeconds` lies, XAU wei. Days are counted from the start of the simulation. */
  bookedTodayXauWei(atSeconds: number): bigint {
    return this.#bookedDay === dayOf(atSeconds) ? this.#bookedXauWei : 0n;
  }

  notePeaks(): void {
    let used = 0n;
    for (const chain of this.chains)
      for (const token of this.tokens) {
        const missing = (this.#start.get(keyOf(chain, token.name)) ?? 0n) - this.balanceUnits(chain, token.name);
        if (missing > 0n) used += this.microUsd(token, missing);
      }
    if (used > this.peakUsedMicroUsd) this.peakUsedMicroUsd = used;
    let moving = 0n;
    for (const { token, amountUnits } of this.moving()) moving += this.microUsd(this.token(token), amountUnits);
    if (moving > this.peakInFlightMicroUsd) this.peakInFlightMicroUsd = moving;
  }

  /** What all trades, transfers and gas have changed, at the oracle's values now: trades that are open included. XAU wei. */
  inventoryChangeXauWei(): bigint {
    let sum = 0n;
    for (const { name } of this.tokens) {
      let change = 0n;
      for (const chain of this.chains)
        change += this.balanceUnits(chain, name) - (this.#start.get(keyOf(chain, name)) ?? 0n);
      for (const { token, amountUnits } of this.moving()) if (token === name) change += amountUnits;
      sum += this.worth(name, change);
    }
    return sum - this.gasXauWei;
  }

  #book(xauWei: bigint, atSeconds: number): void {
    this.resultXauWei += xauWei;
    const day = dayOf(atSeconds);
    if (day !== this.#bookedDay) [this.#bookedDay, this.#bookedXauWei] = [day, 0n];
    this.#bookedXauWei += xauWei;
  }
}

function keyOf(chain: string, token: string): string {
  return `${chain}:${token}`;
}

function dayOf(seconds: number): number {
  return Math.floor(seconds / DAY_SECONDS);
}
