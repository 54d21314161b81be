/** Where the chain that has been indexed and the chain that a node shows part. */
import { PermanentError, RetryableError } from "../../protocol/errors.js";
import type { Queryable } from "../../db/database.js";
import { blocks } from "../../db/queries/indexer/blocks.js";
import type { BlockHeader, ChainSource } from "./chainSource.js";
import { bytesOf } from "./handler.js";

export type Ancestor =
  /** Everything above `number` is of another branch: none when it is the tip itself. */
  | { readonly kind: "common"; readonly number: bigint }
  /** The node's chain ends below our tip and agrees up to there: it is late, or we must wait until the new branch is longer. */
  | { readonly kind: "behind" }
  /** Nothing stored below the tip: begin. */
  | { readonly kind: "none" };

const STEP = 64n;

/**
 * Walks back from the tip. @throws PermanentError FINALITY_BROKEN when the node's chain parts from ours below a finalized block: either
 * the node is on a wrong chain or the chain's finality was worth less than configured; a person must look.
 */
export async function commonAncestor(
  db: Queryable,
  source: ChainSource,
  chainId: string,
  tip: bigint,
  head: BlockHeader,
): Promise<Ancestor> {
  const isBehind = head.number < tip;
  let lowest: bigint | undefined;
  // Nearly always the tip itself is common; only a reorganisation asks for more.
  for (let top = isBehind ? head.number : tip, size = 1n; top >= 0n; size = STEP) {
    const ours = (await blocks(db, chainId, top - size + 1n, top)).toReversed();
    const bottom = ours.at(-1)?.number;
    if (bottom === undefined) break;
    lowest = bottom;
    const theirs = new Map((await source.headers(bottom, top)).map((header) => [header.number, header.hash]));
    for (const block of ours) {
      const hash = theirs.get(block.number);
      if (hash === undefined) throw changing(source, block.number);
      if (bytesOf(hash).equals(block.hash)) {
        return isBehind && block.number === head.number ? { kind: "behind" } : { kind: "common", number: block.number };
      }
      if (block.status === "finalized") throw finalityBroken(chainId, source, block.number);
    }
    top = bottom - 1n;
  }
  return lowest === undefined ? { kind: "none" } : { kind: "common", number: lowest - 1n };
}

/** The node's answers do not fit together: it is changing its branch, or there are several nodes behind it. */
export function changing(source: ChainSource, number: bigint): RetryableError {
  return new RetryableError(
    "SOURCE_INCONSISTENT",
    `${source.name}: block ${String(number)} does not follow the one before`,
    "the chain is changing its branch; ask again",
    { block: String(number), source: source.name },
  );
}

function finalityBroken(chainId: string, source: ChainSource, number: bigint): PermanentError {
  return new PermanentError(
    "FINALITY_BROKEN",
    `${source.name} shows another block ${String(number)} of chain ${chainId} than the one that was final`,
    "find out which chain is right; remove the node, or unwind by hand and raise the depth of finality",
    { chainId, block: String(number), source: source.name },
  );
}
