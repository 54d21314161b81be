import { AbiCoder, type Interface, type ErrorFragment } from "ethers";

import { RevertError } from "./errors.js";
import { factories } from "./generated/contracts/index.js";

/** What a contract answered instead of a result. */
export interface DecodedRevert {
  /** `Error` for a text, `Panic` for a compiler check, `Empty` without data, `Unknown` for a selector no ABI of ours declares. */
  readonly name: string;
  readonly selector: string;
  /** Arguments as text: integers in decimal, addresses checksummed. */
  readonly args: readonly string[];
  /** Other errors with the same selector that the data would fit as well; empty almost always. */
  readonly alternatives: readonly string[];
}

const ERROR_STRING = "0x08c379a0";
const PANIC = "0x4e487b71";

/**
 * Errors of many ABIs under their selectors. Rule when two declare one selector: the same signature is one error, wherever it is declared;
 * different signatures are all kept, those whose encoding does not reproduce the data are dropped, and of what is left the `preferred`
 * interface's comes first and the others are reported as `alternatives`.
 */
export class RevertDecoder {
  private readonly bySelector = new Map<string, ErrorFragment[]>();

  constructor(interfaces: Iterable<Interface>) {
    for (const abi of interfaces) this.add(abi);
  }

  /** Learns the errors of one more ABI. */
  add(abi: Interface): void {
    abi.forEachError((fragment) => {
      const known = this.bySelector.get(fragment.selector) ?? [];
      if (!known.some((other) => other.format("sighash") === fragment.format("sighash"))) {
        this.bySelector.set(fragment.selector, [...known, fragment]);
      }
    });
  }

  /** Selectors under which more than one signature is known. */
  collisions(): readonly string[] {
    return [...this.bySelector].filter(([, fragments]) => fragments.length > 1).map(([selector]) => selector);
  }

  /** Name of an error of which only the selector is known; several joined by " or " where they share it; undefined when none is known. */
  nameOf(selector: string): string | undefined {
    const fragments = this.bySelector.get(selector.toLowerCase());
    return fragments?.map((fragment) => fragment.name).join(" or ");
  }

  /** Names revert data. `preferred`: the ABI of the contract that was called, asked first when a selector is ambiguous. Never throws. */
  decode(data: string, preferred?: Interface): DecodedRevert {
    if (data === "0x" || data.length < 10) return { name: "Empty", selector: "0x", args: [], alternatives: [] };
    const selector = data.slice(0, 10).toLowerCase();
    const builtIn = decodeBuiltIn(selector, data);
    if (builtIn !== undefined) return builtIn;

    const fitting = (this.bySelector.get(selector) ?? [])
      .map((fragment) => ({ fragment, args: decodeStrictly(fragment, data) }))
      .filter((entry): entry is { fragment: ErrorFragment; args: readonly unknown[] } => entry.args !== undefined)
      .sort((a, b) => rank(a.fragment, preferred) - rank(b.fragment, preferred));
    const [best, ...others] = fitting;
    if (best === undefined) return { name: "Unknown", selector, args: [], alternatives: [] };
    return {
      name: best.fragment.name,
      selector,
      args: best.args.map(text),
      alternatives: others.map((entry) => entry.fragment.format("sighash")),
    };
  }
}

function rank(fragment: ErrorFragment, preferred: Interface | undefined): number {
  return preferred?.getError(fragment.format("sighash")) != null ? 0 : 1;
}

function decodeBuiltIn(selector: string, data: string): DecodedRevert | undefined {
  if (selector !== ERROR_STRING && selector !== PANIC) return undefined;
  try {
    const [value] = AbiCoder.defaultAbiCoder().decode(
      [selector === PANIC ? "uint256" : "string"],
      `0x${data.slice(10)}`,
    ) as unknown as [unknown];
    return { name: selector === PANIC ? "Panic" : "Error", selector, args: [text(value)], alternatives: [] };
  } catch {
    return undefined;
  }
}

/** Arguments, or undefined when the data is not exactly an encoding of this error. */
function decodeStrictly(fragment: ErrorFragment, data: string): readonly unknown[] | undefined {
  const coder = AbiCoder.defaultAbiCoder();
  const payload = `0x${data.slice(10).toLowerCase()}`;
  try {
    const values = [...(coder.decode(fragment.inputs, payload) as Iterable<unknown>)];
    return coder.encode(fragment.inputs, values) === payload ? values : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  return String(value);
}

let merged: RevertDecoder | undefined;

/** The decoder over every contract and interface of this repository; built on first use. */
export function protocolDecoder(): RevertDecoder {
  merged ??= new RevertDecoder(collectInterfaces(factories));
  return merged;
}

interface GeneratedFactory {
  createInterface(): Interface;
}

function isFactory(value: unknown): value is GeneratedFactory {
  return typeof value === "function" && "createInterface" in value && typeof value.createInterface === "function";
}

/** Walks TypeChain's nested namespaces; stand-ins for tests are left out. */
function* collectInterfaces(namespace: object): Generator<Interface> {
  for (const [name, member] of Object.entries(namespace) as [string, unknown][]) {
    if (name === "mocks" || name === "local") continue;
    if (isFactory(member)) yield member.createInterface();
    else if (typeof member === "object" && member !== null) yield* collectInterfaces(member);
  }
}

/** Finds revert data inside whatever ethers, a node or Hardhat threw; undefined when there is none. */
export function findRevertData(error: unknown, depth = 0): string | undefined {
  if (typeof error !== "object" || error === null || depth > 6) return undefined;
  const holder = error as Record<string, unknown>;
  const data = holder["data"];
  if (typeof data === "string" && /^0x([0-9a-fA-F]{2})*$/.test(data)) return data;
  for (const key of ["data", "error", "info", "cause", "revert"]) {
    const found = findRevertData(holder[key], depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Turns a thrown revert into a RevertError that names the contract's reason; other errors are returned unchanged.
 * @param doing what was attempted, for the message.
 */
export function asRevertError(error: unknown, doing: string, preferred?: Interface): unknown {
  if (error instanceof RevertError) return error;
  const data = findRevertData(error);
  if (data === undefined) return error;
  const decoded = protocolDecoder().decode(data, preferred);
  return new RevertError(
    decoded.name === "Unknown" ? `Unknown ${decoded.selector}` : decoded.name,
    decoded.args,
    doing,
    {
      cause: error,
    },
  );
}

/** The decoded name of a thrown revert for a short line of text, or the error's own code where it is none. */
export function decodedName(error: unknown): string {
  const typed = asRevertError(error, "");
  if (typed instanceof RevertError) return typed.revertName;
  if (typeof error === "object" && error !== null && "code" in error) return String(error.code);
  return "unknown error";
}
