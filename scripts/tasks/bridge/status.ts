import { formatUnits, ZeroAddress } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { NetworkParams, TokenName } from "../../../protocol/params/schema.js";
import { readBridgeStatus, type BridgeStatus } from "../../deploy/bridgeStatus.js";
import { onDeployment } from "../connect.js";
import { asCommand, runTask, type TaskAnswer, type TaskOutput } from "../report.js";

interface Arguments {
  readonly deployments: string;
  readonly json: boolean;
}

export default asCommand(bridgeStatusTask);

/** The task itself; answers the exit code. */
export function bridgeStatusTask(
  args: Arguments,
  hre: HardhatRuntimeEnvironment,
  output: TaskOutput,
): Promise<0 | 1 | 2> {
  return runTask(
    args.json,
    () =>
      onDeployment(hre, args.deployments, async (deployment, { provider, loaded }) =>
        toAnswer(await readBridgeStatus(deployment, provider), loaded.params),
      ),
    output,
  );
}

/** For people: amounts in whole tokens. */
export function toAnswer(status: BridgeStatus, { tokens }: NetworkParams): TaskAnswer {
  const shown = (name: string, units: string) => formatUnits(units, tokens[name as TokenName].decimals);
  const { attestors, heldUntil, remoteChainId, bridge, coordinator } = status;
  const waiting =
    attestors.scheduled === null
      ? ""
      : `; ${String(attestors.scheduled.threshold)} of ${String(attestors.scheduled.addresses.length)} others from ${time(attestors.scheduled.readyAt)}`;
  const lanes = Object.entries(status.lanes).flatMap(([name, lane]) => {
    const side = ({ availableUnits, capacityUnits }: typeof lane.out) =>
      `${shown(name, availableUnits)} of ${shown(name, capacityUnits)}`;
    const what = lane.mode === "LOCK" ? "locked" : "minted";
    return [
      `${name}: ${lane.mode}, ${what} ${shown(name, lane.bookUnits)}, in flight ${shown(name, lane.inFlightUnits)}; may leave ${side(lane.out)}, may arrive ${side(lane.in)}, may come back ${side(lane.refunds)}`,
      ...bufferLine(name, coordinator.reserves[name], shown),
    ];
  });
  const lines = [
    `bridge ${bridge} to chain ${String(remoteChainId)}: deliveries ${heldUntil === null ? "run" : `held until ${time(heldUntil)}`}`,
    `attestors: ${String(attestors.threshold)} of ${String(attestors.addresses.length)}, epoch ${String(attestors.epoch)}${waiting}`,
    ...lanes,
    ...ccipLines(status.ccip, shown),
    ...(coordinator.pausedUntil === null ? [] : [`rebalancing paused until ${time(coordinator.pausedUntil)}`]),
  ];
  return { ok: true, json: status, lines };
}

function ccipLines(ccip: BridgeStatus["ccip"], shown: (name: string, units: string) => string): string[] {
  if (ccip === null) return [];
  const { adapter, remoteChainId, remoteAdapter, supported, heldUntil } = ccip;
  const runs = remoteAdapter === ZeroAddress ? "closed" : supported ? "open" : "not carried by its router";
  return [
    `CCIP adapter ${adapter} to chain ${String(remoteChainId)}: ${runs}, arrivals ${heldUntil === null ? "run" : `held until ${time(heldUntil)}`}`,
    ...Object.entries(ccip.lanes).map(
      ([name, lane]) =>
        `  ${name}: ${lane.mode}, ${lane.mode === "LOCK" ? "locked" : "minted"} ${shown(name, lane.bookUnits)}; may leave ${shown(name, lane.out.availableUnits)}, may arrive ${shown(name, lane.in.availableUnits)}, may come back ${shown(name, lane.refunds.availableUnits)}`,
    ),
  ];
}

function bufferLine(
  name: string,
  buffer: BridgeStatus["coordinator"]["reserves"][string] | undefined,
  shown: (name: string, units: string) => string,
): string[] {
  if (buffer === undefined) return [];
  const { reserveUnits, requiredUnits, peakUnitsPerMinute, latencySeconds, peg } = buffer;
  const rule = `required ${shown(name, requiredUnits)} = ${shown(name, peakUnitsPerMinute)} per minute for ${String(latencySeconds)} s`;
  return [`  bucket D ${shown(name, reserveUnits)}, ${rule}; peg ${peg}`];
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString();
