/**
 * Whether another mint is begun, and with which lot. Pure.
 *
 * A lot of s satoshis brings s · 10^10 wei of TBTC less the signers' fee of a 2,000th, rounded down. Wanted is the smallest lot that brings
 * what is missing; where money, limits or signers do not reach that far, the next smaller one.
 */
import { satToTbtcWei } from "../../../../../protocol/tbtc/units.js";
import type { Purse } from "../../../bitcoin/coins.js";
import { coinName } from "../../../bitcoin/coins.js";
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
  /** Open mints that have paid nothing yet need coins still. */
  readonly unfundedSat: bigint;
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
  readonly maxBitcoinFeeSat: bigint;
  /** Stays in the wallet, and the highest price of every transaction of a mint. */
  readonly reserveWei: bigint;
  readonly gasWei: bigint;
}

export type OpeningSkip =
  | "off"
  | "target-met"
  | "max-open"
  | "day-limit"
  | "creation-fee"
  | "gas-short"
  | "bitcoin-unknown"
  | "relay-behind"
  | "coins-short"
  | "supply-cap"
  | "no-lots";

export type Opening = { readonly lotsSat: readonly [bigint, ...bigint[]] } | { readonly skip: OpeningSkip };

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
  const haveSat = purse.coins
    .filter((coin) => !facts.usedCoins.has(coinName(coin)))
    .reduce((sum, { amountSat }) => sum + amountSat, -facts.unfundedSat);
  const paid = inDay.filter((lotSat) => lotSat + policy.maxBitcoinFeeSat <= haveSat);
  if (paid.length === 0) return { skip: "coins-short" };
  const [first, ...others] = paid.filter((lotSat) => facts.mintableSat.has(lotSat));
  return first === undefined ? { skip: "supply-cap" } : { lotsSat: [first, ...others] };
}
