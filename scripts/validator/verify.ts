/** Whether every signature of a transaction is there and right; asked before anything else, as nodes do. */
import { createPublicKey, verify } from "node:crypto";

import { getAddressEncoder, type Address, type Transaction } from "@solana/kit";

/** DER of an Ed25519 public key up to its 32 bytes. */
const ED25519_SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export function hasValidSignatures(transaction: Transaction): boolean {
  const message = new Uint8Array(transaction.messageBytes);
  const signatures = Object.entries(transaction.signatures);
  return (
    signatures.length > 0 &&
    signatures.every(([signer, signature]) => {
      if (signature === null) return false;
      const raw = Buffer.from(getAddressEncoder().encode(signer as Address));
      const key = createPublicKey({ key: Buffer.concat([ED25519_SPKI_PREFIX, raw]), format: "der", type: "spki" });
      return verify(null, message, key, signature);
    })
  );
}
