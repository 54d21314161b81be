import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { loadDeployment } from "../../../protocol/addresses.js";
import { readPegStatus, type PegStatus } from "../../deploy/pegStatus.js";
import { connect } from "../connect.js";
import { runTask, type TaskAnswer } from "../report.js";

export default async function (args: { readonly json: boolean }, hre: HardhatRuntimeEnvironment): Promise<void> {
  await runTask(args.json, async () => {
    const connected = await connect(hre, true);
    try {
      const { chainId } = await connected.provider.getNetwork();
      const deployment = loadDeployment(connected.network, chainId);
      return toAnswer(await readPegStatus(deployment, connected.provider));
    } finally {
      await connected.close();
    }
  });
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
  return { ok: true, json: status, lines: [...lines, `inventory: ${status.inventory.totalXauWei} XAU wei`] };
}
