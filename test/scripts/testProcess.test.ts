import { setTimeout as wait } from "node:timers/promises";

import { expect } from "chai";

import { runTestProcess, type TestProcessEnd } from "../../scripts/testProcess.js";
import { hasResults } from "../../scripts/testSuites.js";

/** Starts another process, says its number, and ends when it is told to. */
const PARENT = `
  const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"]);
  console.log("child " + child.pid);
`;
const STAYS = "setInterval(() => undefined, 1000);";
const RESULTS = 'console.log("\\n  2 passing (3s)");';

describe("a process that runs tests", function () {
  this.timeout(60_000);

  const run = (script: string, signal: AbortSignal, silentMs: number, onText?: () => void): Promise<TestProcessEnd> =>
    runTestProcess({
      ...{ args: ["-e", script], cwd: process.cwd(), env: process.env, signal, hasResults, silentMs, graceMs: 1_000 },
      show: () => onText?.(),
    });
  const never = new AbortController().signal;
  const childOf = ({ output }: TestProcessEnd): number => Number(/child (\d+)/.exec(output)?.[1]);
  /** A killed process is there until its parent, who may be slow, has asked for it. */
  async function expectGone(pid: number): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        process.kill(pid, 0);
      } catch {
        return;
      }
      await wait(50);
    }
    throw new Error(`process ${String(pid)} is still there`);
  }

  it("may write what failed for longer than it may be silent", async () => {
    const lines = `let line = 0; const timer = setInterval(() => {
      console.log("  " + line + ") failed"); line += 1; if (line === 8) clearInterval(timer); }, 500);`;
    const end = await run(`${RESULTS} ${lines}`, never, 3_000);
    expect(end.hangs).to.equal(undefined);
    expect(end.code).to.equal(0);
    expect(end.output).to.include("7) failed");
  });

  it("is ended with everything it has started when it is silent after its results", async () => {
    const end = await run(`${PARENT} ${RESULTS} ${STAYS}`, never, 500);
    expect(end).to.include({ hangs: true, code: 1 });
    await expectGone(childOf(end));
  });

  it("is killed where it does not listen", async () => {
    const end = await run(`process.on("SIGTERM", () => undefined); ${RESULTS} ${STAYS}`, never, 500);
    expect(end).to.include({ hangs: true, code: 1 });
  });

  it("ends with Ctrl-C, and so does everything it has started", async () => {
    const interrupted = new AbortController();
    const end = await run(`${PARENT} ${STAYS}`, interrupted.signal, 60_000, () => {
      interrupted.abort();
    });
    expect(end.code).to.equal(130);
    await expectGone(childOf(end));
  });

  it("leaves nothing behind when it ends by itself", async () => {
    const end = await run(`${PARENT} child.unref(); setTimeout(() => process.exit(3), 100);`, never, 60_000);
    expect(end.code).to.equal(3);
    await expectGone(childOf(end));
  });
});
