/** One argument against its constraint. */
import { textOf } from "./paths.js";
import type { Constraint, IsMember, Value } from "./types.js";

/** A call found inside an argument; whoever asks has to check it like a transaction of its own. */
export interface InnerCall {
  readonly path: string;
  /** undefined: the target of the call around it. */
  readonly target: string | undefined;
  readonly valueWei: bigint;
  readonly data: string;
  /** Names of rules that may allow it. */
  readonly rules: readonly string[];
}

export interface Looking {
  readonly nowSeconds: bigint;
  readonly isMember: IsMember;
  /** Collects inner calls. */
  readonly inner: InnerCall[];
}

/** @returns what is wrong, or undefined. */
export function violation(
  constraint: Constraint,
  value: Value | undefined,
  path: string,
  looking: Looking,
): string | undefined {
  switch (constraint.kind) {
    case "oneOf": {
      const text = textOf(value);
      const allowed = text !== undefined && constraint.values.some((entry) => entry.toLowerCase() === text);
      return allowed ? undefined : `${path} is not on its list of ${String(constraint.values.length)}`;
    }
    case "each": {
      const isOther = constraint.also?.some((entry) => entry.toLowerCase() === textOf(value)) ?? false;
      const isOne = isOther || (typeof value === "string" && looking.isMember(constraint.of, value));
      return isOne ? undefined : `${path} is none of the ${constraint.of}`;
    }
    case "range":
      if (typeof value === "bigint" && value >= constraint.min && value <= constraint.max) return undefined;
      return `${path} is not from ${String(constraint.min)} to ${String(constraint.max)}`;
    case "time": {
      const { nowSeconds } = looking;
      const from = nowSeconds - BigInt(constraint.behindSeconds);
      const to = nowSeconds + BigInt(constraint.aheadSeconds);
      if (typeof value === "bigint" && value >= from && value <= to) return undefined;
      return `${path} is not within ${String(constraint.behindSeconds)} s before and ${String(constraint.aheadSeconds)} s after now`;
    }
    case "bytes":
      if (typeof value === "string" && value.length === 2 + 2 * constraint.length) return undefined;
      return `${path} is not ${String(constraint.length)} bytes long`;
    case "chunks": {
      const { chunkBytes, minChunks, maxChunks } = constraint;
      const chunks = typeof value === "string" ? (value.length - 2) / 2 / chunkBytes : Number.NaN;
      if (Number.isInteger(chunks) && chunks >= minChunks && chunks <= maxChunks) return undefined;
      return `${path} is not ${String(minChunks)} to ${String(maxChunks)} times ${String(chunkBytes)} bytes long`;
    }
    case "list":
      return listViolation(constraint, value, path, looking);
    case "sequence":
      return sequenceViolation(constraint.entries, value, path, looking);
    case "struct":
      return structViolation(constraint.fields, value, path, looking);
    case "call":
      if (typeof value !== "string") return `${path} is no calldata`;
      looking.inner.push({ path, target: constraint.target, valueWei: 0n, data: value, rules: constraint.rules });
      return undefined;
    case "callStruct":
      return callViolation(constraint, value, path, looking);
  }
}

function listViolation(
  { minLength, maxLength, uniqueBy, each }: Extract<Constraint, { kind: "list" }>,
  value: Value | undefined,
  path: string,
  looking: Looking,
): string | undefined {
  if (!Array.isArray(value)) return `${path} is no list`;
  const entries = value as readonly Value[];
  if (entries.length < minLength || entries.length > maxLength) {
    return `${path} has ${String(entries.length)} entries, expected ${String(minLength)} to ${String(maxLength)}`;
  }
  if (uniqueBy !== undefined) {
    const names = entries.map((entry) => textOf(uniqueBy === "" ? entry : (entry as Record<string, Value>)[uniqueBy]));
    if (new Set(names).size !== names.length) return `${path} names something twice`;
  }
  for (const [index, entry] of entries.entries()) {
    const wrong = violation(each, entry, `${path}.${String(index)}`, looking);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function sequenceViolation(
  wanted: readonly Constraint[],
  value: Value | undefined,
  path: string,
  looking: Looking,
): string | undefined {
  const entries = Array.isArray(value) ? (value as readonly Value[]) : [];
  if (entries.length !== wanted.length) return `${path} has not exactly ${String(wanted.length)} entries`;
  for (const [index, each] of wanted.entries()) {
    const wrong = violation(each, entries[index], `${path}.${String(index)}`, looking);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function structViolation(
  fields: Readonly<Record<string, Constraint>>,
  value: Value | undefined,
  path: string,
  looking: Looking,
): string | undefined {
  if (typeof value !== "object" || Array.isArray(value)) return `${path} is no struct`;
  const record = value as Readonly<Record<string, Value>>;
  if (Object.keys(record).some((name) => fields[name] === undefined)) return `${path} has a field without a rule`;
  for (const [name, constraint] of Object.entries(fields)) {
    const wrong = violation(constraint, record[name], path === "" ? name : `${path}.${name}`, looking);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function callViolation(
  constraint: Extract<Constraint, { kind: "callStruct" }>,
  value: Value | undefined,
  path: string,
  looking: Looking,
): string | undefined {
  if (typeof value !== "object" || Array.isArray(value)) return `${path} is no call`;
  const record = value as Readonly<Record<string, Value>>;
  const known = [constraint.target, constraint.data, ...(constraint.value === undefined ? [] : [constraint.value])];
  if (Object.keys(record).some((name) => !known.includes(name))) return `${path} has a field without a rule`;
  const target = record[constraint.target];
  const data = record[constraint.data];
  const valueWei = constraint.value === undefined ? 0n : record[constraint.value];
  if (typeof target !== "string" || typeof data !== "string" || typeof valueWei !== "bigint")
    return `${path} is no call`;
  looking.inner.push({ path, target, valueWei, data, rules: constraint.rules });
  return undefined;
}

/** All arguments of a call. @returns what is wrong, or undefined. */
export function argumentsViolation(
  args: Readonly<Record<string, Value>>,
  rules: Readonly<Record<string, Constraint>>,
  looking: Looking,
): string | undefined {
  return structViolation(rules, args, "", looking);
}
