/**
 * Does what a step says on the Bitcoin side. Bytes are written down before anybody there hears of them, so that whoever follows a process
 * that died hands the same ones over again; all of it may be done twice: a payment is taken once, and two children spend one output.
 */
import type { Payment, PaymentBook, Performed } from "../types.js";
import { type ChildPlan, type ChildSigner, signedChild } from "./child.js";
import type { BroadcastResult, ElectrumServers } from "./electrum/servers.js";
import type { NextAction } from "./followUp.js";
import { parseTransaction } from "./rawTransaction.js";

export type BitcoinAction = Extract<NextAction, { kind: "broadcast" | "pay-by-child" }>;

export interface BitcoinHands {
  readonly servers: Pick<ElectrumServers, "broadcast" | "agreeing">;
  /** Of the operator's output; undefined: the operator is told instead. */
  readonly signer: ChildSigner | undefined;
  readonly book: PaymentBook;
}

export function isBitcoinAction(action: NextAction): action is BitcoinAction {
  return action.kind === "broadcast" || action.kind === "pay-by-child";
}

/**
 * @param seenChild id of the child that enough servers know of
 * @throws PermanentError BTC_CHILD_CHANGED, BTC_CHILD_UNSIGNED
 */
export async function carryOut(
  action: BitcoinAction,
  hands: BitcoinHands,
  seenChild: string | undefined,
): Promise<Performed> {
  if (action.kind === "broadcast") {
    const spends = parseTransaction(action.raw)?.spends[0]?.txid ?? "";
    return handOver({ id: action.txid, kind: "payment", spends, raw: action.raw }, hands);
  }
  const { plan } = action;
  const [newest] = await hands.book.children(plan.parent);
  // Never handed over, or too few have heard of it: the same bytes again. Another child would only stand beside it.
  if (newest !== undefined && newest.id !== seenChild) {
    const again = await handOver(newest, hands);
    // One that says yes to everything would hold the dearer one back for good.
    if (again.kind !== "handed-over" || again.accepted.length >= hands.servers.agreeing) return again;
  }
  if (hands.signer === undefined) return { kind: "by-hand", instruction: instructionFor(plan) };
  const { txid, raw } = await signedChild(plan, hands.signer);
  return handOver({ id: txid, kind: "child", spends: plan.parent, raw }, hands);
}

async function handOver(payment: Payment, { servers, book }: BitcoinHands): Promise<Performed> {
  if (!(await book.write(payment))) return { kind: "not-leading" };
  const { accepted, refused }: BroadcastResult = await servers.broadcast(payment.raw);
  return {
    kind: "handed-over",
    id: payment.id,
    accepted,
    refused: refused.map(({ server, refusal }) => `${server}: ${refusal}`),
  };
}

export function instructionFor({ parent, feeSat, outputSat, psbt }: ChildPlan): string {
  return (
    `Payment ${parent} is stuck. Sign and broadcast this PSBT, which spends its output 0 back to you: ` +
    `${String(outputSat)} satoshis, with a fee of ${String(feeSat)}. ${psbt}`
  );
}
