/**
 * `npm run rust -- format|clippy|test`: what must hold of the Rust of this tree. Where Rust or a part of it is not installed the check is
 * skipped and says so; REQUIRE_ALL=1 makes that a failure.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";

import { runCommand } from "./cli.js";
import { nativeEnvironment, WORKSPACE } from "./programs/native.js";
import { ask, cargoEnvironment, hasCrates, run } from "./programs/run.js";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

interface Check {
  /** What must answer before the check can run. */
  readonly needs: string;
  readonly needsCrates: boolean;
  readonly args: readonly string[];
  readonly env: () => NodeJS.ProcessEnv;
}

const CHECKS = {
  format: { needs: "fmt", needsCrates: false, args: ["fmt", "--all", "--check"], env: cargoEnvironment },
  clippy: {
    needs: "clippy",
    needsCrates: true,
    // The lints that programs take besides, arithmetic_side_effects among them, are in Cargo.toml.
    args: ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
    env: cargoEnvironment,
  },
  test: { needs: "test", needsCrates: true, args: ["test", ...WORKSPACE], env: () => nativeEnvironment(root) },
} as const satisfies Record<string, Check>;

type CheckName = keyof typeof CHECKS;
const NAMES = Object.keys(CHECKS) as readonly CheckName[];

/** Why a check cannot run here. */
function missingFor({ needs, needsCrates }: Check): string | undefined {
  if (ask("cargo", [needs, "--help"]) === undefined) return `cargo ${needs} is not installed`;
  return needsCrates && !hasCrates(root) ? "the crate registry does not answer" : undefined;
}

await runCommand(
  {
    command: "npm run rust --",
    summary: "Checks the Rust of this tree. Without a name: all checks.",
    positionals: [{ name: "check", help: "only these", choices: NAMES, variadic: true }],
    flags: {},
  },
  async ({ positionals, signal, say }) => {
    const outcomes: Record<string, string> = {};
    for (const name of NAMES.filter((name) => positionals.length === 0 || positionals.includes(name))) {
      const { args, env } = CHECKS[name];
      const reason = missingFor(CHECKS[name]);
      if (reason !== undefined) {
        const isRequired = process.env["REQUIRE_ALL"] === "1";
        say(isRequired ? `${name}: ${reason}` : `${name} [skipped: ${reason}]`);
        outcomes[name] = isRequired ? "failed" : "skipped";
        continue;
      }
      const { status, stdout } = await run("cargo", args, { cwd: root, signal, env: env() });
      say(stdout.trimEnd());
      outcomes[name] = status === 0 ? "ok" : "failed";
      say(`${name}: ${outcomes[name]}`);
    }
    return { ok: !Object.values(outcomes).includes("failed"), report: { checks: outcomes } };
  },
);
