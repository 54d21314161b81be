/**
 * A real file system of a few megabytes for one program, in a mount namespace of its own: it goes with the program, however that ends.
 * Root mounts as root. An ordinary user does so as the root of a user namespace, and is himself again before the program starts.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export function canMountSmallDisk(): boolean {
  return process.platform === "linux" && onSmallDisk("1m", () => ["true"]).status === 0;
}

/** Runs a program to its end. @param command of the folder where its disk is mounted. */
export function onSmallDisk(size: string, command: (folder: string) => readonly string[]) {
  const base = mkdtempSync(path.join(tmpdir(), "cantilever-disk-"));
  const disk = path.join(base, "disk");
  mkdirSync(disk);
  try {
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    const isRoot = uid === 0;
    const again = isRoot ? [] : ["unshare", "--user", `--map-user=${String(uid)}`, `--map-group=${String(gid)}`];
    const script = `chmod 755 "$1" "$2" && mount -t tmpfs -o "size=$3,mode=755" none "$2" && shift 3 && exec "$@"`;
    const args = ["sh", "-c", script, "sh", base, disk, size, ...again, ...command(disk)];
    return spawnSync("unshare", [...(isRoot ? ["--mount"] : ["-Urm"]), ...args], {
      encoding: "utf8",
      timeout: 120_000,
    });
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}
