import { execFileSync } from "node:child_process";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { CantileverError, PermanentError } from "../../protocol/errors.js";
import { loadParams } from "../../protocol/params/load.js";
import { createBlueprint } from "../deploy/blueprint.js";
import { deploy, type DeployResult } from "../deploy/deploy.js";
import { pairPlanDifferences } from "../deploy/pair.js";
import { FileStore } from "../deploy/store.js";
import { connect, deploymentsFolder } from "./connect.js";
import { networkPair, pairLine, type NetworkPair } from "./pair.js";
import { asCommand, runTask, type TaskAnswer, type TaskOutput } from "./report.js";
import { deploySolanaTask, solanaNetworkOf } from "./solana.js";

interface Arguments {
  readonly networks: string;
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
      const pair = networkPair(hre, args.networks);
      if (pair !== undefined) return deployPair(args, hre, pair, log);
      const solana = solanaNetworkOf(hre);
      if (solana !== undefined) return deploySolanaTask(hre, solana, args, log);
      const { network, result } = await deployOn(args, hre, undefined, log);
      return { ok: true, json: { ok: true, network, ...shown(result) }, lines: [summary(result, network)] };
    },
    output,
  );
}

/** @param network instead of the one of `--network`. */
async function deployOn(
  args: Arguments,
  hre: HardhatRuntimeEnvironment,
  network: string | undefined,
  log: (line: string) => void,
): Promise<{ readonly network: string; readonly result: DeployResult }> {
  const { deployments, execute, only } = args;
  const connected = await connect(hre, {
    needsRecord: false,
    deployments,
    ...(network === undefined ? {} : { network }),
  });
  try {
    const { loaded, provider, folder } = connected;
    const commit = sourceCommit();
    const result = await deploy({
      loaded,
      provider,
      store: new FileStore(connected.network, folder),
      execute,
      log,
      ...(execute ? { signer: await connected.deployer() } : {}),
      ...(only === "" ? {} : { only }),
      ...(commit === undefined ? {} : { sourceCommit: commit }),
    });
    return { network: connected.network, result };
  } finally {
    await connected.close();
  }
}

/** What became of one of two chains. */
type Outcome = { readonly ok: true; readonly result: DeployResult } | { readonly ok: false; readonly error: unknown };

/**
 * One chain after the other. A chain that fails does not keep the other from its end: each has a record of its own, and running the
 * command again goes on where it stopped. Files that would give two deployments instead of one are refused before anything is sent.
 */
async function deployPair(
  args: Arguments,
  hre: HardhatRuntimeEnvironment,
  pair: NetworkPair,
  log: (line: string) => void,
): Promise<TaskAnswer> {
  const folder = deploymentsFolder(args.deployments);
  const [here, there] = pair.map((network) => loadParams(network, folder)).map(createBlueprint);
  if (here === undefined || there === undefined) throw new Error("a pair has two networks");
  const differences = pairPlanDifferences(here, there);
  if (args.execute && differences.length > 0) {
    throw new PermanentError(
      "PAIR_DIFFERS",
      `the parameters of ${pair.join(" and ")} do not fit each other: ${differences.map(pairLine).join("; ")}`,
      "correct the two files; nothing was sent",
      { differences: differences.map(({ code, id }) => `${code} ${id}`).join(", ") },
    );
  }
  const outcomes = new Map<string, Outcome>();
  for (const network of pair) {
    const attempt = deployOn(args, hre, network, (line) => {
      log(`${network}: ${line}`);
    });
    outcomes.set(
      network,
      await attempt.then(
        ({ result }): Outcome => ({ ok: true, result }),
        (error: unknown): Outcome => ({ ok: false, error }),
      ),
    );
  }
  return pairAnswer(outcomes, differences.map(pairLine), differences);
}

/** Errors that are not ours are thrown on, once both chains have had their turn. */
function pairAnswer(
  outcomes: ReadonlyMap<string, Outcome>,
  lines: readonly string[],
  differences: readonly object[],
): TaskAnswer {
  const networks: Record<string, object> = {};
  const summaries: string[] = [];
  for (const [network, outcome] of outcomes) {
    if (outcome.ok) {
      networks[network] = { ok: true, ...shown(outcome.result) };
      summaries.push(`${network}: ${summary(outcome.result, network)}`);
    } else {
      const { error } = outcome;
      if (!(error instanceof CantileverError)) throw error;
      networks[network] = { ok: false, error };
      const advice = error.fix === undefined ? "" : `; what to do: ${error.fix}`;
      summaries.push(`${network}: ${error.code}: ${error.message}${advice}`);
    }
  }
  const ok = [...outcomes.values()].every((outcome) => outcome.ok);
  return { ok, json: { ok, networks, differences }, lines: [...summaries, ...lines] };
}

function shown({ executed, transactions, differences, checks }: DeployResult) {
  return { executed, transactions, differences, checks };
}

function summary({ executed, transactions, differences }: DeployResult, network: string): string {
  const count = String(differences.length);
  if (executed) {
    return `${count} difference(s) removed with ${String(transactions)} transaction(s); record: deployments/${network}.json`;
  }
  return `${count} difference(s); nothing was sent${differences.length === 0 ? "" : ": add --execute to remove them"}`;
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
