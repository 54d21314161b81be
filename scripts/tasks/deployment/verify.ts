import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { FileStore } from "../../deploy/store.js";
import { verify, type VerifyResult } from "../../deploy/verify.js";
import { connect } from "../connect.js";
import { asCommand, runTask, type TaskAnswer, type TaskOutput } from "../report.js";
import { solanaNetworkOf, verifySolanaTask } from "../solana.js";

interface Arguments {
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
      const solana = solanaNetworkOf(hre);
      if (solana !== undefined) return verifySolanaTask(hre, solana, args);
      const connected = await connect(hre, { needsRecord: true, deployments: args.deployments });
      try {
        const { loaded, provider, network, folder } = connected;
        return toAnswer(await verify({ loaded, provider, store: new FileStore(network, folder) }), network);
      } finally {
        await connected.close();
      }
    },
    output,
  );
}

function toAnswer(result: VerifyResult, network: string): TaskAnswer {
  const lines = result.ok
    ? [`${network}: chain, record and parameters agree`]
    : result.differences.map(({ code, id, found, expected }) => `${code} ${id}: found ${found}, expected ${expected}`);
  return { ok: result.ok, json: result, lines };
}
