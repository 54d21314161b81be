/** Suites that need something from outside: skipped loudly where it is missing, failing where everything is required. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { canReach } from "../../db/embedded/osUser.js";
import { isDifferentialBuilt } from "../../scripts/programs/differential.js";
import { toolsFolder } from "../../scripts/programs/toolchain.js";
import { canMountSmallDisk } from "./smallDisk.js";
import { testEngine } from "./solanaEngine/engine.js";

const PACKAGE_FILE = fileURLToPath(new URL("../../package.json", import.meta.url));
const ROOT = path.dirname(PACKAGE_FILE);

interface Requirement {
  readonly isMet: (env: NodeJS.ProcessEnv) => boolean;
  /** What is missing and how to provide it, read after "skipped:". */
  readonly reason: string;
}

const REQUIREMENTS = {
  rpc: {
    isMet: (env) => (env["MAINNET_RPC_URL"] ?? "") !== "",
    reason: "set MAINNET_RPC_URL to the URL of an Ethereum mainnet archive node",
  },
  surfpool: {
    isMet: (env) => testEngine(env) === "surfpool",
    reason: "npm test -- --engine surfpool; the first run builds surfpool, 15 to 25 minutes",
  },
  solanaRpc: {
    isMet: (env) => (env["SOLANA_RPC_URL"] ?? "") !== "",
    reason: "set SOLANA_RPC_URL to the URL of a Solana cluster with a faucet",
  },
  ownCluster: {
    isMet: (env) => testEngine(env) !== "rpc",
    reason: "it sets accounts and time, and the cluster of SOLANA_RPC_URL is not ours: --engine litesvm or surfpool",
  },
  liteSvm: {
    isMet: (env) => testEngine(env) === "litesvm",
    reason:
      "it drops blocks or transactions, or is another cluster for a moment, which only LiteSVM does: --engine litesvm",
  },
  commitments: {
    isMet: (env) => testEngine(env) === "litesvm",
    reason: "surfpool answers with the newest accounts at every commitment: --engine litesvm",
  },
  root: {
    isMet: () => process.getuid?.() === 0,
    reason: "only root can run programs as another user",
  },
  openCheckout: {
    isMet: () => canReach(PACKAGE_FILE, { uid: 65_534, gid: 65_534 }, 4),
    reason: "an ordinary user cannot enter the folder of this checkout",
  },
  smallDisk: {
    isMet: canMountSmallDisk,
    reason: "neither this user nor a user namespace of his can mount a tmpfs",
  },
  sbfBuild: {
    isMet: () => isDifferentialBuilt(ROOT),
    reason: "npm run build:programs -- --toolchain offline --differential compiles what is compared; it needs Rust",
  },
  sbfTools: {
    isMet: (env) => existsSync(path.join(toolsFolder(env), "llvm-run")),
    reason: "npm run build:programs -- --toolchain offline fetches the tools of the offline SBF build",
  },
} as const satisfies Record<string, Requirement>;

export type RequirementName = keyof typeof REQUIREMENTS;

export type Gate = { readonly kind: "run" } | { readonly kind: "skip" | "fail"; readonly reason: string };

/** Whether a suite runs, is skipped, or fails because `REQUIRE_ALL=1` forbids skipping. */
export function gate(name: RequirementName, env: NodeJS.ProcessEnv = process.env): Gate {
  const requirement = REQUIREMENTS[name];
  if (requirement.isMet(env)) return { kind: "run" };
  return { kind: env["REQUIRE_ALL"] === "1" ? "fail" : "skip", reason: requirement.reason };
}

/** As mocha's `it`, for a test that needs `name`. */
export function itWith(name: RequirementName, title: string, test: Mocha.AsyncFunc | Mocha.Func): void {
  const decision = gate(name);
  if (decision.kind === "run") it(title, test);
  else if (decision.kind === "skip") it.skip(`${title} [skipped: ${decision.reason}]`, test);
  else {
    it(title, () => {
      throw new Error(`REQUIRE_ALL=1 forbids skipping: ${decision.reason}`);
    });
  }
}

/** As mocha's `describe`, for a suite that needs `name`. */
export function describeWith(name: RequirementName, title: string, define: (this: Mocha.Suite) => void): void {
  const decision = gate(name);
  switch (decision.kind) {
    case "run":
      describe(title, define);
      break;
    case "skip":
      describe.skip(`${title} [skipped: ${decision.reason}]`, define);
      break;
    case "fail":
      describe(title, () => {
        it(`has what it needs: ${decision.reason}`, () => {
          throw new Error(`REQUIRE_ALL=1 forbids skipping: ${decision.reason}`);
        });
      });
      break;
  }
}
