/**
 * `npm run slither`: runs Slither over the contracts and compares what it finds with the accepted findings of docs/spec.md. Slither comes
 * from PyPI into a virtual environment of its own; where Python or PyPI is missing the run is skipped and says so.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { PermanentError } from "../protocol/errors.js";
import { checkSlither, slitherReport, type SlitherReport } from "./checks/slither.js";
import { runCommand } from "./cli.js";

const SLITHER = "slither-analyzer==0.11.6";
/** Never deployed to a public chain, or not ours. */
const FILTERED = "@openzeppelin|node_modules|contracts/mocks|contracts/local";
const PYTHON_MS = 60_000;
const INSTALL_MS = 180_000;
const ANALYSIS_MS = 300_000;
/** What Slither reads: the sources and what the bootstrap has compiled. */
const INPUTS = ["artifacts", "contracts", "hardhat.config.ts", "package.json"];

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const environment = path.join(root, "node_modules", ".cache", SLITHER.replace("==", "-"));

interface Outcome {
  readonly ok: boolean;
  /** The last lines it printed. */
  readonly tail: string;
}

function run(command: string, args: readonly string[], cwd: string, timeout: number): Outcome {
  // A fixed seed, because Slither walks over Python sets: the same contracts must give the same findings every time.
  const env = { ...process.env, PYTHONHASHSEED: "0" };
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout });
  const printed = `${error === undefined ? "" : `${error.message}\n`}${stdout}\n${stderr}`.trimEnd();
  return { ok: status === 0, tail: printed.split("\n").slice(-12).join("\n") };
}

/** Path of Slither, installed when it is not there yet; a reason where it cannot be had. */
function install(say: (line: string) => void): { readonly slither: string } | { readonly missing: string } {
  const slither = path.join(environment, "bin", "slither");
  // A killed installation leaves files without the last one: only an environment that answers counts.
  if (existsSync(slither) && run(slither, ["--version"], root, PYTHON_MS).ok) return { slither };
  rmSync(environment, { recursive: true, force: true });
  if (!run("python3", ["--version"], root, PYTHON_MS).ok) return { missing: "python3 is not installed" };
  say(`installing ${SLITHER}`);
  if (!run("python3", ["-m", "venv", environment], root, PYTHON_MS).ok) {
    return { missing: "python3 has no venv module (Debian: apt-get install python3-venv)" };
  }
  const pip = path.join(environment, "bin", "pip");
  const installed = run(pip, ["install", "--quiet", "--disable-pip-version-check", SLITHER], root, INSTALL_MS);
  return installed.ok ? { slither } : { missing: `${SLITHER} cannot be installed from PyPI` };
}

/** Lets Slither read a copy of the contracts and of what the compiler said about them: it writes beside what it reads. */
function analyse(slither: string, say: (line: string) => void): SlitherReport {
  const folder = mkdtempSync(path.join(tmpdir(), "cantilever-slither-"));
  try {
    for (const name of INPUTS) cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    say("analysing");
    const answer = path.join(folder, "slither.json");
    const compiled = ["--compile-force-framework", "Hardhat", "--hardhat-ignore-compile"];
    // Slither ends with an error code when it finds anything: what counts is the report.
    const analysed = run(
      slither,
      [".", ...compiled, "--filter-paths", FILTERED, "--json", answer],
      folder,
      ANALYSIS_MS,
    );
    const report = existsSync(answer) ? slitherReport.safeParse(JSON.parse(readFileSync(answer, "utf8"))) : undefined;
    if (report?.success !== true || !report.data.success) {
      throw new PermanentError("ANALYSIS_FAILED", `Slither does not finish:\n${analysed.tail}`, "see above");
    }
    return report.data;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runCommand(
  {
    command: "npm run slither --",
    summary: "Runs Slither and compares its findings with the accepted ones in docs/spec.md.",
    flags: {},
  },
  ({ say }) => {
    const installed = install(say);
    if ("missing" in installed) {
      const isRequired = process.env["REQUIRE_ALL"] === "1";
      say(isRequired ? `slither: ${installed.missing}` : `slither [skipped: ${installed.missing}]`);
      return Promise.resolve({ ok: !isRequired, report: { skipped: true, reason: installed.missing, findings: [] } });
    }
    const report = analyse(installed.slither, say);
    const findings = checkSlither(readFileSync(path.join(root, "docs", "spec.md"), "utf8"), report);
    for (const { place, rule, message } of findings) say(`${place}  ${rule}  ${message}`);
    // Slither finds a few more or fewer of the same kind from run to run: a row too many is said, but is no failure.
    const open = findings.filter(({ rule }) => rule !== "stale-row");
    const severe = report.results.detectors.filter(({ impact }) => impact === "High" || impact === "Medium").length;
    say(`${String(severe)} findings of high and medium severity, ${String(open.length)} of them not explained`);
    return Promise.resolve({ ok: open.length === 0, report: { skipped: false, severe, findings } });
  },
);
