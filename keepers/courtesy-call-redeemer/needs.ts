/**
 * What one decision leaves no room for: what must stay in the wallet for rescues that are on their way or may have to be made next. Pure;
 * at upper limits, as the planner counts.
 */
import type { DecideConfig, Decision, Observation } from "./decide.js";
import { maxBigint } from "../../protocol/math.js";
import { nativeNeedWei } from "./strategies/planner.js";

export interface Needs {
  /** Of the token that rescues cost: reserve, what is on its way, and the most that positions can cost which can be rescued now. */
  readonly tokenUnits: bigint;
  /** All that is owed by positions in danger which cannot be rescued yet. */
  readonly laterUnits: bigint;
  /** Reserve, and the gas of what is on its way or can be done now, its settling included, at the highest fee. */
  readonly nativeWei: bigint;
}

type Terms = Pick<DecideConfig, "token" | "reserve" | "maxFeePerGasWei" | "batchGasLimit">;

export function needsOf(
  { positions, onItsWay }: Pick<Observation, "positions" | "onItsWay">,
  { endangered }: Pick<Decision, "endangered">,
  { token, reserve, maxFeePerGasWei, batchGasLimit }: Terms,
): Needs {
  let { tokenUnits } = reserve;
  let gas = 0n;
  for (const { unpaidUnits, unpaidGas, followUpGas } of onItsWay) {
    tokenUnits += unpaidUnits;
    gas += unpaidGas + followUpGas;
  }
  let nativeWei = reserve.nativeWei + gas * maxFeePerGasWei;
  const busy = new Set(onItsWay.map(({ position }) => position));
  const inDanger = new Set(endangered.map(({ position }) => position));
  let laterUnits = 0n;
  let isAny = false;
  for (const { reading, options } of positions) {
    const { id, sizeUnits } = reading.position;
    if (busy.has(id) || !inDanger.delete(id)) continue;
    const own = options.filter(({ costToken }) => costToken.toLowerCase() === token.toLowerCase());
    if (own.length === 0) laterUnits += sizeUnits;
    else tokenUnits += own.map(({ costUnits }) => costUnits).reduce(maxBigint);
    nativeWei += options.map((option) => nativeNeedWei(option, maxFeePerGasWei)).reduce(maxBigint, 0n);
    isAny ||= options.length > 0;
  }
  if (isAny) nativeWei += batchGasLimit * maxFeePerGasWei;
  return { tokenUnits, laterUnits, nativeWei };
}
