/** Every command that a document shows exists: npm scripts with the program behind them, and Hardhat tasks. */
import type { Finding } from "./finding.js";

/** Stands for any words in a document. */
const PLACEHOLDER = /^(?:…|\.\.\.|<.+>)$/;
/** npm's own verbs. */
const NPM_VERBS = new Set(["ci", "install", "audit", "run"]);
/** npm verbs that stand for a script. */
const NPM_SCRIPT_VERBS = new Set(["start", "test"]);

export interface Project {
  readonly scripts: Readonly<Record<string, string>>;
  readonly fileExists: (path: string) => boolean;
  /** Full names of the Hardhat tasks, for example `deployment verify`. */
  readonly tasks: readonly string[];
}

/** Code blocks and inline code of a Markdown text, with line numbers. */
function codeOf(markdown: string): { readonly line: number; readonly code: string }[] {
  let isFenced = false;
  return markdown.split("\n").flatMap((text, index) => {
    const line = index + 1;
    if (/^\s*```/.test(text)) {
      isFenced = !isFenced;
      return [];
    }
    if (isFenced) return [{ line, code: text.replace(/\s#.*$/, "") }];
    return [...text.matchAll(/`([^`]+)`/g)].map((match) => ({ line, code: match[1] ?? "" }));
  });
}

/** The npm script that a command line runs, if it runs one. */
function scriptOf(words: readonly string[]): string | undefined {
  const [verb, name] = words.filter((word) => !word.startsWith("-"));
  if (verb === "run" || verb === "run-script") return name;
  if (verb !== undefined && NPM_SCRIPT_VERBS.has(verb)) return verb;
  return undefined;
}

function problemWithScript(name: string, project: Project): { rule: string; message: string } | undefined {
  if (PLACEHOLDER.test(name)) return undefined;
  const script = project.scripts[name];
  if (script === undefined) return { rule: "no-such-script", message: `npm script ${name} does not exist` };
  const program =
    /\b(?:scripts|keepers|service|db)\/\S+\.(?:ts|mjs)\b(?!.*\b(?:scripts|keepers|service|db)\/\S+\.ts\b)/.exec(script);
  if (program !== null && !project.fileExists(program[0])) {
    return { rule: "no-such-program", message: `npm script ${name} runs ${program[0]}, which does not exist` };
  }
  return undefined;
}

/** Commands of one Markdown document that cannot be typed as shown. */
export function checkCommands(file: string, markdown: string, project: Project): Finding[] {
  const findings: Finding[] = [];
  for (const { line, code } of codeOf(markdown)) {
    const place = `${file}:${String(line)}`;
    for (const match of code.matchAll(/(?:^|[\s;&|(])npm\s+([^;&|)#]*)/g)) {
      const words = (match[1] ?? "").trim().split(/\s+/);
      const name = scriptOf(words);
      if (name === undefined) {
        const verb = words.find((word) => !word.startsWith("-")) ?? "";
        if (!NPM_VERBS.has(verb)) findings.push({ rule: "unknown-verb", place, message: `npm ${verb}` });
        continue;
      }
      const problem = problemWithScript(name, project);
      if (problem !== undefined) findings.push({ ...problem, place });
    }
    for (const match of code.matchAll(/\bnpx\s+hardhat\s+([^;&|)#]*)/g)) {
      const words = (match[1] ?? "").trim().split(/\s+/);
      const names = words.slice(0, words.findIndex((word) => word.startsWith("-")) >>> 0);
      const isKnown = names.some((_, index) => project.tasks.includes(names.slice(0, index + 1).join(" ")));
      if (names.length > 0 && !names.some((name) => PLACEHOLDER.test(name)) && !isKnown) {
        findings.push({ rule: "no-such-task", place, message: `hardhat task ${names.join(" ")} does not exist` });
      }
    }
  }
  return findings;
}
