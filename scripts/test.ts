/**
 * `npm test`: runs the suites, shows what they print one after another and closes with one line of totals. Three pieces of work run at a
 * time: compiling the Solidity tests takes one processor for minutes, and TypeScript suites spend part of their time waiting.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";

import { type CommandContext, runCommand, usageError } from "./cli.js";
import { runTestProcess, type TestProcessEnd } from "./testProcess.js";
import {
  addCounts,
  closingLine,
  clusterFilesOf,
  type Counts,
  DEFAULT_INVARIANT_CALLS,
  filesOf,
  hasResults,
  invariantDepth,
  NO_TESTS,
  orphanedFiles,
  readOutput,
  sharesOf,
  type Suite,
  type SuiteOutput,
  SUITES,
} from "./testSuites.js";
import { Turns } from "./testTurns.js";
import { ensureSurfpool, isBuilt, surfpoolBinary } from "./validator/engines/surfpoolBinary.js";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const hardhat = path.join(root, "node_modules", "hardhat", "dist", "src", "cli.js");

const definition = {
  command: "npm test --",
  summary: "Runs the test suites. Without a name: all but those that run on request only.",
  positionals: [
    { name: "suite", help: "only this suite", choices: SUITES.map((suite) => suite.name) },
    { name: "file", help: "only these files of the suite", variadic: true },
  ],
  flags: {
    calls: { kind: "integer", min: 1, default: DEFAULT_INVARIANT_CALLS, help: "calls of each invariant" },
    grep: { kind: "string", placeholder: "PATTERN", help: "only tests whose name matches" },
    "snapshot-check": { kind: "boolean", help: "compare gas with the committed snapshots" },
    engine: {
      kind: "choice",
      choices: ["litesvm", "surfpool", "rpc"],
      default: "litesvm",
      help: "cluster of the Solana tests; with another one only they run (rpc: the one of SOLANA_RPC_URL)",
    },
    "if-built": { kind: "boolean", help: "surfpool: skip it, and say so, where it was never built" },
    "all-kills": {
      kind: "boolean",
      help: "kills: a real deployment at every transaction (a quarter of an hour); keepers: the collateral crank 60 times, an attestor 40 times",
    },
    snapshot: { kind: "boolean", help: "write the gas snapshots anew" },
  },
} as const;

/** More would make tests that wait for real time run into their limits on two processors. */
const AT_A_TIME = 3;

/** Longer than a run of CI may take. */
const NOT_BUILT =
  "surfpool is not built on this machine; npm run validator -- --engine surfpool builds it once, 15 to 25 minutes, 870 crates";

type Context = CommandContext<(typeof definition)["flags"]>;

interface Outcome {
  readonly suite: string;
  readonly counts: Counts;
  readonly problems: readonly string[];
  readonly reasons: readonly string[];
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** Compiles the Solidity tests; the contracts are the bootstrap's business, and their types too. */
const BUILD_OF_TESTS = ["build", "--no-contracts", "--no-typechain"];

/** Arguments of the Hardhat task that runs these files. */
function taskArguments(suite: Suite, files: readonly string[], { flags }: Context): string[] {
  const isSnapshotSuite = suite.name === "contracts";
  return [
    ...["test", suite.runner, "--no-compile"],
    ...(flags.grep === undefined ? [] : ["--grep", flags.grep]),
    ...(isSnapshotSuite && flags.snapshot ? ["--snapshot"] : []),
    ...(isSnapshotSuite && flags["snapshot-check"] ? ["--snapshot-check"] : []),
    ...files,
  ];
}

function environment(suite: Suite, { flags }: Context): NodeJS.ProcessEnv {
  const { runs, depth } = invariantDepth(flags.calls);
  return {
    ...process.env,
    ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
    CANTILEVER_ENGINE: flags.engine,
    ...(flags["all-kills"] ? { CANTILEVER_ALL_KILLS: "1" } : {}),
    ...(suite.name === "invariants"
      ? { CANTILEVER_INVARIANT_RUNS: String(runs), CANTILEVER_INVARIANT_DEPTH: String(depth) }
      : {}),
  };
}

/** Most that a process may be silent once it has told its results: then something keeps it from ending. */
const END_MS = 60_000;

function stream(
  suite: Suite,
  args: readonly string[],
  context: Context,
  show: (text: string) => void,
): Promise<TestProcessEnd> {
  return runTestProcess({
    ...{ args: [hardhat, ...args], cwd: root, env: environment(suite, context) },
    ...{ signal: context.signal, show, hasResults, silentMs: END_MS },
  });
}

/** Every problem counts as a failure. */
function outcomeOf(
  { name }: Suite,
  startedMs: number,
  problems: readonly string[],
  { counts, reasons, failures }: SuiteOutput = { counts: NO_TESTS, reasons: [], failures: [] },
): Outcome {
  return {
    suite: name,
    counts: addCounts(counts, { ...NO_TESTS, failed: problems.length }),
    problems,
    reasons,
    failures: [...failures, ...problems],
    seconds: Math.round((Date.now() - startedMs) / 1000),
  };
}

/** Runs one suite; a Solidity suite first has the tests compiled, which takes a moment where nothing has changed. */
async function runSuite(
  suite: Suite,
  files: readonly string[],
  context: Context,
  show: (text: string) => void,
): Promise<Outcome> {
  const started = Date.now();
  const calls = suite.name === "invariants" ? `, ${String(context.flags.calls)} calls each` : "";
  show(`\n=== ${suite.name}: ${suite.about} (${String(files.length)} files${calls})\n`);
  if (files.length === 0) return outcomeOf(suite, started, ["no test files"]);
  if (suite.runner === "solidity" && (await stream(suite, BUILD_OF_TESTS, context, show)).code !== 0) {
    return outcomeOf(suite, started, ["the Solidity tests do not compile"]);
  }
  const { output, code, hangs } = await stream(suite, taskArguments(suite, files, context), context, show);
  const read = readOutput(output);
  const { counts, reasons } = read;
  const problems: string[] = [];
  if (counts.passed + counts.failed + counts.skipped === 0 && context.flags.grep === undefined) {
    problems.push("ran no tests");
  }
  if (counts.skipped > 0 && reasons.length === 0) problems.push("skipped tests without saying why");
  if (hangs === true) problems.push("did not end after its last test: something is left open");
  else if (code !== 0 && counts.failed === 0) problems.push(`exited with code ${String(code)}`);
  return outcomeOf(suite, started, problems, read);
}

/** The outcome of a suite whose files several processes ran. */
function together(parts: readonly Outcome[]): Outcome[] {
  const [first] = parts;
  if (first === undefined) return [];
  return [
    {
      suite: first.suite,
      counts: parts.map(({ counts }) => counts).reduce(addCounts, NO_TESTS),
      problems: [...new Set(parts.flatMap(({ problems }) => problems))],
      reasons: [...new Set(parts.flatMap(({ reasons }) => reasons))],
      failures: parts.flatMap(({ failures }) => failures),
      seconds: Math.max(...parts.map(({ seconds }) => seconds)),
    },
  ];
}

/** What one worker does after the other: the Solidity suites share what is compiled for them, everything else stands alone. */
function piecesOf<T extends { readonly suite: Suite }>(entries: readonly T[]): T[][] {
  const [solidity, others]: [T[], T[][]] = [[], []];
  for (const entry of entries) {
    if (entry.suite.runner === "solidity") solidity.push(entry);
    else others.push([entry]);
  }
  return solidity.length === 0 ? others : [solidity, ...others];
}

function selectSuites(context: Context): { suite: Suite; files: readonly string[] }[] {
  const [name, ...chosen] = context.positionals;
  const { flags } = context;
  if (flags.snapshot && flags["snapshot-check"]) {
    throw usageError("CONFLICTING_FLAGS", "--snapshot and --snapshot-check exclude each other");
  }
  const isDefault = flags.engine === "litesvm";
  if (flags["if-built"] && flags.engine !== "surfpool") {
    throw usageError("CONFLICTING_FLAGS", "--if-built belongs to --engine surfpool");
  }
  if (flags.engine === "rpc" && (process.env["SOLANA_RPC_URL"] ?? "") === "") {
    throw usageError("MISSING_VALUE", "--engine rpc runs on the cluster of SOLANA_RPC_URL, which is not set");
  }
  const isChosen = (suite: Suite): boolean => (name === undefined ? suite.onRequest !== true : suite.name === name);
  const ownFiles = isDefault ? filesOf : clusterFilesOf;
  const selected = SUITES.filter(isChosen)
    .filter((suite) => isDefault || suite.onClusters !== undefined)
    .map((suite) => ({ suite, files: chosen.length > 0 ? chosen : ownFiles(suite, root) }));
  if (selected.length === 0) {
    throw usageError("CONFLICTING_FLAGS", `${name ?? ""} has no tests that run on --engine ${flags.engine}`);
  }
  return selected;
}

await runCommand(definition, async (context) => {
  const selected = selectSuites(context);
  if (context.flags["if-built"] && !(await isBuilt(await surfpoolBinary()))) {
    context.say(`Solana tests on surfpool [skipped: ${NOT_BUILT}]`);
    return { ok: true, report: { ...NO_TESTS, skipped: 1, reason: NOT_BUILT } };
  }
  const done: Outcome[] = [];
  const people = context.json ? process.stderr : process.stdout;
  const turns = new Turns((text) => people.write(text));
  if (context.flags.engine === "surfpool") await ensureSurfpool(context.signal, (line) => people.write(`${line}\n`));
  const waiting = piecesOf(
    selected.flatMap(({ suite, files }) =>
      sharesOf(suite, files).map((share) => ({ suite, share, turn: turns.next() })),
    ),
  );
  const work = async (): Promise<void> => {
    for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) {
      for (const { suite, share, turn } of piece) {
        if (!context.signal.aborted) done.push(await runSuite(suite, share, context, turn.show));
        turn.end();
      }
    }
  };
  await Promise.all(Array.from({ length: context.flags.engine === "litesvm" ? AT_A_TIME : 1 }, work));
  const outcomes = selected.flatMap(({ suite }) => together(done.filter((outcome) => outcome.suite === suite.name)));
  const orphans = orphanedFiles(SUITES, root);
  const counts = outcomes.map((outcome) => outcome.counts).reduce(addCounts, { ...NO_TESTS, failed: orphans.length });

  // Again at the end: who reads a log from behind sees them first.
  for (const { suite, failures } of outcomes) {
    if (failures.length > 0) context.say(["", `=== ${suite}: what failed`, ...failures].join("\n"));
  }
  context.say("");
  for (const { suite, counts: own, seconds, problems } of outcomes) {
    context.say(`${suite.padEnd(12)} ${closingLine(own)} (${String(seconds)} s)`);
    for (const problem of problems) context.say(`${suite.padEnd(12)} failed: ${problem}`);
  }
  for (const file of orphans) context.say(`failed: ${file} belongs to no suite, see scripts/testSuites.ts`);
  for (const { suite, reasons } of outcomes) {
    for (const reason of reasons) context.say(`${suite.padEnd(12)} ${reason}`);
  }
  context.say(closingLine(counts));
  return {
    ok: counts.failed === 0,
    report: { ...counts, suites: outcomes },
  };
});
