/** Filters of getProgramAccounts and programSubscribe. */
import { getBase58Encoder, getBase64Encoder, type EncodedAccount } from "@solana/kit";
import { z } from "zod";

import { invalidParams } from "./jsonRpc.js";

/** Limits of public nodes. */
const MAX_FILTERS = 4;
const MAX_MEMCMP_BYTES = 128;
/** Characters that 128 bytes can take in base58. */
const MAX_MEMCMP_TEXT = 175;

const memcmp = z.object({
  offset: z.bigint().min(0n).max(BigInt(Number.MAX_SAFE_INTEGER)),
  bytes: z.union([z.string().max(MAX_MEMCMP_TEXT), z.array(z.bigint().min(0n).max(255n)).max(MAX_MEMCMP_BYTES)]),
  encoding: z.enum(["base58", "base64"]).nullish(),
});
const filter = z
  .object({ memcmp: memcmp.optional(), dataSize: z.bigint().min(0n).optional() })
  .refine((one) => (one.memcmp === undefined) !== (one.dataSize === undefined), "a filter is memcmp or dataSize");
export const filters = z.array(filter).max(MAX_FILTERS).nullish();

export type Filters = z.infer<typeof filters>;
export type AccountMatch = (account: EncodedAccount) => boolean;

function bytesOf({ bytes, encoding }: z.infer<typeof memcmp>): Uint8Array {
  if (typeof bytes !== "string") return Uint8Array.from(bytes, Number);
  try {
    return new Uint8Array((encoding === "base64" ? getBase64Encoder() : getBase58Encoder()).encode(bytes));
  } catch {
    throw invalidParams(`memcmp bytes are not ${encoding ?? "base58"}`);
  }
}

/** One test for all filters. @throws RpcError -32602. */
export function matcher(wanted: Filters): AccountMatch {
  const tests = (wanted ?? []).map((one): AccountMatch => {
    if (one.memcmp === undefined) return ({ data }) => BigInt(data.length) === one.dataSize;
    const bytes = bytesOf(one.memcmp);
    if (bytes.length > MAX_MEMCMP_BYTES) throw invalidParams(`memcmp of over ${String(MAX_MEMCMP_BYTES)} bytes`);
    const from = Number(one.memcmp.offset);
    return ({ data }) => from + bytes.length <= data.length && bytes.every((byte, at) => data[from + at] === byte);
  });
  return (account) => tests.every((test) => test(account));
}
