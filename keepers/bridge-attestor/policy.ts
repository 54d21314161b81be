/** What the key that carries messages may sign: functions of the bridge that anybody may call, with messages of its two chains. */
import type { Deployment } from "../../protocol/addresses.js";
import { MESSAGE_PARAMETER } from "../../protocol/bridgeMessage.js";
import { tokenNames, type NetworkParams } from "../../protocol/params/schema.js";
import { parseWad } from "../../protocol/units.js";
import { NATIVE, type Constraint, type Policy, type PolicyRule } from "../kit/policy/types.js";
import { validPolicy } from "../kit/policy/validate.js";
import { BRIDGE, ruleName, type BridgeMethod } from "./encode.js";

export const KEEPER_NAME = "bridge-attestor";

/** Most that a bridge may have; bounds the calldata. */
const MAX_ATTESTORS = 32;
/** Bytes of a signature: r, s, v. */
const SIGNATURE_BYTES = 65;
const WORD_BYTES = 32;
/** Words of a message, and of the list beside it: offset and length. */
const MESSAGE_WORDS = 9;
const LIST_WORDS = 2;
/** Words of one signature: offset, length, 65 bytes padded. */
const SIGNATURE_WORDS = 5;
const ADDRESS: Constraint = { kind: "bytes", length: 20 };
const MAX_SECONDS = 2n ** 40n - 1n;
const MAX_UNITS = 2n ** 128n - 1n;

export interface PolicyBounds {
  readonly gasLimit: number;
  readonly maxFeePerGasWei: bigint;
}

/** Compiles the policy. `remoteChainId`: the other end. @throws PermanentError NOT_DEPLOYED, POLICY_INVALID. */
export function attestorPolicy(
  deployment: Deployment,
  params: NetworkParams,
  remoteChainId: number,
  { gasLimit, maxFeePerGasWei }: PolicyBounds,
  signer: string,
): Policy {
  const { transactionsPerHour, coinsPerDay } = params.keepers.bridgeAttestor;
  const tokens = tokenNames.filter((name) => deployment.has(name)).map((name) => deployment.token(name));
  const messageFrom = (chainId: number): Constraint => ({
    kind: "struct",
    fields: {
      sourceChainId: { kind: "oneOf", values: [String(chainId)] },
      nonce: { kind: "range", min: 1n, max: 2n ** 64n - 1n },
      token: { kind: "oneOf", values: tokens },
      sender: ADDRESS,
      recipient: ADDRESS,
      amountUnits: { kind: "range", min: 1n, max: MAX_UNITS },
      sentAt: { kind: "range", min: 1n, max: MAX_SECONDS },
      expiresAt: { kind: "range", min: 1n, max: MAX_SECONDS },
      paidUnits: { kind: "range", min: 0n, max: MAX_UNITS },
    },
  });
  const signatures: Constraint = {
    kind: "list",
    minLength: 1,
    maxLength: MAX_ATTESTORS,
    uniqueBy: "",
    each: { kind: "bytes", length: SIGNATURE_BYTES },
  };
  const rule = (
    method: BridgeMethod,
    parameters: string,
    args: Readonly<Record<string, Constraint>>,
    words: number,
  ): PolicyRule => ({
    name: ruleName(method),
    target: deployment.address(BRIDGE),
    fragment: `function ${method}(${parameters})`,
    args,
    relations: [],
    amounts: [],
    maxValueWei: 0n,
    maxGasLimit: BigInt(gasLimit),
    maxFeePerGasWei,
    maxCalldataBytes: 4 + words * WORD_BYTES,
    perHour: transactionsPerHour,
    innerOnly: false,
  });
  const bare = (method: BridgeMethod, chainId: number): PolicyRule =>
    rule(method, MESSAGE_PARAMETER, { message: messageFrom(chainId) }, MESSAGE_WORDS);
  const signed = (method: BridgeMethod, chainId: number): PolicyRule =>
    rule(
      method,
      `${MESSAGE_PARAMETER}, bytes[] signatures`,
      { message: messageFrom(chainId), signatures },
      MESSAGE_WORDS + LIST_WORDS + SIGNATURE_WORDS * MAX_ATTESTORS,
    );
  return validPolicy({
    role: KEEPER_NAME,
    chainId: String(params.chainId),
    signer,
    rules: [
      signed("deliver", remoteChainId),
      bare("retry", remoteChainId),
      bare("cancel", remoteChainId),
      signed("refund", params.chainId),
      bare("retryRefund", params.chainId),
      rule("applyAttestors", "", {}, 0),
    ],
    noOp: { maxFeePerGasWei, perHour: transactionsPerHour },
    perDay: { [NATIVE]: parseWad(coinsPerDay) },
  });
}
