/** Addresses that an operator gives in a file of his own, such as those of a local world. */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { UsageError } from "../../protocol/errors.js";

export const addressSchema = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "expected 0x and 40 hex digits");

/** @throws UsageError `code`, with what is wrong. */
export function readAddressFile<T>(file: string, schema: z.ZodType<T>, code: string, fix: string): T {
  const unreadable = (why: string): UsageError => new UsageError(code, `${file}: ${why}`, fix, { file });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : "no JSON");
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error));
  return parsed.data;
}
