/** What this keeper asks for, and the bytes of it: functions of the bridge that anybody may call. Used by the tick and by the signer. */
import type { Deployment } from "../../protocol/addresses.js";
import { bridgeAbi, type BridgeMessage } from "../../protocol/bridgeMessage.js";
import { actionEncoder, type Action, type EncodeAction } from "../kit/policy/action.js";
import type { RelayAction } from "./types.js";

/** Name of the contract in the records. */
export const BRIDGE = "AlltraCustomBridge";

const METHODS = ["deliver", "retry", "cancel", "refund", "retryRefund", "applyAttestors"] as const;
export type BridgeMethod = (typeof METHODS)[number];

/** Every action of this keeper. @throws PermanentError NOT_DEPLOYED */
export function attestorEncoder(deployment: Deployment): EncodeAction {
  const target = deployment.address(BRIDGE);
  return actionEncoder(
    Object.fromEntries(METHODS.map((method) => [ruleName(method), { target, abi: bridgeAbi, method }] as const)),
  );
}

/** `signatures`: ascending by signer; of deliver and refund only. */
export function bridgeAction(method: RelayAction, message: BridgeMessage, signatures: readonly string[]): Action {
  const args = { message: { ...message } };
  const isSigned = method === "deliver" || method === "refund";
  return { name: ruleName(method), args: isSigned ? { ...args, signatures } : args };
}

export const APPLY_ATTESTORS: Action = { name: ruleName("applyAttestors"), args: {} };

/** Name of a method's rule in the policy. */
export function ruleName(method: BridgeMethod): string {
  return `${BRIDGE}.${method}`;
}
