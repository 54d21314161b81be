import { verifyTypedData, type Signer } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import {
  SIGNED_ROUND_TYPES,
  signedRoundDomain,
  type RoundSignature,
  type SignedRound,
} from "../../protocol/signedRound.js";

/** What signs for a reporter: a wallet, a keystore or a KMS behind the same two methods. */
export type RoundSigner = Pick<Signer, "getAddress" | "signTypedData">;

/**
 * One signature per signer over the round, under the feed's id. Every signature is recovered again before it leaves, so that a
 * misconfigured signer is found here and not by a refused transaction.
 * @throws PermanentError SIGNER_MISMATCH when a signature does not recover to the address its signer claims.
 */
export async function signRound(
  feedId: string,
  round: SignedRound,
  signers: readonly RoundSigner[],
): Promise<RoundSignature[]> {
  const domain = signedRoundDomain(feedId);
  const types = { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] };
  return Promise.all(
    signers.map(async (signer) => {
      const address = await signer.getAddress();
      const signature = await signer.signTypedData(domain, types, round);
      const recovered = verifyTypedData(domain, types, round, signature);
      if (recovered !== address) {
        throw new PermanentError(
          "SIGNER_MISMATCH",
          `the signer of ${address} signs as ${recovered}`,
          "check which key the signer holds",
          { expected: address, recovered },
        );
      }
      return { signer: address, signature };
    }),
  );
}
