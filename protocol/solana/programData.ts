/** A ProgramData account of the upgradeable loader: which deployment a program runs, and who may replace it. */
import { getBytes, sha256 } from "ethers";
import { getAddressDecoder, type Address, type ReadonlyUint8Array } from "@solana/kit";

import { UPGRADEABLE_LOADER } from "./addresses.js";

/** UpgradeableLoaderState (bincode): kind u32, slot u64, 1 when there is an authority, its address (room for it is kept without one), then the ELF. */
export const PROGRAM_DATA_LAYOUT = { kind: 3, slotAt: 4, hasAuthorityAt: 12, authorityAt: 13, elfAt: 45 } as const;
const ADDRESS_BYTES = 32;

export interface ProgramDataHead {
  /** Slot of the deployment. */
  readonly slot: bigint;
  /** Null for a program that nobody can change any more. */
  readonly upgradeAuthority: Address | null;
}

/** Reads the first 45 bytes. @returns undefined for any other account. */
export function readProgramDataHead(owner: string, data: ReadonlyUint8Array): ProgramDataHead | undefined {
  const { kind, slotAt, hasAuthorityAt, authorityAt, elfAt } = PROGRAM_DATA_LAYOUT;
  if (owner !== UPGRADEABLE_LOADER || data.length < elfAt) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.getUint32(0, true) !== kind) return undefined;
  const authority = data.subarray(authorityAt, authorityAt + ADDRESS_BYTES);
  return {
    slot: view.getBigUint64(slotAt, true),
    upgradeAuthority: data[hasAuthorityAt] === 1 ? getAddressDecoder().decode(authority) : null,
  };
}

/** SHA-256 of a program's code as the vault program takes it: without the zeros behind it, which are room for longer code. */
export function codeHashOf(code: Uint8Array): Uint8Array {
  return getBytes(sha256(code.subarray(0, code.findLastIndex((byte) => byte !== 0) + 1)));
}
