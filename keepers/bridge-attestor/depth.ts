/**
 * How deep on the other chain messages must lie. A reorganisation takes all of its newest blocks together, so that many small messages are
 * one large one: what asks for depth is the sum of what was sent of a token and is not final yet, not the amount of one message.
 *
 * At depth c counts what the source's book says was sent up to its block there, less what it says at its final block, which is the one at
 * the deepest tier. Everything up to the shallowest block may be attested whose sum asks for no more depth than it has. Then, whoever
 * signed when, a reorganisation that takes more than V from what is signed is deeper than V asks for. What is sent later delays nothing that
 * lies so deep already, and nothing waits longer than for the deepest tier. Pure; the same for all who see the same chain.
 */
export interface Tier {
  /** Base units. */
  readonly fromUnits: bigint;
  /** Blocks above one of the other chain; 0: its finalized block, the deepest of all. */
  readonly confirmations: bigint;
}

/** What the source's book says at a block: all that was ever sent of a token, in base units. */
export interface SentAt {
  readonly block: number;
  readonly sentUnits: bigint;
}

const FINALIZED = 0n;

/** What the contract answers to `confirmationsFor`. */
export function confirmationsOf(tiers: readonly Tier[], amountUnits: bigint): bigint {
  let confirmations = FINALIZED;
  for (const tier of tiers) {
    if (tier.fromUnits > amountUnits) break;
    confirmations = tier.confirmations;
  }
  return confirmations;
}

/** Every depth of the tiers once, shallowest first; the finalized block where there are none. */
export function depthsOf(tiers: readonly Tier[]): readonly bigint[] {
  const depths = new Set(tiers.map(({ confirmations }) => confirmations));
  if (depths.size === 0) depths.add(FINALIZED);
  return [...depths].sort((a, b) => (isDeeper(a, b) ? 1 : -1));
}

/** What lies so deep is final. A refund is never urgent: it waits for this whatever its amount. */
export function deepestOf(tiers: readonly Tier[]): bigint {
  return depthsOf(tiers).at(-1) ?? FINALIZED;
}

/**
 * The depth at which deliveries may be attested now. `sentAt`: the source's book by depth; none where its chain is not so long, or, of the
 * finalized block, has none. Without a final block all that was ever sent counts.
 */
export function attestableDepth(tiers: readonly Tier[], sentAt: ReadonlyMap<bigint, SentAt>): bigint {
  const deepest = deepestOf(tiers);
  const final = sentAt.get(deepest);
  for (const [index, depth] of depthsOf(tiers).entries()) {
    const sent = sentAt.get(depth);
    if (sent === undefined) continue;
    // Finality may be faster than a tier; the first one holds all the same.
    if (final !== undefined && sent.block <= final.block) return index === 0 ? depth : deepest;
    const openUnits = sent.sentUnits - (final?.sentUnits ?? 0n);
    // Below zero: the chain was changed between two questions.
    if (openUnits >= 0n && !isDeeper(confirmationsOf(tiers, openUnits), depth)) return depth;
  }
  return deepest;
}

/** Whether one depth asks for more than another. */
export function isDeeper(a: bigint, b: bigint): boolean {
  if (a === b || b === FINALIZED) return false;
  return a === FINALIZED || a > b;
}
