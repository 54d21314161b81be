/**
 * The table of roles in docs/spec.md against the compiled contracts. A row is
 * `| contracts | role | held by | functions | at worst | stopped by |`: contracts, functions and role constants stand in backquotes.
 */
import type { Finding } from "./finding.js";
import type { GuardedContract } from "./guards.js";

const SPEC = "docs/spec.md";
const HEADER = ["Contracts", "Role", "Held by", "Functions", "At worst", "Stopped by"];

interface Row {
  readonly line: number;
  readonly contracts: readonly string[];
  readonly functions: readonly string[];
  readonly roles: readonly string[];
  /** The whole cell. */
  readonly role: string;
  readonly hasEmptyCell: boolean;
}

function quoted(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`([A-Za-z_]\w*)`/g)].map((match) => match[1] ?? "");
}

function parseRows(spec: string): Row[] {
  const lines = spec.split("\n").map((text) =>
    text
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const header = lines.findIndex((cells) => cells.join("|") === HEADER.join("|"));
  if (header < 0) return [];
  const rows: Row[] = [];
  for (let at = header + 2; lines[at]?.length === HEADER.length; at += 1) {
    const cells = lines[at] ?? [];
    const roles = quoted(cells[1]).filter((name) => name.endsWith("_ROLE"));
    const row = { line: at + 1, contracts: quoted(cells[0]), functions: quoted(cells[3]), roles };
    rows.push({ ...row, role: cells[1] ?? "", hasEmptyCell: cells.includes("") });
  }
  return rows;
}

/** What the table does not name, and what it names that the contracts do not have. */
export function checkRoles(spec: string | undefined, contracts: readonly GuardedContract[]): Finding[] {
  if (spec === undefined) return [];
  const rows = parseRows(spec);
  if (rows.length === 0) {
    const message = `no table with the header | ${HEADER.join(" | ")} |`;
    return [{ rule: "no-role-table", place: SPEC, message }];
  }
  return [
    ...contracts.flatMap((contract) => unnamed(contract, rows)),
    ...rows.flatMap((row) => stale(row, contracts)),
    ...repeated(rows),
  ];
}

/** Two rows about one role of a contract contradict each other sooner or later. */
function repeated(rows: readonly Row[]): Finding[] {
  const seen = new Map<string, number>();
  return rows.flatMap(({ line, contracts, role }) =>
    contracts.flatMap((contract) => {
      const key = `${contract} ${role}`;
      const first = seen.get(key);
      seen.set(key, first ?? line);
      if (first === undefined) return [];
      const message = `${contract} has a row for ${role} already, in line ${String(first)}: make one of both`;
      return [{ rule: "repeated-role", place: `${SPEC}:${String(line)}`, message }];
    }),
  );
}

function unnamed({ contract, source, functions, roles }: GuardedContract, rows: readonly Row[]): Finding[] {
  const own = rows.filter((row) => row.contracts.includes(contract));
  const missing = (rule: string, wanted: readonly string[], named: readonly string[]): Finding[] => {
    const left = wanted.filter((name) => !named.includes(name));
    if (left.length === 0) return [];
    const where = `add to the table of roles in ${SPEC} (section 3), in a row with \`${contract}\` in its first cell`;
    const what =
      rule === "unnamed-function"
        ? `only certain callers may use ${left.join(", ")}: ${where}, who holds that role, the functions in backquotes, what he can do at worst and how he is stopped`
        : `${left.join(", ")}: ${where} and the constant in backquotes in its second cell`;
    return [{ rule, place: `${source}:${contract}`, message: what }];
  };
  return [
    ...missing(
      "unnamed-function",
      functions,
      own.flatMap((row) => row.functions),
    ),
    ...missing(
      "unnamed-role",
      roles,
      own.flatMap((row) => row.roles),
    ),
  ];
}

function stale(row: Row, contracts: readonly GuardedContract[]): Finding[] {
  const findings: Finding[] = [];
  const report = (rule: string, message: string): void => {
    findings.push({ rule, place: `${SPEC}:${String(row.line)}`, message });
  };
  if (row.hasEmptyCell) report("empty-cell", "every cell of the table of roles says something");
  if (row.contracts.length === 0) report("no-contract", "the first cell names contracts in backquotes");
  for (const name of row.contracts) {
    const contract = contracts.find((candidate) => candidate.contract === name);
    if (contract === undefined) {
      report("no-such-contract", `no contract ${name} can be deployed`);
      continue;
    }
    for (const entry of row.functions.filter((entry) => !contract.functions.includes(entry))) {
      report("no-such-function", `${name} has no function ${entry} that only certain callers may use`);
    }
    for (const role of row.roles.filter((role) => !contract.roles.includes(role))) {
      report("no-such-role", `${name} has no constant ${role}`);
    }
  }
  return findings;
}
