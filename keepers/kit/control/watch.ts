/** What one process makes of its control state, block by block. */
import type { ControlRow } from "../../../db/queries/control/rows.js";
import { describeError, type KeeperLog } from "../logger.js";
import type { Control } from "./control.js";

/** work: everything. upkeep: care for what is in flight, decide nothing. leave: a drained process ends. */
export type ControlVerdict = "work" | "upkeep" | "leave";

export class ControlWatch {
  private row: ControlRow | undefined;
  private reachable = true;

  constructor(
    private readonly control: Pick<Control, "read">,
    private readonly log: KeeperLog,
  ) {}

  /** The state as last read; undefined before the first answer. */
  get last(): ControlRow | undefined {
    return this.row;
  }

  /** False while the database does not say what holds now. Nothing new can be signed meanwhile either. */
  get known(): boolean {
    return this.reachable && this.row !== undefined;
  }

  /** One indexed read per block. Never throws: without an answer nothing new is decided, and what is in flight is cared for. */
  async look(inFlight: number): Promise<ControlVerdict> {
    try {
      const row = await this.control.read();
      if (row.state !== this.row?.state || !this.reachable) {
        const { state, reason, actor, cause } = row;
        this.log[state === "run" ? "info" : "warn"]("control", { state, reason, actor, cause });
      }
      this.row = row;
      this.reachable = true;
    } catch (error) {
      if (this.reachable) this.log.warn("control.unknown", describeError(error));
      this.reachable = false;
    }
    if (!this.known || this.row === undefined) return "upkeep";
    if (this.row.state === "drain" && inFlight === 0) return "leave";
    return this.row.state === "run" ? "work" : "upkeep";
  }
}
