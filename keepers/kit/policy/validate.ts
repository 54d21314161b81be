/** Whether a policy says what it must: a gap in it would be found by an attacker, not by its author. */
import { getAddress, type ParamType } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { functionOf, parameterName } from "./encoding.js";
import { EACH, NATIVE, type Constraint, type Policy, type PolicyRule } from "./types.js";

/** Below it a meter could never be used twice. */
const FEWEST_PER_HOUR = 2;

/** @returns the policy. @throws PermanentError POLICY_INVALID with every problem. */
export function validPolicy(policy: Policy): Policy {
  const problems = policy.rules.flatMap((rule) => ruleProblems(policy, rule).map((text) => `${rule.name}: ${text}`));
  const names = policy.rules.map((rule) => rule.name);
  if (new Set(names).size !== names.length) problems.push("two rules have one name");
  const places = policy.rules.map((rule) => `${rule.target.toLowerCase()} ${selectorOf(rule)}`);
  if (new Set(places).size !== places.length) problems.push("two rules are about one function");
  if (policy.perDay[NATIVE] === undefined) problems.push("no limit for fees: perDay.native");
  for (const [asset, limit] of Object.entries(policy.perDay)) {
    if (limit < 0n) problems.push(`perDay.${asset} is negative`);
  }
  if (policy.noOp.perHour < FEWEST_PER_HOUR) problems.push("noOp.perHour is below 2");
  if (problems.length === 0) return policy;
  throw new PermanentError("POLICY_INVALID", problems.join("; "), "correct the keeper's policy.ts or the parameters", {
    role: policy.role,
    problems: String(problems.length),
  });
}

function ruleProblems(policy: Policy, rule: PolicyRule): string[] {
  const problems: string[] = [];
  try {
    if (!/^each:[a-z]+$/.test(rule.target)) getAddress(rule.target);
  } catch {
    problems.push(`its target is neither an address nor ${EACH} and a kind`);
  }
  let inputs: readonly ParamType[];
  try {
    inputs = functionOf(rule).fragment.inputs;
  } catch {
    return [...problems, "its fragment is no function"];
  }
  const wanted = inputs.map(parameterName);
  for (const name of wanted) if (rule.args[name] === undefined) problems.push(`argument ${name} has no constraint`);
  for (const name of Object.keys(rule.args)) if (!wanted.includes(name)) problems.push(`there is no argument ${name}`);
  for (const name of Object.values(rule.args).flatMap(innerRules)) {
    if (!policy.rules.some((other) => other.name === name)) problems.push(`inner call ${name} has no rule`);
  }
  for (const { asset } of rule.amounts.flatMap(({ spends }) => Object.values(spends).flat())) {
    if (policy.perDay[asset] === undefined) problems.push(`${asset} has no limit per day`);
  }
  if (rule.amounts.some(({ spends }) => Object.keys(spends).some((key) => key !== key.toLowerCase()))) {
    problems.push("amounts are keyed in lower case");
  }
  if (rule.perHour < FEWEST_PER_HOUR) problems.push("perHour is below 2");
  return [...new Set(problems)];
}

function innerRules(constraint: Constraint): readonly string[] {
  switch (constraint.kind) {
    case "call":
    case "callStruct":
      return constraint.rules;
    case "list":
      return innerRules(constraint.each);
    case "sequence":
      return constraint.entries.flatMap(innerRules);
    case "struct":
      return Object.values(constraint.fields).flatMap(innerRules);
    default:
      return [];
  }
}

function selectorOf(rule: PolicyRule): string {
  try {
    return functionOf(rule).fragment.selector;
  } catch {
    return rule.fragment;
  }
}
