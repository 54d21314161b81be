/** What compiles the programs: the Solana toolchain, or Rust's own compiler with the tools of sbf/fetch-tools.sh. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { PermanentError } from "../../protocol/errors.js";
import { ask, hasCrates, run } from "./run.js";

export const TOOLCHAINS = ["auto", "solana", "offline"] as const;

/** Versions by name, as the record keeps them: two builds are comparable byte for byte when all are the same. */
export type Toolchain = Readonly<Record<string, string>>;

export type Found = { readonly toolchain: Toolchain } | { readonly missing: string };

export const DEFAULT_TOOLS = "/opt/sbf-tools";
/** How fetch-tools.sh says that this machine cannot have the tools. */
const UNAVAILABLE = 69;

/** Folder of the offline build's tools. Its path goes into the bytes of a program. */
export const toolsFolder = (env: NodeJS.ProcessEnv): string => path.resolve(env["SBF_TOOLS"] ?? DEFAULT_TOOLS);

export const isSolana = (toolchain: Toolchain): boolean => toolchain["toolchain"] === "solana";

export function sameToolchain(a: Toolchain, b: Toolchain): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

/** The installed Solana toolchain. */
export function findSolana(): Found {
  const version = ask("cargo-build-sbf", ["--version"]);
  if (version === undefined) return { missing: "cargo-build-sbf of the Solana toolchain is not on PATH" };
  return { toolchain: { toolchain: "solana", "cargo-build-sbf": version.replace(/^\S+ /, "") } };
}

/** Rust and the tools of fetch-tools.sh, fetched when they are not there yet. */
export async function findOffline(root: string, signal: AbortSignal): Promise<Found> {
  const rustc = ask("rustc", ["-V"]);
  if (rustc === undefined || ask("cargo", ["-V"]) === undefined) return { missing: "Rust (cargo) is not installed" };
  if (!hasCrates(root)) return { missing: "the crate registry does not answer" };
  const folder = toolsFolder(process.env);
  const script = path.join(root, "scripts/programs/sbf/fetch-tools.sh");
  const env = { ...process.env, SBF_TOOLS: folder };
  const { status } = await run(script, [], { cwd: root, signal, env });
  if (status === UNAVAILABLE) return { missing: "the tools of the offline build cannot be had here, see above" };
  const versions = path.join(folder, "versions");
  if (status !== 0 || !existsSync(versions)) {
    throw new PermanentError("TOOLS_NOT_FETCHED", `the tools of the offline build did not get to ${folder}, see above`);
  }
  const version = (name: string): string =>
    new RegExp(`^${name} (.+)$`, "m").exec(readFileSync(versions, "utf8"))?.[1] ?? "unknown";
  return {
    toolchain: {
      toolchain: "offline",
      rustc: rustc.replace(/^rustc /, ""),
      "rust-src": version("rust-src"),
      llvm: version("llvm"),
      tools: folder,
    },
  };
}
