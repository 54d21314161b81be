/** Transactions of blocks as lines of text, and back. */
import { getBase64Decoder, getBase64Encoder, type Address } from "@solana/kit";
import { z } from "zod";

import type { Executed } from "../blocks.js";
import { parseJson, stringifyJson } from "../jsonRpc.js";
import type { TransactionErrorJson } from "../transactionError.js";
import { fromBytes } from "../wire.js";

const address = z.string().transform((text) => text as Address);
const integer = z.bigint().transform(Number);
const bytes = z.string().transform((text) => new Uint8Array(getBase64Encoder().encode(text)));
const tokenBalance = z.object({
  accountIndex: integer,
  mint: address,
  owner: address,
  programId: address,
  amount: z.bigint(),
  decimals: integer,
});
const inner = z.object({ programIdIndex: integer, accounts: z.array(integer), data: bytes, stackHeight: integer });
const line = z.object({
  wire: bytes,
  slot: z.bigint(),
  time: z.bigint(),
  /** JSON in JSON: its small numbers are no amounts. */
  error: z.string(),
  logs: z.array(z.string()),
  computeUnits: z.bigint(),
  feeLamports: z.bigint(),
  accounts: z.array(address),
  writable: z.array(address),
  preBalances: z.array(z.bigint()),
  postBalances: z.array(z.bigint()),
  preTokenBalances: z.array(tokenBalance),
  postTokenBalances: z.array(tokenBalance),
  innerInstructions: z.array(z.array(inner)),
  returnData: z.object({ programId: address, data: bytes }).optional(),
  microLamportsPerUnit: z.bigint(),
});

const text = (data: Uint8Array): string => getBase64Decoder().decode(data);
const whole = (value: object): object =>
  Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      typeof item === "number" ? BigInt(item) : item,
    ]),
  );

export function encodeTransaction(executed: Executed): string {
  return stringifyJson({
    ...executed,
    wire: text(executed.wire.bytes),
    error: JSON.stringify(executed.error),
    writable: [...executed.writable],
    preTokenBalances: executed.preTokenBalances.map(whole),
    postTokenBalances: executed.postTokenBalances.map(whole),
    innerInstructions: executed.innerInstructions.map((list) =>
      list.map((one) => ({ ...whole(one), accounts: one.accounts.map(BigInt), data: text(one.data) })),
    ),
    returnData: executed.returnData && { ...executed.returnData, data: text(executed.returnData.data) },
  });
}

/** @throws Error for a line that is none of ours. */
export function decodeTransaction(encoded: string): Executed {
  const { wire, error, writable, returnData, ...rest } = line.parse(parseJson(encoded));
  return {
    ...rest,
    wire: fromBytes(wire),
    error: JSON.parse(error) as TransactionErrorJson | null,
    writable: new Set(writable),
    returnData,
  };
}
