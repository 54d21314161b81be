/** When the signatures about a message may cross from one attestor to another: the latency of the bridge, and the faults of messages. */
import type { AttestationKind } from "../../../protocol/bridgeMessage.js";
import type { MessageFault } from "./faultPlan.js";

/** What of a message decides about it. */
export interface Travelling {
  readonly fault: MessageFault;
  /** Since what is attested happened, seconds of the chains. */
  readonly ageSeconds: number;
  /** A later one of the same way has arrived. */
  readonly isOvertaken: boolean;
}

/** Of the latency: how long a delayed one takes, and how long one waits at most for another one to overtake it. */
const DELAYED_TIMES = 2;
const PATIENCE_TIMES = 4;

export function mayCross(
  { fault, ageSeconds, isOvertaken }: Travelling,
  kind: AttestationKind,
  latencySeconds: number,
): boolean {
  if (kind === "deliver") {
    if (fault === "dropped") return false;
    if (fault === "delayed") return ageSeconds >= DELAYED_TIMES * latencySeconds;
    if (fault === "reordered" && !isOvertaken) return ageSeconds >= PATIENCE_TIMES * latencySeconds;
  }
  return ageSeconds >= latencySeconds;
}
