/**
 * Slither's findings of high and medium severity against the table of accepted ones in docs/spec.md. A row is
 * `| detector | where | reason |`; `where` names one or several functions as `Contract.function` in backquotes.
 */
import { z } from "zod";

import type { Finding } from "./finding.js";

const SPEC = "docs/spec.md";
const HEADER = ["Detector", "Where", "Why it is accepted"];
const SEVERITIES = new Set(["High", "Medium"]);

/** A source element with the one it lies in: a variable in a function in a contract. */
interface Element {
  readonly type: string;
  readonly name: string;
  readonly type_specific_fields?: { readonly parent?: Element | undefined } | undefined;
}

const elementSchema: z.ZodType<Element> = z.lazy(() =>
  z.object({
    type: z.string(),
    name: z.string(),
    type_specific_fields: z.object({ parent: elementSchema.optional() }).optional(),
  }),
);

/** What `slither --json` writes, as far as it is read. */
export const slitherReport = z.object({
  success: z.boolean(),
  error: z.string().nullable(),
  results: z.object({
    detectors: z
      .array(
        z.object({
          check: z.string(),
          impact: z.string(),
          description: z.string(),
          elements: z.array(elementSchema),
        }),
      )
      .default([]),
  }),
});

export type SlitherReport = z.infer<typeof slitherReport>;

/** `Contract.function`, `Contract.variable` outside functions, or the contract alone. */
function placeOf(element: Element | undefined): string {
  if (element === undefined) return "?";
  const path: string[] = [];
  for (let at: Element | undefined = element; at !== undefined; at = at.type_specific_fields?.parent)
    path.unshift(at.name);
  return path.slice(0, 2).join(".");
}

interface Row {
  readonly line: number;
  readonly detector: string;
  readonly places: readonly string[];
  readonly reason: string;
}

function parseRows(spec: string): Row[] {
  const lines = spec.split("\n").map((text) =>
    text
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const header = lines.findIndex((cells) => cells.join("|") === HEADER.join("|"));
  const rows: Row[] = [];
  if (header < 0) return rows;
  for (let at = header + 2; lines[at]?.length === HEADER.length; at += 1) {
    const [detector = "", where = "", reason = ""] = lines[at] ?? [];
    const places = [...where.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
    rows.push({ line: at + 1, detector: detector.replaceAll("`", ""), places, reason });
  }
  return rows;
}

/** Findings that the table does not accept, and rows that accept nothing that is found. */
export function checkSlither(spec: string, report: SlitherReport): Finding[] {
  const found = new Map<string, { detector: string; place: string; description: string }>();
  for (const { check, impact, description, elements } of report.results.detectors) {
    if (!SEVERITIES.has(impact)) continue;
    const place = placeOf(elements[0]);
    found.set(`${check} ${place}`, { detector: check, place, description: description.trim() });
  }
  const rows = parseRows(spec);
  const accepted = new Set(rows.flatMap(({ detector, places }) => places.map((place) => `${detector} ${place}`)));
  const findings: Finding[] = [...found]
    .filter(([key]) => !accepted.has(key))
    .map(([, { detector, place, description }]) => ({
      rule: "unexplained-finding",
      place,
      message: `${detector}: ${description}\n  fix it with a test, or add | ${detector} | \`${place}\` | reason | to the table of accepted findings in ${SPEC}`,
    }));
  for (const { line, detector, places, reason } of rows) {
    const place = `${SPEC}:${String(line)}`;
    const report = (rule: string, message: string) => findings.push({ rule, place, message });
    if (detector === "" || places.length === 0 || reason === "") report("malformed-row", "every cell says something");
    for (const where of places.filter((where) => !found.has(`${detector} ${where}`))) {
      report("stale-row", `Slither does not report ${detector} in ${where} any more: take it out of the table`);
    }
  }
  return findings;
}
