/** Which Uniswap v3: the published one, or that of a file, such as one for the contracts of a local network. */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { UsageError } from "../../../../protocol/errors.js";
import { publishedUniswap, type UniswapAddresses } from "../../../../protocol/uniswap/addresses.js";

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "expected 0x and 40 hex digits");
const fileSchema = z.object({
  factory: address,
  router: address,
  quoter: address,
  wrappedEther: address,
}) satisfies z.ZodType<UniswapAddresses>;

/** @throws UsageError SWAP_FILE_UNREADABLE; PermanentError UNISWAP_NOT_PUBLISHED without a file on a chain that has none. */
export function uniswapAddresses(chainId: number, file: string | undefined): UniswapAddresses {
  if (file === undefined) return publishedUniswap(chainId);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : "no JSON");
  }
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) throw unreadable(file, z.prettifyError(parsed.error));
  return parsed.data;
}

function unreadable(file: string, why: string): UsageError {
  const fix = "write an object with factory, router, quoter and wrappedEther into it";
  return new UsageError("SWAP_FILE_UNREADABLE", `${file}: ${why}`, fix, { file });
}
