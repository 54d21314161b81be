/** The policy as the outbox meets it: decides on the bytes, and books what they use in the transaction that stores them. */
import { AbiCoder, keccak256 } from "ethers";

import type { Queryable } from "../../../db/database.js";
import { addMeters } from "../../../db/queries/policy/addMeters.js";
import { readClockUs } from "../../../db/queries/policy/clock.js";
import { findBooking } from "../../../db/queries/policy/findBooking.js";
import { lockMeters } from "../../../db/queries/policy/lockMeters.js";
import type { MeterRow } from "../../../db/queries/policy/rows.js";
import { writeBooking } from "../../../db/queries/policy/writeBooking.js";
import { writeMeters } from "../../../db/queries/policy/writeMeters.js";
import type { Authorization, SignableCall, SigningGate } from "../outbox/signingGate.js";
import { policyHash } from "./canonical.js";
import { checkNoOp, checkPolicy, isNoOp, readCall } from "./checkPolicy.js";
import { availableUnits, drawn, fullMeter, type MeterLimit } from "./meter.js";
import { drawsOf, policyMeters } from "./meters.js";
import { NATIVE, refuse, type Policy, type PolicyRefusal, type PolicyUse, type PolicyVerdict } from "./types.js";

const US_PER_SECOND = 1_000_000n;

export class PolicyGate implements SigningGate {
  readonly policyHash: string;
  private readonly meters: ReadonlyMap<string, MeterLimit>;

  constructor(private readonly policy: Policy) {
    this.policyHash = policyHash(policy);
    this.meters = policyMeters(policy);
  }

  /** Books nothing when it says no. @throws what the database throws. */
  async authorize(tx: Queryable, call: SignableCall): Promise<Authorization> {
    const nowUs = await readClockUs(tx);
    const verdict = this.judge(call, nowUs / US_PER_SECOND);
    if (!verdict.ok) return verdict;
    const costWei = verdict.use.amounts[NATIVE] ?? 0n;
    const hash = callHash(call);
    const booked = call.replacement ? await findBooking(tx, this.policy, call.key, hash) : undefined;
    // A no-op takes the place of any call; everything else replaces only itself.
    if (call.replacement && booked === undefined && !isNoOp(this.policy, call)) {
      return refuse("replacement", `nothing was booked for this call of ${call.key}`);
    }
    const refused = await this.draw(tx, booked === undefined ? verdict.use : more(costWei, booked), nowUs);
    if (refused !== undefined) return refused;
    await writeBooking(tx, this.policy, call.key, hash, booked === undefined || costWei > booked ? costWei : booked);
    return { ok: true };
  }

  private judge(call: SignableCall, nowSeconds: bigint): PolicyVerdict {
    if (isNoOp(this.policy, call)) return checkNoOp(this.policy, call);
    const read = readCall(this.policy, call);
    return read.ok ? checkPolicy(this.policy, read.call, call, call, nowSeconds) : read;
  }

  /** Draws from every meter or from none. */
  private async draw(tx: Queryable, use: PolicyUse, nowUs: bigint): Promise<PolicyRefusal | undefined> {
    const draws = drawsOf(use).filter(([, amount]) => amount > 0n);
    const names = draws.map(([meter]) => meter);
    const rows = await this.lock(tx, names, nowUs);
    const after: MeterRow[] = [];
    for (const [meter, amount] of draws) {
      const limit = this.meters.get(meter);
      const row = rows.get(meter);
      if (limit === undefined || row === undefined) return refuse("amount", `${meter} has no limit`);
      const before = { scaled: row.level, atUs: row.atUs };
      const level = drawn(limit, before, nowUs, amount);
      if (level === undefined) {
        const left = availableUnits(limit, before, nowUs);
        const check = meter.startsWith("calls:") ? "rate" : "daily-amount";
        return refuse(check, `${meter}: ${String(amount)} wanted, ${String(left)} left now`);
      }
      after.push({ meter, level: level.scaled, atUs: level.atUs });
    }
    if (after.length > 0) await writeMeters(tx, this.policy, after);
    return undefined;
  }

  private async lock(tx: Queryable, names: readonly string[], nowUs: bigint): Promise<ReadonlyMap<string, MeterRow>> {
    let rows = await lockMeters(tx, this.policy, names);
    if (rows.length < names.length) {
      const fresh = names.flatMap((meter): MeterRow[] => {
        const limit = this.meters.get(meter);
        if (limit === undefined) return [];
        return [{ meter, level: fullMeter(limit, nowUs).scaled, atUs: nowUs }];
      });
      await addMeters(tx, this.policy, fresh);
      rows = await lockMeters(tx, this.policy, names);
    }
    return new Map(rows.map((row) => [row.meter, row]));
  }
}

/** What better paid bytes use on top of those before. */
function more(costWei: bigint, bookedWei: bigint): PolicyUse {
  return { calls: {}, amounts: costWei > bookedWei ? { [NATIVE]: costWei - bookedWei } : {} };
}

function callHash({ to, valueWei, data }: SignableCall): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(["address", "uint256", "bytes"], [to, valueWei, data]));
}
