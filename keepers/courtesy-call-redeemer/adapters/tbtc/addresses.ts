/** Which tBTC v1: the published one, or that of a file, such as the one that a local world writes. */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { UsageError } from "../../../../protocol/errors.js";
import { publishedTbtc, type TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "expected 0x and 40 hex digits");
const addressesSchema = z.object({
  system: address,
  token: address,
  depositToken: address,
  feeRebateToken: address,
  vendingMachine: address,
  depositFactory: address,
  keepFactory: address,
  keepBonding: address,
  priceFeed: address,
  medianizer: address,
  relay: address,
  fundingScript: address,
  redemptionScript: address,
}) satisfies z.ZodType<TbtcAddresses>;
/** The addresses alone, or with others around them, as the local world writes them. */
const fileSchema = z.union([
  addressesSchema,
  z.object({ addresses: addressesSchema }).transform((file) => file.addresses),
]);

/**
 * @throws UsageError SYSTEM_FILE_UNREADABLE with what is wrong; PermanentError TBTC_NOT_PUBLISHED without a file on a chain that has none.
 */
export function tbtcAddresses(chainId: number, file: string | undefined): TbtcAddresses {
  if (file === undefined) return publishedTbtc(chainId);
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
  return new UsageError(
    "SYSTEM_FILE_UNREADABLE",
    `${file}: ${why}`,
    "npm run tbtc:world writes such a file below data/world, and prints the line that names it",
    { file },
  );
}
