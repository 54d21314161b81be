/**
 * The table of invariants in docs/spec.md against the tests. A row is `| POOL-1 | sentence | test file: test name |`; the
 * ID must stand in the named test (its name, its comment or its body), and every ID in a test must have a row.
 */
import type { Finding } from "./finding.js";

const SPEC = "docs/spec.md";
const ID = /\b[A-Z][A-Z0-9]{1,}-\d+\b/g;
/** Standards look like IDs. */
const NOT_AN_ID = /^(?:AES|BIP|CAIP|EIP|ERC|ISO|RFC|SHA|SLIP|UTC|UTF|UTF8|X)-\d+$/;

interface Row {
  readonly id: string;
  readonly line: number;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
  readonly malformed: boolean;
}

function parseRows(spec: string): Row[] {
  return spec.split("\n").flatMap((text, index) => {
    const cells = text.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const id = /^`?([A-Z][A-Z0-9]+-\d+)`?$/.exec(cells[1] ?? "")?.[1];
    if (id === undefined || cells.length < 5) return [];
    const references = (cells[3] ?? "").replaceAll("`", "").split(/;\s*(?=\S+:)|<br\s*\/?>/);
    const tests = references.flatMap((reference) => {
      const match = /^\s*(\S+?\.(?:t\.sol|test\.ts|rs)):\s*(.+?)\s*$/.exec(reference);
      return match === null ? [] : [{ file: match[1] ?? "", name: match[2] ?? "" }];
    });
    return [{ id, line: index + 1, tests, malformed: tests.length !== references.length || cells[2] === "" }];
  });
}

/** The comment above a test, its title line and its body, found by indentation; undefined when there is no such test. */
export function sliceOfTest(text: string, name: string): string | undefined {
  const lines = text.split("\n");
  const title = lines.findIndex((line) => isTitle(line, name));
  if (title < 0) return undefined;
  let first = title;
  while (first > 0 && /^\s*(?:\/\/|\/\*|\*|#\[)/.test(lines[first - 1] ?? "")) first--;
  const indentation = /^\s*/.exec(lines[title] ?? "")?.[0] ?? "";
  const closing = lines.findIndex((line, index) => index > title && line.startsWith(`${indentation}}`));
  return lines.slice(first, closing < 0 ? title + 1 : closing + 1).join("\n");
}

function isTitle(line: string, name: string): boolean {
  if (/^\w+$/.test(name))
    return new RegExp(`\\b(?:function|fn)\\s+${name}\\b`).test(line) || line.includes(`"${name}"`);
  return ['"', "'", "`"].some((quote) => line.includes(`${quote}${name}${quote}`));
}

/** `testFiles` maps the path below the root to the text of every test. */
export function checkInvariants(spec: string | undefined, testFiles: ReadonlyMap<string, string>): Finding[] {
  if (spec === undefined) return [];
  const rows = parseRows(spec);
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const { id, line, tests, malformed } of rows) {
    const report = (rule: string, message: string): void => {
      findings.push({ rule, place: `${SPEC}:${String(line)}`, message });
    };
    if (seen.has(id)) report("duplicate-id", `${id} has two rows`);
    seen.add(id);
    if (malformed) report("malformed-row", `${id}: the third cell is \`test file: test name\``);
    for (const { file, name } of tests) {
      const text = testFiles.get(file);
      const slice = text === undefined ? undefined : sliceOfTest(text, name);
      if (text === undefined) report("missing-file", `${id}: ${file} does not exist`);
      else if (slice === undefined) report("missing-test", `${id}: ${file} has no test ${name}`);
      else if (!new RegExp(`\\b${id}\\b`).test(slice)) report("missing-id", `${id} does not stand in ${file}: ${name}`);
    }
  }
  for (const [file, text] of testFiles) {
    for (const id of new Set(text.match(ID) ?? [])) {
      if (seen.has(id) || NOT_AN_ID.test(id)) continue;
      findings.push({ rule: "unlisted-id", place: file, message: `${id} has no row in ${SPEC}` });
    }
  }
  return findings;
}
