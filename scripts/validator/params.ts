/** Shapes of parameters that several methods share. Integers arrive as `bigint`. */
import { isAddress } from "@solana/kit";
import { z } from "zod";

import type { Block } from "./blocks.js";
import type { Cluster } from "./cluster.js";
import { invalidParams, RPC_CODE, RpcError } from "./jsonRpc.js";

export const address = z
  .string()
  .refine((text) => isAddress(text), "not an address")
  .transform((text) => text);
export const signatureText = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{64,88}$/, "not a signature");
export const commitment = z.enum(["processed", "confirmed", "finalized"]);
const contextFields = { commitment: commitment.optional(), minContextSlot: z.bigint().optional() };
export const contextConfig = z.object(contextFields).nullish();
/** `base58` of accounts is only for short data; kept for old clients. */
export const accountFields = {
  ...contextFields,
  encoding: z.enum(["base58", "base64", "jsonParsed"]).optional(),
  dataSlice: z.object({ offset: z.bigint().min(0n), length: z.bigint().min(0n) }).nullish(),
};
export const accountConfig = z.object(accountFields).nullish();

export type AccountConfig =
  Pick<NonNullable<z.infer<typeof accountConfig>>, "encoding" | "dataSlice"> | null | undefined;
type ContextConfig = z.infer<typeof contextConfig>;

/** Reads the positional parameters of a request. Missing trailing ones are undefined. @throws RpcError -32602. */
export function read<T extends readonly z.ZodType[]>(
  params: readonly unknown[],
  ...schemas: T
): { [K in keyof T]: z.infer<T[K]> } {
  return schemas.map((schema, index) => {
    const parsed = schema.safeParse(params[index]);
    if (parsed.success) return parsed.data;
    throw invalidParams(`parameter ${String(index + 1)}: ${parsed.error.issues[0]?.message ?? "malformed"}`);
  }) as { [K in keyof T]: z.infer<T[K]> };
}

/** The block a request is answered from. Solana's default is finalized. @throws RpcError -32016. */
export function blockFor(cluster: Cluster, config: ContextConfig): Block {
  const block = cluster.bank.blocks.newest(config?.commitment ?? "finalized");
  if (config?.minContextSlot !== undefined && block.slot < config.minContextSlot) {
    throw new RpcError(RPC_CODE.minContextSlotNotReached, "Minimum context slot has not been reached", {
      contextSlot: block.slot,
    });
  }
  return block;
}

export const API_VERSION = "3.0.0";

/** Wraps an answer with the slot it holds for. */
export function withContext(block: Block, value: unknown): unknown {
  return { context: { apiVersion: API_VERSION, slot: block.slot }, value };
}
