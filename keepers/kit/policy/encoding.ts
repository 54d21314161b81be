/** From a typed call to bytes and back, strictly: bytes that are not exactly the encoding of their own meaning have no meaning here. */
import { Interface, type FunctionFragment, type ParamType, type Result } from "ethers";

import type { PolicyRule, TypedCall, Value } from "./types.js";

const parsed = new Map<string, { readonly abi: Interface; readonly fragment: FunctionFragment }>();

/** The function of a rule. Throws on a fragment that is none. */
export function functionOf(rule: Pick<PolicyRule, "fragment">): {
  readonly abi: Interface;
  readonly fragment: FunctionFragment;
} {
  let found = parsed.get(rule.fragment);
  if (found === undefined) {
    const abi = new Interface([rule.fragment]);
    const fragment = abi.fragments[0] as FunctionFragment;
    parsed.set(rule.fragment, (found = { abi, fragment }));
  }
  return found;
}

/** The name of a parameter; its place when it has none. */
export function parameterName(type: ParamType, index: number): string {
  return type.name === "" ? String(index) : type.name;
}

/** Encodes the call as its rule says. @returns undefined when the arguments are not exactly those of the function. */
export function encodeCall(rule: PolicyRule, args: TypedCall["args"]): string | undefined {
  const { abi, fragment } = functionOf(rule);
  return encodeArguments(abi, fragment, args);
}

/** Calldata of a function. @returns undefined when the arguments are not exactly its own. */
export function encodeArguments(
  abi: Interface,
  fragment: FunctionFragment,
  args: TypedCall["args"],
): string | undefined {
  const values = fieldsOf(fragment.inputs, args);
  if (values === undefined) return undefined;
  try {
    return abi.encodeFunctionData(fragment, values);
  } catch {
    return undefined; // a number outside its type
  }
}

/** Decodes calldata. @returns undefined unless the bytes are the one canonical encoding of what they say. */
export function decodeCall(rule: PolicyRule, data: string): TypedCall["args"] | undefined {
  const { abi, fragment } = functionOf(rule);
  let args: TypedCall["args"];
  try {
    args = readFields(fragment.inputs, abi.decodeFunctionData(fragment, data));
  } catch {
    return undefined;
  }
  return encodeCall(rule, args)?.toLowerCase() === data.toLowerCase() ? args : undefined;
}

function fieldsOf(types: readonly ParamType[], values: Value | undefined): unknown[] | undefined {
  if (typeof values !== "object" || Array.isArray(values)) return undefined;
  const record = values as Readonly<Record<string, Value>>;
  if (Object.keys(record).length !== types.length) return undefined;
  const out: unknown[] = [];
  for (const [index, type] of types.entries()) {
    const value = record[parameterName(type, index)];
    const encoded = value === undefined ? undefined : argumentOf(type, value);
    if (encoded === undefined) return undefined;
    out.push(encoded);
  }
  return out;
}

/** The value as the encoder takes it, or undefined when it is not of the type. */
function argumentOf(type: ParamType, value: Value): unknown {
  if (type.isArray()) {
    if (!Array.isArray(value)) return undefined;
    const entries = (value as readonly Value[]).map((entry) => argumentOf(type.arrayChildren, entry));
    return entries.includes(undefined) ? undefined : entries;
  }
  if (type.isTuple()) return fieldsOf(type.components, value);
  if (/^u?int/.test(type.type)) return typeof value === "bigint" ? value : undefined;
  if (type.type === "bool") return typeof value === "boolean" ? value : undefined;
  if (typeof value !== "string") return undefined;
  // Lower case: a mixed-case address with a wrong checksum is still the same twenty bytes.
  if (type.type === "address") return /^0x[0-9a-fA-F]{40}$/.test(value) ? value.toLowerCase() : undefined;
  return type.type === "string" || /^0x([0-9a-fA-F]{2})*$/.test(value) ? value : undefined;
}

function readFields(types: readonly ParamType[], result: Result): Record<string, Value> {
  return Object.fromEntries(types.map((type, index) => [parameterName(type, index), readValue(type, result[index])]));
}

function readValue(type: ParamType, value: unknown): Value {
  if (type.isArray()) return [...(value as Result)].map((entry) => readValue(type.arrayChildren, entry));
  if (type.isTuple()) return readFields(type.components, value as Result);
  return value as bigint | string | boolean;
}
