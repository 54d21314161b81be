/** The test suites: which files each one runs, and how many calls an invariant run makes. */
import { globSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

export interface Suite {
  readonly name: string;
  readonly about: string;
  readonly runner: "solidity" | "mocha";
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  /** Runs only by its name: minutes that belong to `.ci/run` and to a change of what it tests. */
  readonly onRequest?: boolean;
  /** Side by side; one when absent. Files that mostly wait leave a processor free. */
  readonly processes?: number;
  /** Which of its files run on every Solana cluster (`--engine`). */
  readonly onClusters?: readonly string[];
}

/** The deployment, killed: as a process, and between any two of its transactions. */
const KILLS = ["test/integration/deploy/resume.test.ts", "test/integration/deploy/sigkill.test.ts"];

/** Whole local worlds: a dozen processes each, so everything else would wait for them. */
const WORLDS = ["test/scripts/world.test.ts"];

/** In the order in which they begin and their output is shown: long ones first. */
export const SUITES: readonly Suite[] = [
  {
    name: "contracts",
    about: "contract logic, in Solidity, with gas snapshots",
    runner: "solidity",
    include: ["test/contracts/**/*.t.sol"],
    exclude: ["test/contracts/**/*.invariant.t.sol"],
  },
  {
    name: "invariants",
    about: "invariants of docs/spec.md under random calls, in Solidity",
    runner: "solidity",
    include: ["test/contracts/**/*.invariant.t.sol"],
  },
  {
    name: "keepers",
    about: "keepers and protocol library",
    runner: "mocha",
    processes: 2,
    include: ["test/keepers/**/*.test.ts", "test/protocol/**/*.test.ts"],
    onClusters: [
      "test/protocol/solana/*.test.ts",
      "test/keepers/collateral-*/flow.test.ts",
      "test/keepers/kit/outbox/solana/solanaOutbox.test.ts",
    ],
  },
  {
    name: "integration",
    about: "flows over several contracts on simulated chains",
    runner: "mocha",
    include: ["test/integration/**/*.test.ts"],
    exclude: KILLS,
  },
  {
    name: "kills",
    about: "a deployment that is killed goes on from where it was",
    runner: "mocha",
    include: KILLS,
    onRequest: true,
  },
  {
    name: "scripts",
    about: "simulator, parts of the local world, checks and commands",
    runner: "mocha",
    include: ["test/scripts/**/*.test.ts"],
    exclude: WORLDS,
    onClusters: ["test/scripts/validator/clients.test.ts"],
  },
  {
    name: "world",
    about: "the local world from start to end, on one chain and on two, with faults",
    runner: "mocha",
    include: WORLDS,
    onRequest: true,
  },
  {
    name: "programs",
    about: "Solana programs: what is committed of them, their keys, the programs themselves",
    runner: "mocha",
    include: ["test/programs/**/*.test.ts"],
    onClusters: ["test/programs/{collateral-vault,position-manager,deployment}/*.test.ts"],
  },
  {
    name: "db",
    about: "database: connection, migrations, roles, the embedded server",
    runner: "mocha",
    include: ["test/db/**/*.test.ts"],
  },
  {
    name: "service",
    about: "indexer: reorganisations, finality, logs that nodes leave out",
    runner: "mocha",
    include: ["test/service/**/*.test.ts"],
  },
  {
    name: "fork",
    about: "our code against deployed protocols on a fork",
    runner: "mocha",
    include: ["test/fork/**/*.test.ts"],
  },
];

/** The files of a suite, sorted, relative to `root`. */
export function filesOf(suite: Suite, root: string): string[] {
  const exclude = new Set(globSync([...(suite.exclude ?? [])], { cwd: root }));
  return globSync([...suite.include], { cwd: root })
    .filter((file) => !exclude.has(file))
    .sort();
}

/** The same, of those that run on every Solana cluster. */
export function clusterFilesOf(suite: Suite, root: string): string[] {
  const portable = new Set(globSync([...(suite.onClusters ?? [])], { cwd: root }));
  return filesOf(suite, root).filter((file) => portable.has(file));
}

/** Divides the files of a suite among its processes, neighbours together: they often share what they deploy. */
export function sharesOf({ processes = 1 }: Suite, files: readonly string[]): string[][] {
  const count = Math.max(1, Math.min(processes, files.length));
  const start = (share: number): number => Math.round((share * files.length) / count);
  return Array.from({ length: count }, (_, share) => files.slice(start(share), start(share + 1)));
}

/** Test files that no suite would ever run. */
export function orphanedFiles(suites: readonly Suite[], root: string): string[] {
  const covered = new Set(suites.flatMap((suite) => filesOf(suite, root)));
  return globSync(["test/**/*.test.ts", "test/**/*.t.sol"], { cwd: root })
    .filter((file) => !covered.has(file))
    .sort();
}

/** Calls of each invariant within `npm test`; `--calls 40000` is the nightly depth. */
export const DEFAULT_INVARIANT_CALLS = 1_000;

/** Splits the calls of an invariant into runs: each run starts from a fresh state, deeper runs reach rarer states. */
export function invariantDepth(calls: number): { readonly runs: number; readonly depth: number } {
  const depth = Math.min(calls, calls >= 10_000 ? 100 : 50);
  return { runs: Math.ceil(calls / depth), depth };
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NO_TESTS: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The closing line of `npm test` and of .ci/run. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`;
}

/** Marks the title of a skipped suite (test/helpers/describeWith.ts). */
const SKIP_REASON = /\[skipped: .+\]/;

/** What a test runner printed. */
export interface SuiteOutput {
  readonly counts: Counts;
  /** Of skips. */
  readonly reasons: readonly string[];
  /** What the runner says of the tests that failed, line by line. */
  readonly failures: readonly string[];
}

/** What failed, and how, is shorter than this. */
const END_OF_OUTPUT = 100_000;

/** Whether a mocha process has told how its tests ended; with what failed, that is the last thing it says. */
export function hasResults(output: string): boolean {
  return /^\s*\d+ passing\b/m.test(stripVTControlCharacters(output.slice(-END_OF_OUTPUT)));
}

/** Read from the runner's summary. A skip without a reason is reported as such. */
export function readOutput(output: string): SuiteOutput {
  const plain = stripVTControlCharacters(output);
  const total = (word: string): number => {
    const matches = [...plain.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, "gm"))];
    return Number(matches.at(-1)?.[1] ?? 0);
  };
  const counts = { passed: total("passing"), failed: total("failing"), skipped: total("(?:pending|skipped)") };
  const lines = plain.split("\n").map((line) => line.trimEnd());
  const reasons = lines.filter((line) => SKIP_REASON.test(line)).map((line) => line.trim());
  const failing = lines.findLastIndex((line) => /^\s*[1-9]\d* failing\b/.test(line));
  const failures = failing < 0 ? [] : lines.slice(failing + 1).filter((line) => line !== "");
  return { counts, reasons: [...new Set(reasons)], failures };
}
