/** How far ahead legs and transfers may name their deadlines, in seconds of their chain. */

/** What is further away than this lets a transaction wait for a price that nobody wanted: the policy refuses to sign it. */
export const MOST_AHEAD_SECONDS = 3_600;

/** For the difference between a chain's time and the clock that the policy looks at. */
const CLOCK_SECONDS = 600;

/** The largest setting, which the policy still signs. */
export const MOST_DEADLINE_SECONDS = MOST_AHEAD_SECONDS - CLOCK_SECONDS;

/** No message of the adapter expires sooner: MIN_LIFETIME_SECONDS of AlltraAdapter. */
export const LEAST_LIFETIME_SECONDS = 2n * 86_400n;

/** The first moment at which the message of a transfer can have expired: it was sent at most MOST_AHEAD_SECONDS before its deadline. */
export function firstExpiry(deadline: bigint): bigint {
  return deadline - BigInt(MOST_AHEAD_SECONDS) + LEAST_LIFETIME_SECONDS;
}
