/** The policy as the Solana outbox meets it: decides on the instructions, and books what they use in the transaction that stores the bytes. */
import { keccak256, toUtf8Bytes } from "ethers";

import type { Queryable } from "../../../../db/database.js";
import { readClockUs } from "../../../../db/queries/policy/clock.js";
import { findBooking } from "../../../../db/queries/policy/findBooking.js";
import { writeBooking } from "../../../../db/queries/policy/writeBooking.js";
import type { SignableInstructions, SolanaSigningGate } from "../../outbox/solana/signingGate.js";
import type { Authorization } from "../../outbox/signingGate.js";
import { canonicalJson, policyHash } from "../canonical.js";
import { drawFrom, more } from "../draw.js";
import { DAY_US, HOUR_US, meterOf, type MeterLimit } from "../meter.js";
import { amountMeter, callMeter } from "../meters.js";
import { NATIVE, refuse } from "../types.js";
import { checkSolanaPolicy } from "./checkSolanaPolicy.js";
import type { SolanaPolicy } from "./types.js";

/** Transactions per hour of each rule, lamports per day. */
export function solanaMeters({ rules, feeLamportsPerDay }: SolanaPolicy): ReadonlyMap<string, MeterLimit> {
  return new Map([
    ...rules.map(({ name, perHour }): [string, MeterLimit] => [callMeter(name), meterOf(BigInt(perHour), HOUR_US)]),
    [amountMeter(NATIVE), meterOf(feeLamportsPerDay, DAY_US)],
  ]);
}

export class SolanaPolicyGate implements SolanaSigningGate {
  readonly policyHash: string;
  private readonly meters: ReadonlyMap<string, MeterLimit>;

  constructor(private readonly policy: SolanaPolicy) {
    this.policyHash = policyHash(policy);
    this.meters = solanaMeters(policy);
  }

  /** Books nothing when it says no. @throws what the database throws. */
  async authorize(tx: Queryable, call: SignableInstructions): Promise<Authorization> {
    const verdict = checkSolanaPolicy(this.policy, call);
    if (!verdict.ok) return verdict;
    const nowUs = await readClockUs(tx);
    const cost = verdict.use.amounts[NATIVE] ?? 0n;
    const hash = instructionsHash(call);
    const booked = call.replacement ? await findBooking(tx, this.policy, call.key, hash) : undefined;
    if (call.replacement && booked === undefined) {
      return refuse("replacement", `nothing was booked for these instructions of ${call.key}`);
    }
    // Bytes that have expired cost nothing: new ones use only what they may cost more.
    const use = booked === undefined ? verdict.use : more(cost, booked);
    const refused = await drawFrom(tx, this.policy, this.meters, use, nowUs);
    if (refused !== undefined) return refused;
    await writeBooking(tx, this.policy, call.key, hash, booked === undefined || cost > booked ? cost : booked);
    return { ok: true };
  }
}

function instructionsHash({ instructions }: SignableInstructions): string {
  const plain = instructions.map(({ programAddress, accounts = [], data }) => ({
    programAddress,
    accounts: accounts.map(({ address, role }) => [address, role]),
    data: Buffer.from(data ?? []).toString("hex"),
  }));
  return keccak256(toUtf8Bytes(canonicalJson(plain)));
}
