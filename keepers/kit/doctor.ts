/** Checks that say what was found, what was expected and what to do. */
import { CantileverError } from "../../protocol/errors.js";
import { describeError } from "./logger.js";

/** The answer of one check, as `doctor --json` prints it. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly expected: string;
  /** What to do; empty when nothing is wrong. */
  readonly fix: string;
}

export interface CheckPlan {
  readonly name: string;
  readonly expected: string;
  /** Advice for this check; a failure that carries its own advice wins. */
  readonly fix: string;
  /** Checks that must have passed before; otherwise this one is reported as not made. */
  readonly needs?: readonly string[];
  /** Resolves to what was found and whether that is right; throws when it cannot be found. */
  readonly look: () => Promise<{ readonly ok: boolean; readonly found: string; readonly fix?: string }>;
}

/** Makes all checks in order; a failing or throwing one never hides the others. */
export async function runChecks(plans: readonly CheckPlan[]): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const plan of plans) {
    const { name, expected } = plan;
    const missing = (plan.needs ?? []).filter((need) => checks.some((check) => check.name === need && !check.ok));
    if (missing.length > 0) {
      const found = `not checked: ${missing.join(", ")} failed`;
      checks.push({ name, ok: false, found, expected, fix: `mend ${missing.join(", ")} first` });
      continue;
    }
    try {
      const { ok, found, fix } = await plan.look();
      checks.push({ name, ok, found, expected, fix: ok ? "" : (fix ?? plan.fix) });
    } catch (error) {
      const facts = describeError(error);
      const fix = error instanceof CantileverError ? (error.fix ?? plan.fix) : plan.fix;
      checks.push({ name, ok: false, found: `${facts.code}: ${facts.error}`, expected, fix });
    }
  }
  return checks;
}

/** One line per check for people. */
export function checkLines(checks: readonly Check[]): string[] {
  const width = Math.max(0, ...checks.map((check) => check.name.length));
  return checks.map((check) => {
    const head = `${check.ok ? "ok  " : "FAIL"} ${check.name.padEnd(width)}  ${check.found}`;
    return check.ok
      ? head
      : `${head}\n${" ".repeat(width + 7)}expected: ${check.expected}\n${" ".repeat(width + 7)}do: ${check.fix}`;
  });
}
