import type { Provider } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { connectContracts } from "../../protocol/contracts.js";
import { mintReason } from "../../protocol/mintReason.js";
import { reservedTokenNames } from "../../protocol/params/schema.js";
import { decodeReserveSnapshot, reserveSnapshotCall } from "../../protocol/reserveLens.js";
import { reservesReport, type ReservesReport, type TokenReserveReport } from "../../protocol/reservesReport.js";

/** How reserves and buckets stand at one block. */
export interface ReserveStatus extends ReservesReport {
  readonly ok: true;
  readonly network: string;
  readonly chainId: number;
  readonly block: number;
  readonly reserves: Readonly<Record<string, TokenReserveReport & VaultReport>>;
}

/** Whether a token's vault mints: OPEN, or why not. */
interface VaultReport {
  readonly minting: string;
}

/** Reads every reserve, vault and bucket at one block. Sends nothing. */
export async function readReserveStatus(deployment: Deployment, provider: Provider): Promise<ReserveStatus> {
  const block = await provider.getBlockNumber();
  const at = { blockTag: block };
  const contracts = connectContracts(deployment, provider);
  const call = reserveSnapshotCall(deployment.address("ReserveLens"));
  const report = await reservesReport(
    decodeReserveSnapshot(await provider.call({ ...call, ...at })),
    (address) => deployment.tokenAt(address),
    (token, units) => contracts.oracle.valueInXau(token, units, at),
  );
  const minting = new Map<string, string>();
  for (const name of reservedTokenNames) {
    minting.set(name, mintReason((await contracts.vault(name).mintStatus(0n, at)).reason));
  }
  const reserves = Object.entries(report.reserves).map(
    ([name, reserve]) => [name, { ...reserve, minting: minting.get(name) ?? "NO_VAULT" }] as const,
  );
  return {
    ok: true,
    network: deployment.network,
    chainId: deployment.chainId,
    block,
    ...report,
    reserves: Object.fromEntries(reserves),
  };
}
