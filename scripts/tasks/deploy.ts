import { execFileSync } from "node:child_process";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { deploy, type DeployResult } from "../deploy/deploy.js";
import { FileStore } from "../deploy/store.js";
import { connect } from "./connect.js";
import { asCommand, runTask, type TaskAnswer, type TaskOutput } from "./report.js";
import { deploySolanaTask, solanaNetworkOf } from "./solana.js";

interface Arguments {
  readonly execute: boolean;
  readonly only: string;
  readonly deployments: string;
  readonly programs: string;
  readonly json: boolean;
}

export default asCommand(deployTask);

/** The task itself; answers the exit code. */
export function deployTask(args: Arguments, hre: HardhatRuntimeEnvironment, output: TaskOutput): Promise<0 | 1 | 2> {
  return runTask(
    args.json,
    async (log) => {
      const solana = solanaNetworkOf(hre);
      if (solana !== undefined) return deploySolanaTask(hre, solana, args, log);
      const connected = await connect(hre, { needsRecord: false, deployments: args.deployments });
      try {
        const { loaded, provider, network, folder } = connected;
        const commit = sourceCommit();
        const result = await deploy({
          loaded,
          provider,
          store: new FileStore(network, folder),
          execute: args.execute,
          log,
          ...(args.execute ? { signer: await connected.deployer() } : {}),
          ...(args.only === "" ? {} : { only: args.only }),
          ...(commit === undefined ? {} : { sourceCommit: commit }),
        });
        return toAnswer(result, network);
      } finally {
        await connected.close();
      }
    },
    output,
  );
}

function toAnswer(result: DeployResult, network: string): TaskAnswer {
  const { executed, transactions, differences, checks } = result;
  const count = String(differences.length);
  const line = executed
    ? `${count} difference(s) removed with ${String(transactions)} transaction(s); record: deployments/${network}.json`
    : `${count} difference(s); nothing was sent${differences.length === 0 ? "" : ": add --execute to remove them"}`;
  return { ok: true, json: { ok: true, network, executed, transactions, differences, checks }, lines: [line] };
}

/** The commit that is built, when nothing else is: a changed tree has no commit. */
function sourceCommit(): string | undefined {
  try {
    const git = (...args: string[]) =>
      execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    if (git("status", "--porcelain", "--", "contracts").trim() !== "") return undefined;
    return git("rev-parse", "HEAD").trim();
  } catch {
    return undefined;
  }
}
