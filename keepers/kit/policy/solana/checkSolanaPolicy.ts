/** Whether a policy allows a transaction, and what it would use. Pure; looks at no meter. */
import { isSignerRole, type Instruction } from "@solana/kit";

import type { SignableInstructions } from "../../outbox/solana/signingGate.js";
import { NATIVE, refuse, type PolicyRefusal, type PolicyVerdict } from "../types.js";
import type { SolanaPolicy, SolanaRule } from "./types.js";

/** What a cluster takes for the one signature. */
const BASE_FEE_LAMPORTS = 5_000n;
const MICRO = 1_000_000n;

/** The most that a transaction can cost. */
export function feeLamports({ computeUnitLimit, microLamportsPerUnit }: FeeTerms): bigint {
  return BASE_FEE_LAMPORTS + (BigInt(computeUnitLimit) * microLamportsPerUnit + MICRO - 1n) / MICRO;
}

type FeeTerms = Pick<SignableInstructions, "computeUnitLimit" | "microLamportsPerUnit">;

export function checkSolanaPolicy(policy: SolanaPolicy, call: SignableInstructions): PolicyVerdict {
  if (call.chainId !== policy.chainId) return refuse("chain", `cluster ${call.chainId}, expected ${policy.chainId}`);
  if (call.signer !== policy.signer) return refuse("signer", `${call.signer}, expected ${policy.signer}`);
  const { instructions } = call;
  if (instructions.length === 0 || instructions.length > policy.maxInstructions) {
    return refuse(
      "inner-call",
      `${String(instructions.length)} instructions, at most ${String(policy.maxInstructions)}`,
    );
  }
  const fee = feeLamports(call);
  if (fee > policy.maxFeeLamports) {
    return refuse("fee-ceiling", `${String(fee)} lamports, at most ${String(policy.maxFeeLamports)}`);
  }
  const calls: Record<string, number> = {};
  for (const instruction of instructions) {
    const found = ruleFor(policy, instruction);
    if ("ok" in found) return found;
    const wrong = violation(found, instruction, policy.signer);
    if (wrong !== undefined) return wrong;
    calls[found.name] = (calls[found.name] ?? 0) + 1;
  }
  return { ok: true, use: { calls, amounts: { [NATIVE]: fee } } };
}

function ruleFor(policy: SolanaPolicy, { programAddress, data }: Instruction): SolanaRule | PolicyRefusal {
  const rules = policy.rules.filter(({ program }) => program === programAddress);
  if (rules.length === 0) return refuse("target", `no rule for the program ${programAddress}`);
  const text = `0x${Buffer.from(data ?? []).toString("hex")}`;
  return (
    rules.find(({ discriminator }) => text.startsWith(discriminator)) ??
    refuse("selector", `no rule for this instruction of ${programAddress}`)
  );
}

function violation(
  { name, dataBytes, minAccounts, maxAccounts, signerAt }: SolanaRule,
  { accounts = [], data }: Instruction,
  signer: string,
): PolicyRefusal | undefined {
  const length = data?.length ?? 0;
  if (length !== dataBytes)
    return refuse("calldata-size", `${name}: ${String(length)} bytes, expected ${String(dataBytes)}`);
  if (accounts.length < minAccounts || accounts.length > maxAccounts) {
    return refuse("argument", `${name}: ${String(accounts.length)} accounts`);
  }
  for (const [position, { address, role }] of accounts.entries()) {
    const place = `${name}: account ${String(position)}`;
    if (address === signer && !signerAt.includes(position)) return refuse("argument", `${place} is the signer itself`);
    if (isSignerRole(role) && address !== signer) return refuse("argument", `${place} must sign as well`);
  }
  return undefined;
}
