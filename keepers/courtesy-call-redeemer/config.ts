import { type z } from "zod";

import {
  ConfigError,
  integer,
  loadSettings,
  oneOf,
  optionalText,
  scaled,
  setting,
  type Env,
  type SettingsOf,
} from "../kit/env.js";
import { UsageError } from "../../protocol/errors.js";
import { parseOperators, type Operators } from "./strategies/modes.js";
import type { UrgencyPolicy } from "./strategies/urgency.js";
import { MODES } from "./types.js";

/** Percent with two digits are basis points. */
const PERCENT_DECIMALS = 2;
const ETHER_DECIMALS = 18;
const MAX_SECONDS = 604_800;

const percent = scaled(PERCENT_DECIMALS, "percent");
const ether = scaled(ETHER_DECIMALS, "ether");
const seconds: z.ZodType<bigint, string> = integer(0, MAX_SECONDS).transform(BigInt);

/** Settings of this keeper beside those of the kit. Keys carry the unit of the parsed value. */
export const redeemerSettings = {
  operators: setting({
    env: "OPERATORS",
    schema: optionalText,
    doc: "Operators whose positions are looked after: addresses separated by commas, in any case; `*` means everybody's, for a fee.",
  }),
  mode: setting({
    env: "REDEEMER_MODE",
    schema: oneOf(MODES),
    default: "watch",
    doc: "`watch`: alerts only; `courtesy`: rescues what was called; `self-courtesy`: also calls and rescues what can be called; `preemptive`: also rescues what is below `COLLATERALISATION_THRESHOLD`.",
  }),
  preemptBelowBps: setting({
    env: "COLLATERALISATION_THRESHOLD",
    schema: percent,
    default: "130",
    doc: "Collateral in percent below which a position counts as in danger before it can be called.",
  }),
  minBlock: setting({
    env: "MINBLOCK",
    schema: integer(0, Number.MAX_SAFE_INTEGER),
    default: "0",
    doc: "First block in which positions are looked for.",
  }),
  cooldownMs: setting({
    env: "COOLDOWN",
    schema: integer(0, 3_600_000),
    default: "5000",
    doc: "Milliseconds between two looks at all positions.",
  }),
  dangerBufferBps: setting({
    env: "REDEEMER_DANGER_BUFFER_PERCENT",
    schema: percent,
    default: "2",
    doc: "Percent points above the liquidation threshold below which any block may be the last.",
  }),
  urgentSeconds: setting({
    env: "REDEEMER_URGENT_SECONDS",
    schema: seconds,
    default: "3600",
    doc: "A window that ends within this makes a position most urgent.",
  }),
  safetyMarginSeconds: setting({
    env: "REDEEMER_MARGIN_SECONDS",
    schema: seconds,
    default: "2700",
    doc: "So long before the end of its window a rescue should be mined.",
  }),
  reserveWei: setting({
    env: "REDEEMER_RESERVE_ETH",
    schema: ether,
    default: "0.5",
    doc: "Ether that is never planned with; gas of settling what is on its way is set aside besides.",
  }),
  minMarginWei: setting({
    env: "REDEEMER_MIN_MARGIN_ETH",
    schema: ether,
    default: "0.01",
    doc: "Least by which a bounty must be above the highest cost, in ether; for `OPERATORS=*`.",
  }),
  feeShareBps: setting({
    env: "REDEEMER_FEE_SHARE_PERCENT",
    schema: percent,
    default: "10",
    doc: "Most of what is at stake that may go to the gas of a rescue, percent.",
  }),
  sumLimit: setting({
    env: "REDEEMER_PLAN_SUMS",
    schema: integer(1_000, 10_000_000),
    default: "100000",
    doc: "Partial sums after which the search for the best plan of a class ends and says how much it may miss.",
  }),
};

/** Chances of liquidation at the upper edge of each class; they rise to certainty at the liquidation threshold. */
const LIKELIHOOD_BPS: UrgencyPolicy["likelihoodBps"] = { A: 9_500n, B: 9_000n, C: 6_000n, D: 1_000n };

export interface RedeemerConfig extends Omit<SettingsOf<typeof redeemerSettings>, "operators"> {
  readonly operators: Operators;
  readonly urgency: UrgencyPolicy;
}

/** Reads the settings of this keeper. @throws ConfigError with every problem. */
export function loadRedeemerConfig(env: Env): RedeemerConfig {
  const own = { prefixes: ["REDEEMER_"], alsoKnown: [] };
  const { operators: text, ...rest } = loadSettings(redeemerSettings, env, own);
  const { dangerBufferBps, urgentSeconds, safetyMarginSeconds, preemptBelowBps } = rest;
  const urgency = {
    dangerBufferBps,
    urgentSeconds,
    safetyMarginSeconds,
    preemptBelowBps,
    likelihoodBps: LIKELIHOOD_BPS,
  };
  try {
    return Object.freeze({ ...rest, urgency, operators: parseOperators(text ?? "", rest.minMarginWei) });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new ConfigError([{ env: redeemerSettings.operators.env, message: error.message }]);
  }
}
