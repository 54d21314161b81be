import type { JsonObject } from "../outbox/rows.js";

export type AttestationKind = "deliver" | "refund";

/** What an attestor signs; explained in migration 0305. Addresses in lower case. */
export interface AttestationRow {
  readonly attestor: string;
  readonly messageId: string;
  readonly kind: AttestationKind;
  readonly epoch: bigint;
  readonly chainId: string;
  readonly bridge: string;
  readonly digest: string;
  readonly evidenceChainId: string;
  readonly evidenceBlock: bigint;
  readonly evidenceHash: string;
  readonly signature: string | null;
  readonly position: bigint | null;
  readonly unwoundAt: Date | null;
}

/** The columns above. */
export const ATTESTATION_COLUMNS = `attestor, message_id AS "messageId", kind, epoch, chain_id AS "chainId", bridge, digest,
  evidence_chain_id AS "evidenceChainId", evidence_block AS "evidenceBlock", evidence_hash AS "evidenceHash", signature, position,
  unwound_at AS "unwoundAt"`;

/** A message that an attestor has promised to sign; explained in migration 0304. */
export interface AttestedMessage {
  readonly attestor: string;
  readonly sourceChainId: string;
  readonly sourceBridge: string;
  readonly nonce: bigint;
  readonly messageId: string;
  readonly message: JsonObject;
}
