/**
 * Whether another mint is begun, and with which lot. Pure.
 *
 * A lot of s satoshis brings s · 10^10 wei of TBTC less the signers' fee of a 2,000th, rounded down. Wanted is the smallest lot that brings
 * what is missing; where money, limits or signers do not reach that far, the next smaller one. No deposit is opened that could not be paid
 * for now as it will be: with the coins that one payment takes, at the rate of now.
 */
import { satToTbtcWei } from "../../../../../protocol/tbtc/units.js";
import { type Coin, coinName, type Purse } from "../../../bitcoin/coins.js";
import { chooseCoins, type CoinChoice, type FundingPolicy } from "../../../bitcoin/funding.js";
import type { RelayEpochs } from "../../../bitcoin/proof.js";

export interface OpeningFacts {
  /** Satoshis, as the system allows them, in any order. */
  readonly lotsSat: readonly bigint[];
  /** Those of them for which the cap of the supply leaves room. */
  readonly mintableSat: ReadonlySet<bigint>;
  readonly creationFeeWei: bigint;
  readonly tokenUnits: bigint;
  readonly nativeWei: bigint;
  /** Lots of open mints. */
  readonly openLotsSat: readonly bigint[];
  /** Coins that open mints spend. */
  readonly usedCoins: ReadonlySet<string>;
  /** Lots of open mints that have paid nothing yet: they need coins still. */
  readonly unfundedLotsSat: readonly bigint[];
  /** Mints that ended in the last 24 hours without a payment: each has cost an opening. */
  readonly failedToday: bigint;
  /** Lots that count against a day. */
  readonly committedSat: bigint;
  readonly relay: RelayEpochs;
  readonly purse: Purse;
}

export interface OpeningPolicy {
  /** The wallet should have so much; 0: nothing is minted. */
  readonly targetUnits: bigint;
  readonly maxOpen: number;
  readonly maxSatPerDay: bigint;
  readonly maxCreationFeeWei: bigint;
  /** Stays in the wallet, and the highest price of every transaction of a mint. */
  readonly reserveWei: bigint;
  readonly gasWei: bigint;
  /** Of the wallet, without its length. */
  readonly script: Uint8Array;
  readonly fees: FundingPolicy;
}

export type OpeningSkip =
  | "off"
  | "target-met"
  | "max-open"
  | "day-limit"
  /** What failed without a payment lately would fail again. */
  | "failed-lately"
  | "creation-fee"
  | "gas-short"
  | "bitcoin-unknown"
  | "relay-behind"
  | "fee-unknown"
  | "fee-ceiling"
  | "coins-short"
  | "supply-cap"
  | "no-lots";

export type Opening = { readonly lotsSat: readonly [bigint, ...bigint[]] } | { readonly skip: OpeningSkip };

/** P2WPKH. */
const KEEP_SCRIPT_BYTES = 22;
/** Frozen for each deposit when it is opened; this is only what a lot is expected to bring. */
const SIGNER_FEE_DIVISOR = 2_000n;

/** TBTC that a lot brings, wei. */
export function broughtBy(lotSat: bigint): bigint {
  const lotWei: bigint = satToTbtcWei(lotSat);
  return lotWei - lotWei / SIGNER_FEE_DIVISOR;
}

export function decideOpening(facts: OpeningFacts, policy: OpeningPolicy): Opening {
  const { openLotsSat, purse, relay, creationFeeWei } = facts;
  if (policy.targetUnits === 0n) return { skip: "off" };
  const coming = openLotsSat.reduce((sum, lotSat) => sum + broughtBy(lotSat), 0n);
  const missing = policy.targetUnits - facts.tokenUnits - coming;
  if (missing <= 0n) return { skip: "target-met" };
  if (openLotsSat.length >= policy.maxOpen) return { skip: "max-open" };
  if (facts.failedToday > 0n) return { skip: "failed-lately" };
  if (creationFeeWei > policy.maxCreationFeeWei) return { skip: "creation-fee" };
  if (facts.nativeWei < policy.reserveWei + creationFeeWei + policy.gasWei) return { skip: "gas-short" };
  if (purse.kind !== "known") return { skip: "bitcoin-unknown" };
  const known = [relay.currentDifficulty, relay.previousDifficulty];
  if (!known.includes(purse.tipDifficulty)) return { skip: "relay-behind" };

  const sizes = [...facts.lotsSat].sort((a, b) => (a < b ? -1 : 1));
  if (sizes.length === 0) return { skip: "no-lots" };
  const enough = sizes.find((lotSat) => broughtBy(lotSat) >= missing);
  const wanted = sizes.filter((lotSat) => enough === undefined || lotSat <= enough).reverse();
  const leftSat = policy.maxSatPerDay - facts.committedSat;
  const inDay = wanted.filter((lotSat) => lotSat <= leftSat);
  if (inDay.length === 0) return { skip: "day-limit" };
  const { nextBlockSatPerKvb } = purse;
  if (nextBlockSatPerKvb === undefined) return { skip: "fee-unknown" };
  const choose = (coins: readonly Coin[], lotSat: bigint): CoinChoice =>
    chooseCoins(coins, lotSat, KEEP_SCRIPT_BYTES, policy.script, nextBlockSatPerKvb, policy.fees);
  let free: readonly Coin[] = purse.coins.filter((coin) => !facts.usedCoins.has(coinName(coin)));
  for (const lotSat of facts.unfundedLotsSat) {
    const chosen = choose(free, lotSat);
    if (!chosen.ok) return { skip: chosen.reason };
    free = free.filter((coin) => !chosen.coins.includes(coin));
  }
  const choices = inDay.map((lotSat) => ({ lotSat, choice: choose(free, lotSat) }));
  const paid = choices.filter(({ choice }) => choice.ok).map(({ lotSat }) => lotSat);
  const cheapest = choices.at(-1)?.choice;
  if (paid.length === 0) return { skip: cheapest?.ok === false ? cheapest.reason : "coins-short" };
  const [first, ...others] = paid.filter((lotSat) => facts.mintableSat.has(lotSat));
  return first === undefined ? { skip: "supply-cap" } : { lotsSat: [first, ...others] };
}
