/**
 * taken: somebody who can get the bytes mined has them. refused: everybody who was asked said no. unanswered: the bytes may or may not
 * have arrived.
 */
export type BroadcastOutcome = "taken" | "refused" | "unanswered";

/** Where signed bytes go. What becomes of them only the chain says; broadcasting identical bytes again is always harmless. */
export interface Broadcaster {
  /** @param bytes the signed transaction as 0x-hex. Never throws. */
  broadcast(bytes: string): Promise<BroadcastOutcome>;
}
