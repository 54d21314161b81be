/** Next actions as calls of the deposit. What happens on the Bitcoin side has none. */
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { DepositState, SETTLING_STATES } from "../../../protocol/tbtc/states.js";
import type { Call } from "../types.js";
import type { RedemptionFacts } from "./facts.js";
import type { NextAction } from "./followUp.js";

/**
 * Gas limits. Measured: signature 70,600, fee 227,900, proof of six headers 398,000. A proof after a retarget downwards has more headers,
 * and the path in a full block a dozen hashes more.
 */
const GAS_LIMITS = { "provide-signature": 120_000n, "increase-fee": 350_000n, prove: 1_000_000n } as const;

/** The call of the deposit that an action is; undefined for one on the Bitcoin side. */
export function callOf(deposit: string, action: NextAction): Call | undefined {
  if (action.kind === "broadcast" || action.kind === "pay-by-child") return undefined;
  return { to: deposit, data: dataOf(action), valueWei: 0n, gasLimit: GAS_LIMITS[action.kind] };
}

/**
 * Names what an action does to a redemption. A signature is for one request, and a fee is raised from one request to the next: requests are
 * told apart by how many there are.
 */
export function stepOf(action: NextAction, { requests }: Pick<RedemptionFacts, "requests">): string {
  switch (action.kind) {
    case "provide-signature":
    case "increase-fee":
      return `${action.kind}:${String(requests.length)}`;
    case "prove":
    case "broadcast":
      return `${action.kind}:${action.txid}`;
    case "pay-by-child":
      return `${action.kind}:${action.plan.parent}`;
  }
}

/** Whether a step on Ethereum may still do any good. What Bitcoin shows now does not matter: it may show more when the step is mined. */
export function mayStill(step: string, { state, requests }: Pick<RedemptionFacts, "state" | "requests">): boolean {
  const [kind, name] = step.split(":");
  const isNewest = name === String(requests.length);
  if (kind === "provide-signature") return state === DepositState.AWAITING_WITHDRAWAL_SIGNATURE && isNewest;
  if (kind === "increase-fee") return state === DepositState.AWAITING_WITHDRAWAL_PROOF && isNewest;
  return SETTLING_STATES.has(state);
}

function dataOf(action: Exclude<NextAction, { kind: "broadcast" | "pay-by-child" }>): string {
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
  }
}
