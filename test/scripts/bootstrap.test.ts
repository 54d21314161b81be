import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { expect } from "chai";

const root = path.resolve(import.meta.dirname, "../..");
const cli = pathToFileURL(path.join(root, "scripts/cli.ts")).href;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, ["scripts/bootstrap.mjs", ...args], { cwd: root });
  const texts = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, ...texts });
    });
  });
  return { child, ended };
}

describe("bootstrap", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bootstrap-"));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  function program(name: string, ...lines: string[]): string {
    const file = path.join(folder, name);
    writeFileSync(file, lines.join("\n"));
    return file;
  }

  it("refuses a program that is not there, before it installs or compiles", async () => {
    const { code, stdout, stderr } = await start("scripts/nothing.ts").ended;
    expect(code).to.equal(2);
    expect(stdout).to.equal("");
    expect(stderr).to.include("NO_SUCH_PROGRAM");
  });

  it("hands on arguments and the exit code, and leaves standard output to the program", async () => {
    const file = program("echo.mts", "process.stdout.write(process.argv.slice(2).join('|'));", "process.exitCode = 7;");
    const { code, stdout } = await start(file, "--for", "1 s", "--json").ended;
    expect(stdout).to.equal("--for|1 s|--json");
    expect(code).to.equal(7);
  });

  it("ends with 130 after Ctrl-C, with the report as the last line", async () => {
    const file = program(
      "wait.mts",
      `import { runCommand } from ${JSON.stringify(cli)};`,
      "await runCommand({ command: 'wait', summary: 'Waits.', flags: {} }, async ({ signal, say }) => {",
      "  const alive = setInterval(() => undefined, 1000);",
      "  await new Promise((resolve) => { signal.addEventListener('abort', resolve); say('ready'); });",
      "  clearInterval(alive);",
      "  return { ok: true, report: { stopped: true } };",
      "});",
    );
    const { child, ended } = start(file, "--json");
    // As with npm: the terminal's signal and npm's copy arrive together and count as one.
    child.stderr?.on("data", (chunk: Buffer) => {
      if (!chunk.toString().includes("ready")) return;
      child.kill("SIGINT");
      child.kill("SIGINT");
    });
    const { code, stdout } = await ended;
    expect(code).to.equal(130);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).to.deep.equal({ ok: true, stopped: true });
  });
});
