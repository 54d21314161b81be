import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readPegStatus, type PegStatus } from "../../deploy/pegStatus.js";
import { onDeployment } from "../connect.js";
import { asCommand, runTask, type TaskAnswer, type TaskOutput } from "../report.js";

interface Arguments {
  readonly deployments: string;
  readonly json: boolean;
}

export default asCommand(pegStatusTask);

/** The task itself; answers the exit code. */
export function pegStatusTask(args: Arguments, hre: HardhatRuntimeEnvironment, output: TaskOutput): Promise<0 | 1 | 2> {
  return runTask(
    args.json,
    () =>
      onDeployment(hre, args.deployments, async (deployment, { provider }) =>
        toAnswer(await readPegStatus(deployment, provider)),
      ),
    output,
  );
}

function toAnswer(status: PegStatus): TaskAnswer {
  const lines = Object.entries(status.pools).map(([pair, pool]) => {
    if (!pool.readable) return `${pair}: not readable (${pool.failure})`;
    const side =
      pool.allowance.reason === "NONE"
        ? `act: sell ${pool.allowance.sellBase ? "base" : "quote"}`
        : pool.allowance.reason;
    return `${pair}: block-end ${pool.blockEndDeviationBps} bps, spot ${pool.spotDeviationBps} bps, anchor ${pool.anchor}; ${side}`;
  });
  const pegs = Object.entries(status.pegs).map(([token, peg]) => {
    const off =
      peg.priceDeviationBps === null ? "price unknown" : `${String(peg.priceDeviationBps)} bps off its reference`;
    return `${token}: ${peg.state}, ${off}`;
  });
  return { ok: true, json: status, lines: [...lines, ...pegs, `inventory: ${status.inventory.totalXauWei} XAU wei`] };
}
