/** A database cluster that is made once per process and copied: making one takes a second or more, copying a tenth. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { openEmbedded } from "../../db/embedded/server.js";

let template: Promise<string> | undefined;

/** Puts a cluster that has been stopped in order into the folder. */
export async function copyCluster(folder: string): Promise<void> {
  template ??= make();
  copy(path.join(await template, "server"), folder);
}

async function make(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "cantilever-cluster-"));
  chmodSync(folder, 0o755);
  process.once("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  await (await openEmbedded({ folder, isDurable: false })).close();
  return folder;
}

/** As `cp -a`, owners included; with hard links for files that nobody writes, where the file system allows it. */
export function copy(from: string, to: string, isReadOnly = false): void {
  if (isReadOnly && spawnSync("cp", ["-al", from, to]).status === 0) return;
  if (isReadOnly && existsSync(to)) rmSync(to, { recursive: true });
  const done = spawnSync("cp", ["-a", from, to]);
  if (done.status !== 0) throw new Error(done.stderr.toString());
}
