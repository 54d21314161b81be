import { isAddress } from "ethers";
import { z } from "zod";

const MAX_DECIMALS = 36;

export interface PaidToken {
  /** Lower case. */
  readonly address: string;
  readonly symbol: string;
  readonly decimals: number;
}

/** A token as settings name one: symbol, decimals and address; the empty text names none. */
export const namedToken: z.ZodType<PaidToken | undefined, string> = z.string().transform((text, context) => {
  if (text === "") return undefined;
  const [symbol = "", decimals = "", where = "", ...more] = text.split(":");
  const isSymbol = /^[A-Za-z0-9.]{1,12}$/.test(symbol) && symbol.toLowerCase() !== "native";
  const isCount = /^\d{1,2}$/.test(decimals) && Number(decimals) <= MAX_DECIMALS;
  if (!isSymbol || !isCount || !isAddress(where) || more.length > 0) {
    context.addIssue({ code: "custom", message: "expected symbol, decimals and address such as USDC:6:0x…" });
    return z.NEVER;
  }
  return { symbol, decimals: Number(decimals), address: where.toLowerCase() };
});
