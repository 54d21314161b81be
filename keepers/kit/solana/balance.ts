/** What an account holds for fees. */
import { z } from "zod";

import type { SolanaClient } from "./client.js";

const answer = z.object({ value: z.union([z.int(), z.bigint()]).transform(BigInt) });

/** Lamports, confirmed. @throws as SolanaClient. */
export async function lamportsOf(client: SolanaClient, address: string): Promise<bigint> {
  return (await client.request("getBalance", [address, { commitment: "confirmed" }], answer)).value;
}
