/** An operator's wallet: signs what it has the key of, and leaves the rest. */
import { Transaction } from "@scure/btc-signer";
import { getBytes, type SigningKey } from "ethers";

import type { ChildSigner } from "../../keepers/courtesy-call-redeemer/bitcoin/child.js";

export function keySigner(key: SigningKey): ChildSigner {
  return {
    signPsbt(psbt) {
      const transaction = Transaction.fromPSBT(Buffer.from(psbt, "base64"));
      try {
        transaction.sign(getBytes(key.privateKey));
      } catch {
        // Not an output of this key.
      }
      return Promise.resolve(Buffer.from(transaction.toPSBT()).toString("base64"));
    },
  };
}
