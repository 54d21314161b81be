import { AbiCoder, TypedDataEncoder, keccak256, type TypedDataDomain } from "ethers";

import { PermanentError } from "./errors.js";
import { ISignedPriceFeed__factory } from "./generated/contracts/index.js";

/** Name and version of the EIP-712 domain; part of every digest. */
export const SIGNED_ROUND_DOMAIN = { name: "Cantilever SignedPriceFeed", version: "1" } as const;

/** EIP-712 types of a round, as `SignedPriceFeed` hashes them. */
export const SIGNED_ROUND_TYPES: Readonly<Record<string, { name: string; type: string }[]>> = {
  Round: [
    { name: "roundId", type: "uint32" },
    { name: "answer", type: "uint72" },
    { name: "observedAt", type: "uint40" },
  ],
};

/** One observation of a price, before signing. The same round is valid on every chain that runs the feed. */
export interface SignedRound {
  /** Strictly increasing per feed; gaps are allowed. 1 to 2^32 - 1. */
  readonly roundId: bigint;
  /** USD per whole token with the feed's decimals; below 2^72. */
  readonly answer: bigint;
  /** Unix seconds at which the reporters looked. */
  readonly observedAt: bigint;
}

/** What names a feed: reporters sign under it, so its decimals are part of it. */
export interface FeedIdentity {
  /** Names token and source, for example "cUSDT / USD a". */
  readonly description: string;
  /** Decimals of the answer. */
  readonly decimals: number;
}

/** A reporter's signature beside the address it recovers to. */
export interface RoundSignature {
  readonly signer: string;
  /** 65 bytes: r, s (low half), v. */
  readonly signature: string;
}

const feedInterface = ISignedPriceFeed__factory.createInterface();
const LIMITS = { roundId: 2n ** 32n, answer: 2n ** 72n, observedAt: 2n ** 40n } as const;

/** The feed's id: keccak256(abi.encode(description, decimals)), as the contract computes it. */
export function feedIdOf(feed: FeedIdentity): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(["string", "uint8"], [feed.description, feed.decimals]));
}

/** The EIP-712 domain of a feed: no chain id and no contract, because one signed round serves several chains. */
export function signedRoundDomain(feedId: string): TypedDataDomain {
  return { ...SIGNED_ROUND_DOMAIN, salt: feedId };
}

/** What a reporter signs for this round. @throws PermanentError ROUND_OUT_OF_RANGE */
export function roundDigest(feedId: string, round: SignedRound): string {
  return TypedDataEncoder.hash(
    signedRoundDomain(feedId),
    { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] },
    checkedRound(round),
  );
}

/**
 * Signatures as the contract wants them: in strictly increasing order of the signers' addresses, each signer once.
 * Does not check that the signers are reporters.
 * @throws PermanentError DUPLICATE_SIGNER
 */
export function orderSignatures(signatures: readonly RoundSignature[]): string[] {
  const ordered = [...signatures].sort((a, b) => (BigInt(a.signer) < BigInt(b.signer) ? -1 : 1));
  for (let index = 1; index < ordered.length; index++) {
    const signer = ordered[index]?.signer ?? "";
    if (BigInt(signer) === BigInt(ordered[index - 1]?.signer ?? "0")) {
      throw new PermanentError("DUPLICATE_SIGNER", `${signer} signed twice`, "count every reporter once");
    }
  }
  return ordered.map(({ signature }) => signature);
}

/**
 * Calldata of `SignedPriceFeed.submit`. Orders the signatures; does not check the threshold.
 * @throws PermanentError ROUND_OUT_OF_RANGE or DUPLICATE_SIGNER
 */
export function encodeSubmit(round: SignedRound, signatures: readonly RoundSignature[]): string {
  return feedInterface.encodeFunctionData("submit", [checkedRound(round), orderSignatures(signatures)]);
}

/** The round, unless a field does not fit its type on chain. @throws PermanentError ROUND_OUT_OF_RANGE */
function checkedRound(round: SignedRound): SignedRound {
  for (const field of ["roundId", "answer", "observedAt"] as const) {
    if (round[field] <= 0n || round[field] >= LIMITS[field]) {
      throw new PermanentError(
        "ROUND_OUT_OF_RANGE",
        `${field} is ${String(round[field])}, expected 1 to ${String(LIMITS[field] - 1n)}`,
        "check the feed's decimals and the clock",
        { field, value: String(round[field]) },
      );
    }
  }
  return round;
}
