/** A signing gate that refuses nothing, for tests about something else, and the action of bytes that no keeper made. */
import type { SigningGate } from "../../keepers/kit/outbox/signingGate.js";
import type { Action } from "../../keepers/kit/policy/action.js";

export const BARE_ACTION: Action = { name: "test", args: {} };

export function openGate(part: Partial<SigningGate> = {}): SigningGate {
  return {
    policyHash: "0x01",
    encode: ({ to, data }) => ({ ok: true, bytes: { to, data } }),
    authorize: () => Promise.resolve({ ok: true }),
    ...part,
  };
}
