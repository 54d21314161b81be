/** `npm run validator`: a Solana cluster on this machine with our programs on it. docs/validator.md describes both engines. */
import path from "node:path";
import { fileURLToPath } from "node:url";

import { runCommand, usageError, type CommandContext, type CommandResult } from "./cli.js";
import { ENGINES } from "./validator/engines/engine.js";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const FLAGS = {
  engine: {
    kind: "choice",
    choices: ENGINES,
    default: "litesvm",
    help: "litesvm: in this process, up at once; surfpool: a validator in Rust, built the first time",
  },
  port: {
    kind: "integer",
    min: 0,
    max: 65_534,
    default: 8899,
    help: "of the requests; WebSockets take the one after it; 0 takes a free pair",
  },
  state: { kind: "string", placeholder: "DIR", help: "keep the cluster there and go on with it next time (litesvm)" },
  program: { kind: "list", placeholder: "ID=FILE.so,…", help: "further programs; ours are there without it" },
  "seconds-per-slot": {
    kind: "number",
    min: 0.01,
    max: 60,
    default: 0.4,
    help: "pace of the cluster and of its clock",
  },
  for: { kind: "duration", placeholder: "120s", help: "run that long (default: until Ctrl-C)" },
} as const;

const COMMAND = {
  command: "npm run validator --",
  summary: "A Solana cluster on this machine: JSON-RPC and WebSockets for every client, our programs deployed.",
  flags: FLAGS,
} as const;

async function main({ flags, signal, say }: CommandContext<typeof FLAGS>): Promise<CommandResult> {
  if (flags.state !== undefined && flags.engine !== "litesvm") {
    throw usageError("CONFLICTING_FLAGS", "--state works with --engine litesvm only");
  }
  // Help and wrong usage need not wait for an engine.
  const { localPrograms, namedProgram } = await import("./validator/localPrograms.js");
  const programs = localPrograms(root, (flags.program ?? []).map(namedProgram));
  const { PAYER_PHRASE } = await import("./validator/localPayer.js");
  const start =
    flags.engine === "litesvm"
      ? (await import("./validator/engines/litesvm.js")).startLiteSvm
      : (await import("./validator/engines/surfpool.js")).startSurfpool;
  const validator = await start({
    port: flags.port,
    slotMs: Math.round(flags["seconds-per-slot"] * 1000),
    programs,
    ...(flags.state === undefined ? {} : { stateDirectory: path.resolve(flags.state) }),
    signal,
    say,
  });
  const { engine, rpc, ws, genesisHash, payer } = validator;
  say(`rpc       ${rpc}`);
  say(`ws        ${ws}`);
  say(`genesis   ${genesisHash} (${engine})`);
  say(`payer     ${payer}: has lamports and may upgrade the programs; its seed is sha256("${PAYER_PHRASE}")`);
  for (const { name, programId, slot } of validator.programs) {
    say(`program   ${programId} ${name}, deployed in slot ${String(slot)}`);
  }
  say("Ctrl-C ends it");
  const stopTimer = new AbortController();
  try {
    await Promise.race([
      aborted(signal),
      validator.failed,
      ...(flags.for === undefined ? [] : [wait(flags.for, stopTimer.signal)]),
    ]);
  } finally {
    stopTimer.abort();
    await validator.stop();
  }
  return { ok: true, report: { engine, rpc, ws, genesisHash, payer, programs: validator.programs } };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
    });
  });
}

await runCommand(COMMAND, main);
