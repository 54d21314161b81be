/** What a network's parameters say about the market of the position manager: who runs it, its rules, its mints. */
import type { Address } from "@solana/kit";
import { z } from "zod";

import type { ParameterProblem } from "../errors.js";
import type { MarketParams } from "./marketInstructions.js";
import { address, holderProblems } from "./paramRules.js";

const BPS = 10_000;

/** Decimal text: JSON's numbers do not hold 64 bits. */
const contracts = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, "not a number of contracts from 1 to 10^15")
  .transform(BigInt);
const bps = z.int().min(0).max(BPS);

/** Bounds of one value each are those of constants.rs; what concerns several is in `marketProblems`. */
const rules = z.strictObject({
  maxOpenInterest: contracts.refine((value) => value <= 10n ** 15n, "above 10^15"),
  minSize: contracts,
  priceMaxAgeSeconds: z.int().min(1).max(3_600),
  initialMarginBps: bps,
  maintenanceMarginBps: bps,
  liquidationRewardBps: bps.max(500),
  entrySpreadBps: bps.max(500),
  priceStepBps: bps.min(1).max(2_000),
  priceStepBpsPerMinute: bps.min(1).max(2_000),
});

export const marketSchema = z.strictObject({
  admin: address.nullable(),
  /** Publishes prices; neither admin nor house. */
  priceAuthority: address.nullable(),
  /** Its vault is the other side of every position, for good. */
  houseOwner: address.nullable(),
  /** Mints in which positions may be opened: of one currency. */
  collaterals: z.array(address),
  params: rules,
});

export type MarketJson = z.infer<typeof marketSchema>;
type Holder = "admin" | "priceAuthority" | "houseOwner";
/** With everybody decided. */
export type MarketIntent = Readonly<Record<Holder, Address>> & {
  readonly collaterals: readonly Address[];
  readonly params: MarketParams;
};

/** What the program would refuse, and what nobody has decided yet. */
export function marketProblems(market: MarketJson, local: boolean): ParameterProblem[] {
  const { admin, priceAuthority, houseOwner, collaterals, params } = market;
  const problems = holderProblems("market", { admin, priceAuthority, houseOwner }, local);
  const invalid = (path: string, message: string): void => {
    problems.push({ code: "PARAM_INVALID", path: `market.${path}`, message });
  };
  if (priceAuthority !== null && (priceAuthority === admin || priceAuthority === houseOwner)) {
    invalid("priceAuthority", "who publishes prices can be neither admin nor house");
  }
  if (new Set(collaterals).size !== collaterals.length || collaterals.length > 8) {
    invalid("collaterals", "at most eight mints, each once");
  }
  if (params.minSize > params.maxOpenInterest) invalid("params.minSize", "above maxOpenInterest");
  const { initialMarginBps, maintenanceMarginBps, liquidationRewardBps, priceStepBps } = params;
  if (initialMarginBps <= maintenanceMarginBps) {
    invalid("params.initialMarginBps", "must be above maintenanceMarginBps");
  }
  // m - step >= r * (1 + step), in squares of basis points
  if ((maintenanceMarginBps - priceStepBps) * BPS < (BPS + priceStepBps) * liquidationRewardBps) {
    invalid("params.maintenanceMarginBps", "one price step and the reward could exceed it");
  }
  return problems;
}
