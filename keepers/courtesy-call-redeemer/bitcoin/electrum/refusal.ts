/** What the texts mean with which nodes refuse a transaction. Electrum servers pass them on, with words of their own around them. */

export type BroadcastRefusal =
  /** An output that it spends is spent already, or was never there. */
  | "inputs-spent"
  /** Below what the node relays, or what its mempool asks for now. */
  | "fee-too-low"
  /** Pays less than what it would replace, and a little on top. */
  | "replacement-too-cheap"
  /** A signature or script does not hold. */
  | "invalid"
  | "refused";

const MEANINGS: readonly (readonly [RegExp, BroadcastRefusal | "known"])[] = [
  [
    /txn-already-(?:in-mempool|known)|already in (?:block ?chain|utxo set|the mempool)|txn-same-nonwitness-data/i,
    "known",
  ],
  [/insufficient fee|replacement|txn-mempool-conflict/i, "replacement-too-cheap"],
  [/min relay fee not met|mempool min fee not met|min-fee/i, "fee-too-low"],
  [/missing-?or-?spent|missing ?inputs/i, "inputs-spent"],
  [/script-verify-flag|tx decode failed|bad-txns|\bdust\b|scriptpubkey/i, "invalid"],
];

export function refusalOf(text: string): BroadcastRefusal | "known" {
  return MEANINGS.find(([pattern]) => pattern.test(text))?.[1] ?? "refused";
}
