/** Sending instructions in the name of whoever must sign them, and reading what came of it. For rigs with `isUnsigned`. */
import type { Address } from "@solana/kit";

import { readMultiSig, readProposal } from "../../../protocol/solana/accounts.js";
import { proposalHash } from "../../../protocol/solana/proposals.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import type { VaultRef } from "../../../protocol/solana/instructions.js";
import type { VaultRig } from "./rig.js";
import { signersOf } from "./stage.js";

type Making = FullInstruction | Promise<FullInstruction>;

/** Name of the error, or "ok". A refused instruction changes none of its accounts: the runtime sees to that. */
export async function outcome(rig: VaultRig, instruction: Making): Promise<string> {
  const made = await instruction;
  const { error } = await rig.send([made], { as: signersOf(made) });
  return error ?? "ok";
}

/** Executes what must succeed, in one transaction each. */
export async function act(rig: VaultRig, ...instructions: readonly Making[]): Promise<void> {
  for (const instruction of instructions) {
    const made = await instruction;
    await rig.must([made], { as: signersOf(made) });
  }
}

/** Proposes an instruction and has it approved; execution is the caller's. Returns its index. */
export async function proposed(
  rig: VaultRig,
  vault: VaultRef,
  approvers: readonly Address[],
  instruction: Making,
  lifeSeconds = 3_600n,
): Promise<bigint> {
  const [proposer] = approvers as readonly [Address, ...Address[]];
  const index = await nextIndex(rig, vault, proposer);
  const expiresAtSeconds = rig.now + lifeSeconds;
  const { instructions: make } = rig;
  await act(rig, make.propose(vault, proposer, { instruction: await instruction, index, expiresAtSeconds }));
  for (const approver of approvers) await act(rig, approval(rig, vault, index, approver));
  return index;
}

/** Index of an owner's next proposal. */
export async function nextIndex(rig: VaultRig, vault: VaultRef, proposer: Address): Promise<bigint> {
  const data = rig.data(await rig.addresses.multiSigVault(await rig.addresses.vault(vault.owner)));
  if (data === undefined) throw new Error("no multi-sig");
  const { owners, nextIndices } = readMultiSig(data);
  const index = nextIndices[owners.indexOf(proposer)];
  if (index === undefined) throw new Error("not an owner");
  return index;
}

/** The instruction that approves a proposal as it stands. */
export async function approval(
  rig: VaultRig,
  vault: VaultRef,
  index: bigint,
  approver: Address,
): Promise<FullInstruction> {
  const multiSig = await rig.addresses.multiSigVault(await rig.addresses.vault(vault.owner));
  const data = rig.data(await rig.addresses.proposal(multiSig, index));
  if (data === undefined) throw new Error("no such proposal");
  return rig.instructions.approve(vault, index, approver, await proposalHash(readProposal(data)));
}

/** The instruction that executes a proposal, with the accounts that it stored. */
export async function execution(
  rig: VaultRig,
  vault: VaultRef,
  index: bigint,
  executor: Address,
): Promise<FullInstruction> {
  const multiSig = await rig.addresses.multiSigVault(await rig.addresses.vault(vault.owner));
  const { accounts } = rig.read("proposal", await rig.addresses.proposal(multiSig, index));
  return rig.instructions.executeProposal(vault, index, executor, accounts);
}

/** Hands a vault with a security configuration to several owners, and waits until they count. */
export async function share(
  rig: VaultRig,
  vault: VaultRef,
  owners: { readonly owners: readonly Address[]; readonly threshold: number },
): Promise<void> {
  await act(rig, rig.instructions.createMultiSig(vault, owners));
  const multiSig = await rig.addresses.multiSigVault(await rig.addresses.vault(vault.owner));
  rig.warp(rig.read("multiSigVault", multiSig).pendingAt - rig.now);
  await act(rig, rig.instructions.applyMultiSig(vault));
}
