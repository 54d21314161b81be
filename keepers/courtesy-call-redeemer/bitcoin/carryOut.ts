/** Does what a step says on the Bitcoin side. All of it may be done twice: the same payment is taken once, and a second child replaces the first. */
import { type ChildPlan, type ChildSigner, signedChild } from "./child.js";
import type { BroadcastResult, ElectrumServers } from "./electrum/servers.js";
import type { NextAction } from "./followUp.js";

export type BitcoinAction = Extract<NextAction, { kind: "broadcast" | "pay-by-child" }>;

export type CarriedOut =
  | { readonly kind: "handed-over"; readonly txid: string; readonly result: BroadcastResult }
  /** No signer is set up: the plan holds the PSBT, and this is what the operator must do with it. */
  | { readonly kind: "for-the-operator"; readonly plan: ChildPlan; readonly instruction: string };

export function isBitcoinAction(action: NextAction): action is BitcoinAction {
  return action.kind === "broadcast" || action.kind === "pay-by-child";
}

/**
 * @param signer of the operator's output; undefined: the operator is told instead
 * @throws PermanentError BTC_CHILD_CHANGED, BTC_CHILD_UNSIGNED
 */
export async function carryOut(
  action: BitcoinAction,
  servers: ElectrumServers,
  signer: ChildSigner | undefined,
): Promise<CarriedOut> {
  if (action.kind === "broadcast") {
    return { kind: "handed-over", txid: action.txid, result: await servers.broadcast(action.raw) };
  }
  const { plan } = action;
  if (signer === undefined) return { kind: "for-the-operator", plan, instruction: instructionFor(plan) };
  const { txid, raw } = await signedChild(plan, signer);
  return { kind: "handed-over", txid, result: await servers.broadcast(raw) };
}

function instructionFor({ parent, feeSat, outputSat, psbt }: ChildPlan): string {
  return (
    `Payment ${parent} is stuck. Sign and broadcast this PSBT, which spends its output 0 back to you: ` +
    `${String(outputSat)} satoshis, with a fee of ${String(feeSat)}. ${psbt}`
  );
}
