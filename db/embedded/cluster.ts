/** The folder of one embedded server: made once, whole or not at all, by whichever process comes first. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { PermanentError } from "../../protocol/errors.js";
import type { Binaries } from "./binaries.js";
import { isRoot, type OsUser } from "./osUser.js";

export const SUPERUSER = "postgres";

export interface Cluster {
  /** PostgreSQL's own folder, of the server's user. */
  readonly data: string;
  readonly log: string;
  /** The server's port at the last start; the next one prefers it, so that open pools find it again. */
  readonly portFile: string;
  readonly passwordFile: string;
}

/** A draft that nobody renamed for this long is rubbish of a killed process. */
const DRAFT_MAX_AGE_MS = 10 * 60_000;

export function clusterIn(folder: string): Cluster {
  const server = path.join(folder, "server");
  return {
    data: path.join(server, "data"),
    log: path.join(server, "postgres.log"),
    portFile: path.join(server, "port"),
    passwordFile: path.join(server, "password"),
  };
}

/** The user that owns the data runs the server. Undefined: that is us. @throws PermanentError EMBEDDED_NOT_OWNER. */
export function ownerOf(cluster: Cluster): OsUser | undefined {
  const { uid, gid } = statSync(cluster.data);
  if (uid === process.getuid?.()) return undefined;
  if (isRoot()) return { uid, gid };
  throw new PermanentError(
    "EMBEDDED_NOT_OWNER",
    `the database in ${cluster.data} belongs to another user`,
    "run as that user or as root, use another data folder, or set DATABASE_URL",
  );
}

export function passwordOf(cluster: Cluster): string {
  return readFileSync(cluster.passwordFile, "utf8");
}

/**
 * Makes the cluster if there is none. Two processes may do so at once: each fills a draft of its own, and renaming decides.
 * @param user who will own the data; undefined: we do.
 */
export function ensureCluster(
  folder: string,
  binaries: Binaries,
  user: OsUser | undefined,
  isDurable: boolean,
): Cluster {
  const cluster = clusterIn(folder);
  // Another user must be able to pass through to the data; what lies beside it is closed by its own mode.
  const passable = user === undefined ? 0o700 : 0o711;
  if (existsSync(cluster.data)) return cluster;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, passable);
  removeOldDrafts(folder);
  const draft = mkdtempSync(path.join(folder, ".draft-"));
  try {
    chmodSync(draft, passable);
    initialise(draft, binaries, user, isDurable);
    renameSync(draft, path.dirname(cluster.data));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(cluster.data)) throw error;
  }
  return cluster;
}

function initialise(draft: string, binaries: Binaries, user: OsUser | undefined, isDurable: boolean): void {
  const password = randomBytes(24).toString("base64url");
  writeFileSync(path.join(draft, "password"), password, { mode: 0o600, flag: "wx" });
  const data = path.join(draft, "data");
  const passwordForInit = path.join(draft, "init-password");
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordForInit, password, { mode: 0o600, flag: "wx" });
  if (user !== undefined) for (const file of [data, passwordForInit]) chownSync(file, user.uid, user.gid);
  const flags = [
    ...["-D", data, "--username", SUPERUSER, "--pwfile", passwordForInit, "--auth", "scram-sha-256"],
    ...["--encoding", "UTF8", "--locale", "C", "--no-instructions", ...(isDurable ? [] : ["--no-sync"])],
  ];
  const run = spawnSync(binaries.initdb, flags, { ...user, env: serverEnvironment(), encoding: "utf8", cwd: "/" });
  rmSync(passwordForInit, { force: true });
  if (run.status === 0) return;
  throw new PermanentError(
    "EMBEDDED_INIT_FAILED",
    `initdb failed: ${(run.error?.message ?? run.stderr).trim().slice(-600)}`,
    "see what initdb says; or set DATABASE_URL",
  );
}

/** Nothing of our own environment: secrets of a keeper do not belong into the server. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}

function removeOldDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    if (!name.startsWith(".draft-")) continue;
    if (Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > DRAFT_MAX_AGE_MS) {
      rmSync(file, { recursive: true, force: true });
    }
  }
}
