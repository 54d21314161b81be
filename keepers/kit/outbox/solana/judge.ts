/** What the cluster's answers mean for one row: the pure heart of the Solana outbox. */
import type { SolanaHead, SignatureStatus, Statuses } from "../../solana/cluster.js";
import type { SolanaAttempt } from "./attempt.js";

export type Verdict =
  /** One of the signatures is in a block. */
  | { readonly kind: "seen"; readonly attempt: SolanaAttempt; readonly status: SignatureStatus }
  /** Two of them are, which must never be. */
  | { readonly kind: "doubled"; readonly signatures: readonly string[] }
  /** Some bytes may still be executed; sending them again can help only while `live`. */
  | { readonly kind: "waiting"; readonly live: boolean }
  /** No bytes of the row can ever be executed: all are absent from everything finalized and too old for every later block. */
  | { readonly kind: "expired" }
  /** They would be expired, but this node's memory does not reach back to the slot in which they were signed. */
  | { readonly kind: "unknowable"; readonly neededSlot: bigint };

/** A rank for "further confirmed". */
const RANK = { processed: 0, confirmed: 1, finalized: 2 } as const;

/**
 * `head` was asked before `statuses`; `firstSlot` is the lowest slot of the node's memory. The hash of block b is good up to and including
 * block b + 151 and `lastValidBlockHeight` is b + 150, so only a finalized block *above* that height ends all doubt: with it whatever
 * entered in time is finalized too, and shows.
 */
export function judge(
  attempts: readonly SolanaAttempt[],
  head: SolanaHead,
  statuses: Statuses,
  firstSlot: bigint,
): Verdict {
  const seen = attempts.flatMap((attempt) => {
    const status = statuses.bySignature.get(attempt.signature);
    return status === undefined ? [] : [{ attempt, status }];
  });
  if (seen.length > 1) return { kind: "doubled", signatures: seen.map(({ attempt }) => attempt.signature) };
  const [found] = seen.sort((a, b) => RANK[b.status.level] - RANK[a.status.level]);
  if (found !== undefined) return { kind: "seen", ...found };

  const newest = attempts.at(-1);
  if (newest === undefined) return { kind: "expired" };
  // The newest decides: it was only signed after all earlier ones had expired.
  const { lastValidBlockHeight: last, slot: neededSlot } = newest;
  const live = head.blockHeight <= last + 1n;
  if (head.finalizedHeight <= last) return { kind: "waiting", live };
  // A node behind the one that told the height may not have seen the block yet.
  if (statuses.slot < head.finalizedSlot) return { kind: "waiting", live: false };
  return firstSlot <= neededSlot ? { kind: "expired" } : { kind: "unknowable", neededSlot };
}

/** Whether `judge` could say "expired" here: only then the node's memory must be asked. */
export function couldBeExpired(attempts: readonly SolanaAttempt[], head: SolanaHead): boolean {
  const newest = attempts.at(-1);
  return newest !== undefined && head.finalizedHeight > newest.lastValidBlockHeight;
}
