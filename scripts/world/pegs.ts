/** How the pegs stood during a run of the local world: states at its end, and every change. */
import { IPegManager__factory } from "../../protocol/generated/contracts/index.js";
import { decodePegStatus, pegReport, pegState, pegStatusCall, type PegReport } from "../../protocol/pegBoard.js";
import type { PegTransition } from "../sim/peg.js";
import type { WorldChain } from "./chain.js";

const managerAbi = IPegManager__factory.createInterface();
const MANAGERS = ["StablecoinPegManager", "CommodityPegManager"] as const;

export interface WorldPegs {
  readonly tokens: Readonly<Record<string, PegReport>>;
  readonly transitions: readonly PegTransition[];
}

/** Reads the board and the managers' events since `fromBlock`. */
export async function readPegs({ rpc, deployment, provider }: WorldChain, fromBlock: number): Promise<WorldPegs> {
  const nameOf = (address: string): string => deployment.tokenAt(address) ?? address;
  const head = await provider.getBlock("latest");
  const call = pegStatusCall(deployment.address("PegBoard"));
  const views = decodePegStatus(await rpc.call(call.to, call.data));
  const transitions: PegTransition[] = [];
  for (const manager of MANAGERS) {
    for (const log of await rpc.logs(deployment.address(manager), fromBlock, head?.number ?? fromBlock)) {
      const event = managerAbi.parseLog({ topics: [...log.topics], data: log.data });
      if (event?.name !== "StateChanged") continue;
      transitions.push({
        block: Number(log.blockNumber),
        token: nameOf(String(event.args["token"])),
        from: pegState(event.args["from"] as bigint),
        to: pegState(event.args["to"] as bigint),
      });
    }
  }
  transitions.sort((a, b) => a.block - b.block);
  return { tokens: pegReport(views, nameOf, BigInt(head?.timestamp ?? 0)), transitions };
}
