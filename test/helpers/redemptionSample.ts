/** A redemption without contracts: a keep whose key is known, a coin of it, and facts as both chains would show them. */
import { concat, dataSlice, hexlify, id, SigningKey } from "ethers";

import type { BitcoinFacts, RedemptionFacts } from "../../keepers/courtesy-call-redeemer/bitcoin/facts.js";
import {
  plannedPayment,
  type RedemptionRequest,
  signedPayment,
  type SignatureParts,
} from "../../keepers/courtesy-call-redeemer/bitcoin/payment.js";
import { DepositState } from "../../protocol/tbtc/states.js";
import { prefixedOutputScript } from "../../protocol/tbtc/units.js";
import { keyScript, payment, spendDigest } from "../../scripts/tbtc/bitcoin.js";

export const KEEP_KEY = new SigningKey(id("keep"));
export const OWNER_KEY = new SigningKey(id("redeemer"));
export const UTXO_SAT = 10_000_000n;
export const FEE_SAT = 20_000n;
export const REQUESTED_AT = 1_700_000_000n;
export const PUBLIC_KEY = dataSlice(KEEP_KEY.publicKey, 1);

/** Pays the keep from nowhere. */
export const FUNDING = payment(concat([id("coin"), "0x00000000"]), keyScript(KEEP_KEY), UTXO_SAT);
export const OUTPOINT = concat([FUNDING.txid, "0x00000000"]);

export function requestOf(feeSat: bigint, requestedAt = REQUESTED_AT): RedemptionRequest {
  const script = keyScript(OWNER_KEY);
  return {
    digest: spendDigest(KEEP_KEY, OUTPOINT, UTXO_SAT, script, UTXO_SAT - feeSat),
    utxoSat: UTXO_SAT,
    feeSat,
    script: prefixedOutputScript(script),
    outpoint: OUTPOINT,
    requestedAt,
  };
}

export function signatureOf({ digest }: RedemptionRequest): SignatureParts {
  const { r, s } = KEEP_KEY.sign(digest);
  return { r, s };
}

export function paymentOf(request: RedemptionRequest) {
  return signedPayment(request, PUBLIC_KEY, signatureOf(request));
}

export function txidOf(request: RedemptionRequest): string {
  return plannedPayment(request, PUBLIC_KEY).txid;
}

/** One request, signed in both contracts, so many seconds ago. */
export function factsOf(ago: bigint, change: Partial<RedemptionFacts> = {}): RedemptionFacts {
  const request = requestOf(FEE_SAT);
  const signatures = new Map([[request.digest, signatureOf(request)]]);
  return {
    deposit: hexlify(new Uint8Array(20).fill(0xde)),
    now: REQUESTED_AT + ago,
    state: DepositState.AWAITING_WITHDRAWAL_PROOF,
    publicKey: PUBLIC_KEY,
    requests: [request],
    keepSignatures: signatures,
    depositSignatures: signatures,
    relay: { currentDifficulty: 0n, previousDifficulty: 0n },
    ...change,
  };
}

export function bitcoinOf(change: Partial<BitcoinFacts> = {}): BitcoinFacts {
  return { payment: { kind: "unseen" }, nextBlockSatPerKvb: 10_000n, ...change };
}
