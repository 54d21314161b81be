/**
 * What matters to us. Anybody can make a mint and hold all of it, freeze it, and move any share of it as often as he likes: that is no
 * news, and must not drown what is.
 */
import { z } from "zod";

import { isAddress } from "@solana/kit";

/** Mints that matter; undefined: all, where nobody names any. */
export type Mints = ReadonlySet<string> | undefined;

/** Addresses between commas or spaces; none: undefined. */
export const mintList: z.ZodType<Mints, string> = z
  .string()
  .transform((text) => text.split(/[ ,]+/).filter((word) => word !== ""))
  .refine((words) => words.every((word) => isAddress(word)), "expected addresses of mints, with commas between them")
  .transform((words) => (words.length === 0 ? undefined : new Set(words)));

interface Owned {
  readonly vault: string;
  readonly mint: string;
  readonly total: bigint;
}

export class Watched {
  private readonly holders = new Set<string>();

  /** @param balances of all vaults. */
  constructor(
    private readonly mints: Mints,
    balances: Iterable<Owned>,
  ) {
    for (const { vault, mint, total } of balances) if (total > 0n && this.mint(mint)) this.holders.add(vault);
  }

  mint(mint: string): boolean {
    return this.mints === undefined || this.mints.has(mint);
  }

  /** Money by its mint, settings by whether anything that matters lies in the vault, and always what is about no vault. */
  matters({ mint, vault }: { readonly mint?: string | undefined; readonly vault?: string | undefined }): boolean {
    if (this.mints === undefined) return true;
    if (mint !== undefined) return this.mint(mint);
    return vault === undefined || this.holders.has(vault);
  }
}
