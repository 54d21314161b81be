/** From an intent to signed bytes. */
import {
  appendTransactionMessageInstructions,
  compileTransaction,
  createTransactionMessage,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  type Address,
} from "@solana/kit";

import { unitLimit, unitPrice } from "../../../../protocol/solana/computeBudget.js";
import type { Lifetime } from "../../solana/cluster.js";
import { signMessage, type SolanaSigner } from "../../solana/signer.js";
import type { SolanaIntent } from "./intent.js";

/** Bytes that may be out, and the last block height at which the cluster says they can still enter. */
export interface SolanaAttempt {
  /** base58; the name of the transaction. */
  readonly signature: string;
  /** Signed bytes, 0x-hex. */
  readonly bytes: string;
  readonly lastValidBlockHeight: bigint;
  readonly microLamportsPerUnit: bigint;
  /** They can be in no earlier slot. */
  readonly slot: bigint;
}

/** A new price is at least half as much again as the one before. */
const BUMP_NUMERATOR = 3n;
const BUMP_DENOMINATOR = 2n;

/** Price of the first bytes, or of the next ones after `previous` have expired; never above the ceiling. */
export function nextPrice(intent: SolanaIntent, base: bigint, previous: bigint | undefined): bigint {
  const wanted = previous === undefined ? base : ceilDiv(previous * BUMP_NUMERATOR, BUMP_DENOMINATOR);
  const price = wanted > base ? wanted : base;
  return price < intent.maxMicroLamportsPerUnit ? price : intent.maxMicroLamportsPerUnit;
}

/** The message that would be signed. */
export function compileIntent(
  payer: Address,
  { instructions, computeUnitLimit: units }: Pick<SolanaIntent, "instructions" | "computeUnitLimit">,
  { blockhash, lastValidBlockHeight }: Pick<Lifetime, "blockhash" | "lastValidBlockHeight">,
  microLamportsPerUnit: bigint,
): Uint8Array {
  const { messageBytes } = compileTransaction(
    pipe(
      createTransactionMessage({ version: 0 }),
      (message) => setTransactionMessageFeePayer(payer, message),
      (message) => setTransactionMessageLifetimeUsingBlockhash({ blockhash, lastValidBlockHeight }, message),
      (message) =>
        appendTransactionMessageInstructions(
          [unitLimit(units), unitPrice(microLamportsPerUnit), ...instructions],
          message,
        ),
    ),
  );
  return new Uint8Array(messageBytes);
}

/** @throws PermanentError when the message must not be signed (see `signMessage`). */
export async function signIntent(
  signer: SolanaSigner,
  intent: SolanaIntent,
  lifetime: Lifetime,
  microLamportsPerUnit: bigint,
): Promise<SolanaAttempt> {
  const { lastValidBlockHeight, slot } = lifetime;
  const message = compileIntent(signer.address, intent, lifetime, microLamportsPerUnit);
  const { bytes, signature } = await signMessage(signer, message);
  const hex = `0x${Buffer.from(bytes).toString("hex")}`;
  return { signature, bytes: hex, lastValidBlockHeight, microLamportsPerUnit, slot };
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
