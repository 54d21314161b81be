/** Next actions as calls of the deposit. What happens on the Bitcoin side has none. */
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import type { Call, FollowUp } from "../types.js";
import type { FollowUpStep, NextAction } from "./followUp.js";

/** The call of the deposit that an action is; undefined for one on the Bitcoin side. */
export function callOf(deposit: string, action: NextAction): Call | undefined {
  const data = dataOf(action);
  return data === undefined ? undefined : { to: deposit, data, valueWei: 0n };
}

/** What a step leaves to do, in the words of the core. */
export function followUpsOf(deposit: string, { actions }: FollowUpStep): readonly FollowUp[] {
  return actions.map((action) => {
    const call = callOf(deposit, action);
    return {
      position: deposit.toLowerCase(),
      kind: action.kind,
      dueAt: "dueAt" in action ? action.dueAt : undefined,
      calls: call === undefined ? [] : [call],
    };
  });
}

function dataOf(action: NextAction): string | undefined {
  switch (action.kind) {
    case "provide-signature": {
      const { r, s } = action.signature;
      return tbtcAbi.deposit.encodeFunctionData("provideRedemptionSignature", [action.recovery, r, s]);
    }
    case "increase-fee": {
      const { previousOutputValue, newOutputValue } = action.bump;
      return tbtcAbi.deposit.encodeFunctionData("increaseRedemptionFee", [previousOutputValue, newOutputValue]);
    }
    case "prove": {
      const { parts, merkleProof, txIndexInBlock, headers } = action.proof;
      const { version, inputVector, outputVector, locktime } = parts;
      return tbtcAbi.deposit.encodeFunctionData("provideRedemptionProof", [
        version,
        inputVector,
        outputVector,
        locktime,
        merkleProof,
        txIndexInBlock,
        headers,
      ]);
    }
    case "broadcast":
    case "pay-by-child":
      return undefined;
  }
}
