/**
 * Rules of contracts/ that neither the compiler nor solhint keeps: who imports whom, custom errors only, no delegatecall
 * and no tx.origin outside the places that are known to need them. Works on the text without comments.
 */
import path from "node:path";

import type { Finding } from "./finding.js";

/** Relative path below the root, such as contracts/pmm/PmmPool.sol, with the file's text. */
export interface SoliditySource {
  readonly file: string;
  readonly text: string;
}

/** Contracts that delegate on purpose, with the reason. Everything else must not. */
export const DELEGATECALL_ALLOWED: Readonly<Record<string, string>> = {
  "contracts/gru/GruDiamond.sol":
    "an EIP-2535 diamond dispatches to its facets; BasketVault refuses the diamond once a replaceable one has run",
};

/** The only readers of tx.origin: an observation must come from a keeper or a plain account, never from a contract's callback. */
export const TX_ORIGIN_ALLOWED: readonly string[] = ["contracts/dodo/DodoObserver.sol"];

/** DODO's transfer-first entry points are called from these folders only. */
const DODO_CALLERS = [
  "contracts/dodo/",
  "contracts/pmm/",
  "contracts/interfaces/",
  "contracts/local/",
  "contracts/mocks/",
];

const OPENZEPPELIN_INTERFACE = /^@openzeppelin\/contracts(?:-upgradeable)?\/.*\/(?:I[A-Z]\w*|draft-I\w+)\.sol$/;

/** Comments become spaces, so that rules see code only; line numbers stay. Strings are matched to keep `//` inside them. */
export function stripComments(text: string): string {
  return text.replaceAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (match) => {
    if (match.startsWith("/")) return match.replaceAll(/[^\n]/g, " ");
    return match;
  });
}

interface Import {
  readonly target: string;
  readonly index: number;
  readonly isNamed: boolean;
}

function importsOf(file: string, code: string): Import[] {
  return [...code.matchAll(/^[ \t]*import\s+(\{[^}]*\}\s*from\s*)?([^;]*?)["']([^"']+)["'][^;]*;/gm)].map((match) => {
    const specifier = match[3] ?? "";
    const target = specifier.startsWith(".")
      ? path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
      : specifier;
    return { target, index: match.index, isNamed: match[1] !== undefined };
  });
}

/** contracts/pmm/PmmPool.sol -> pmm */
function subsystemOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** Whether the file declares something deployable: a contract that is neither abstract, nor interface, nor library. */
function isConcrete(code: string): boolean {
  return /^[ \t]*contract\s+\w+/m.test(code);
}

type Report = (index: number, rule: string, message: string) => void;

function checkImports(source: SoliditySource, code: string, concreteFiles: ReadonlySet<string>, report: Report): void {
  const from = subsystemOf(source.file);
  for (const { target, index, isNamed } of importsOf(source.file, code)) {
    if (!isNamed) report(index, "named-import", `import ${target} by name: import {X} from "…"`);
    const isOwn = target.startsWith("contracts/");
    const to = isOwn ? subsystemOf(target) : "";
    if (!isOwn && !target.startsWith("@")) report(index, "import-outside", `${target} lies outside contracts/`);
    if (["mocks", "local"].includes(to) && to !== from && !["mocks", "local"].includes(from)) {
      report(index, "mock-import", `production code imports ${target}`);
    }
    if (from === "interfaces") {
      const isFine = isOwn ? to === "types" || to === "interfaces" : OPENZEPPELIN_INTERFACE.test(target);
      if (!isFine) report(index, "interface-import", `an interface imports ${target}: only types and interfaces`);
    } else if (from === "libraries") {
      const isFine = !isOwn || to === "types" || target === "contracts/libraries/Constants.sol";
      if (!isFine) report(index, "library-import", `a library imports ${target}: only types and Constants`);
    } else if (!["mocks", "local"].includes(from) && isOwn && to !== from && concreteFiles.has(target)) {
      report(index, "contract-import", `${target} is another subsystem's contract: import its interface`);
    }
  }
}

const FORBIDDEN: readonly {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly message: string;
  readonly isAllowed: (file: string) => boolean;
}[] = [
  {
    rule: "delegatecall",
    pattern: /\bdelegatecall\s*\(|\.delegatecall\b|\bfunctionDelegateCall\b/g,
    message: "delegatecall outside DELEGATECALL_ALLOWED",
    isAllowed: (file) => file in DELEGATECALL_ALLOWED,
  },
  {
    rule: "tx-origin",
    pattern: /\btx\s*\.\s*origin\b/g,
    message: "tx.origin outside TX_ORIGIN_ALLOWED",
    isAllowed: (file) => TX_ORIGIN_ALLOWED.includes(file),
  },
  {
    rule: "string-revert",
    pattern: /\brevert\s*\(|\brevert\s+Error\s*\(/g,
    message: "revert with a custom error",
    isAllowed: () => false,
  },
  {
    rule: "selfdestruct",
    pattern: /\bselfdestruct\b/g,
    message: "selfdestruct strands whatever arrives later",
    isAllowed: () => false,
  },
  {
    rule: "dodo-call",
    pattern: /\.\s*sell(?:Base|Quote)\s*\(/g,
    message: "DODO's transfer-first functions are called behind the adapter only",
    isAllowed: (file) => DODO_CALLERS.some((folder) => file.startsWith(folder)),
  },
];

/** `require(condition)` and `require(condition, "text")`: the second argument must be an error call. */
function checkRequires(code: string, report: Report): void {
  for (const match of code.matchAll(/\brequire\s*\(/g)) {
    const last = lastArgument(code, match.index + match[0].length);
    if (last === undefined || !/^\s*[\w.]+\s*\(/.test(last)) {
      report(match.index, "string-revert", "require takes a custom error: require(condition, Err(…))");
    }
  }
}

/** The last of several arguments whose list starts at `start`; undefined when there is only one. */
function lastArgument(code: string, start: number): string | undefined {
  let depth = 0;
  let argumentStart: number | undefined;
  for (let at = start; at < code.length; at++) {
    const character = code[at] ?? "";
    if ("([{".includes(character)) depth++;
    else if (character === "," && depth === 0) argumentStart = at + 1;
    else if (")]}".includes(character) && depth-- === 0) {
      return argumentStart === undefined ? undefined : code.slice(argumentStart, at);
    }
  }
  return undefined;
}

/** Inline assembly has its own `revert(pointer, length)`, which is no string revert. */
function withoutAssembly(code: string): string {
  let result = code;
  for (const match of code.matchAll(/\bassembly\b[^{]*\{/g)) {
    let depth = 1;
    let end = match.index + match[0].length;
    for (; end < code.length && depth > 0; end++) depth += code[end] === "{" ? 1 : code[end] === "}" ? -1 : 0;
    const body = code.slice(match.index, end);
    const blanked = body.replaceAll(/\brevert\s*\(/g, (call) => " ".repeat(call.length));
    result = result.slice(0, match.index) + blanked + result.slice(end);
  }
  return result;
}

/** Every broken rule in `sources`; mocks may revert and delegate as the real thing does. */
export function checkSolidity(sources: readonly SoliditySource[], solidityVersion: string): Finding[] {
  const findings: Finding[] = [];
  const stripped = sources.map((source) => ({ source, code: withoutAssembly(stripComments(source.text)) }));
  const concreteFiles = new Set(stripped.filter(({ code }) => isConcrete(code)).map(({ source }) => source.file));
  for (const { source, code } of stripped) {
    const report: Report = (index, rule, message) => {
      const line = code.slice(0, index).split("\n").length;
      findings.push({ rule, place: `${source.file}:${String(line)}`, message });
    };
    checkImports(source, code, concreteFiles, report);
    const pragma = /\bpragma\s+solidity\s+([^;]+);/.exec(code);
    if (pragma?.[1]?.trim() !== solidityVersion) {
      report(pragma?.index ?? 0, "pragma", `pragma solidity ${solidityVersion}; is the one version`);
    }
    if (subsystemOf(source.file) === "mocks") continue;
    checkRequires(code, report);
    for (const { rule, pattern, message, isAllowed } of FORBIDDEN) {
      if (isAllowed(source.file)) continue;
      for (const match of code.matchAll(pattern)) report(match.index, rule, message);
    }
  }
  return findings;
}
