/**
 * What a keeper asks for: a name and typed arguments. Keeper and signer make the bytes of it with one and the same pure function, so that
 * what was simulated, what is judged and what is signed cannot be three things.
 */
import type { Interface } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { encodeArguments } from "./encoding.js";
import { NO_OP, refuse, type PolicyRefusal, type SimulatedBytes, type Value } from "./types.js";

const NO_DATA = "0x";

export interface Action {
  /** Name of the policy's rule: `Stabilizer.executeBatch`. */
  readonly name: string;
  /** Arguments by their names in the contract's ABI. */
  readonly args: Readonly<Record<string, Value>>;
  /** Which contract of its kind, where the rule is about all of them. */
  readonly target?: string;
}

/** Uses a nonce and does nothing; the gate's own form, which every policy knows. */
export const NO_OP_ACTION: Action = { name: NO_OP, args: {} };

/** Pure. Undefined: no action of this keeper, or not its arguments. */
export type EncodeAction = (action: Action) => SimulatedBytes | undefined;

/** The function that an action calls. */
export interface ActionMethod {
  /** undefined: one of a kind, which the action names. */
  readonly target: string | undefined;
  readonly abi: Interface;
  readonly method: string;
}

/** The encoder of a keeper, from its actions by name. */
export function actionEncoder(methods: Readonly<Record<string, ActionMethod>>): EncodeAction {
  return ({ name, args, target }) => {
    const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
    const fragment = found?.abi.getFunction(found.method);
    if (found === undefined || fragment === undefined || fragment === null) return undefined;
    const data = encodeArguments(found.abi, fragment, args);
    const to = found.target ?? target;
    return data === undefined || to === undefined ? undefined : { to, data };
  };
}

/** What is wanted, and the bytes that were simulated for it. */
export interface IntendedBytes extends SimulatedBytes {
  readonly action: Action;
}

export type Encoded = { readonly ok: true; readonly bytes: SimulatedBytes } | PolicyRefusal;

/** Makes what `signer` may sign for an action; refuses when that is not what was simulated. */
export function encodeIntended(encode: EncodeAction, signer: string, { action, to, data }: IntendedBytes): Encoded {
  const bytes = action.name === NO_OP ? { to: signer, data: NO_DATA } : encode(action);
  if (bytes === undefined) return refuse("unknown-action", `${action.name} is no action of this keeper`);
  if (bytes.to.toLowerCase() !== to.toLowerCase() || bytes.data.toLowerCase() !== data.toLowerCase()) {
    return refuse("bytes-differ", `the simulated bytes are not the encoding of ${action.name}`);
  }
  return { ok: true, bytes };
}

/** The bytes of an action of one's own. @throws PermanentError ACTION_UNKNOWN: a mistake of the keeper's author. */
export function bytesOf(encode: EncodeAction, action: Action): SimulatedBytes {
  const bytes = encode(action);
  if (bytes !== undefined) return bytes;
  throw new PermanentError("ACTION_UNKNOWN", `${action.name} with these arguments has no encoding`);
}
