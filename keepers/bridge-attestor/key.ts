/**
 * The attesting key and its policy: a delivery or a refund of one id, for one epoch, under the domain of one of the bridges it was made
 * for. Whatever else the key could sign, nobody behind this class can ask for it; where it comes from (keystore, KMS) makes no difference.
 */
import { verifyTypedData, type TypedDataDomain } from "ethers";

import {
  attestationDigest,
  attestationDomain,
  attestationTypes,
  type AttestationKind,
  type BridgePlace,
} from "../../protocol/bridgeMessage.js";
import { PermanentError } from "../../protocol/errors.js";
import type { TypedDataSigner } from "../kit/keys/account.js";

const KINDS: readonly string[] = ["deliver", "refund"];
const ID = /^0x[0-9a-f]{64}$/;

/** What may be signed, for people. */
export interface AttestingRule {
  readonly type: string;
  readonly domain: TypedDataDomain;
}

export class AttestingKey {
  readonly #signer: TypedDataSigner;
  readonly #places: readonly BridgePlace[];

  private constructor(
    signer: TypedDataSigner,
    readonly address: string,
    places: readonly BridgePlace[],
  ) {
    this.#signer = signer;
    this.#places = places;
  }

  /** A key for these bridges and no others. */
  static async of(signer: TypedDataSigner, places: readonly BridgePlace[]): Promise<AttestingKey> {
    return new AttestingKey(signer, await signer.getAddress(), places);
  }

  /** Everything that it signs. */
  rules(): readonly AttestingRule[] {
    return this.#places.flatMap((place) =>
      (["deliver", "refund"] as const).map((kind) => {
        const [[name = "", fields = []] = []] = Object.entries(attestationTypes(kind));
        const type = `${name}(${fields.map((field) => `${field.type} ${field.name}`).join(",")})`;
        return { type, domain: attestationDomain(place) };
      }),
    );
  }

  /**
   * 65 bytes over `attestationDigest` of the same. @throws PermanentError ATTESTING_POLICY for anything that the rules do not name,
   * SIGNER_MISMATCH when what came back is not this key's; what a remote key throws.
   */
  async sign(place: BridgePlace, kind: AttestationKind, messageId: string, epoch: bigint): Promise<string> {
    const known = this.#places.find(({ chainId, bridge }) => chainId === place.chainId && same(bridge, place.bridge));
    const isKind = KINDS.includes(kind);
    if (known === undefined || !isKind || !ID.test(messageId) || epoch <= 0n) {
      throw new PermanentError(
        "ATTESTING_POLICY",
        `the attesting key signs no ${kind} for ${place.bridge} on chain ${String(place.chainId)}`,
        "npm run keeper -- bridge-attestor policy shows what it signs",
      );
    }
    const [domain, types] = [attestationDomain(known), attestationTypes(kind)];
    const value = { messageId, signerEpoch: epoch };
    const signature = await this.#signer.signTypedData(domain, types, value);
    const recovered = verifyTypedData(domain, types, value, signature);
    if (recovered === this.address) return signature;
    throw new PermanentError(
      "SIGNER_MISMATCH",
      `the attesting key of ${this.address} signs as ${recovered}`,
      "check which key the signer holds",
      { expected: this.address, recovered, digest: attestationDigest(known, kind, messageId, epoch) },
    );
  }
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
