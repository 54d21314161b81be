/** Signatures of the local world's attestors, as anybody can have them who wants to carry a message. */
import {
  attestationsSchema,
  countingSignatures,
  enoughSignatures,
  type Attestation,
} from "../../../protocol/attestations.js";
import { bridgeAbi, type AttestationKind } from "../../../protocol/bridgeMessage.js";
import type { WorldChain } from "../chain.js";

const TIMEOUT_MS = 3_000;

/** As many as the bridge of `chain` asks for, in its order; undefined while there are too few. */
export async function signaturesOf(
  urls: readonly string[],
  { rpc, deployment, loaded }: WorldChain,
  kind: AttestationKind,
  messageId: string,
): Promise<readonly string[] | undefined> {
  const bridge = deployment.address("AlltraCustomBridge");
  const ask = (data: string): Promise<string> => rpc.call(bridge, data);
  const [epoch, threshold, members] = await Promise.all([
    ask(bridgeAbi.encodeFunctionData("attestorEpoch")),
    ask(bridgeAbi.encodeFunctionData("attestorThreshold")),
    ask(bridgeAbi.encodeFunctionData("attestors")),
  ]);
  const [addresses] = bridgeAbi.decodeFunctionResult("attestors", members) as unknown as [readonly string[]];
  const answers = await Promise.all(urls.map((url) => attestationsAt(url, messageId)));
  const place = { chainId: BigInt(loaded.params.chainId), bridge };
  const wanted = { place, kind, messageId, epoch: BigInt(epoch) };
  return enoughSignatures(countingSignatures(answers.flat(), wanted, new Set(addresses)), Number(threshold));
}

/** Nothing of one that does not answer: it may be dead just now. */
async function attestationsAt(url: string, messageId: string): Promise<readonly Attestation[]> {
  try {
    const response = await fetch(`${url}/attestations/${messageId}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return attestationsSchema.parse(await response.json()).attestations;
  } catch {
    return [];
  }
}
