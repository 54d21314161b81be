/** Transactions and requests for tests of everything Solana. */
import {
  addSignersToTransactionMessage,
  appendTransactionMessageInstructions,
  createKeyPairSignerFromPrivateKeyBytes,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  type Blockhash,
  type Instruction,
  type KeyPairSigner,
} from "@solana/kit";

import { parseJson, stringifyJson } from "../../scripts/validator/jsonRpc.js";

export const LAMPORTS_PER_SOL = 1_000_000_000n;

/** A key of tests: the same number is the same key. */
export function testSigner(number: number): Promise<KeyPairSigner> {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number);
  return createKeyPairSignerFromPrivateKeyBytes(seed);
}

export interface SignedForTest {
  readonly wire: string;
  readonly signature: string;
}

/** Signs instructions under a blockhash. */
export async function signWith(
  payer: KeyPairSigner,
  blockhash: string,
  instructions: readonly Instruction[],
): Promise<SignedForTest> {
  const signed = await signTransactionMessageWithSigners(
    pipe(
      createTransactionMessage({ version: 0 }),
      (message) => setTransactionMessageFeePayerSigner(payer, message),
      (message) =>
        setTransactionMessageLifetimeUsingBlockhash(
          { blockhash: blockhash as Blockhash, lastValidBlockHeight: 0n },
          message,
        ),
      (message) => appendTransactionMessageInstructions(instructions, message),
    ),
  );
  return { wire: getBase64EncodedWireTransaction(signed), signature: getSignatureFromTransaction(signed) };
}

export interface RpcReply<T> {
  readonly id: unknown;
  readonly result?: T;
  readonly error?: { readonly code: bigint; readonly message: string; readonly data?: unknown };
}

/** Asks with a plain body; integers come back as `bigint`. */
export async function askRaw(url: string, body: unknown): Promise<unknown> {
  const text = typeof body === "string" ? body : stringifyJson(body);
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: text });
  return parseJson(await response.text());
}

/** One request; the whole reply, errors included. */
export async function ask<T = unknown>(url: string, method: string, ...params: unknown[]): Promise<RpcReply<T>> {
  return (await askRaw(url, { jsonrpc: "2.0", id: 1, method, params })) as RpcReply<T>;
}

/** Signs, sends, and leaves it to the node to say no. @returns the signature. */
export async function sendSigned(
  url: string,
  payer: KeyPairSigner,
  instructions: readonly Instruction[],
  signers: readonly KeyPairSigner[] = [],
): Promise<string> {
  const { result } = await ask<{ value: { blockhash: Blockhash } }>(url, "getLatestBlockhash", {
    commitment: "processed",
  });
  if (result === undefined) throw new Error("the cluster has no blockhash");
  const { blockhash } = result.value;
  const signed = await signTransactionMessageWithSigners(
    pipe(
      createTransactionMessage({ version: 0 }),
      (message) => setTransactionMessageFeePayerSigner(payer, message),
      (message) => setTransactionMessageLifetimeUsingBlockhash({ blockhash, lastValidBlockHeight: 0n }, message),
      (message) => appendTransactionMessageInstructions(instructions, message),
      (message) => addSignersToTransactionMessage([...signers], message),
    ),
  );
  const config = { encoding: "base64", preflightCommitment: "processed" };
  const reply = await ask(url, "sendTransaction", getBase64EncodedWireTransaction(signed), config);
  if (reply.error !== undefined) throw new Error(stringifyJson(reply.error));
  return getSignatureFromTransaction(signed);
}
