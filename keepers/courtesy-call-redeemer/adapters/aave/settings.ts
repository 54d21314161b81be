/** Settings of a rescue in a market of Aave v3, and what they must be together. */
import { isAddress } from "ethers";
import { z } from "zod";

import { ALL_BPS } from "../../../../protocol/aave/math.js";
import { parseDecimal } from "../../../../protocol/units.js";
import {
  ConfigError,
  optionalText,
  scaled,
  setting,
  type SettingProblem,
  type Settings,
  type SettingsOf,
} from "../../../kit/env.js";
import type { Operators } from "../../strategies/modes.js";
import { namedToken, type PaidToken } from "../../tokenSetting.js";
import type { Mode } from "../../types.js";

/** A health of 1 with four digits is 10,000 basis points. */
const HEALTH_DECIMALS = 4;
/** Base currencies of Aave v3 have eight digits. */
const BASE_DECIMALS = 8;
const NO_AGE = "none";
const LIST = ",";

const health = scaled(HEALTH_DECIMALS, "a health factor");
const WANTED = "expected 0x and 40 hex digits, with a right checksum or none";
const address = z
  .string()
  .refine((text) => isAddress(text), WANTED)
  .transform((text) => text.toLowerCase());
const optionalAddress: z.ZodType<string | undefined, string> = z
  .string()
  .refine((text) => text === "" || isAddress(text), WANTED)
  .transform((text) => (text === "" ? undefined : text.toLowerCase()));
const addresses: z.ZodType<ReadonlySet<string>, string> = z
  .string()
  .transform((text) => text.split(LIST).map((word) => word.trim()))
  .transform((words) => words.filter((word) => word !== ""))
  .pipe(z.array(address))
  .transform((list) => new Set(list));

/** Seconds after which a price counts no more, of every asset and of some; undefined: its feed tells no age, and need not. */
export interface PriceAges {
  readonly seconds: bigint | undefined;
  readonly of: ReadonlyMap<string, bigint | undefined>;
}

const priceAges: z.ZodType<PriceAges, string> = z.string().transform((text, context) => {
  const fail = (): never => {
    const message = "expected seconds, then address:seconds for single assets; none where a feed tells no age";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  const [first = "", ...others] = text.split(LIST).map((word) => word.trim());
  const secondsOf = (word: string): bigint | undefined => (word === NO_AGE ? undefined : BigInt(word));
  const isAge = (word: string): boolean => word === NO_AGE || /^[1-9]\d{0,7}$/.test(word);
  if (!isAge(first)) return fail();
  const of = new Map<string, bigint | undefined>();
  for (const word of others) {
    const [asset = "", age = "", ...more] = word.split(":");
    if (!isAddress(asset) || !isAge(age) || more.length > 0 || of.has(asset.toLowerCase())) return fail();
    of.set(asset.toLowerCase(), secondsOf(age));
  }
  return { seconds: secondsOf(first), of };
});

/** Without defaults where there is none that is right for every market: they are required once this protocol is chosen. */
export const aaveSettings = {
  aaveProvider: setting({
    env: "REDEEMER_AAVE_PROVIDER",
    schema: optionalAddress,
    default: "",
    doc: "`aave-v3`: PoolAddressesProvider of the market.",
  }),
  aavePool: setting({
    env: "REDEEMER_AAVE_POOL",
    schema: optionalAddress,
    default: "",
    doc: "`aave-v3`: its pool. Fixed at the start and part of the policy; nothing is done once the market names another.",
  }),
  aaveWrappedNative: setting({
    env: "REDEEMER_AAVE_WRAPPED_NATIVE",
    schema: optionalAddress,
    default: "",
    doc: "`aave-v3`: the chain's coin as a token that the market's oracle knows: what is at stake and what gas costs are compared by its price.",
  }),
  aaveToken: setting({
    env: "REDEEMER_AAVE_TOKEN",
    schema: namedToken,
    default: "",
    doc: "`aave-v3`: the token that debts are paid back with, as `USDC:6:0x…`: symbol, decimals, address. Debts in other tokens are left alone by name (`other-token`).",
  }),
  aaveTriggerBps: setting({
    env: "REDEEMER_AAVE_TRIGGER",
    schema: health,
    default: "1.05",
    doc: "`aave-v3`: health factor below which an account is rescued; above 1.",
  }),
  aaveTargetBps: setting({
    env: "REDEEMER_AAVE_TARGET",
    schema: health,
    default: "1.25",
    doc: "`aave-v3`: health factor that a rescue brings; not below the trigger.",
  }),
  aaveDustBase: setting({
    env: "REDEEMER_AAVE_DUST",
    schema: scaled(BASE_DECIMALS, "an amount"),
    default: "1",
    doc: "`aave-v3`: a rest of a debt worth no more than this is paid as well; in the market's base currency, mostly dollars.",
  }),
  aavePriceAges: setting({
    env: "REDEEMER_AAVE_PRICE_SECONDS",
    schema: priceAges,
    default: "90000",
    doc: "`aave-v3`: age at which a price is stale and nothing is paid that rests on it. For single assets behind it, as in `90000,0x…:3900,0x…:none`; `none` where the feed tells no age: without it such a price is stale.",
  }),
  aaveDeleverage: setting({
    env: "REDEEMER_AAVE_DELEVERAGE",
    schema: addresses,
    default: "",
    doc: "`aave-v3`: assets, comma-separated, whose debts the key's own account may pay with its own deposits of them; none when unset.",
  }),
  aaveReserve: setting({
    env: "REDEEMER_AAVE_RESERVE",
    schema: optionalText,
    default: "0",
    doc: "`aave-v3`: whole tokens that are never planned with.",
  }),
  aavePerDay: setting({
    env: "REDEEMER_AAVE_PER_DAY",
    schema: optionalText,
    default: "",
    doc: "`aave-v3`: circuit breaker: most whole tokens that are approved in any 24 hours; half of it at once.",
  }),
} as const satisfies Settings;

type Values = SettingsOf<typeof aaveSettings>;

export interface AaveConfig {
  /** Lower case, like all addresses here. */
  readonly provider: string;
  readonly pool: string;
  readonly wrappedNative: string;
  readonly token: PaidToken;
  readonly triggerBps: bigint;
  readonly targetBps: bigint;
  readonly dustBase: bigint;
  readonly priceAges: PriceAges;
  readonly deleverage: ReadonlySet<string>;
  readonly reserveUnits: bigint;
  readonly unitsPerDay: bigint;
}

/** @throws ConfigError with every problem. */
export function aaveConfig(values: Values, mode: Mode, operators: Operators): AaveConfig {
  const problems: SettingProblem[] = [];
  const complain = (key: keyof Values, message: string): void => {
    problems.push({ env: aaveSettings[key].env, message });
  };
  const { aaveTriggerBps: triggerBps, aaveTargetBps: targetBps } = values;
  for (const key of ["aaveProvider", "aavePool", "aaveWrappedNative", "aaveToken", "aavePerDay"] as const)
    if (values[key] === undefined) complain(key, `required: ${aaveSettings[key].doc}`);
  if (triggerBps <= ALL_BPS) complain("aaveTriggerBps", "at a health of 1 it is too late: name one above it");
  if (targetBps < triggerBps) complain("aaveTargetBps", "below the trigger: a rescue would be followed by the next");
  const paid = values.aaveToken;
  const unitsOf = (key: "aaveReserve" | "aavePerDay"): bigint | undefined => {
    const text = values[key];
    if (text === undefined || paid === undefined) return undefined;
    try {
      return parseDecimal(text, paid.decimals);
    } catch {
      complain(key, `expected ${paid.symbol} as a plain decimal of at most ${String(paid.decimals)} digits`);
      return undefined;
    }
  };
  const reserveUnits = unitsOf("aaveReserve");
  const unitsPerDay = unitsOf("aavePerDay");
  if (mode !== "watch" && unitsPerDay === 0n) complain("aavePerDay", "nothing could be paid: name more, or only watch");
  if (mode !== "watch" && mode !== "preemptive") {
    const message = "nothing is ever called there, and no bounty promised: watch or preemptive";
    problems.push({ env: "REDEEMER_MODE", message });
  }
  if (operators.kind === "service" && mode !== "watch") {
    problems.push({ env: "OPERATORS", message: "nobody promises a bounty there: name accounts, or only watch" });
  }
  const { aaveProvider: provider, aavePool: pool, aaveWrappedNative: wrappedNative } = values;
  if (
    problems.length > 0 ||
    provider === undefined ||
    pool === undefined ||
    wrappedNative === undefined ||
    paid === undefined ||
    unitsPerDay === undefined
  ) {
    throw new ConfigError(problems);
  }
  const { aaveDustBase: dustBase, aavePriceAges: ages, aaveDeleverage: deleverage } = values;
  return Object.freeze({
    ...{ provider, pool, wrappedNative, token: paid, triggerBps, targetBps, dustBase, deleverage },
    ...{ priceAges: ages, reserveUnits: reserveUnits ?? 0n, unitsPerDay },
  });
}
