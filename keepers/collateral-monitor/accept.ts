/**
 * `accept --finding "CODE ACCOUNT" --reason TEXT`: a person has looked, and the account counts as it is. What is accepted is what was
 * found; if the account is found otherwise before the next pass, that stays open.
 */
import type { Database } from "../../db/database.js";
import { addReconciliations, openDiscrepancies } from "../../db/queries/collateral/reconciliations.js";
import type { OpenDiscrepancy } from "../../db/queries/collateral/rows.js";
import { UsageError } from "../../protocol/errors.js";
import { canonicalJson } from "../kit/policy/canonical.js";
import { keyOf } from "./books.js";
import { isRecordCode } from "./strategies/records.js";

export interface Acceptance {
  /** Code and account, as alerts and reports name a discrepancy. */
  readonly finding: string;
  readonly reason: string;
  /** Who says so. */
  readonly by: string;
}

/** @throws UsageError FINDING_UNKNOWN, FINDING_CLOSES_ITSELF, REASON_EMPTY. */
export async function accept(
  db: Database,
  chainId: string,
  { finding, reason, by }: Acceptance,
): Promise<OpenDiscrepancy> {
  if (reason.trim() === "") throw new UsageError("REASON_EMPTY", "the reason is empty", "say why the account is right");
  return db.transaction(async (tx) => {
    const open = await openDiscrepancies(tx, chainId);
    const found = open.find((row) => row.kind === "opened" && keyOf(row) === finding);
    if (found === undefined) {
      const fix = "name one as `doctor` shows it: its code, a space, its account";
      throw new UsageError("FINDING_UNKNOWN", `no open discrepancy "${finding}" waits for a person`, fix);
    }
    if (!isRecordCode(found.code)) {
      const message = `${found.code} is found anew at every pass`;
      throw new UsageError("FINDING_CLOSES_ITSELF", message, "mend what it names: it closes by itself");
    }
    const facts = canonicalJson({ by, reason, found: JSON.parse(found.facts) as unknown });
    await addReconciliations(tx, chainId, found.slot, [{ ...found, kind: "accepted", facts }]);
    return found;
  });
}
