/** Why nothing usable came back from one node. */
export type FailureReason =
  /** No connection, or it closed before the answer. */
  | "unreachable"
  | "timeout"
  /** HTTP 429 or a JSON-RPC code that asks for patience. */
  | "throttled"
  /** Another HTTP status than 200. */
  | "http-status"
  | "too-large"
  /** The node does not know a block that another one has: it is behind, or on another branch. */
  | "unknown-block"
  /** Not JSON, not JSON-RPC, or not what was asked for. */
  | "malformed";

/** Carries no URL, header or body: it may be logged. */
export class TransportFailure extends Error {
  constructor(
    readonly reason: FailureReason,
    detail = "",
  ) {
    super(detail === "" ? reason : `${reason} (${detail})`);
  }
}
