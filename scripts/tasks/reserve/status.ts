import { formatUnits } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { NetworkParams, TokenName } from "../../../protocol/params/schema.js";
import { BUCKETS } from "../../../protocol/reserveLens.js";
import { formatWad } from "../../../protocol/units.js";
import { readReserveStatus, type ReserveStatus } from "../../deploy/reserveStatus.js";
import { onDeployment } from "../connect.js";
import { asCommand, runTask, type TaskAnswer, type TaskOutput } from "../report.js";

interface Arguments {
  readonly deployments: string;
  readonly json: boolean;
}

export default asCommand(reserveStatusTask);

/** The task itself; answers the exit code. */
export function reserveStatusTask(
  args: Arguments,
  hre: HardhatRuntimeEnvironment,
  output: TaskOutput,
): Promise<0 | 1 | 2> {
  return runTask(
    args.json,
    () =>
      onDeployment(hre, args.deployments, async (deployment, { provider, loaded }) =>
        toAnswer(await readReserveStatus(deployment, provider), loaded.params),
      ),
    output,
  );
}

/** For people: amounts in whole tokens. */
export function toAnswer(status: ReserveStatus, { tokens }: NetworkParams): TaskAnswer {
  const shown = (name: string, units: string) => formatUnits(units, tokens[name as TokenName].decimals);
  const reserves = Object.entries(status.reserves).map(([name, report]) => {
    const numbers = [
      `reserve ${shown(name, report.reserveUnits)}`,
      `floor ${shown(name, report.requiredFloorUnits)}`,
      `P ${shown(name, report.peakUnitsPerMinute)} per minute`,
      `T ${String(report.replenishSeconds)} s`,
    ];
    return `${name}: tier ${report.tier}, ${numbers.join(", ")}; minting ${report.minting}`;
  });
  const buckets = BUCKETS.map((letter) => {
    const xauWei = status.buckets[letter];
    const value = xauWei === null ? "value unknown" : `${formatWad(BigInt(xauWei))} oz`;
    const parts = Object.entries(status.bucketUnits).map(([name, held]) => `${shown(name, held[letter])} ${name}`);
    return `bucket ${letter}: ${value} (${parts.join(", ")})`;
  });
  return { ok: true, json: status, lines: [...reserves, ...buckets] };
}
