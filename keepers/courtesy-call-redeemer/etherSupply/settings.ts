/** Settings of the supply with ether, and what they must be together. */
import { POOL_FEES } from "../../../protocol/uniswap/contracts.js";
import { parseDecimal } from "../../../protocol/units.js";
import {
  ConfigError,
  integer,
  oneOf,
  optionalText,
  scaled,
  setting,
  type SettingProblem,
  type Settings,
  type SettingsOf,
} from "../../kit/env.js";
import { namedToken } from "../tokenSetting.js";
import type { Mode } from "../types.js";

const ETHER_DECIMALS = 18;
const PERCENT_DECIMALS = 2;
const ALL_BPS = 10_000n;

const ether = scaled(ETHER_DECIMALS, "ether");
const percent = scaled(PERCENT_DECIMALS, "percent");

export const swapSettings = {
  swapTargetWei: setting({
    env: "REDEEMER_SWAP_TARGET_ETH",
    schema: ether,
    default: "0",
    doc: "Ether to which the wallet is filled up, by swapping a token, when it has less than its floor. 0: nothing is swapped.",
  }),
  swapFloorWei: setting({
    env: "REDEEMER_SWAP_FLOOR_ETH",
    schema: ether,
    default: "0",
    doc: "Ether below which that is done. What rescues in danger, their settling and the next mint may need at the highest fee, `REDEEMER_RESERVE_ETH` on top, counts where it is more.",
  }),
  swapToken: setting({
    env: "REDEEMER_SWAP_TOKEN",
    schema: namedToken,
    default: "",
    doc: "What is sold, as `WBTC:8:0x…`: symbol, decimals, address; the token that rescues cost when unset. Of that one nothing is sold which rescues may need.",
  }),
  swapPoolFee: setting({
    env: "REDEEMER_SWAP_POOL_FEE",
    schema: oneOf(POOL_FEES),
    default: "3000",
    doc: "Fee of the pool, millionths: it names the one pool of Uniswap v3 in which is sold.",
  }),
  swapMost: setting({
    env: "REDEEMER_SWAP_MAX",
    schema: optionalText,
    default: "",
    doc: "Most whole tokens of one swap; at most half of the day's. Required with a target.",
  }),
  swapPerDay: setting({
    env: "REDEEMER_SWAP_PER_DAY",
    schema: optionalText,
    default: "",
    doc: "Circuit breaker: most whole tokens that the key may swap in any 24 hours, half of it at once; the keeper itself goes to half of it. Required with a target.",
  }),
  swapKeep: setting({
    env: "REDEEMER_SWAP_KEEP",
    schema: optionalText,
    default: "0",
    doc: "Whole tokens that are never sold.",
  }),
  swapLeastRateWei: setting({
    env: "REDEEMER_SWAP_LEAST_RATE",
    schema: ether,
    default: "0",
    doc: "Ether for a whole token below which nothing is ever sold, whatever quotes say; part of what the key may sign. Required with a target.",
  }),
  swapDeviationBps: setting({
    env: "REDEEMER_SWAP_DEVIATION_PERCENT",
    schema: percent,
    default: "2",
    doc: "Most by which the quote of the pool may differ from that by its average price, percent; depth counts in it.",
  }),
  swapSlippageBps: setting({
    env: "REDEEMER_SWAP_SLIPPAGE_PERCENT",
    schema: percent,
    default: "0.5",
    doc: "Most by which a swap may bring less than the lower quote, percent.",
  }),
  swapAverageSeconds: setting({
    env: "REDEEMER_SWAP_AVERAGE_SECONDS",
    schema: integer(300, 86_400),
    default: "1800",
    doc: "Seconds over which the pool's price is averaged. The pool must remember so many: `increaseObservationCardinalityNext` makes it.",
  }),
  swapDeadlineSeconds: setting({
    env: "REDEEMER_SWAP_DEADLINE_SECONDS",
    schema: integer(60, 86_400),
    default: "600",
    doc: "Seconds after which a swap that was not mined is worth nothing, to others neither.",
  }),
  swapFile: setting({
    env: "REDEEMER_SWAP_FILE",
    schema: optionalText,
    default: "",
    doc: "JSON file with `factory`, `router`, `quoter` and `wrappedEther` of Uniswap v3; the published ones of Ethereum when unset.",
  }),
} as const satisfies Settings;

type Values = SettingsOf<typeof swapSettings>;

export interface SwapConfig {
  readonly targetWei: bigint;
  readonly floorWei: bigint;
  /** `address` undefined: the token that rescues cost. */
  readonly token: { readonly symbol: string; readonly decimals: number; readonly address: string | undefined };
  readonly poolFee: bigint;
  readonly mostUnits: bigint;
  readonly unitsPerDay: bigint;
  readonly keepUnits: bigint;
  readonly leastRateWei: bigint;
  readonly maxDeviationBps: bigint;
  readonly maxSlippageBps: bigint;
  readonly averageSeconds: number;
  readonly deadlineSeconds: number;
  readonly file: string | undefined;
}

/**
 * @param own the token that rescues cost
 * @returns undefined: nothing is swapped. @throws ConfigError with every problem
 */
export function swapConfig(
  values: Values,
  mode: Mode,
  own: { readonly symbol: string; readonly decimals: number },
): SwapConfig | undefined {
  const { swapTargetWei: targetWei, swapFloorWei: floorWei, swapLeastRateWei: leastRateWei } = values;
  if (targetWei === 0n) return undefined;
  const problems: SettingProblem[] = [];
  const complain = (key: keyof Values, message: string): void => {
    problems.push({ env: swapSettings[key].env, message });
  };
  const token = values.swapToken ?? { ...own, address: undefined };
  const unitsOf = (key: "swapMost" | "swapPerDay" | "swapKeep"): bigint => {
    const text = values[key];
    if (text === undefined) {
      complain(key, `required: ${swapSettings[key].doc}`);
      return 0n;
    }
    try {
      return parseDecimal(text, token.decimals);
    } catch {
      complain(key, `expected ${token.symbol} as a plain decimal of at most ${String(token.decimals)} digits`);
      return 0n;
    }
  };
  const [mostUnits, unitsPerDay, keepUnits] = [unitsOf("swapMost"), unitsOf("swapPerDay"), unitsOf("swapKeep")];
  if (mode === "watch")
    complain("swapTargetWei", "a watching keeper signs nothing: choose another mode, or swap nothing");
  if (floorWei > targetWei) complain("swapFloorWei", "above the target to which the wallet is filled up");
  if (leastRateWei === 0n) complain("swapLeastRateWei", `required: ${swapSettings.swapLeastRateWei.doc}`);
  if (problems.length === 0 && mostUnits === 0n) complain("swapMost", "nothing could be sold");
  if (problems.length === 0 && mostUnits > unitsPerDay / 2n) complain("swapMost", "more than half of a day's limit");
  if (values.swapDeviationBps >= ALL_BPS) complain("swapDeviationBps", "expected less than 100");
  if (values.swapSlippageBps >= ALL_BPS) complain("swapSlippageBps", "expected less than 100");
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({
    ...{
      targetWei,
      floorWei,
      token,
      mostUnits,
      unitsPerDay,
      keepUnits,
      leastRateWei,
      poolFee: BigInt(values.swapPoolFee),
    },
    ...{ maxDeviationBps: values.swapDeviationBps, maxSlippageBps: values.swapSlippageBps },
    ...{
      averageSeconds: values.swapAverageSeconds,
      deadlineSeconds: values.swapDeadlineSeconds,
      file: values.swapFile,
    },
  });
}
