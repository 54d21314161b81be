/**
 * The policy as the outbox meets it: makes the bytes of an action, decides on its arguments, and books what they use in the transaction
 * that stores the bytes.
 */
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
import { encodeIntended, type Action, type Encoded, type EncodeAction, type IntendedBytes } from "./action.js";
import { spentBy } from "./amounts.js";
import { policyHash } from "./canonical.js";
import { checkNoOp, checkPolicy, type Envelope } from "./checkPolicy.js";
import { functionOf } from "./encoding.js";
import { availableUnits, drawn, fullMeter, type MeterLimit } from "./meter.js";
import { drawsOf, policyMeters } from "./meters.js";
import { NATIVE, NO_OP, refuse, type Policy, type PolicyRefusal, type PolicyUse, type PolicyVerdict } from "./types.js";

const US_PER_SECOND = 1_000_000n;

export class PolicyGate implements SigningGate {
  readonly policyHash: string;
  private readonly meters: ReadonlyMap<string, MeterLimit>;

  /** `encodeAction`: the keeper's own, with which it made the bytes that it simulated. */
  constructor(
    private readonly policy: Policy,
    private readonly encodeAction: EncodeAction,
  ) {
    this.policyHash = policyHash(policy);
    this.meters = policyMeters(policy);
  }

  encode(intended: IntendedBytes): Encoded {
    return encodeIntended(this.encodeAction, this.policy.signer, intended);
  }

  /** Base units by asset that an action moves, fees aside; undefined for one that no rule allows. */
  moves({ name, args }: Action): ReadonlyMap<string, bigint> | undefined {
    if (name === NO_OP) return new Map();
    const rule = this.policy.rules.find((entry) => entry.name === name);
    const spent = rule === undefined ? undefined : spentBy(rule.amounts, args);
    return spent?.ok === true ? spent.amounts : undefined;
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
    if (call.replacement && booked === undefined && call.action.name !== NO_OP) {
      return refuse("replacement", `nothing was booked for this call of ${call.key}`);
    }
    const refused = await this.draw(tx, booked === undefined ? verdict.use : more(costWei, booked), nowUs);
    if (refused !== undefined) return refused;
    await writeBooking(tx, this.policy, call.key, hash, booked === undefined || costWei > booked ? costWei : booked);
    return { ok: true };
  }

  /** The decision alone, pure: what the call would use, or why it is refused. Looks at no meter. */
  judge(call: IntendedBytes & Envelope, nowSeconds: bigint): PolicyVerdict {
    const encoded = this.encode(call);
    if (!encoded.ok) return encoded;
    const { name, args } = call.action;
    if (name === NO_OP) return checkNoOp(this.policy, call);
    const rule = this.policy.rules.find((entry) => entry.name === name);
    if (rule === undefined) return refuse("unknown-action", `no rule for ${name}`);
    // Encoded once more, by the rule's own words: an encoder and a policy that differ about a name sign nothing.
    const typed = { target: rule.target, function: functionOf(rule).fragment.format("sighash"), args };
    return checkPolicy(this.policy, typed, encoded.bytes, call, nowSeconds);
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
