/** How far a look for keeps has come, as it is stored. */
import { z } from "zod";

const VERSION = 1;
const block = z.int().min(0);
const address = z.string().regex(/^0x[0-9a-f]{40}$/);
/** Keeps in the array of a factory of which each is known; null until the first one that counts has been looked for. */
const verified = z.int().min(0).nullable();

const anchor = z.object({
  number: block,
  hash: z.string().regex(/^0x[0-9a-f]{64}$/),
  /** By factory, in their order; factories that were learned later are missing. */
  verified: z.array(verified),
  /** Up to which block keeps and logs had been compared. */
  compared: z.int().min(-1),
});

export const cursorSchema = z.object({
  version: z.literal(VERSION),
  system: address,
  minBlock: block,
  factories: z.array(z.object({ address, verified })).min(1),
  /** First block whose logs have not been read. */
  next: block,
  compared: z.int().min(-1),
  /** Blocks that were read, newest first: where to go back to. */
  anchors: z.array(anchor),
});

export type TbtcCursor = z.infer<typeof cursorSchema>;
export type Anchor = z.infer<typeof anchor>;

export interface CursorStart {
  readonly system: string;
  readonly minBlock: number;
  readonly factories: readonly string[];
}

/** Where a look begins that knows nothing. */
export function freshCursor({ system, minBlock, factories }: CursorStart): TbtcCursor {
  return {
    version: VERSION,
    system: system.toLowerCase(),
    minBlock,
    factories: factories.map((factory) => ({ address: factory.toLowerCase(), verified: null })),
    next: minBlock,
    compared: minBlock - 1,
    anchors: [],
  };
}

/** The stored one; undefined when it is none, of another version, or of a look that began elsewhere. */
export function readCursor(stored: unknown, start: CursorStart): TbtcCursor | undefined {
  const parsed = cursorSchema.safeParse(stored);
  if (!parsed.success) return undefined;
  const known = new Set(parsed.data.factories.map((factory) => factory.address));
  const fits =
    parsed.data.system === start.system.toLowerCase() &&
    parsed.data.minBlock === start.minBlock &&
    start.factories.every((factory) => known.has(factory.toLowerCase()));
  return fits ? parsed.data : undefined;
}

/** The cursor as it was at an anchor of its own. */
export function backTo(cursor: TbtcCursor, { number, hash, verified, compared }: Anchor): TbtcCursor {
  const factories = cursor.factories
    .slice(0, verified.length)
    .map((factory, index) => ({ ...factory, verified: verified[index] ?? null }));
  const anchors = cursor.anchors.filter((other) => other.number < number);
  return {
    ...cursor,
    factories,
    next: number + 1,
    compared,
    anchors: [{ number, hash, verified, compared }, ...anchors],
  };
}

/**
 * Adds the newest anchor. Of older ones stay few: of those between 2^k and 2^(k+1) blocks away the newest in each stretch of 2^k blocks.
 * The stretches are fixed, so that an anchor is dropped for a newer one of its own stretch only, and never by growing old.
 */
export function withAnchor(cursor: TbtcCursor, number: number, hash: string): TbtcCursor {
  const { compared } = cursor;
  const newest = { number, hash, verified: cursor.factories.map((factory) => factory.verified), compared };
  const stretches = new Set<string>();
  const older = cursor.anchors.filter((anchor) => {
    const distance = number - anchor.number;
    if (distance < 1) return false;
    const level = Math.floor(Math.log2(distance));
    const stretch = `${String(level)}/${String(Math.floor(anchor.number / 2 ** level))}`;
    if (stretches.has(stretch)) return false;
    stretches.add(stretch);
    return true;
  });
  return { ...cursor, next: number + 1, anchors: [newest, ...older] };
}
