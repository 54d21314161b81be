/**
 * How many blocks must lie on top before something of a value counts: small amounts act on few confirmations, large ones on many. A
 * pure function of a table, so that the table is reviewed and the rule is not.
 */
import { z } from "zod";

import { PermanentError } from "../../../protocol/errors.js";
import { parseDecimal } from "../../../protocol/units.js";

/** From this value on, in XAU wei, so many blocks on top of its own. */
export interface ConfirmationTier {
  readonly fromXauWei: bigint;
  readonly blocks: number;
}

const OUNCE_DECIMALS = 18;
const MAX_BLOCKS = 10_000;
const ENTRY = /^(\d+(?:\.\d+)?):(\d+)$/;

/**
 * Reads `0:3,10:12,100:32`: ounces of gold, colon, blocks; a bare number holds for every value. The first tier starts at 0, values rise,
 * blocks never fall: more value on fewer confirmations is a typing error. Lists every problem.
 */
export const confirmationTiers: z.ZodType<readonly ConfirmationTier[], string> = z.string().transform((text, ctx) => {
  const words = (/^\d+$/.test(text.trim()) ? `0:${text.trim()}` : text).split(",").map((word) => word.trim());
  const tiers = words.map(readTier);
  const problems = tiers.flatMap((tier, index) => {
    if (tier === undefined) {
      return [`tier ${String(index + 1)} is not ounces:blocks with 1 to ${String(MAX_BLOCKS)} blocks`];
    }
    if (index === 0) return tier.fromXauWei === 0n ? [] : ["the first tier starts at 0 ounces"];
    const before = tiers[index - 1];
    return [
      ...(before !== undefined && tier.fromXauWei <= before.fromXauWei
        ? [`tier ${String(index + 1)} does not start above the one before`]
        : []),
      ...(before !== undefined && tier.blocks < before.blocks
        ? [`tier ${String(index + 1)} asks fewer blocks for more value`]
        : []),
    ];
  });
  if (problems.length === 0) return tiers as readonly ConfirmationTier[];
  for (const message of problems) ctx.addIssue({ code: "custom", message });
  return z.NEVER;
});

function readTier(word: string): ConfirmationTier | undefined {
  const [, ounces, blocks] = ENTRY.exec(word) ?? [];
  if (ounces === undefined || blocks === undefined) return undefined;
  if (Number(blocks) < 1 || Number(blocks) > MAX_BLOCKS) return undefined;
  try {
    return { fromXauWei: parseDecimal(ounces, OUNCE_DECIMALS), blocks: Number(blocks) };
  } catch {
    return undefined; // more digits than a wei has
  }
}

/** Blocks that a value needs on top; the most of all tiers when nobody knows the value. @throws PermanentError VALUE_NEGATIVE */
export function confirmationsFor(tiers: readonly ConfirmationTier[], valueXauWei: bigint | undefined): number {
  if (valueXauWei !== undefined && valueXauWei < 0n) {
    throw new PermanentError("VALUE_NEGATIVE", "a value to be confirmed is not negative");
  }
  const reached = tiers.filter(({ fromXauWei }) => valueXauWei === undefined || valueXauWei >= fromXauWei);
  return Math.max(1, ...reached.map(({ blocks }) => blocks));
}
