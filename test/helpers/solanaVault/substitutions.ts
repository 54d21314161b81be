/** Every way to put a wrong account into a valid call, one position at a time. */
import {
  AccountRole,
  isSignerRole,
  generateKeyPairSigner,
  lamports,
  type AccountMeta,
  type Address,
} from "@solana/kit";

import { TOKEN_2022_PROGRAM } from "../../../protocol/solana/errorNames.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import type { VaultRig } from "./rig.js";

/**
 * - system: a funded wallet, which signs where the position signs
 * - clone: an account of another program with the same bytes
 * - sibling: what the same call of the other vault has there
 * - otherMint: what the same call for another mint has there
 * - otherType: an account of the vault program of another type
 * - empty: an address without an account
 * - absent: the vault program, Anchor's way to leave an account out
 * - program: some other executable
 * - twice: another account of the same call, for each one
 * - unsigned: the right account without its signature
 */
export type Kind =
  "system" | "clone" | "sibling" | "otherMint" | "otherType" | "empty" | "absent" | "program" | "twice" | "unsigned";

export interface Substitution {
  readonly kind: Kind;
  readonly account: string;
  /** Name of the account that came in its place, for `twice`. */
  readonly by?: string;
  readonly instruction: FullInstruction;
}

export interface Variants {
  readonly sibling: FullInstruction;
  readonly otherMint: FullInstruction;
}

const withoutSignature = (role: AccountRole): AccountRole =>
  role === AccountRole.WRITABLE_SIGNER ? AccountRole.WRITABLE : AccountRole.READONLY;

/** All substitutions of a call; those that would put the same address there are left out. `names` of its accounts, in order. */
export async function substitutionsOf(
  rig: VaultRig,
  call: FullInstruction,
  names: readonly string[],
  variants: Variants,
): Promise<Substitution[]> {
  const wallet = (await rig.wallet("stranger of substitutions")).address;
  const configuration = await rig.addresses.vaultAuthority();
  const vault = await rig.addresses.vault((await rig.wallet("alice")).address);
  const list: Substitution[] = [];
  const add = (kind: Kind, index: number, change: Partial<AccountMeta>, by?: string): void => {
    const original = call.accounts[index] as AccountMeta;
    const wanted = { ...original, ...change };
    // a program that a transaction calls is neither written nor does it sign
    const changed = wanted.address === rig.program.id ? { ...wanted, role: AccountRole.READONLY } : wanted;
    if (changed.address === original.address && changed.role === original.role) return;
    const accounts = call.accounts.map((account, position) => (position === index ? changed : account));
    list.push({
      kind,
      account: names[index] ?? "remaining",
      ...(by === undefined ? {} : { by }),
      instruction: { ...call, accounts },
    });
  };
  for (const [index, { address, role }] of call.accounts.entries()) {
    add("system", index, { address: wallet });
    add("clone", index, { address: await cloneOf(rig, address) });
    add("sibling", index, { address: variants.sibling.accounts[index]?.address ?? address });
    add("otherMint", index, { address: variants.otherMint.accounts[index]?.address ?? address });
    add("otherType", index, { address: address === vault ? configuration : vault });
    add("empty", index, { address: (await generateKeyPairSigner()).address });
    add("absent", index, { address: rig.program.id });
    add("program", index, { address: TOKEN_2022_PROGRAM as Address });
    for (const [other, account] of call.accounts.entries()) {
      if (other !== index) add("twice", index, { address: account.address }, names[other]);
    }
    if (isSignerRole(role)) add("unsigned", index, { role: withoutSignature(role) });
  }
  return list;
}

/** An account with the bytes of `address` (32 zero bytes where there is none) that belongs to a program of somebody else. */
async function cloneOf(rig: VaultRig, address: Address): Promise<Address> {
  const account = rig.svm.getAccount(address);
  const data = account.exists && !account.executable ? account.data : new Uint8Array(32);
  const clone = (await generateKeyPairSigner()).address;
  const space = BigInt(data.length);
  const programAddress = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr" as Address;
  rig.svm.setAccount({
    address: clone,
    data,
    executable: false,
    lamports: lamports(1_000_000_000n),
    programAddress,
    space,
  });
  return clone;
}
