/**
 * How many blocks must lie on top before something of a value counts: small amounts act on few confirmations, large ones on many. A
 * pure function of a table, so that the table is reviewed and the rule is not.
 */
import { z } from "zod";

import { PermanentError } from "../../../protocol/errors.js";

/** From this value on, in base units of the table's unit, this many confirmations; 1 is the block itself. */
export interface ConfirmationTier {
  readonly fromUnits: bigint;
  readonly confirmations: number;
}

const entry = /^(\d+):(\d+)$/;

/**
 * Reads `0:1,1000000:5,50000000:20`: value in base units, colon, confirmations. The first tier starts at 0, values rise, confirmations
 * never fall: more value on fewer confirmations is a typing error.
 */
export const confirmationTiers: z.ZodType<readonly ConfirmationTier[], string> = z.string().transform((text, ctx) => {
  const tiers = text.split(",").map((word) => {
    const [, fromUnits, confirmations] = entry.exec(word.trim()) ?? [];
    return fromUnits === undefined || confirmations === undefined
      ? undefined
      : { fromUnits: BigInt(fromUnits), confirmations: Number(confirmations) };
  });
  const ordered = tiers.every((tier, index) => {
    const before = tiers[index - 1];
    if (tier === undefined || tier.confirmations < 1) return false;
    if (before === undefined) return index === 0 && tier.fromUnits === 0n;
    return tier.fromUnits > before.fromUnits && tier.confirmations >= before.confirmations;
  });
  if (ordered) return tiers as readonly ConfirmationTier[];
  ctx.addIssue({
    code: "custom",
    message: "expected rising tiers such as 0:1,1000000:5 (value in base units : confirmations)",
  });
  return z.NEVER;
});

/** Confirmations that `valueUnits` needs. @throws PermanentError VALUE_NEGATIVE */
export function confirmationsFor(tiers: readonly ConfirmationTier[], valueUnits: bigint): number {
  if (valueUnits < 0n) throw new PermanentError("VALUE_NEGATIVE", "a value to be confirmed is not negative");
  return tiers.reduce((most, tier) => (valueUnits >= tier.fromUnits ? Math.max(most, tier.confirmations) : most), 1);
}

/** Whether what happened in `block` counts when `head` is the newest one. */
export function isConfirmed(
  tiers: readonly ConfirmationTier[],
  valueUnits: bigint,
  block: number,
  head: number,
): boolean {
  return head - block + 1 >= confirmationsFor(tiers, valueUnits);
}
