/**
 * Programs in a local cluster the way a deployment leaves them: a Program account and a ProgramData account of the upgradeable loader.
 * LiteSVM's own `addProgram` writes a ProgramData without authority, of a slot that never was; programs that check either need ours.
 */
import { getAddressEncoder, lamports, type Address, type EncodedAccount, type MaybeEncodedAccount } from "@solana/kit";

import { PermanentError } from "../../protocol/errors.js";
import { programDataAddress, UPGRADEABLE_LOADER } from "../../protocol/solana/addresses.js";
import { PROGRAM_DATA_LAYOUT, readProgramDataHead } from "../../protocol/solana/programData.js";
import { absentAccount } from "./absentAccount.js";

export { programDataAddress, UPGRADEABLE_LOADER } from "../../protocol/solana/addresses.js";

/** Program: kind 2 as u32, address of the ProgramData. */
const KIND_PROGRAM = 2;
const LINK_OFFSET = 4;
const PROGRAM_BYTES = 36;

export interface UpgradeableProgram {
  readonly programId: Address;
  /** The ELF. */
  readonly so: Uint8Array;
  /** Null for a program that nobody can change any more. */
  readonly upgradeAuthority: Address | null;
  /** Slot of the deployment. */
  readonly slot: bigint;
}

/** What a ProgramData account says. */
export type ProgramData = Omit<UpgradeableProgram, "programId">;

/** What loading needs of a cluster: LiteSVM itself, or a bank around it. */
export interface ProgramTarget {
  getAccount(address: Address): MaybeEncodedAccount;
  setAccount(account: EncodedAccount): void;
  minimumBalanceForRentExemption(bytes: bigint): bigint;
}

/**
 * Puts a program in place, or another version of one that is there: it runs from the next transaction on.
 * @returns the address of its ProgramData.
 * @throws PermanentError INVALID_PROGRAM when the loader does not take the ELF; whatever was at the addresses stays.
 */
export async function loadUpgradeable(target: ProgramTarget, program: UpgradeableProgram): Promise<Address> {
  const dataAddress = await programDataAddress(program.programId);
  const data = encodeProgramData(program);
  const link = new Uint8Array(PROGRAM_BYTES);
  new DataView(link.buffer).setUint32(0, KIND_PROGRAM, true);
  link.set(getAddressEncoder().encode(dataAddress), LINK_OFFSET);
  const account = (address: Address, bytes: Uint8Array, executable: boolean): EncodedAccount => ({
    address,
    data: bytes,
    executable,
    lamports: lamports(target.minimumBalanceForRentExemption(BigInt(bytes.length))),
    programAddress: UPGRADEABLE_LOADER,
    space: BigInt(bytes.length),
  });
  const before = target.getAccount(dataAddress);
  try {
    // The ProgramData first: LiteSVM reads the ELF through it when the Program account arrives.
    target.setAccount(account(dataAddress, data, false));
    target.setAccount(account(program.programId, link, true));
  } catch (cause) {
    target.setAccount(before.exists ? before : absentAccount(dataAddress));
    throw new PermanentError(
      "INVALID_PROGRAM",
      `${program.programId}: the loader does not take this ELF of ${String(program.so.length)} bytes: ${String(cause)}`,
      "build it again: npm run build:programs",
      { programId: program.programId },
      { cause },
    );
  }
  return dataAddress;
}

function encodeProgramData({ so, upgradeAuthority, slot }: ProgramData): Uint8Array {
  const { kind, slotAt, hasAuthorityAt, authorityAt, elfAt } = PROGRAM_DATA_LAYOUT;
  const data = new Uint8Array(elfAt + so.length);
  const view = new DataView(data.buffer);
  view.setUint32(0, kind, true);
  view.setBigUint64(slotAt, slot, true);
  if (upgradeAuthority !== null) {
    view.setUint8(hasAuthorityAt, 1);
    data.set(getAddressEncoder().encode(upgradeAuthority), authorityAt);
  }
  data.set(so, elfAt);
  return data;
}

/** Reads a ProgramData account. @throws PermanentError NOT_PROGRAM_DATA for any other account. */
export function readProgramData(account: Pick<EncodedAccount, "address" | "programAddress" | "data">): ProgramData {
  const { data } = account;
  const head = readProgramDataHead(account.programAddress, data);
  if (head === undefined) {
    throw new PermanentError("NOT_PROGRAM_DATA", `${account.address} is not a ProgramData account`);
  }
  return { ...head, so: data.subarray(PROGRAM_DATA_LAYOUT.elfAt) };
}
