/** The meters of a policy: calls per hour of each rule, amounts per day of each asset. */
import { DAY_US, HOUR_US, meterOf, type MeterLimit } from "./meter.js";
import { NO_OP, type Policy, type PolicyUse } from "./types.js";

/** Limits by the name under which the ledger keeps them: `calls:Stabilizer.executeBatch`, `amount:cUSDC`. */
export function policyMeters(policy: Policy): ReadonlyMap<string, MeterLimit> {
  return new Map([
    ...policy.rules.map(({ name, perHour }): [string, MeterLimit] => [
      callMeter(name),
      meterOf(BigInt(perHour), HOUR_US),
    ]),
    [callMeter(NO_OP), meterOf(BigInt(policy.noOp.perHour), HOUR_US)],
    ...Object.entries(policy.perDay).map(([asset, limit]): [string, MeterLimit] => [
      amountMeter(asset),
      meterOf(limit, DAY_US),
    ]),
  ]);
}

/** What a call draws from which meter, sorted by name, so that two transactions never lock in two orders. */
export function drawsOf(use: PolicyUse): readonly (readonly [meter: string, amount: bigint])[] {
  return [
    ...Object.entries(use.calls).map(([rule, count]): [string, bigint] => [callMeter(rule), BigInt(count)]),
    ...Object.entries(use.amounts).map(([asset, amount]): [string, bigint] => [amountMeter(asset), amount]),
  ].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Base units of each asset that can be lost in any 24 hours: what its meter can hold and what flows into it. */
export function worstCaseLossPerDay(policy: Policy): Readonly<Record<string, bigint>> {
  return Object.fromEntries(
    Object.entries(policy.perDay).map(([asset, limit]) => {
      const { capacity, refill } = meterOf(limit, DAY_US);
      return [asset, capacity + refill];
    }),
  );
}

export function callMeter(rule: string): string {
  return `calls:${rule}`;
}

export function amountMeter(asset: string): string {
  return `amount:${asset}`;
}
