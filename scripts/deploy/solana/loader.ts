/** Instructions of the upgradeable loader and of the system program that a deployment sends, and its buffers. Programs: validator/programs.ts. */
import {
  AccountRole,
  createAddressWithSeed,
  getAddressDecoder,
  getAddressEncoder,
  type Address,
  type Instruction,
} from "@solana/kit";
import { sha256 } from "ethers";

import { UPGRADEABLE_LOADER } from "../../../protocol/solana/addresses.js";
import { CLOCK_SYSVAR } from "../../../protocol/solana/clock.js";
import { SYSTEM_PROGRAM } from "../../../protocol/solana/errorNames.js";

const SYSTEM = SYSTEM_PROGRAM as Address;
const RENT = "SysvarRent111111111111111111111111111111111" as Address;

/** Of the system program. Not its creation in one piece, which refuses an address that holds lamports. */
const SYSTEM_ASSIGN = 1;
const SYSTEM_TRANSFER = 2;
const SYSTEM_ALLOCATE = 8;
const SYSTEM_ALLOCATE_WITH_SEED = 9;
const SYSTEM_ASSIGN_WITH_SEED = 10;
/** UpgradeableLoaderInstruction. */
const INITIALIZE_BUFFER = 0;
const WRITE = 1;
const DEPLOY = 2;
const UPGRADE = 3;
const SET_AUTHORITY = 4;
const CLOSE = 5;
const EXTEND = 6;

/** Of a program's own account. */
export const PROGRAM_BYTES = 36;
/** Kind u32, 1 when there is an authority, the authority. */
const BUFFER_HEADER_BYTES = 37;
const KIND_BUFFER = 1;
/** A seed is at most this many bytes of text. */
const SEED_BYTES = 32;

/** What a buffer account holds. */
export interface Buffer {
  readonly authority: Address | null;
  readonly elf: Uint8Array;
}

export const bufferBytes = (elfBytes: number): number => BUFFER_HEADER_BYTES + elfBytes;

/** Undefined for an account that is not an initialised buffer. */
export function readBuffer(owner: Address, data: Uint8Array): Buffer | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (owner !== UPGRADEABLE_LOADER || data.length < BUFFER_HEADER_BYTES || view.getUint32(0, true) !== KIND_BUFFER) {
    return undefined;
  }
  const authority = data[4] === 1 ? getAddressDecoder().decode(data.subarray(5, BUFFER_HEADER_BYTES)) : null;
  return { authority, elf: data.subarray(BUFFER_HEADER_BYTES) };
}

/** Where a deployer writes an ELF: derived from both, so that a deployment that was killed finds it again. */
export async function bufferOf(deployer: Address, elf: Uint8Array): Promise<{ address: Address; seed: string }> {
  const seed = sha256(elf).slice(2, 2 + SEED_BYTES);
  const address = await createAddressWithSeed({ baseAddress: deployer, programAddress: UPGRADEABLE_LOADER, seed });
  return { address, seed };
}

/**
 * Makes the buffer and gives it to the deployer: one transaction, so that nobody else can.
 * @param missingLamports of its rent, beyond what somebody may have sent there.
 */
export function createBuffer(
  deployer: Address,
  buffer: { readonly address: Address; readonly seed: string },
  elfBytes: number,
  missingLamports: bigint,
): Instruction[] {
  const seed = new TextEncoder().encode(buffer.seed);
  const derived = [key(deployer), u64(BigInt(seed.length)), seed];
  const accounts = [writable(buffer.address), signer(deployer)];
  return [
    ...pay(deployer, buffer.address, missingLamports),
    system(
      SYSTEM_ALLOCATE_WITH_SEED,
      accounts,
      ...derived,
      u64(BigInt(bufferBytes(elfBytes))),
      key(UPGRADEABLE_LOADER),
    ),
    system(SYSTEM_ASSIGN_WITH_SEED, accounts, ...derived, key(UPGRADEABLE_LOADER)),
    loader(INITIALIZE_BUFFER, [writable(buffer.address), readonly(deployer)]),
  ];
}

export function writeBuffer(authority: Address, buffer: Address, offset: number, chunk: Uint8Array): Instruction {
  return loader(WRITE, [writable(buffer), signer(authority)], u32(offset), u64(BigInt(chunk.length)), chunk);
}

/**
 * Makes the program out of the buffer, which is gone afterwards. Signed by the deployer and with the program's key.
 * @param roomBytes for code: of the ELF, or more. @param missingLamports as for a buffer.
 */
export function deployProgram(
  deployer: Address,
  program: { readonly programId: Address; readonly programData: Address; readonly buffer: Address },
  roomBytes: number,
  missingLamports: bigint,
): Instruction[] {
  const { programId, programData, buffer } = program;
  return [
    ...pay(deployer, programId, missingLamports),
    system(SYSTEM_ALLOCATE, [signer(programId, true)], u64(BigInt(PROGRAM_BYTES))),
    system(SYSTEM_ASSIGN, [signer(programId, true)], key(UPGRADEABLE_LOADER)),
    loader(
      DEPLOY,
      [
        ...[signer(deployer, true), writable(programData), writable(programId), writable(buffer)],
        ...[readonly(RENT), readonly(CLOCK_SYSVAR), readonly(SYSTEM), signer(deployer)],
      ],
      u64(BigInt(roomBytes)),
    ),
  ];
}

export function upgradeProgram(
  authority: Address,
  program: { readonly programId: Address; readonly programData: Address; readonly buffer: Address },
): Instruction {
  const { programId, programData, buffer } = program;
  return loader(UPGRADE, [
    ...[writable(programData), writable(programId), writable(buffer), writable(authority)],
    ...[readonly(RENT), readonly(CLOCK_SYSVAR), signer(authority)],
  ]);
}

/** Gives a ProgramData or a buffer to somebody else, who does not sign: a multi-sig cannot sign with us. */
export function setAuthority(account: Address, current: Address, next: Address): Instruction {
  return loader(SET_AUTHORITY, [writable(account), signer(current), readonly(next)]);
}

/** Makes room for a longer ELF, `missingRoom` of it. Anybody may, and the slot of the deployment moves. */
export function extendProgram(
  payer: Address,
  program: { readonly programId: Address; readonly programData: Address },
  moreBytes: number,
): Instruction {
  const { programId, programData } = program;
  const accounts = [writable(programData), writable(programId), readonly(SYSTEM), signer(payer, true)];
  return loader(EXTEND, accounts, u32(moreBytes));
}

/** Ends a program for good; what its ProgramData holds goes to the authority. */
export function closeProgram(
  authority: Address,
  program: { readonly programId: Address; readonly programData: Address },
): Instruction {
  const { programId, programData } = program;
  return loader(CLOSE, [writable(programData), writable(authority), signer(authority), writable(programId)]);
}

function pay(from: Address, to: Address, lamports: bigint): Instruction[] {
  return lamports > 0n ? [system(SYSTEM_TRANSFER, [signer(from, true), writable(to)], u64(lamports))] : [];
}

function system(kind: number, accounts: readonly Meta[], ...data: readonly Uint8Array[]): Instruction {
  return { programAddress: SYSTEM, accounts, data: bytes(u32(kind), ...data) };
}

function loader(kind: number, accounts: Instruction["accounts"], ...data: readonly Uint8Array[]): Instruction {
  return { programAddress: UPGRADEABLE_LOADER, accounts: accounts ?? [], data: bytes(u32(kind), ...data) };
}

type Meta = NonNullable<Instruction["accounts"]>[number];
const readonly = (address: Address): Meta => ({ address, role: AccountRole.READONLY });
const writable = (address: Address): Meta => ({ address, role: AccountRole.WRITABLE });
const signer = (address: Address, isWritable = false): Meta => ({
  address,
  role: isWritable ? AccountRole.WRITABLE_SIGNER : AccountRole.READONLY_SIGNER,
});

const key = (address: Address): Uint8Array => new Uint8Array(getAddressEncoder().encode(address));
const bytes = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

function u64(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value, true);
  return out;
}
