/**
 * What a keeper may do, kept in PostgreSQL for all its copies. A change waits for transactions that are signing now, and whoever signs
 * later sees it: after `kill` has answered, no new bytes come into being.
 */
import type { Database, Queryable } from "../../../db/database.js";
import { appendAudit } from "../../../db/queries/audit/append.js";
import { ensureControl } from "../../../db/queries/control/ensure.js";
import { lockControl, readControl } from "../../../db/queries/control/read.js";
import type { ControlCause, ControlRow, ControlState } from "../../../db/queries/control/rows.js";
import { setControl } from "../../../db/queries/control/set.js";
import { UsageError } from "../../../protocol/errors.js";
import { auditStream } from "../audit/stream.js";
import type { SigningStop } from "../outbox/store.js";
import { canonicalJson } from "../policy/canonical.js";

export interface ControlOrder {
  readonly state: ControlState;
  readonly reason: string;
  readonly cause: ControlCause;
}

export interface ControlOutcome {
  readonly before: ControlState;
  readonly after: ControlRow;
  /** False: an automatic order that does not apply, such as a pause of what is killed. */
  readonly changed: boolean;
}

export class Control {
  constructor(
    private readonly db: Database,
    readonly role: string,
    readonly network: string,
    /** Who is written down: a person and machine, or a process. */
    private readonly actor: string,
  ) {}

  /** One indexed read. */
  async read(): Promise<ControlRow> {
    const row = await readControl(this.db, this.role, this.network);
    if (row !== undefined) return row;
    await ensureControl(this.db, this.role, this.network, this.actor);
    return this.read();
  }

  /** For the outbox: asked in the transaction that would store bytes. */
  readonly stop: SigningStop = async (tx, what) => {
    const { state } = await this.lock(tx, false);
    return mayWrite(state, what) ? undefined : "paused";
  };

  /**
   * Changes the state and writes the change to the audit log, both or neither. Automatic orders apply only where they may: a pause to
   * what runs, a run to what was paused automatically, a kill to what is not killed. `alongside` happens with the change or not at all.
   * @throws UsageError CONTROL_REASON without a reason; what the database throws.
   */
  async order(order: ControlOrder, alongside?: (tx: Queryable) => Promise<void>): Promise<ControlOutcome> {
    if (order.reason.trim() === "")
      throw new UsageError("CONTROL_REASON", "a change needs a reason", 'add --reason "…"');
    return this.db.transaction(async (tx) => {
      const before = await this.lock(tx, true);
      if (order.cause === "automatic" && !applies(before, order.state)) {
        return { before: before.state, after: before, changed: false };
      }
      const row = { ...order, reason: order.reason.trim(), actor: this.actor };
      const after = (await setControl(tx, this.role, this.network, row)) ?? before;
      await alongside?.(tx);
      await this.audit(tx, before.state, after);
      return { before: before.state, after, changed: true };
    });
  }

  private async lock(tx: Queryable, forChange: boolean): Promise<ControlRow> {
    const row = await lockControl(tx, this.role, this.network, forChange);
    if (row !== undefined) return row;
    await ensureControl(tx, this.role, this.network, this.actor);
    return this.lock(tx, forChange);
  }

  private async audit(tx: Queryable, before: ControlState, after: ControlRow): Promise<void> {
    const { state, reason, actor, cause } = after;
    const body = canonicalJson({ before, state, reason, actor, cause });
    await appendAudit(tx, { stream: auditStream(this.role, this.network), kind: "control", block: null, body });
  }
}

/** new: for an effect that has no nonce yet. replace: other bytes for a nonce that an effect has. */
export function mayWrite(state: ControlState, what: "new" | "replace"): boolean {
  return state === "run" || (what === "replace" && state !== "kill");
}

function applies(before: ControlRow, state: ControlState): boolean {
  switch (state) {
    case "run":
      return before.state === "pause" && before.cause === "automatic";
    case "pause":
      return before.state === "run";
    case "kill":
      return before.state !== "kill";
    case "drain":
      return before.state === "run" || before.state === "pause";
  }
}
