/**
 * Calls of hundreds of contracts that share an interface. ethers looks a function up and hashes its signature each time it encodes or decodes
 * it; here that is done once, and the bytes are the same.
 */
import { AbiCoder, concat, Result, type FunctionFragment, type Interface } from "ethers";

interface KnownFunction {
  readonly fragment: FunctionFragment;
  readonly selector: string;
  /** The only thing that it returns, where that is a word that needs no decoder. */
  readonly word: "uint256" | "bool" | undefined;
}

const WORD = /^0x[0-9a-fA-F]{64}$/;
const known = new WeakMap<Interface, Map<string, KnownFunction>>();

/** What `abi.encodeFunctionData` gives. @throws TypeError when there is no such function, or the arguments are not its */
export function encodeCall(abi: Interface, name: string, args: readonly unknown[] = []): string {
  const { fragment, selector } = functionOf(abi, name);
  if (args.length === 0 && fragment.inputs.length === 0) return selector;
  return concat([selector, AbiCoder.defaultAbiCoder().encode(fragment.inputs, args)]);
}

/** What `abi.decodeFunctionResult` gives. @throws what that throws when it is no answer of the function */
export function decodeAnswer(abi: Interface, name: string, answer: string): Result {
  const { fragment, word } = functionOf(abi, name);
  if (word === undefined || !WORD.test(answer)) return abi.decodeFunctionResult(fragment, answer);
  const value = BigInt(answer);
  return Result.fromItems([word === "bool" ? value !== 0n : value]);
}

function functionOf(abi: Interface, name: string): KnownFunction {
  const functions = known.get(abi) ?? new Map<string, KnownFunction>();
  known.set(abi, functions);
  const found = functions.get(name);
  if (found !== undefined) return found;
  const fragment = abi.getFunction(name);
  if (fragment === null) throw new TypeError(`the interface has no function ${name}`);
  const [output, ...others] = fragment.outputs;
  const type = others.length === 0 ? output?.type : undefined;
  const word = type === "uint256" || type === "bool" ? type : undefined;
  const made: KnownFunction = { fragment, selector: fragment.selector, word };
  functions.set(name, made);
  return made;
}
