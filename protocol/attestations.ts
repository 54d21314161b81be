/** What attestors serve to anybody about a message, and which of it counts. Nobody is trusted: a signature is who it recovers to. */
import { recoverAddress, Signature } from "ethers";
import { z } from "zod";

import { attestationDigest, type AttestationKind, type BridgePlace } from "./bridgeMessage.js";

/** Signatures of one answer that are looked at. */
const MAX_SIGNATURES = 64;

const attestationSchema = z.object({
  kind: z.string(),
  /** Of the bridge where it counts. */
  chainId: z.string(),
  epoch: z.string(),
  signature: z.string().regex(/^0x[0-9a-fA-F]{130}$/),
});
export type Attestation = z.infer<typeof attestationSchema>;

/** What `GET /attestations/<message id>` answers. */
export const attestationsSchema = z.object({ attestations: z.array(attestationSchema).max(MAX_SIGNATURES) });

/** What signatures are wanted for. */
export interface WantedAttestation {
  readonly place: BridgePlace;
  readonly kind: AttestationKind;
  readonly messageId: string;
  readonly epoch: bigint;
}

/** Signatures of one attestation by their signers, checksummed. */
export type Signatures = ReadonlyMap<string, string>;

/** Who signed; undefined for what is no canonical signature of anybody. */
export function signerOf({ place, kind, messageId, epoch }: WantedAttestation, signature: string): string | undefined {
  try {
    // Refuses the upper half of s, as the contract does.
    const { serialized } = Signature.from(signature);
    if (serialized.toLowerCase() !== signature.toLowerCase()) return undefined;
    return recoverAddress(attestationDigest(place, kind, messageId, epoch), signature);
  } catch {
    return undefined;
  }
}

/** Those that are wanted and signed by members of the set. */
export function countingSignatures(
  attestations: readonly Attestation[],
  wanted: WantedAttestation,
  members: ReadonlySet<string>,
): Signatures {
  const found = new Map<string, string>();
  for (const { kind, chainId, epoch, signature } of attestations) {
    const isWanted = kind === wanted.kind && chainId === String(wanted.place.chainId) && epoch === String(wanted.epoch);
    const signer = isWanted ? signerOf(wanted, signature) : undefined;
    if (signer !== undefined && members.has(signer)) found.set(signer, signature);
  }
  return found;
}

/** As many as the contract asks for, ascending by signer; undefined while there are too few. */
export function enoughSignatures(signatures: Signatures, threshold: number): readonly string[] | undefined {
  if (threshold === 0 || signatures.size < threshold) return undefined;
  return [...signatures]
    .sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1))
    .slice(0, threshold)
    .map(([, signature]) => signature);
}
