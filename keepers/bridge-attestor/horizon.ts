/** The blocks of the other chain at which its bridge is believed, by token. Asked of its state, because logs can be left out. */
import type { BridgePlace } from "../../protocol/bridgeMessage.js";
import { attestableDepth, deepestOf, depthsOf, type SentAt, type Tier } from "./depth.js";
import { bridgeAnswer, bridgeRead } from "./reads.js";
import type { Heights, Witness, WitnessedBlock } from "./witness.js";

/** undefined: the chain has no block that is so deep. */
export interface Horizon {
  /** What was sent up to it may be attested; nothing later may. */
  readonly deliver: WitnessedBlock | undefined;
  /** The same of what was cancelled: final. */
  readonly refund: WitnessedBlock | undefined;
}

/**
 * Horizons by token. One question per token and tier. `place`: the bridge that is asked; `tiersOf`: those of the bridge where signatures
 * count.
 * @throws RetryableError NO_QUORUM, BRIDGE_MALFORMED.
 */
export async function horizonsOf(
  witness: Witness,
  { bridge }: BridgePlace,
  heights: Heights,
  tiersOf: ReadonlyMap<string, readonly Tier[]>,
): Promise<ReadonlyMap<string, Horizon>> {
  const blocks = new Map<bigint, WitnessedBlock | undefined>();
  const sentOf = new Map<string, Map<bigint, SentAt>>();
  for (const depth of new Set([...tiersOf.values()].flatMap(depthsOf))) {
    const block = await witness.settled(heights, depth);
    blocks.set(depth, block);
    if (block === undefined) continue;
    // One depth alone needs no sums.
    const tokens = [...tiersOf].filter(([, tiers]) => depthsOf(tiers).length > 1 && depthsOf(tiers).includes(depth));
    const answers = await witness.read(
      block,
      tokens.map(([token]) => bridgeRead(bridge, "book", [token])),
    );
    for (const [index, [token]] of tokens.entries()) {
      const [{ sentUnits }] = bridgeAnswer("book", answers[index]) as unknown as [{ sentUnits: bigint }];
      const sent = sentOf.get(token) ?? new Map<bigint, SentAt>();
      sentOf.set(token, sent.set(depth, { block: block.number, sentUnits }));
    }
  }
  return new Map(
    [...tiersOf].map(([token, tiers]) => {
      const deliver = blocks.get(attestableDepth(tiers, sentOf.get(token) ?? new Map<bigint, SentAt>()));
      return [token, { deliver, refund: blocks.get(deepestOf(tiers)) }] as const;
    }),
  );
}
