/** Signatures of the local world's attestors, as anybody can have them who wants to carry a message. */
import { recoverAddress } from "ethers";
import { z } from "zod";

import { attestationDigest, bridgeAbi, type AttestationKind } from "../../../protocol/bridgeMessage.js";
import type { WorldChain } from "../chain.js";

const TIMEOUT_MS = 3_000;
const answerSchema = z.object({
  attestations: z.array(z.object({ kind: z.string(), chainId: z.string(), epoch: z.string(), signature: z.string() })),
});

/** As many as the bridge of `chain` asks for, in its order; undefined while there are too few. */
export async function signaturesOf(
  urls: readonly string[],
  { rpc, deployment, loaded }: WorldChain,
  kind: AttestationKind,
  messageId: string,
): Promise<readonly string[] | undefined> {
  const bridge = deployment.address("AlltraCustomBridge");
  const ask = async (data: string): Promise<bigint> => BigInt(await rpc.call(bridge, data));
  const [epoch, threshold] = await Promise.all([
    ask(bridgeAbi.encodeFunctionData("attestorEpoch")),
    ask(bridgeAbi.encodeFunctionData("attestorThreshold")),
  ]);
  const { chainId } = loaded.params;
  const digest = attestationDigest({ chainId: BigInt(chainId), bridge }, kind, messageId, epoch);
  const bySigner = new Map<string, string>();
  for (const answer of await Promise.all(urls.map((url) => attestationsAt(url, messageId)))) {
    for (const each of answer) {
      if (each.kind !== kind || each.chainId !== String(chainId) || each.epoch !== String(epoch)) continue;
      bySigner.set(recoverAddress(digest, each.signature), each.signature);
    }
  }
  if (BigInt(bySigner.size) < threshold) return undefined;
  return [...bySigner]
    .sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1))
    .slice(0, Number(threshold))
    .map(([, signature]) => signature);
}

/** Nothing of one that does not answer: it may be dead just now. */
async function attestationsAt(url: string, messageId: string) {
  try {
    const response = await fetch(`${url}/attestations/${messageId}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return answerSchema.parse(await response.json()).attestations;
  } catch {
    return [];
  }
}
