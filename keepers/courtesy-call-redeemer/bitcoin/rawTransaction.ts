/** Transactions as servers hand them over: read for what they spend and pay, and for their true id. Scripts and signatures are not judged. */
import { RawOldTx, RawTx } from "@scure/btc-signer/script.js";

import { hash256 } from "./header.js";
import { reversedHex } from "./payment.js";

export interface RawTransaction {
  /** Computed, not as told. As explorers show it. */
  readonly txid: string;
  readonly vsize: bigint;
  readonly spends: readonly { readonly txid: string; readonly index: number }[];
  readonly outputs: readonly { readonly amountSat: bigint; readonly script: Uint8Array }[];
  readonly outputsSat: bigint;
}

/** Undefined for what is no transaction. */
export function parseTransaction(raw: string): RawTransaction | undefined {
  try {
    const bytes = Buffer.from(raw, "hex");
    const { version, inputs, lockTime, ...rest } = RawTx.decode(bytes);
    const outputs = rest.outputs as readonly { readonly amount: bigint; readonly script: Uint8Array }[];
    const stripped = RawOldTx.encode({ version, inputs, outputs: [...outputs], lockTime });
    return {
      txid: reversedHex(hash256(`0x${Buffer.from(stripped).toString("hex")}`)),
      vsize: BigInt(Math.ceil((3 * stripped.length + bytes.length) / 4)),
      spends: inputs.map(({ txid, index }) => ({ txid: Buffer.from(txid).toString("hex"), index: Number(index) })),
      outputs: outputs.map(({ amount, script }) => ({ amountSat: amount, script })),
      outputsSat: outputs.reduce((sum, { amount }) => sum + amount, 0n),
    };
  } catch {
    return undefined;
  }
}
