/**
 * `npm run build:programs`: compiles the Solana programs, writes what is committed of them (programs/prebuilt, protocol/solana/idl) and the
 * record of what they were built from. With `--check` it compiles them anew and compares instead. docs/programs.md describes both.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { PermanentError } from "../protocol/errors.js";
import { type CommandContext, type CommandResult, runCommand, usageError } from "./cli.js";
import { buildDifferential, type BuildContext, buildIdls, compile, compiledAt, writeText } from "./programs/build.js";
import { writeDifferentialStamp } from "./programs/differential.js";
import { DIFFERENTIAL, outputsOf, PREBUILT, PROGRAM_NAMES, type ProgramName } from "./programs/layout.js";
import { differences, hashSources, readRecord, REBUILD, RECORD, writeRecord } from "./programs/record.js";
import { findOffline, findSolana, type Found, isSolana, sameToolchain, TOOLCHAINS } from "./programs/toolchain.js";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const inRoot = (file: string): string => path.join(root, file);

/** Kept between builds, so that only what has changed is compiled. */
const WARM = "target/sbf";
/** Of a comparison: made anew each time. */
const FRESH = "target/sbf-check";

const definition = {
  command: "npm run build:programs --",
  summary: "Builds the Solana programs, their IDLs and types, and records what they were built from.",
  positionals: [{ name: "name", help: "only these programs", choices: PROGRAM_NAMES, variadic: true }],
  flags: {
    toolchain: {
      kind: "choice",
      choices: TOOLCHAINS,
      default: "auto",
      help: "auto: the Solana toolchain where it is installed, otherwise the offline build",
    },
    check: { kind: "boolean", help: "build anew and compare with what is committed; writes nothing" },
    differential: { kind: "boolean", help: "also what the differential test of the offline build compares" },
  },
} as const;

type Context = CommandContext<(typeof definition)["flags"]>;

async function findToolchain(choice: (typeof TOOLCHAINS)[number], signal: AbortSignal): Promise<Found> {
  const solana = choice === "offline" ? { missing: "not asked for" } : findSolana();
  return choice === "solana" || "toolchain" in solana ? solana : findOffline(root, signal);
}

async function build(context: BuildContext, names: readonly ProgramName[]): Promise<CommandResult> {
  const sources = hashSources(root);
  await compile(context, names, { target: WARM, out: "target/deploy" });
  const idls = await buildIdls(context, names);
  mkdirSync(inRoot(PREBUILT), { recursive: true });
  for (const [name, { idl, type }] of idls) {
    const outputs = outputsOf(name);
    copyFileSync(inRoot(compiledAt("target/deploy", name)), inRoot(outputs.so));
    writeText(root, outputs.idl, idl);
    writeText(root, outputs.type, type);
  }
  // The record speaks for all programs at once, because one calls the other.
  const isWhole = names.length === PROGRAM_NAMES.length;
  if (isWhole) writeRecord(root, context.toolchain, sources);
  else context.say(`${RECORD} is left as it is: only a build of all programs writes it (${REBUILD})`);
  return { ok: true, report: { toolchain: context.toolchain, programs: names, recorded: isWhole } };
}

/** Compiles in a folder of its own and compares every byte. */
async function compare(context: BuildContext): Promise<string[]> {
  rmSync(inRoot(FRESH), { recursive: true, force: true });
  await compile(context, PROGRAM_NAMES, { target: FRESH, out: `${FRESH}/deploy` });
  const idls = await buildIdls(context, PROGRAM_NAMES);
  const isSame = (file: string, expected: Buffer): boolean =>
    existsSync(inRoot(file)) && readFileSync(inRoot(file)).equals(expected);
  const different = [...idls].flatMap(([name, { idl, type }]) => {
    const outputs = outputsOf(name);
    const built: [string, Buffer][] = [
      [outputs.so, readFileSync(inRoot(compiledAt(`${FRESH}/deploy`, name)))],
      [outputs.idl, Buffer.from(idl)],
      [outputs.type, Buffer.from(type)],
    ];
    return built.filter(([file, bytes]) => !isSame(file, bytes)).map(([file]) => file);
  });
  for (const file of different) context.say(`${file} is not what these sources give`);
  return different;
}

async function check({ signal, say, flags }: Context): Promise<CommandResult> {
  const record = readRecord(root);
  const stale = differences(root, record);
  for (const line of stale) say(line);
  if (stale.length > 0) {
    say(`what is committed was not built from this tree: run ${REBUILD} and commit`);
    return { ok: false, report: { stale } };
  }
  say("sources and outputs are those of the record");
  const found = await findToolchain(isSolana(record.toolchain) ? "solana" : "offline", signal);
  const skip = (reason: string, report: Record<string, unknown> = {}): CommandResult => {
    const isRequired = process.env["REQUIRE_ALL"] === "1";
    const text = `only sources were compared, nothing was rebuilt: ${reason}`;
    say(isRequired ? `programs: ${text}` : `programs [skipped: ${text}]`);
    return { ok: !isRequired, report: { skipped: true, reason, stale, ...report } };
  };
  if ("missing" in found) return skip(found.missing);
  const context: BuildContext = { root, toolchain: found.toolchain, signal, say };
  const isComparable = sameToolchain(found.toolchain, record.toolchain);
  const different = isComparable ? await compare(context) : [];
  if (flags.differential && !isSolana(found.toolchain)) await differential(context, FRESH);
  if (!isComparable) {
    const { toolchain } = found;
    const others = Object.keys({ ...record.toolchain, ...toolchain })
      .filter((name) => record.toolchain[name] !== toolchain[name])
      .map((name) => `${name} ${toolchain[name] ?? "none"} instead of ${record.toolchain[name] ?? "none"}`);
    return skip(`here is ${others.join(", ")}`);
  }
  if (different.length === 0) say(`${String(PROGRAM_NAMES.length)} programs rebuilt: the same bytes`);
  return { ok: different.length === 0, report: { skipped: false, stale, different, toolchain: found.toolchain } };
}

async function differential(context: BuildContext, target: string): Promise<void> {
  await buildDifferential(context, target, DIFFERENTIAL);
  writeDifferentialStamp(root);
}

await runCommand(definition, async (context) => {
  const { flags, positionals, signal, say } = context;
  if (flags.check) {
    if (positionals.length > 0) throw usageError("CONFLICTING_FLAGS", "--check compares all programs");
    return check(context);
  }
  const found = await findToolchain(flags.toolchain, signal);
  if ("missing" in found) {
    throw new PermanentError("NO_TOOLCHAIN", found.missing, "docs/programs.md says what a build needs");
  }
  say(
    Object.entries(found.toolchain)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  );
  const names = positionals.length === 0 ? PROGRAM_NAMES : PROGRAM_NAMES.filter((name) => positionals.includes(name));
  const result = await build({ root, toolchain: found.toolchain, signal, say }, names);
  if (flags.differential) {
    if (isSolana(found.toolchain)) throw usageError("CONFLICTING_FLAGS", "--differential is of --toolchain offline");
    await differential({ root, toolchain: found.toolchain, signal, say }, WARM);
  }
  return result;
});
