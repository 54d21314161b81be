/** PostgreSQL refuses to run as root. As root we start it as an ordinary user of the system; otherwise as ourselves. */
import { spawnSync } from "node:child_process";
import { lstatSync, statSync } from "node:fs";
import path from "node:path";

import { PermanentError } from "../../protocol/errors.js";

export interface OsUser {
  readonly uid: number;
  readonly gid: number;
}

const ACCOUNT = "postgres";

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The account for the server, made when the system has none. Only root asks. @throws PermanentError EMBEDDED_NO_USER. */
export function serverAccount(): OsUser {
  const found = lookUp(ACCOUNT);
  if (found !== undefined) return found;
  spawnSync("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]);
  const made = lookUp(ACCOUNT);
  if (made !== undefined) return made;
  throw new PermanentError(
    "EMBEDDED_NO_USER",
    `PostgreSQL does not run as root, and there is no account ${ACCOUNT} to run it as`,
    "create the account, run as an ordinary user, or set DATABASE_URL",
  );
}

function lookUp(name: string): OsUser | undefined {
  const [uid, gid] = ["-u", "-g"].map((flag) => {
    const answer = spawnSync("id", [flag, name], { encoding: "utf8" });
    return answer.status === 0 ? Number(answer.stdout.trim()) : Number.NaN;
  });
  return uid !== undefined && gid !== undefined && uid > 0 && gid >= 0 ? { uid, gid } : undefined;
}

/** Whether the user may enter every folder above `target` and has `bits` (4 read, 1 execute or enter) on it. */
export function canReach(target: string, user: OsUser, bits: number): boolean {
  const has = (file: string, needed: number): boolean => {
    const { mode, uid, gid } = statSync(file);
    const own = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode;
    return (own & needed) === needed;
  };
  for (let folder = path.dirname(target); ; folder = path.dirname(folder)) {
    if (!has(folder, 1)) return false;
    if (folder === path.dirname(folder)) return has(target, bits);
  }
}

/** A folder that only `uid` can have made and nobody else can change: not a link, not writable for others. */
export function isOwnFolder(folder: string, uid: number): boolean {
  const state = lstatSync(folder, { throwIfNoEntry: false });
  return state?.isDirectory() === true && state.uid === uid && (state.mode & 0o022) === 0;
}
