/** What nodes answer when they are asked for accounts. What is told by its position counts only where none is missing. */
import type { Address } from "@solana/kit";
import { z } from "zod";

import { isTokenProgram, readTokenAccount, type TokenAccount } from "../../../protocol/solana/tokens.js";

export const slotNumber = z.int().nonnegative().transform(BigInt);
/** An account's data, in base64. */
const data = z.tuple([z.string(), z.literal("base64")]);

/** Of getProgramAccounts, with context. */
export const programAccounts = z.object({
  context: z.object({ slot: slotNumber }),
  value: z.array(z.object({ pubkey: z.string(), account: z.object({ data }) })),
});
export type ProgramAccountsAnswer = z.infer<typeof programAccounts>;

const someAccount = z.object({ data, owner: z.string() });
/** Beyond 2^53 a JSON number is not exact, and refused: lamports are asked for only where they count, because strangers may pay some in. */
const fundedAccount = someAccount.extend({ lamports: z.union([z.int(), z.bigint()]).transform(BigInt) });
export type SomeAccount = z.infer<typeof someAccount> | null;

/** Of getMultipleAccounts. @param asked accounts that were asked for: an answer with fewer or more is none. */
export const someAccounts = (asked: number) => accountsOf(someAccount, asked);

/** The same with their lamports. */
export const fundedAccounts = (asked: number) => accountsOf(fundedAccount, asked);

function accountsOf<T extends z.ZodType>(account: T, asked: number) {
  return z.object({ context: z.object({ slot: slotNumber }), value: z.array(account.nullable()).length(asked) });
}

/** Most of one getMultipleAccounts. */
export const ACCOUNTS_PER_CALL = 100;
/** In front of every account and every instruction of a program made with Anchor. */
export const DISCRIMINATOR_BYTES = 8;
/** A token account without its extensions. */
export const TOKEN_ACCOUNT_BYTES = 165;
const TOKEN_STATE_OFFSET = 108;

/** A token account, and which token program has it. */
export interface OpenTokens extends TokenAccount {
  readonly tokenProgram: Address;
}

/** Undefined for what is no token account, or was made and not opened. @param data may end behind TOKEN_ACCOUNT_BYTES. */
export function openTokens(owner: string, data: Uint8Array): OpenTokens | undefined {
  if (!isTokenProgram(owner) || data.length < TOKEN_ACCOUNT_BYTES || data[TOKEN_STATE_OFFSET] === 0) return undefined;
  return { ...readTokenAccount(owner, data), tokenProgram: owner as Address };
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, "base64"));
}

/** The first eight bytes of an account, which say what it is. */
export function discriminatorOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, DISCRIMINATOR_BYTES)).toString("hex");
}

export function chunks<T>(items: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
