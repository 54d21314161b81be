/** What this keeper asks for, and the bytes of it: `submit` of a feed. Used by the tick and by the signer. */
import type { Deployment } from "../../protocol/addresses.js";
import { ISignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import type { NetworkParams } from "../../protocol/params/schema.js";
import { orderSignatures } from "../../protocol/signedRound.js";
import { actionEncoder, type Action, type EncodeAction } from "../kit/policy/action.js";
import { signedFeeds } from "./policy.js";
import type { SignedReport } from "./reporter.js";

export const feedAbi = ISignedPriceFeed__factory.createInterface();

/** Every action of this keeper, one for each signed feed of the record. */
export function reporterEncoder(deployment: Deployment, params: NetworkParams): EncodeAction {
  const methods = signedFeeds(deployment, params).map(
    ({ name, address }) => [submitOf(name), { target: address, abi: feedAbi, method: "submit" }] as const,
  );
  return actionEncoder(Object.fromEntries(methods));
}

/** `feed`: its name in the record. @throws PermanentError DUPLICATE_SIGNER. */
export function submitAction(feed: string, { round, signatures }: SignedReport): Action {
  const { roundId, answer, observedAt } = round;
  return {
    name: submitOf(feed),
    args: { round: { roundId, answer, observedAt }, signatures: orderSignatures(signatures) },
  };
}

function submitOf(feed: string): string {
  return `${feed}.submit`;
}
