/** The cluster's clock. */
import type { Address, ReadonlyUint8Array } from "@solana/kit";

export const CLOCK_SYSVAR = "SysvarC1ock11111111111111111111111111111111" as Address;
/** Slot, time of the epoch's start, epoch, epoch of the leader schedule, time. */
const EPOCH_OFFSET = 16;
const TIME_OFFSET = 32;

/** Unix seconds. @param data of the clock's account. */
export function readClockSeconds(data: ReadonlyUint8Array): bigint {
  return viewOf(data).getBigInt64(TIME_OFFSET, true);
}

/** @param data of the clock's account. */
export function readClockEpoch(data: ReadonlyUint8Array): bigint {
  return viewOf(data).getBigUint64(EPOCH_OFFSET, true);
}

const viewOf = (data: ReadonlyUint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength);
