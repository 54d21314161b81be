/**
 * What this keeper's key may sign: approvals of the one token to those who take it, and the calls of the protocol that the mode allows, to
 * positions that were found. What a day may cost, in tokens and in gas, ends everything else.
 */
import type { CommonRule, RescueSite } from "./site.js";
import { NATIVE, type Policy, type PolicyRule } from "../kit/policy/types.js";
import { validPolicy } from "../kit/policy/validate.js";
import { APPROVAL, APPROVAL_GAS } from "./encode.js";
import type { Mode } from "./types.js";

export const KEEPER_NAME = "courtesy-call-redeemer";
const WORD_BYTES = 32;
const MAX_UINT256 = 2n ** 256n - 1n;

export interface PolicyBounds {
  readonly chainId: number;
  readonly mode: Mode;
  readonly maxFeePerGasWei: bigint;
  readonly callGasLimit: bigint;
  readonly perHour: number;
  readonly tokenUnitsPerDay: bigint;
  readonly nativeWeiPerDay: bigint;
}

/** @throws PermanentError POLICY_INVALID */
export function redeemerPolicy(
  site: Pick<RescueSite, "token" | "signing">,
  bounds: PolicyBounds,
  signer: string,
): Policy {
  const { token, signing } = site;
  const { mode, maxFeePerGasWei, perHour, tokenUnitsPerDay } = bounds;
  const common: CommonRule = {
    relations: [],
    maxValueWei: 0n,
    maxGasLimit: bounds.callGasLimit,
    maxFeePerGasWei,
    perHour,
    innerOnly: false,
  };
  const approval: PolicyRule = {
    ...common,
    name: APPROVAL,
    target: token.address,
    fragment: "function approve(address spender, uint256 value)",
    args: { spender: signing.spender, value: { kind: "range", min: 0n, max: MAX_UINT256 } },
    // What is approved may be taken: it counts as spent, whether it is or not.
    amounts: [{ amount: "value", of: "", spends: { "": [{ asset: token.symbol, max: tokenUnitsPerDay }] } }],
    relations: signing.approvals ?? [],
    maxGasLimit: APPROVAL_GAS,
    maxCalldataBytes: 4 + 2 * WORD_BYTES,
  };
  return validPolicy({
    role: KEEPER_NAME,
    chainId: String(bounds.chainId),
    signer,
    rules: mode === "watch" ? [] : [approval, ...signing.rules(mode, common, signer)],
    noOp: { maxFeePerGasWei, perHour },
    perDay: {
      ...Object.fromEntries(Object.entries(signing.perDay ?? {}).map(([name, { units }]) => [name, units])),
      ...{ [token.symbol]: tokenUnitsPerDay, [NATIVE]: bounds.nativeWeiPerDay },
    },
  });
}
