import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { FileStore } from "../../deploy/store.js";
import { verify, type VerifyOptions, type VerifyResult } from "../../deploy/verify.js";
import { verifyPair } from "../../deploy/verifyPair.js";
import { connect, type Connected } from "../connect.js";
import { networkPair, pairLine, type NetworkPair } from "../pair.js";
import { asCommand, runTask, type TaskAnswer, type TaskOutput } from "../report.js";
import { solanaNetworkOf, verifySolanaTask } from "../solana.js";

interface Arguments {
  readonly networks: string;
  readonly deployments: string;
  readonly programs: string;
  readonly json: boolean;
}

export default asCommand(verifyTask);

/** The task itself; answers the exit code. */
export function verifyTask(args: Arguments, hre: HardhatRuntimeEnvironment, output: TaskOutput): Promise<0 | 1 | 2> {
  return runTask(
    args.json,
    async () => {
      const pair = networkPair(hre, args.networks);
      if (pair !== undefined) return verifyPairTask(args, hre, pair);
      const solana = solanaNetworkOf(hre);
      if (solana !== undefined) return verifySolanaTask(hre, solana, args);
      const connected = await connect(hre, { needsRecord: true, deployments: args.deployments });
      try {
        const result = await verify(optionsOf(connected));
        return { ok: result.ok, json: result, lines: linesOf(result, connected.network) };
      } finally {
        await connected.close();
      }
    },
    output,
  );
}

async function verifyPairTask(
  { deployments }: Arguments,
  hre: HardhatRuntimeEnvironment,
  [here, there]: NetworkPair,
): Promise<TaskAnswer> {
  const first = await connect(hre, { needsRecord: true, deployments, network: here });
  try {
    const second = await connect(hre, { needsRecord: true, deployments, network: there });
    try {
      const result = await verifyPair(optionsOf(first), optionsOf(second));
      const own = Object.entries(result.networks).flatMap(([network, part]) =>
        linesOf(part, network).map((line) => (part.ok ? line : `${network}: ${line}`)),
      );
      const between = result.differences.map(pairLine);
      const agree = between.length === 0 ? [`${here} and ${there} fit each other`] : between;
      return { ok: result.ok, json: result, lines: [...own, ...agree] };
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

function optionsOf({ loaded, provider, network, folder }: Connected): VerifyOptions {
  return { loaded, provider, store: new FileStore(network, folder) };
}

function linesOf(result: VerifyResult, network: string): string[] {
  if (result.ok) return [`${network}: chain, record and parameters agree`];
  return result.differences.map(
    ({ code, id, found, expected }) => `${code} ${id}: found ${found}, expected ${expected}`,
  );
}
