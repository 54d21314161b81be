/** What an owner of a multi-sig sees before he approves, and the hash by which the program knows that he saw it. */
import {
  getAddressEncoder,
  getI64Encoder,
  getU32Encoder,
  getU64Encoder,
  type Address,
  type ReadonlyUint8Array,
} from "@solana/kit";

import { PermanentError } from "../errors.js";
import type { ProposalOfMultiSig } from "./accounts.js";
import { EXECUTOR } from "./instructions.js";
import { vaultProgram, type VaultProgram } from "./vaultProgram.js";

/** All that an approval is about. */
export type ProposalContent = Pick<
  ProposalOfMultiSig,
  "multiSig" | "proposer" | "index" | "epoch" | "expiresAtSeconds" | "accounts" | "data"
>;

/** A proposal as people read it. */
export interface ShownProposal {
  readonly content: ProposalContent;
  readonly instruction: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** "executor": whoever executes it, who pays there. */
  readonly accounts: readonly {
    readonly name: string;
    readonly address: Address | "executor";
    readonly isWritable: boolean;
  }[];
  /** SHA-256 of the content, hexadecimal: the same for every owner who is shown the same. */
  readonly hash: string;
}

/** SHA-256 of a proposal's content, as the program computes it. */
export async function proposalHash(content: ProposalContent): Promise<Uint8Array> {
  const { multiSig, proposer, index, epoch, expiresAtSeconds, accounts, data } = content;
  const bytes = [
    ...[key(multiSig), key(proposer), u64(index), u64(epoch), getI64Encoder().encode(expiresAtSeconds)],
    u32(accounts.length),
    ...accounts.flatMap((account) => [key(account.key), Uint8Array.of(account.isWritable ? 1 : 0)]),
    ...[u32(data.length), data],
  ];
  return new Uint8Array(
    await crypto.subtle.digest("SHA-256", Buffer.concat(bytes.map((part) => Uint8Array.from(part)))),
  );
}

/** @throws PermanentError UNKNOWN_INSTRUCTION: nobody should approve what cannot be read. */
export async function showProposal(
  content: ProposalContent,
  program: VaultProgram = vaultProgram,
): Promise<ShownProposal> {
  const decoded = program.decodeInstruction(content.data);
  if (decoded === undefined) {
    throw new PermanentError(
      "UNKNOWN_INSTRUCTION",
      "the proposal carries no instruction that this client knows",
      "do not approve it; update the client",
      { multiSig: content.multiSig, proposer: content.proposer, index: String(content.index) },
    );
  }
  const names = program.accountNames(decoded.name);
  return {
    ...{ content, instruction: decoded.name, args: decoded.args },
    accounts: content.accounts.map(({ key: address, isWritable }, place) => ({
      name: names[place] ?? "more",
      address: address === EXECUTOR ? "executor" : address,
      isWritable,
    })),
    hash: Buffer.from(await proposalHash(content)).toString("hex"),
  };
}

const key = (address: Address): ReadonlyUint8Array => getAddressEncoder().encode(address);
const u32 = (value: number): ReadonlyUint8Array => getU32Encoder().encode(value);
const u64 = (value: bigint): ReadonlyUint8Array => getU64Encoder().encode(value);
