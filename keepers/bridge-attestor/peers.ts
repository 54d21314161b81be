/** Signatures of the others. Nobody is trusted: what counts recovers to a member of the set in force, over a digest that is made here. */
import {
  attestationsSchema,
  countingSignatures,
  type Signatures,
  type WantedAttestation,
} from "../../protocol/attestations.js";
import { limitedText, type Limits } from "../kit/http/get.js";

const MAX_ANSWER_BYTES = 65_536;

export interface PeerOptions {
  readonly peers: readonly string[];
  readonly timeoutMs: number;
  readonly onFailure: (peer: string, reason: string) => void;
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
  async collect(wanted: WantedAttestation, members: ReadonlySet<string>): Promise<Signatures> {
    const { peers, timeoutMs, onFailure } = this.options;
    const found = new Map<string, string>();
    await Promise.all(
      peers.map(async (peer) => {
        try {
          const limits: Limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES };
          const { href } = attestationsAt(peer, wanted.messageId);
          const answer = JSON.parse(await limitedText(href, { method: "GET" }, limits)) as unknown;
          const { attestations } = attestationsSchema.parse(answer);
          for (const [signer, signature] of countingSignatures(attestations, wanted, members))
            found.set(signer, signature);
        } catch (error) {
          onFailure(new URL(peer).host, error instanceof Error ? error.name : "unknown");
        }
      }),
    );
    return found;
  }
}
