import { formatUnits } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { loadDeployment } from "../../../protocol/addresses.js";
import type { NetworkParams, ReservedToken, TokenName } from "../../../protocol/params/schema.js";
import { formatWad } from "../../../protocol/units.js";
import { readReserveStatus, type ReserveStatus } from "../../deploy/reserveStatus.js";
import { connect } from "../connect.js";
import { runTask, standardOutput, type TaskAnswer, type TaskOutput } from "../report.js";

interface Arguments {
  readonly deployments: string;
  readonly json: boolean;
}

export default async function (args: Arguments, hre: HardhatRuntimeEnvironment): Promise<void> {
  const code = await reserveStatusTask(args, hre, standardOutput);
  if (code !== 0) process.exitCode = code;
}

/** The task itself; answers the exit code. */
export function reserveStatusTask(
  args: Arguments,
  hre: HardhatRuntimeEnvironment,
  output: TaskOutput,
): Promise<0 | 1 | 2> {
  return runTask(
    args.json,
    async () => {
      const connected = await connect(hre, { needsRecord: true, deployments: args.deployments });
      try {
        const { chainId } = await connected.provider.getNetwork();
        const deployment = loadDeployment(connected.network, chainId, connected.folder);
        return toAnswer(await readReserveStatus(deployment, connected.provider), connected.loaded.params);
      } finally {
        await connected.close();
      }
    },
    output,
  );
}

/** For people: amounts in whole tokens. */
export function toAnswer(status: ReserveStatus, { tokens }: NetworkParams): TaskAnswer {
  const shown = (name: TokenName, units: string) => formatUnits(units, tokens[name].decimals);
  const reserves = Object.entries(status.reserves).map(([name, report]) => {
    const token = name as ReservedToken;
    const numbers = [
      `reserve ${shown(token, report.reserveUnits)}`,
      `floor ${shown(token, report.requiredFloorUnits)}`,
      `P ${shown(token, report.peakUnits)} per minute`,
      `T ${String(report.replenishSeconds)} s`,
    ];
    return `${name}: tier ${report.tier}, ${numbers.join(", ")}; minting ${report.minting}`;
  });
  const buckets = Object.entries(status.buckets).map(([name, { xauWei, units }]) => {
    const value = xauWei === "unknown" ? "value unknown" : `${formatWad(BigInt(xauWei))} oz`;
    const parts = Object.entries(units).map(([token, held]) => `${shown(token as TokenName, held)} ${token}`);
    return `bucket ${name}: ${value} (${parts.join(", ")})`;
  });
  return { ok: true, json: status, lines: [...reserves, ...buckets] };
}
