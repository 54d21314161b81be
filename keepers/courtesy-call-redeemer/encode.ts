/**
 * What this keeper asks for, and the bytes of it: an approval of exactly what a batch costs, and the calls of the protocol. The signer
 * makes the bytes again from the typed action and signs nothing else.
 */
import { Interface } from "ethers";

import { actionEncoder, type Action, type EncodeAction } from "../kit/policy/action.js";
import { decodeCall, functionOf } from "../kit/policy/encoding.js";
import { EACH, type Policy } from "../kit/policy/types.js";
import type { RescueSite } from "./site.js";
import type { Call } from "./types.js";

export const tokenAbi = new Interface([
  "function approve(address spender, uint256 value) returns (bool)",
  "function balanceOf(address account) view returns (uint256)",
]);

export const APPROVAL = "Token.approve";
/** Sets an allowance of a token that asks for storage it never had. */
export const APPROVAL_GAS = 70_000n;

export function redeemerEncoder({ token, signing }: Pick<RescueSite, "token" | "signing">): EncodeAction {
  return actionEncoder({
    [APPROVAL]: { target: token.address, abi: tokenAbi, method: "approve" },
    ...signing.methods,
  });
}

/** The allowance is set, not added to: what an earlier batch left over is gone. Some tokens want it to be 0 before. */
export function approvalAction(spender: string, value: bigint): Action {
  return { name: APPROVAL, args: { spender, value } };
}

/** The typed form of a call that the protocol has made; undefined when no rule of the policy is about it. */
export function actionOf(policy: Policy, { to, data }: Call): Action | undefined {
  const selector = data.slice(0, 10).toLowerCase();
  for (const rule of policy.rules) {
    if (rule.innerOnly) continue;
    const isKind = rule.target.startsWith(EACH);
    if (!isKind && rule.target.toLowerCase() !== to.toLowerCase()) continue;
    if (functionOf(rule).fragment.selector !== selector) continue;
    const args = decodeCall(rule, data);
    if (args !== undefined) return { name: rule.name, args, ...(isKind ? { target: to.toLowerCase() } : {}) };
  }
  return undefined;
}
