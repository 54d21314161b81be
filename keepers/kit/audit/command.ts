/** `npm run keeper -- NAME audit`: verifies the audit log and writes it out. */
import { writeSync } from "node:fs";

import type { Queryable } from "../../../db/database.js";
import type { ProgramResult } from "../program.js";
import { auditLine } from "./export.js";
import { auditStream } from "./stream.js";
import { verifyAudit } from "./verify.js";

export interface AuditCommand {
  readonly role: string;
  readonly network: string;
  /** Open file to which sound rows are written as JSON lines. */
  readonly exportTo?: number | undefined;
  readonly say: (line: string) => void;
}

/** Not ok when a row is broken; the report names it. */
export async function auditCommand(db: Queryable, command: AuditCommand): Promise<ProgramResult> {
  const { role, network, exportTo, say } = command;
  const { rows, head, broken } = await verifyAudit(db, auditStream(role, network), (row) => {
    if (exportTo !== undefined) writeSync(exportTo, `${auditLine(row)}\n`);
  });
  say(`${String(rows)} rows are sound; head ${head.sequence.toString()}:${head.hash}`);
  if (broken !== undefined)
    say(`row ${broken.sequence.toString()} is broken (${broken.what}); nothing after it counts`);
  return { ok: broken === undefined, report: { keeper: role, network, rows, head, broken: broken ?? null } };
}
