/** Which Uniswap v3: the published one, or that of a file, such as one for the contracts of a local network. */
import { z } from "zod";

import { publishedUniswap, type UniswapAddresses } from "../../../../protocol/uniswap/addresses.js";
import { addressSchema as address, readAddressFile } from "../../addressFile.js";

const fileSchema = z.object({
  factory: address,
  router: address,
  quoter: address,
  wrappedEther: address,
}) satisfies z.ZodType<UniswapAddresses>;

/** @throws UsageError SWAP_FILE_UNREADABLE; PermanentError UNISWAP_NOT_PUBLISHED without a file on a chain that has none. */
export function uniswapAddresses(chainId: number, file: string | undefined): UniswapAddresses {
  if (file === undefined) return publishedUniswap(chainId);
  const fix = "write an object with factory, router, quoter and wrappedEther into it";
  return readAddressFile(file, fileSchema, "SWAP_FILE_UNREADABLE", fix);
}
