/** `npm run check`: what the compiler and the linters do not see. Expects compiled contracts, which the bootstrap brings. */
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { checkCommands } from "./checks/commands.js";
import type { Finding } from "./checks/finding.js";
import { type AstNode, type GuardedContract, Guards } from "./checks/guards.js";
import { checkInvariants } from "./checks/invariants.js";
import { checkRoles } from "./checks/roles.js";
import { type Artifact, checkSizes } from "./checks/sizes.js";
import { checkSolidity } from "./checks/solidity.js";
import { checkTestDeploys } from "./checks/testDeploys.js";
import { checkTexts } from "./checks/texts.js";
import { runCommand } from "./cli.js";

const SOLIDITY_VERSION = "0.8.33";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const files = (pattern: string | string[]): string[] => globSync(pattern, { cwd: root }).sort();

async function hardhatTasks(): Promise<string[]> {
  const { tasks } = await import("hardhat");
  const names: string[] = [];
  const collect = (level: typeof tasks.rootTasks): void => {
    for (const task of level.values()) {
      names.push(task.id.join(" "));
      collect(task.subtasks);
    }
  };
  collect(tasks.rootTasks);
  return names;
}

interface BuildInfo {
  readonly output: { readonly sources: Readonly<Record<string, { readonly ast: AstNode }>> };
}

/** Contracts that are deployed somewhere, with what they guard; each from the compiler run that made its artifact. */
function guardedContracts(): GuardedContract[] {
  const sources = new Map<string, Set<string>>();
  for (const file of files("artifacts/contracts/**/*.json")) {
    const { inputSourceName, buildInfoId } = JSON.parse(read(file)) as { inputSourceName: string; buildInfoId: string };
    if (/contracts\/(?:mocks|local|interfaces)\//.test(inputSourceName)) continue;
    sources.set(buildInfoId, (sources.get(buildInfoId) ?? new Set()).add(inputSourceName));
  }
  return [...sources].flatMap(([buildInfoId, names]) => {
    const { output } = JSON.parse(read(`artifacts/build-info/${buildInfoId}.output.json`)) as BuildInfo;
    const guards = new Guards(new Map(Object.entries(output.sources).map(([name, { ast }]) => [name, ast])));
    return [...names].sort().flatMap((name) => guards.contractsOf(name));
  });
}

/** Whether an artifact is of the contract after which its source is named. */
function isOwnFile(file: string): boolean {
  return path.basename(path.dirname(file), ".sol") === path.basename(file, ".json");
}

const CHECKS: Readonly<Record<string, () => Finding[] | Promise<Finding[]>>> = {
  solidity: () =>
    checkSolidity(
      files("contracts/**/*.sol").map((file) => ({ file, text: read(file) })),
      SOLIDITY_VERSION,
    ),
  "test-deploys": () =>
    checkTestDeploys(
      files("test/contracts/**/*.sol").map((file) => ({ file, text: read(file) })),
      // A contract in a file of its own name: what `deploy` finds.
      new Set(
        files("artifacts/contracts/**/*.json")
          .filter((file) => isOwnFile(file))
          .map((file) => path.basename(file, ".json")),
      ),
    ),
  sizes: () => checkSizes(files("artifacts/contracts/**/*.json").map((file) => JSON.parse(read(file)) as Artifact)),
  invariants: () => {
    const tests = files(["test/**/*.t.sol", "test/**/*.test.ts", "programs/**/*.rs"])
      .filter((file) => !file.startsWith("test/scripts/checks/"))
      .map((file) => [file, read(file)] as const)
      // Rust has its unit tests below the code
      .map(([file, text]) => [file, file.endsWith(".rs") ? (text.split("#[cfg(test)]")[1] ?? "") : text] as const);
    const spec = existsSync(path.join(root, "docs/spec.md")) ? read("docs/spec.md") : undefined;
    return checkInvariants(spec, new Map(tests));
  },
  roles: () =>
    checkRoles(existsSync(path.join(root, "docs/spec.md")) ? read("docs/spec.md") : undefined, guardedContracts()),
  commands: async () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const fileExists = (file: string): boolean => existsSync(path.join(root, file));
    const project = { scripts, fileExists, tasks: await hardhatTasks() };
    const documents = files([
      "README.md",
      "CONTRIBUTING.md",
      "SECURITY.md",
      "keepers/**/README.md",
      "service/**/README.md",
    ]);
    return documents.flatMap((file) => checkCommands(file, read(file), project));
  },
  texts: () => files(["*.md", "{docs,keepers,service}/**/*.md"]).flatMap((file) => checkTexts(file, read(file))),
};

const definition = {
  command: "npm run check --",
  summary:
    "Checks contracts, deployed sizes, invariants, documented commands and passages that stand twice. Without a name: everything.",
  positionals: [{ name: "check", help: "only this check", choices: Object.keys(CHECKS) }],
  flags: {},
} as const;

await runCommand(definition, async ({ positionals, say }) => {
  const selected = Object.entries(CHECKS).filter(([name]) => positionals.length === 0 || positionals.includes(name));
  const findings: (Finding & { check: string })[] = [];
  for (const [check, run] of selected) {
    const found = await run();
    findings.push(...found.map((finding) => ({ check, ...finding })));
    for (const { place, rule, message } of found) say(`${place}  ${rule}  ${message}`);
    say(`${check}: ${found.length === 0 ? "ok" : `${String(found.length)} findings`}`);
  }
  return { ok: findings.length === 0, report: { findings } };
});
