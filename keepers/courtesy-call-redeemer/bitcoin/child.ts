/**
 * Child pays for parent: a payment that spends the redemption's only output, back to where it went, with a fee for both. The key of that
 * output is the operator's and never here: an external signer signs, or the operator is told what to sign.
 *
 *     fee = ceil(rate · (parent + child)) - parent's fee,   at least the child's own size at the least rate that nodes relay
 *
 * What a child pays stands in the way of a fee bump: nodes take a replacement of the parent only for more than parent and child pay
 * together. So a child is made to succeed, and a child that falls behind is replaced by a dearer one before the parent is.
 */
import { Transaction } from "@scure/btc-signer";

import { PermanentError } from "../../../protocol/errors.js";
import { maxBigint, mulDivDown } from "../../../protocol/math.js";
import { type OutputScriptKind, outputScriptKind } from "../../../protocol/tbtc/units.js";
import { feeAt } from "./fee.js";

/** Satoshis per 1,000 virtual bytes that nodes relay for, and that a replacement pays on top for its own size. */
export const RELAY_SAT_PER_KVB = 1_000n;
/** No node relays less to any kind of script. */
export const DUST_SAT = 546n;
const ALL_BPS = 10_000n;
/** Version, counts, locktime, marker: rounded up. */
export const OVERHEAD_VBYTES = 11n;
/** Without the script. */
export const OUTPUT_VBYTES = 9n;
/** Upper bounds; P2WSH and P2SH as two of three keys, which is the largest that is common. */
export const INPUT_VBYTES: Readonly<Record<OutputScriptKind, bigint>> = {
  p2wpkh: 69n,
  p2pkh: 149n,
  p2wsh: 106n,
  p2sh: 299n,
};
/** Replaceable in its turn. */
export const SEQUENCE = 0xfffffffd;

export interface Parent {
  readonly txid: string;
  /** Hex, with witness. */
  readonly raw: string;
  readonly vsize: bigint;
  readonly feeSat: bigint;
  readonly outputSat: bigint;
  /** Of the output, without its length. */
  readonly script: Uint8Array;
}

export interface ChildPolicy {
  /** Of the rate that would do for the next block, basis points. */
  readonly rateMultipleBps: bigint;
  /** Most of the output that a child may pay, basis points. */
  readonly maxShareBps: bigint;
}

export interface ChildPlan {
  readonly parent: string;
  readonly feeSat: bigint;
  readonly outputSat: bigint;
  /** Unsigned; base64, as wallets import it. */
  readonly psbt: string;
}

export type ChildOutcome =
  | { readonly ok: true; readonly plan: ChildPlan }
  /** The package pays enough without another one. */
  | { readonly ok: false; readonly reason: "fast-enough" | "too-dear"; readonly feeSat: bigint };

/** Signs the spending of the operator's output. Gets and returns a PSBT, base64. */
export interface ChildSigner {
  signPsbt(psbt: string): Promise<string>;
}

/**
 * Plans a child, or says why none is made.
 * @param nextBlockSatPerKvb what would do for the next block
 * @param replaced fee of the child that is there already
 */
export function planChild(
  parent: Parent,
  nextBlockSatPerKvb: bigint,
  replaced: bigint | undefined,
  policy: ChildPolicy,
): ChildOutcome {
  const kind = outputScriptKind(parent.script);
  const scriptBytes = BigInt(parent.script.length);
  const vsize = OVERHEAD_VBYTES + OUTPUT_VBYTES + scriptBytes + (kind === undefined ? 0n : INPUT_VBYTES[kind]);
  const packageVsize = parent.vsize + vsize;
  const paidSat = parent.feeSat + (replaced ?? 0n);
  const own = feeAt(RELAY_SAT_PER_KVB, vsize);
  if (paidSat >= feeAt(nextBlockSatPerKvb, replaced === undefined ? parent.vsize : packageVsize)) {
    return { ok: false, reason: "fast-enough", feeSat: replaced ?? 0n };
  }
  const wantedSat = feeAt((nextBlockSatPerKvb * policy.rateMultipleBps) / ALL_BPS, packageVsize) - parent.feeSat;
  const feeSat = maxBigint(maxBigint(wantedSat, own), replaced === undefined ? 0n : replaced + own);
  const outputSat = parent.outputSat - feeSat;
  const limitSat = mulDivDown(parent.outputSat, policy.maxShareBps, ALL_BPS);
  if (kind === undefined || feeSat > limitSat || outputSat < DUST_SAT) return { ok: false, reason: "too-dear", feeSat };
  const transaction = childTransaction(parent, outputSat);
  const psbt = Buffer.from(transaction.toPSBT(0)).toString("base64");
  return { ok: true, plan: { parent: parent.txid, feeSat, outputSat, psbt } };
}

/**
 * Has a child signed and looks at what comes back.
 * @returns hex of the transaction, with witness
 * @throws PermanentError BTC_CHILD_CHANGED when another payment came back, BTC_CHILD_UNSIGNED when it is not complete.
 */
export async function signedChild(
  plan: Pick<ChildPlan, "psbt">,
  signer: ChildSigner,
): Promise<{ txid: string; raw: string }> {
  const returned = transactionOf(await signer.signPsbt(plan.psbt));
  const asked = transactionOf(plan.psbt);
  // Bytes, not fields: another output, input or locktime is another payment.
  if (returned === undefined || asked?.id === undefined || returned.id !== asked.id) {
    throw new PermanentError("BTC_CHILD_CHANGED", "the signer returned another payment than it was given");
  }
  try {
    if (!returned.transaction.isFinal) returned.transaction.finalize();
    return { txid: returned.transaction.id, raw: Buffer.from(returned.transaction.extract()).toString("hex") };
  } catch (error) {
    throw new PermanentError("BTC_CHILD_UNSIGNED", "the signer returned an incomplete payment", undefined, undefined, {
      cause: error,
    });
  }
}

function childTransaction(parent: Parent, outputSat: bigint): Transaction {
  const transaction = new Transaction({ version: 2, lockTime: 0 });
  const isSegwit = outputScriptKind(parent.script)?.startsWith("p2w") === true;
  transaction.addInput({
    txid: parent.txid,
    index: 0,
    sequence: SEQUENCE,
    // Wallets check the amount against the whole parent.
    nonWitnessUtxo: parent.raw,
    ...(isSegwit ? { witnessUtxo: { script: parent.script, amount: parent.outputSat } } : {}),
  });
  transaction.addOutput({ script: parent.script, amount: outputSat });
  return transaction;
}

function transactionOf(psbt: string): { transaction: Transaction; id: string } | undefined {
  try {
    const transaction = Transaction.fromPSBT(Buffer.from(psbt, "base64"));
    return { transaction, id: Buffer.from(transaction.unsignedTx).toString("hex") };
  } catch {
    return undefined;
  }
}
