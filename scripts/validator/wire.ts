/** Transactions as they come over the wire. */
import {
  getBase58Decoder,
  getBase58Encoder,
  getBase64Encoder,
  getCompiledTransactionMessageDecoder,
  getTransactionDecoder,
  type CompiledTransactionMessage,
  type CompiledTransactionMessageWithLifetime,
  type Transaction,
} from "@solana/kit";

import { invalidParams } from "./jsonRpc.js";

/** Most bytes of one transaction: an IPv6 packet less its headers. */
const MAX_TRANSACTION_BYTES = 1232;

export type Encoding = "base58" | "base64";
export type CompiledMessage = CompiledTransactionMessage & CompiledTransactionMessageWithLifetime;

export interface WireTransaction {
  readonly transaction: Transaction;
  readonly message: CompiledMessage;
  readonly bytes: Uint8Array;
  /** The first signature, in base58: the name of the transaction. All ones while it is not signed. */
  readonly signature: string;
}

/** @throws RpcError -32602 when the text is not a transaction. */
export function decodeWire(text: string, encoding: Encoding): WireTransaction {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array((encoding === "base64" ? getBase64Encoder() : getBase58Encoder()).encode(text));
  } catch {
    throw invalidParams(`invalid ${encoding} encoding`);
  }
  if (bytes.length > MAX_TRANSACTION_BYTES) {
    throw invalidParams(
      `transaction too large: ${String(bytes.length)} bytes, at most ${String(MAX_TRANSACTION_BYTES)}`,
    );
  }
  return fromBytes(bytes);
}

/** @throws RpcError -32602 when the bytes are not a transaction. */
export function fromBytes(bytes: Uint8Array): WireTransaction {
  try {
    const transaction = getTransactionDecoder().decode(bytes);
    const message = getCompiledTransactionMessageDecoder().decode(transaction.messageBytes);
    const [first] = Object.values(transaction.signatures);
    return { transaction, message, bytes, signature: getBase58Decoder().decode(first ?? new Uint8Array(64)) };
  } catch {
    throw invalidParams("failed to deserialize the transaction");
  }
}
