import { AbiCoder, type ParamType } from "ethers";

import { decodedName, findRevertData } from "../../protocol/revert.js";
import type { Call, Setting } from "./types.js";

/** A setting that the timelock puts right with one call. */
export function governed(
  id: string,
  at: string,
  expected: string,
  read: () => Promise<string>,
  call: Call,
  more: Partial<Setting> = {},
): Setting {
  return { id, at, expected, read, by: "timelock", calls: () => [call], ...more };
}

/** A setting that only people can put right. */
export function outside(
  id: string,
  at: string,
  expected: string,
  read: () => Promise<string>,
  fix: string,
  more: Partial<Setting> = {},
): Setting {
  return { id, at, expected, read, by: "outside", calls: () => [], fix, ...more };
}

/** What a view says as text, or the name of the error it reverts with. What the connection throws is thrown on. */
export async function answer(view: Promise<unknown>): Promise<string> {
  try {
    return String(await view);
  } catch (error) {
    if (!isAnswerOfCode(error)) throw error;
    return `reverts ${decodedName(error)}`;
  }
}

/** ethers' codes of an eth_call that reverted or gave back something that cannot be decoded: other code answers than we expect. */
const CALL_FAILURES: readonly unknown[] = ["CALL_EXCEPTION", "BAD_DATA"];
/** What nodes answer to an eth_call that ends in an invalid opcode, an empty stack or without gas. */
const EXECUTION_FAILURES: readonly unknown[] = [3, -32000, -32003, -32015, -32603];

/** Whether code on the chain has failed, as opposed to the way there. */
function isAnswerOfCode(error: unknown): boolean {
  if (findRevertData(error) !== undefined) return true;
  if (!(error instanceof Error) || !("code" in error)) return false;
  return CALL_FAILURES.includes(error.code) || EXECUTION_FAILURES.includes(error.code);
}

/** One text for a struct we want and one read from the chain, whatever container they come in. */
export function structText(type: ParamType, value: unknown): string {
  const coder = AbiCoder.defaultAbiCoder();
  const [decoded] = coder.decode([type], coder.encode([type], [value])) as unknown as [
    { toObject(deep?: boolean): unknown },
  ];
  return JSON.stringify(decoded.toObject(true), (_key, member: unknown) =>
    typeof member === "bigint" ? member.toString() : member,
  );
}

/** The type of the only output of a view. */
export function outputType(outputs: readonly ParamType[]): ParamType {
  const [type] = outputs;
  if (type === undefined) throw new Error("the function has no output");
  return type;
}
