/** What a keeper wants to happen on Solana, and how it is written into the outbox. */
import { AccountRole, getBase64Decoder, getBase64Encoder, type Address, type Instruction } from "@solana/kit";
import { z } from "zod";

import type { JsonObject } from "../../../../db/queries/outbox/rows.js";

export interface SolanaIntent {
  /** Names the *effect*, not the attempt. */
  readonly key: string;
  /** Exactly those that were simulated; the keeper's account is their only signer. */
  readonly instructions: readonly Instruction[];
  readonly computeUnitLimit: number;
  /** Never offer more than this, later attempts included. */
  readonly maxMicroLamportsPerUnit: bigint;
  /**
   * Last block height at which bytes for the effect may be *signed*. Bytes that are out cannot be called back: they may be executed up
   * to 151 blocks later, and the outbox waits until that is impossible.
   */
  readonly validUntilBlock: bigint;
}

const stored = z.object({
  instructions: z.array(
    z.object({
      program: z.string(),
      accounts: z.array(z.tuple([z.string(), z.enum(AccountRole)])),
      data: z.base64(),
    }),
  ),
  computeUnitLimit: z.int(),
  maxMicroLamportsPerUnit: z.string(),
  /** Row of the same batch that must have happened before. */
  after: z.string().nullable(),
});

/** `after`: the row that must have happened before this one. */
export function solanaIntentJson(intent: SolanaIntent, after: bigint | undefined): JsonObject {
  return {
    instructions: intent.instructions.map(({ programAddress, accounts = [], data }) => ({
      program: programAddress,
      accounts: accounts.map(({ address, role }) => [address, role] as const),
      data: getBase64Decoder().decode(data ?? new Uint8Array()),
    })),
    computeUnitLimit: intent.computeUnitLimit,
    maxMicroLamportsPerUnit: intent.maxMicroLamportsPerUnit.toString(),
    after: after?.toString() ?? null,
  };
}

/** @throws ZodError when the row was not written by this program. */
export function readSolanaIntent(
  key: string,
  validUntilBlock: bigint,
  json: JsonObject,
): { readonly intent: SolanaIntent; readonly after: bigint | undefined } {
  const { instructions, computeUnitLimit, maxMicroLamportsPerUnit, after } = stored.parse(json);
  return {
    intent: {
      key,
      instructions: instructions.map(({ program, accounts, data }) => ({
        programAddress: program as Address,
        accounts: accounts.map(([address, role]) => ({ address: address as Address, role })),
        data: new Uint8Array(getBase64Encoder().encode(data)),
      })),
      computeUnitLimit,
      maxMicroLamportsPerUnit: BigInt(maxMicroLamportsPerUnit),
      validUntilBlock,
    },
    after: after === null ? undefined : BigInt(after),
  };
}
