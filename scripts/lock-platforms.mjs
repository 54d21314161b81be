#!/usr/bin/env node
// Usage: node scripts/lock-platforms.mjs [package-lock.json]   after every `npm install` that changes the lock file.
//
// Not every package mirror lists every platform's optional binary package. `npm install` then leaves such packages out
// of the lock file without a word, and `npm ci` on another platform refuses the lock. This adds an entry with version
// and platform limits for each optional dependency that the lock file lacks.
import fs from "node:fs";

const SYSTEMS = new Set("aix android darwin freebsd linux netbsd openbsd openharmony sunos win32".split(" "));
const PROCESSORS = new Set("arm arm64 ia32 loong64 mips64el ppc64 riscv64 s390x x64".split(" "));
const ALIASES = { amd64: "x64", macos: "darwin", windows: "win32" };

/** Platform limits read off a package name such as `tool-linux-x64-musl`; undefined when the name tells no platform. */
function platformLimits(name) {
  const words = name
    .toLowerCase()
    .split(/[-/_.]/)
    .map((word) => ALIASES[word] ?? word);
  if (words.includes("wasm32")) return { cpu: ["wasm32"] };
  const system = words.find((word) => SYSTEMS.has(word));
  if (system === undefined) return undefined;
  const processor = words.find((word) => PROCESSORS.has(word));
  const musl = words.some((word) => word.startsWith("musl"));
  const glibc = system === "linux" && words.some((word) => word.startsWith("gnu"));
  return {
    ...(processor && { cpu: [processor] }),
    ...(musl ? { libc: ["musl"] } : glibc ? { libc: ["glibc"] } : {}),
    os: [system],
  };
}

/** Whether a package at `from` resolves `name` in its own or an enclosing node_modules. */
function resolves(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1))) {
    if (packages[`${folder === "" ? "" : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === "") return false;
  }
}

const file = process.argv[2] ?? "package-lock.json";
const lock = JSON.parse(fs.readFileSync(file, "utf8"));
const added = [];
const skipped = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === "") continue; // our own optional dependencies are pinned in package.json
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (resolves(lock.packages, path, name)) continue;
    const limits = platformLimits(name);
    if (limits === undefined || !/^\d+\.\d+\.\d+\S*$/.test(version)) {
      skipped.push(`${name}@${version} of ${path}`);
      continue;
    }
    lock.packages[`node_modules/${name}`] = { version, ...limits, ...(entry.dev && { dev: true }), optional: true };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
if (added.length > 0) fs.writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added.length} platform packages added`);
if (skipped.length > 0) console.log(`left alone (no platform in the name, or a range): ${skipped.join(", ")}`);
