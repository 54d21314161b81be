/**
 * The policy as the outbox meets it: makes the bytes of an action, decides on its arguments, and books what they use in the transaction
 * that stores the bytes.
 */
import { AbiCoder, keccak256 } from "ethers";

import type { Queryable } from "../../../db/database.js";
import { readClockUs } from "../../../db/queries/policy/clock.js";
import { findBooking } from "../../../db/queries/policy/findBooking.js";
import { writeBooking } from "../../../db/queries/policy/writeBooking.js";
import type { Authorization, SignableCall, SigningGate } from "../outbox/signingGate.js";
import { encodeIntended, type Action, type Encoded, type EncodeAction, type IntendedBytes } from "./action.js";
import { spentBy } from "./amounts.js";
import { policyHash } from "./canonical.js";
import { checkNoOp, checkPolicy, type Envelope } from "./checkPolicy.js";
import { functionOf } from "./encoding.js";
import { drawFrom, more } from "./draw.js";
import type { MeterLimit } from "./meter.js";
import { policyMeters } from "./meters.js";
import { EACH, NATIVE, NO_OP, refuse, type IsMember, type Policy, type PolicyVerdict } from "./types.js";

const US_PER_SECOND = 1_000_000n;

export class PolicyGate implements SigningGate {
  readonly policyHash: string;
  private readonly meters: ReadonlyMap<string, MeterLimit>;

  /** `encodeAction`: the keeper's own, with which it made the bytes that it simulated. `isMember`: for rules about a kind. */
  constructor(
    private readonly policy: Policy,
    private readonly encodeAction: EncodeAction,
    private readonly isMember?: IsMember,
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
    const refused = await drawFrom(
      tx,
      this.policy,
      this.meters,
      booked === undefined ? verdict.use : more(costWei, booked),
      nowUs,
    );
    if (refused !== undefined) return refused;
    await writeBooking(tx, this.policy, call.key, hash, booked === undefined || costWei > booked ? costWei : booked);
    return { ok: true };
  }

  /** The decision alone, pure: what the call would use, or why it is refused. Looks at no meter. */
  judge(call: IntendedBytes & Envelope, nowSeconds: bigint): PolicyVerdict {
    const encoded = this.encode(call);
    if (!encoded.ok) return encoded;
    const { name, args, target: named } = call.action;
    if (name === NO_OP) return checkNoOp(this.policy, call);
    const rule = this.policy.rules.find((entry) => entry.name === name);
    if (rule === undefined) return refuse("unknown-action", `no rule for ${name}`);
    // Encoded once more, by the rule's own words: an encoder and a policy that differ about a name sign nothing.
    const target = rule.target.startsWith(EACH) ? (named ?? "") : rule.target;
    const typed = { target, function: functionOf(rule).fragment.format("sighash"), args };
    return checkPolicy(this.policy, typed, encoded.bytes, call, nowSeconds, this.isMember);
  }
}

function callHash({ to, valueWei, data }: SignableCall): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(["address", "uint256", "bytes"], [to, valueWei, data]));
}
