/**
 * Which policy is in force. A process whose policy differs from that of the last start does not sign until somebody has named the new one:
 * a changed parameter, address, setting or key may be an improvement, or the attack.
 */
import type { Database, Queryable } from "../../../db/database.js";
import { acceptPolicy } from "../../../db/queries/policy/acceptPolicy.js";
import { newestPolicy } from "../../../db/queries/policy/newestPolicy.js";
import type { PolicyAcceptance, PolicyOf } from "../../../db/queries/policy/rows.js";
import { PermanentError, RetryableError } from "../../../protocol/errors.js";
import type { CheckPlan } from "../doctor.js";
import { canonicalJson, policyHash } from "./canonical.js";

/** A policy for keys of any chain. */
interface AnyPolicy extends PolicyOf {
  readonly rules: readonly { readonly name: string }[];
}

/** What allows a change. */
export interface PolicyConsent {
  /** The hash that an operator has given, or several separated by commas (KEEPER_POLICY_ACCEPT). */
  readonly named: string | undefined;
  /** A chain of this machine, where nothing has value. */
  readonly local: boolean;
}

/** How this policy may come into force: `same` when it is already. */
type Standing =
  | { readonly kind: "same" }
  | { readonly kind: "acceptable"; readonly as: PolicyAcceptance; readonly replaces: bigint }
  | { readonly kind: "changed"; readonly changes: readonly string[]; readonly from: string };

/** The check `policy`. Changes nothing. */
export function policyCheck(compile: () => AnyPolicy, db: Queryable, consent: PolicyConsent): CheckPlan {
  return {
    name: "policy",
    expected: "the policy of the last start, or one that was named",
    fix: "read npm run keeper -- NAME policy, then start with KEEPER_POLICY_ACCEPT set to its hash",
    look: async () => {
      const policy = compile();
      const hash = policyHash(policy);
      const found = await standing(policy, db, consent);
      if (found.kind !== "changed") return { ok: true, found: hash };
      return { ok: false, found: `${hash}, was ${found.from}; changed: ${found.changes.join(", ")}` };
    },
  };
}

/**
 * Puts the policy into force; the start calls it once the gate is passed. @throws PermanentError POLICY_CHANGED when nobody has named it;
 * RetryableError POLICY_RACE when another process put one into force meanwhile.
 */
export async function adoptPolicy(policy: AnyPolicy, db: Database, consent: PolicyConsent): Promise<void> {
  const found = await standing(policy, db, consent);
  if (found.kind === "same") return;
  const hash = policyHash(policy);
  if (found.kind === "changed") {
    throw new PermanentError(
      "POLICY_CHANGED",
      `the policy changed from ${found.from} to ${hash}: ${found.changes.join(", ")}`,
      "read npm run keeper -- NAME policy, then start with KEEPER_POLICY_ACCEPT set to its hash",
      { from: found.from, to: hash },
    );
  }
  if (await acceptPolicy(db, policy, { hash, json: canonicalJson(policy) }, found.as, found.replaces)) return;
  const now = await newestPolicy(db, policy);
  if (now?.policyHash === hash) return;
  throw new RetryableError("POLICY_RACE", "another process put a policy into force meanwhile", "start again");
}

async function standing(policy: AnyPolicy, db: Queryable, { named, local }: PolicyConsent): Promise<Standing> {
  const hash = policyHash(policy);
  const before = await newestPolicy(db, policy);
  if (before?.policyHash === hash) return { kind: "same" };
  if (before === undefined) return { kind: "acceptable", as: "first", replaces: 0n };
  if (named?.toLowerCase().split(/[ ,]+/).includes(hash) === true)
    return { kind: "acceptable", as: "named", replaces: before.id };
  if (local) return { kind: "acceptable", as: "local", replaces: before.id };
  return { kind: "changed", from: before.policyHash, changes: changesBetween(before.policy, policy) };
}

/** What differs, by name: rules, limits, key. */
function changesBetween(before: string, after: AnyPolicy): string[] {
  const old = JSON.parse(before) as Record<string, unknown>;
  const now = JSON.parse(canonicalJson(after)) as Record<string, unknown>;
  const parts = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((part) => part !== "rules");
  const changed = parts.filter((part) => canonicalJson(old[part]) !== canonicalJson(now[part]));
  const [oldRules, nowRules] = [rulesOf(old), rulesOf(now)];
  const names = [...new Set([...oldRules.keys(), ...nowRules.keys()])];
  return [...changed, ...names.filter((name) => oldRules.get(name) !== nowRules.get(name))];
}

function rulesOf(policy: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const rules = policy["rules"] as readonly { readonly name: string }[];
  return new Map(rules.map((rule) => [rule.name, canonicalJson(rule)]));
}
