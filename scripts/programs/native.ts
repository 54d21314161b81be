/** Rust for this machine: unit tests, interfaces and the native side of the differential test compile their dependencies once. */
import path from "node:path";

import { PROGRAM_NAMES } from "./layout.js";
import { cargoEnvironment } from "./run.js";

/** Cargo compiles a crate again for other flags and features, so all use those of Anchor's IDL builder. Clippy shows the warnings. */
const IDL_FLAGS = "-A warnings";
export const WORKSPACE = [
  "--locked",
  "--workspace",
  "--features",
  PROGRAM_NAMES.map((name) => `${name}/idl-build`).join(","),
];

export const nativeEnvironment = (root: string): NodeJS.ProcessEnv => ({
  ...cargoEnvironment(),
  RUSTFLAGS: IDL_FLAGS,
  CARGO_TARGET_DIR: path.join(root, "target"),
});
