/** Transactions that wait for a block, by the rules of nodes: inputs, signatures, fees, replacement (BIP 125). */
import { RawOldTx, RawTx } from "@scure/btc-signer/script.js";
import { OutScript, p2pkh, Transaction } from "@scure/btc-signer";
import { SigningKey, toBeHex } from "ethers";

import { readSignature } from "../../../keepers/kit/keys/der.js";
import { hash256 } from "../bitcoin.js";

export interface Output {
  readonly amountSat: bigint;
  readonly script: Uint8Array;
}

export interface LocalTransaction {
  /** As explorers show it. */
  readonly txid: string;
  readonly raw: string;
  readonly vsize: number;
  /** `txid:index`. */
  readonly spends: readonly string[];
  readonly outputs: readonly Output[];
  readonly isReplaceable: boolean;
}

/** As a node words it. */
export class Rejected extends Error {}

/** Satoshis per virtual byte. */
const RELAY_RATE = 1;
const FINAL = 0xfffffffe;
const SIGHASH_ALL = 1;

export function decodeTransaction(raw: string): LocalTransaction {
  const bytes = Buffer.from(raw, "hex");
  try {
    const { version, inputs, lockTime, ...rest } = RawTx.decode(bytes);
    const outputs = rest.outputs as readonly { readonly amount: bigint; readonly script: Uint8Array }[];
    const stripped = Buffer.from(RawOldTx.encode({ version, inputs, outputs: [...outputs], lockTime }));
    return {
      txid: Buffer.from(hash256(`0x${stripped.toString("hex")}`).slice(2), "hex")
        .reverse()
        .toString("hex"),
      raw,
      vsize: Math.ceil((3 * stripped.length + bytes.length) / 4),
      spends: inputs.map(({ txid, index }) => `${Buffer.from(txid).toString("hex")}:${String(index)}`),
      outputs: outputs.map(({ amount, script }) => ({ amountSat: amount, script })),
      isReplaceable: inputs.some(({ sequence }) => sequence < FINAL),
    };
  } catch {
    throw new Rejected("TX decode failed");
  }
}

export interface Waiting extends LocalTransaction {
  readonly feeSat: bigint;
}

export class Mempool {
  private readonly waiting = new Map<string, Waiting>();

  /** @param unspent an output of a block that no block spends */
  constructor(private readonly unspent: (outpoint: string) => Output | undefined) {}

  get all(): readonly Waiting[] {
    return [...this.waiting.values()];
  }

  get(txid: string): Waiting | undefined {
    return this.waiting.get(txid);
  }

  /** @throws Rejected */
  submit(raw: string): Waiting {
    const transaction = decodeTransaction(raw);
    if (this.waiting.has(transaction.txid)) throw new Rejected("txn-already-in-mempool");
    const inputs = transaction.spends.map((outpoint) => {
      const output = this.output(outpoint);
      if (output === undefined) throw new Rejected("bad-txns-inputs-missingorspent");
      return output;
    });
    if (!isSigned(raw, inputs)) throw new Rejected("mandatory-script-verify-flag-failed (Signature must be zero)");
    const paidSat = inputs.reduce((sum, { amountSat }) => sum + amountSat, 0n);
    const feeSat = paidSat - transaction.outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n);
    if (feeSat < 0n) throw new Rejected("bad-txns-in-belowout");
    if (feeSat < BigInt(transaction.vsize * RELAY_RATE)) throw new Rejected("min relay fee not met");
    this.replace({ ...transaction, feeSat });
    this.waiting.set(transaction.txid, { ...transaction, feeSat });
    return { ...transaction, feeSat };
  }

  /** Takes out a transaction and everything that needs it. */
  remove(txid: string): void {
    for (const { txid: child } of this.childrenOf(txid)) this.remove(child);
    this.waiting.delete(txid);
  }

  /** A block has it. What spends the same in the mempool is gone for good. */
  settled({ txid, spends }: LocalTransaction): void {
    this.waiting.delete(txid);
    for (const other of this.all)
      if (other.spends.some((outpoint) => spends.includes(outpoint))) this.remove(other.txid);
  }

  /** What a miner takes who wants so many satoshis per virtual byte: parents first, and poor parents for the sake of rich children. */
  worth(satPerVbyte: number): Waiting[] {
    const chosen = new Map<string, Waiting>();
    const take = (one: Waiting): void => {
      for (const parent of this.parentsOf(one)) take(parent);
      chosen.set(one.txid, one);
    };
    for (const one of this.all) {
      const family = this.ancestry(one);
      const feeSat = family.reduce((sum, member) => sum + member.feeSat, 0n);
      const vsize = family.reduce((sum, member) => sum + member.vsize, 0);
      if (feeSat >= BigInt(Math.ceil(vsize * satPerVbyte))) take(one);
    }
    return [...chosen.values()];
  }

  private output(outpoint: string): Output | undefined {
    const [txid = "", index = ""] = outpoint.split(":");
    return this.waiting.get(txid)?.outputs[Number(index)] ?? this.unspent(outpoint);
  }

  private replace(transaction: Waiting): void {
    const direct = this.all.filter(({ spends }) => spends.some((outpoint) => transaction.spends.includes(outpoint)));
    if (direct.length === 0) return;
    if (direct.some(({ isReplaceable }) => !isReplaceable)) throw new Rejected("txn-mempool-conflict");
    const replaced = new Map<string, Waiting>();
    const collect = (one: Waiting): void => {
      replaced.set(one.txid, one);
      for (const child of this.childrenOf(one.txid)) collect(child);
    };
    direct.forEach(collect);
    const paidSat = [...replaced.values()].reduce((sum, { feeSat }) => sum + feeSat, 0n);
    const isRicher = direct.every(
      ({ feeSat, vsize }) => transaction.feeSat * BigInt(vsize) > feeSat * BigInt(transaction.vsize),
    );
    if (!isRicher || transaction.feeSat < paidSat + BigInt(transaction.vsize * RELAY_RATE)) {
      throw new Rejected(`insufficient fee, rejecting replacement ${transaction.txid}`);
    }
    for (const { txid } of direct) this.remove(txid);
  }

  private childrenOf(txid: string): Waiting[] {
    return this.all.filter(({ spends }) => spends.some((outpoint) => outpoint.startsWith(`${txid}:`)));
  }

  private parentsOf({ spends }: Waiting): Waiting[] {
    return spends.flatMap((outpoint) => this.waiting.get(outpoint.split(":")[0] ?? "") ?? []);
  }

  private ancestry(one: Waiting): Waiting[] {
    return [one, ...this.parentsOf(one).flatMap((parent) => this.ancestry(parent))];
  }
}

/** P2WPKH only: what keeps hold, and the operators of the tests. Signatures that cannot even be read are none. */
function isSigned(raw: string, inputs: readonly Output[]): boolean {
  try {
    const { witnesses } = RawTx.decode(Buffer.from(raw, "hex"));
    const transaction = Transaction.fromRaw(Buffer.from(raw, "hex"), { allowUnknownOutputs: true });
    return inputs.every((input, index) => isInputSigned(transaction, index, input, witnesses?.[index] ?? []));
  } catch {
    return false;
  }
}

function isInputSigned(
  transaction: Transaction,
  index: number,
  { script, amountSat }: Output,
  [signature, key]: readonly Uint8Array[],
): boolean {
  const kind = OutScript.decode(script);
  if (kind.type !== "wpkh" || signature === undefined || key === undefined) return false;
  const { script: scriptCode, hash } = p2pkh(key);
  const digest = transaction.preimageWitnessV0(index, scriptCode, SIGHASH_ALL, amountSat);
  const { r, s } = readSignature(signature.slice(0, -1));
  const parts = { r: toBeHex(r, 32), s: toBeHex(s, 32) };
  const signer = [27, 28].map((v) => SigningKey.recoverPublicKey(digest, { ...parts, v }));
  const compressed = signer.map((point) => SigningKey.computePublicKey(point, true).slice(2));
  return compressed.includes(Buffer.from(key).toString("hex")) && Buffer.from(hash).equals(kind.hash);
}
