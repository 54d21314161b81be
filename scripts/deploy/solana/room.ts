/** Room for longer code in a program's ProgramData. */
import { PROGRAM_DATA_LAYOUT } from "../../../protocol/solana/programData.js";

/** What a program may grow by before somebody must extend it; about half a SOL of rent. */
export const ROOM_BYTES = 65_536;
/** Clusters refuse shorter extensions with InvalidArgument (SIMD-0431), unless they fill the account. */
const LEAST_EXTENSION_BYTES = 10_240;
const MAX_ACCOUNT_BYTES = 10 * 1024 * 1024;
const MOST_ROOM = MAX_ACCOUNT_BYTES - PROGRAM_DATA_LAYOUT.elfAt;

/** The room to deploy an ELF with. */
export function roomFor(elfBytes: number): number {
  return Math.max(elfBytes, Math.min(elfBytes + ROOM_BYTES, MOST_ROOM));
}

/** By how much a ProgramData with so much room must be extended before an upgrade; 0 when the ELF fits. */
export function missingRoom(roomBytes: number, elfBytes: number): number {
  if (elfBytes <= roomBytes) return 0;
  return Math.max(elfBytes - roomBytes, Math.min(LEAST_EXTENSION_BYTES, MOST_ROOM - roomBytes));
}
