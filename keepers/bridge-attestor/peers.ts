/** Signatures of the others. Nobody is trusted: what counts recovers to a member of the set in force, over a digest that is made here. */
import { recoverAddress, Signature } from "ethers";
import { z } from "zod";

import { attestationDigest, type AttestationKind, type BridgePlace } from "../../protocol/bridgeMessage.js";
import { limitedText, type Limits } from "../kit/http/get.js";

const MAX_ANSWER_BYTES = 65_536;
/** Answers of one peer that are looked at. */
const MAX_SIGNATURES = 64;

const answerSchema = z.object({
  attestations: z
    .array(
      z.object({
        kind: z.string(),
        chainId: z.string(),
        epoch: z.string(),
        signature: z.string().regex(/^0x[0-9a-fA-F]{130}$/),
      }),
    )
    .max(MAX_SIGNATURES),
});

/** What signatures are wanted for. */
export interface Wanted {
  readonly place: BridgePlace;
  readonly kind: AttestationKind;
  readonly messageId: string;
  readonly epoch: bigint;
}

/** Signatures of one attestation by their signers, checksummed. */
export type Signatures = ReadonlyMap<string, string>;

export interface PeerOptions {
  readonly peers: readonly string[];
  readonly timeoutMs: number;
  readonly onFailure: (peer: string, reason: string) => void;
}

/** Who signed; undefined for what is no canonical signature of anybody. */
export function signerOf({ place, kind, messageId, epoch }: Wanted, signature: string): string | undefined {
  try {
    // Refuses the upper half of s, as the contract does.
    const { serialized } = Signature.from(signature);
    if (serialized.toLowerCase() !== signature.toLowerCase()) return undefined;
    return recoverAddress(attestationDigest(place, kind, messageId, epoch), signature);
  } catch {
    return undefined;
  }
}

/** Where a peer shows the signatures of a message, under the path that was configured for it. */
export function attestationsAt(peer: string, messageId: string): URL {
  const url = new URL(peer);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/attestations/${messageId}`;
  return url;
}

export class Peers {
  constructor(private readonly options: PeerOptions) {}

  get count(): number {
    return this.options.peers.length;
  }

  /** What all peers have for it, of members of the set. Never throws: a peer that does not answer has nothing. */
  async collect(wanted: Wanted, members: ReadonlySet<string>): Promise<Signatures> {
    const { peers, timeoutMs, onFailure } = this.options;
    const found = new Map<string, string>();
    await Promise.all(
      peers.map(async (peer) => {
        try {
          const limits: Limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES };
          const { href } = attestationsAt(peer, wanted.messageId);
          const { attestations } = answerSchema.parse(JSON.parse(await limitedText(href, { method: "GET" }, limits)));
          for (const { kind, chainId, epoch, signature } of attestations) {
            const isWanted =
              kind === wanted.kind && chainId === String(wanted.place.chainId) && epoch === String(wanted.epoch);
            const signer = isWanted ? signerOf(wanted, signature) : undefined;
            if (signer !== undefined && members.has(signer)) found.set(signer, signature);
          }
        } catch (error) {
          onFailure(new URL(peer).host, error instanceof Error ? error.name : "unknown");
        }
      }),
    );
    return found;
  }
}

/** As many as the contract asks for, ascending by signer; undefined while there are too few. */
export function enough(signatures: Signatures, threshold: number): readonly string[] | undefined {
  if (threshold === 0 || signatures.size < threshold) return undefined;
  return [...signatures]
    .sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1))
    .slice(0, threshold)
    .map(([, signature]) => signature);
}
