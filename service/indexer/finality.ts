/** How far blocks are safe and final. A height counts only when enough nodes show the same hash there. */
import { RetryableError } from "../../protocol/errors.js";
import type { BlockHeader, ChainSource } from "./chainSource.js";

export type FinalityRule =
  /** What the nodes call safe and finalized. */
  | { readonly kind: "tags" }
  /** So many blocks below the head: for chains without these tags, and local ones. */
  | { readonly kind: "depth"; readonly safe: bigint; readonly finalized: bigint };

export interface Heights {
  readonly safe: bigint;
  readonly finalized: bigint;
}

/** The heights that one node claims; undefined where it has none yet. */
export async function claimedHeights(
  rule: FinalityRule,
  source: ChainSource,
  head: BlockHeader,
): Promise<Heights | undefined> {
  if (rule.kind === "depth") {
    const safe = head.number - rule.safe;
    const finalized = head.number - rule.finalized;
    return safe < 0n ? undefined : { safe, finalized };
  }
  const [safe, finalized] = await Promise.all([source.header("safe"), source.header("finalized")]);
  return safe === undefined || finalized === undefined ? undefined : { safe: safe.number, finalized: finalized.number };
}

/** The hash that at least `quorum` nodes show at this height; undefined when they do not, also when too few answer. */
export async function agreedHash(
  sources: readonly ChainSource[],
  quorum: number,
  height: bigint,
): Promise<string | undefined> {
  const hashes = await Promise.all(sources.map((source) => hashAt(source, height)));
  const votes = new Map<string, number>();
  for (const hash of hashes) if (hash !== undefined) votes.set(hash, (votes.get(hash) ?? 0) + 1);
  // Two hashes at one height: somebody is wrong, and votes do not tell who.
  const [first, ...others] = votes;
  return first !== undefined && others.length === 0 && first[1] >= quorum ? first[0] : undefined;
}

async function hashAt(source: ChainSource, height: bigint): Promise<string | undefined> {
  try {
    return (await source.header(height))?.hash;
  } catch (error) {
    if (error instanceof RetryableError) return undefined;
    throw error;
  }
}
