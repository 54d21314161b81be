/** What `keeper_control` keeps. States are explained in migration 0055. */
export type ControlState = "run" | "pause" | "drain" | "kill";
export type ControlCause = "operator" | "automatic";

export interface ControlRow {
  readonly state: ControlState;
  readonly reason: string;
  readonly actor: string;
  readonly cause: ControlCause;
  readonly changedAt: Date;
}

/** The columns above. */
export const CONTROL_COLUMNS = `state, reason, actor, cause, changed_at AS "changedAt"`;
