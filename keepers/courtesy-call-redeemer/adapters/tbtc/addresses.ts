/** Which tBTC v1: the published one, or that of a file, such as the one that a local world writes. */
import { z } from "zod";

import { publishedTbtc, type TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import { addressSchema as address, readAddressFile } from "../../addressFile.js";

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
  const fix = "npm run tbtc:world writes such a file below data/world, and prints the line that names it";
  return readAddressFile(file, fileSchema, "SYSTEM_FILE_UNREADABLE", fix);
}
