/**
 * The one payment that funds a deposit: coins of the wallet in, exactly the lot to the keep out, and the rest back. Pure but for the
 * signature.
 *
 *     fee = ceil(multiple · next block's rate · size),   size rounded up to the largest common input of the wallet's kind
 */
import { Transaction } from "@scure/btc-signer";
import { RawInput, RawTx } from "@scure/btc-signer/script.js";
import { hexlify } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { mulDivUp } from "../../../protocol/math.js";
import { outputScriptKind } from "../../../protocol/tbtc/units.js";
import {
  type ChildSigner,
  DUST_SAT,
  INPUT_VBYTES,
  OUTPUT_VBYTES,
  OVERHEAD_VBYTES,
  SEQUENCE,
  signedChild,
} from "./child.js";
import { type Coin, coinName } from "./coins.js";
import { feeAt } from "./fee.js";
import type { Payment } from "./payment.js";
import { parseTransaction } from "./rawTransaction.js";

export interface FundingPolicy {
  /** Of the rate that would do for the next block, basis points: nothing can be added later. */
  readonly rateMultipleBps: bigint;
  readonly maxFeeSat: bigint;
}

export interface FundingTarget {
  /** Of the keep, without its length. */
  readonly script: Uint8Array;
  readonly amountSat: bigint;
}

export interface FundingPlan {
  readonly feeSat: bigint;
  /** 0: too little for an output, and part of the fee. */
  readonly changeSat: bigint;
  /** `txid:index` in the order of the inputs. */
  readonly coins: readonly string[];
  /** Unsigned, base64. */
  readonly psbt: string;
}

interface Unpayable {
  readonly ok: false;
  readonly reason: "coins-short" | "fee-ceiling";
}
export type FundingOutcome = { readonly ok: true; readonly plan: FundingPlan } | Unpayable;
export type CoinChoice =
  | { readonly ok: true; readonly coins: readonly Coin[]; readonly feeSat: bigint; readonly changeSat: bigint }
  | Unpayable;

/** The deposit's output; its index is one byte of the proof. */
export const FUNDING_INDEX = 0;
const ALL_BPS = 10_000n;
/** More coins make the payment dear and the proof long. */
const MAX_INPUTS = 20;
const WORD_BYTES = 4;

/**
 * Plans the payment, the fewest coins first.
 * @param script of the wallet: what the coins are locked with, and where the rest goes
 */
export function planFunding(
  coins: readonly Coin[],
  target: FundingTarget,
  script: Uint8Array,
  nextBlockSatPerKvb: bigint,
  policy: FundingPolicy,
): FundingOutcome {
  const chosen = chooseCoins(coins, target.amountSat, target.script.length, script, nextBlockSatPerKvb, policy);
  if (!chosen.ok) return chosen;
  const { coins: taken, feeSat, changeSat } = chosen;
  const psbt = psbtOf(taken, target, script, changeSat);
  return { ok: true, plan: { feeSat, changeSat, coins: taken.map(coinName), psbt } };
}

/** Which coins would pay an amount to a script of so many bytes, and what that costs. */
export function chooseCoins(
  coins: readonly Coin[],
  amountSat: bigint,
  scriptBytes: number,
  script: Uint8Array,
  nextBlockSatPerKvb: bigint,
  policy: FundingPolicy,
): CoinChoice {
  const kind = outputScriptKind(script);
  if (kind === undefined) return { ok: false, reason: "coins-short" };
  const rate = mulDivUp(nextBlockSatPerKvb, policy.rateMultipleBps, ALL_BPS);
  const outputsVsize = 2n * OUTPUT_VBYTES + BigInt(scriptBytes + script.length);
  const sorted = [...coins].sort((a, b) =>
    a.amountSat === b.amountSat ? (coinName(a) < coinName(b) ? -1 : 1) : a.amountSat > b.amountSat ? -1 : 1,
  );
  const taken: Coin[] = [];
  let sumSat = 0n;
  for (const coin of sorted.slice(0, MAX_INPUTS)) {
    taken.push(coin);
    sumSat += coin.amountSat;
    const feeSat = feeAt(rate, OVERHEAD_VBYTES + outputsVsize + BigInt(taken.length) * INPUT_VBYTES[kind]);
    if (sumSat < amountSat + feeSat) continue;
    const restSat = sumSat - amountSat - feeSat;
    const changeSat = restSat < DUST_SAT ? 0n : restSat;
    const paidSat = sumSat - amountSat - changeSat;
    if (paidSat > policy.maxFeeSat) return { ok: false, reason: "fee-ceiling" };
    return { ok: true, coins: taken, feeSat: paidSat, changeSat };
  }
  return { ok: false, reason: "coins-short" };
}

/** @throws PermanentError BTC_CHILD_CHANGED when another payment came back, BTC_CHILD_UNSIGNED when it is not complete. */
export function signFunding(plan: FundingPlan, signer: ChildSigner): Promise<{ txid: string; raw: string }> {
  return signedChild(plan, signer);
}

/**
 * The payment in the parts that proofs take, from its signed bytes.
 * @throws PermanentError BTC_FUNDING_FALSE when it does not pay the lot to the keep: whatever was stored, nobody is told of it
 */
export function fundingPayment(raw: string, txid: string, target: FundingTarget, feeSat: bigint): Payment {
  const transaction = parseTransaction(raw);
  const output = transaction?.outputs[FUNDING_INDEX];
  const pays =
    transaction?.txid === txid &&
    output?.amountSat === target.amountSat &&
    Buffer.from(output.script).equals(target.script);
  if (!pays) {
    const fix = "was the database written by somebody else? the payment is not sent";
    throw new PermanentError("BTC_FUNDING_FALSE", "the stored payment does not pay the lot to the keep", fix, { txid });
  }
  return { txid, parts: partsOf(raw), feeSat, outputSat: target.amountSat, script: target.script };
}

/** Outpoints as hashed, in the order of the inputs. */
export function outpointsOf(raw: string): readonly string[] {
  return (parseTransaction(raw)?.spends ?? []).map(({ txid, index }) => {
    const bytes = Buffer.alloc(32 + WORD_BYTES);
    bytes.set(Buffer.from(txid, "hex").reverse());
    bytes.writeUInt32LE(index, 32);
    return hexlify(bytes);
  });
}

function partsOf(raw: string): Payment["parts"] {
  const { version, inputs, lockTime, ...rest } = RawTx.decode(Buffer.from(raw, "hex"));
  const outputs = rest.outputs as readonly { readonly amount: bigint; readonly script: Uint8Array }[];
  const inputVector = Buffer.concat([Buffer.of(inputs.length), ...inputs.map((input) => RawInput.encode(input))]);
  const outputVector = Buffer.concat([
    Buffer.of(outputs.length),
    ...outputs.map(({ amount, script }) => {
      const value = Buffer.alloc(8);
      value.writeBigUInt64LE(amount);
      return Buffer.concat([value, Buffer.of(script.length), script]);
    }),
  ]);
  return {
    version: littleEndian(version),
    inputVector: hexlify(inputVector),
    outputVector: hexlify(outputVector),
    locktime: littleEndian(lockTime),
  };
}

function littleEndian(value: number): string {
  const bytes = Buffer.alloc(WORD_BYTES);
  bytes.writeUInt32LE(value);
  return hexlify(bytes);
}

function psbtOf(coins: readonly Coin[], target: FundingTarget, script: Uint8Array, changeSat: bigint): string {
  const transaction = new Transaction({ version: 2, lockTime: 0 });
  const isSegwit = outputScriptKind(script)?.startsWith("p2w") === true;
  for (const { txid, index, amountSat, raw } of coins) {
    transaction.addInput({
      txid,
      index,
      sequence: SEQUENCE,
      nonWitnessUtxo: raw,
      ...(isSegwit ? { witnessUtxo: { script, amount: amountSat } } : {}),
    });
  }
  transaction.addOutput({ script: target.script, amount: target.amountSat });
  if (changeSat > 0n) transaction.addOutput({ script, amount: changeSat });
  return Buffer.from(transaction.toPSBT(0)).toString("base64");
}
