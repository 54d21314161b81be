/** A disk without room for a server, and how it is called. */
import { statfsSync } from "node:fs";

import { PermanentError } from "../../protocol/errors.js";

/** PostgreSQL writes its log of changes in files of 16 MiB, and to come back it needs room for the next one. */
const SEGMENT_BYTES = 16n * 1024n * 1024n;

export function diskFull(folder: string, cause?: unknown): PermanentError {
  return new PermanentError(
    "EMBEDDED_DISK_FULL",
    `the disk of ${folder} is full, and PostgreSQL needs ${String(SEGMENT_BYTES)} bytes of it to start; nothing that was committed is lost`,
    "make room on that disk; a server that programs use then starts by itself",
    { folder },
    { cause },
  );
}

/** @param said what the server said at its last start: little or nothing when its log lies on the same disk. */
export function isOutOfSpace(folder: string, said: string): boolean {
  if (/No space left on device|Disk quota exceeded/.test(said)) return true;
  try {
    const { bavail, bsize } = statfsSync(folder, { bigint: true });
    return bavail * bsize < SEGMENT_BYTES;
  } catch {
    return false;
  }
}

/** Runs what writes below `folder`; a full disk gets its name. */
export async function namingFullDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOSPC" || code === "EDQUOT") throw diskFull(folder, error);
    const isInit = code === "EMBEDDED_INIT_FAILED" && error instanceof Error;
    if (isInit && /No space left on device|Disk quota exceeded/.test(error.message)) throw diskFull(folder, error);
    throw error;
  }
}
