import type { Provider } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { connectContracts, type ProtocolContracts } from "../../protocol/contracts.js";
import { reservedTokenNames, tokenNames, type ReservedToken, type TokenName } from "../../protocol/params/schema.js";
import { BUCKET_NAMES, mintReason, reserveTier, type BucketName } from "../../protocol/reserves.js";

/** What cannot be said while a price is in doubt. */
const UNKNOWN = "unknown";

/** A token's reserve: what lies there, what must, and whether its vault mints. Amounts: base units of the token. */
export interface ReserveReport {
  readonly reserveUnits: string;
  readonly requiredFloorUnits: string;
  readonly tier: string;
  /** Reserve over the floor's requirement, 1e18 = 1. */
  readonly ratioWad: string;
  /** P, base units per minute. */
  readonly peakUnits: string;
  /** Net outflow of the last minute; negative: more came in. */
  readonly windowUnits: string;
  /** T. */
  readonly replenishSeconds: number;
  /** How long the reserve lasts at P. */
  readonly secondsToExhaustion: string;
  /** OPEN, or why nobody mints. */
  readonly minting: string;
}

/** A bucket: its value, and what it has of each token. */
export interface BucketReport {
  /** At the oracle; "unknown" while that has doubts. */
  readonly xauWei: string;
  readonly units: Readonly<Record<string, string>>;
}

/** How reserves and buckets stand at one block. */
export interface ReserveStatus {
  readonly ok: true;
  readonly network: string;
  readonly chainId: number;
  readonly block: number;
  readonly reserves: Readonly<Record<ReservedToken, ReserveReport>>;
  readonly buckets: Readonly<Record<BucketName, BucketReport>>;
}

/** Reads every reserve and every bucket at one block. Sends nothing. */
export async function readReserveStatus(deployment: Deployment, provider: Provider): Promise<ReserveStatus> {
  const block = await provider.getBlockNumber();
  const contracts = connectContracts(deployment, provider);
  const reserves = reservedTokenNames.map(
    async (name) => [name, await reserveReport(contracts, deployment.token(name), name, block)] as const,
  );
  const buckets = BUCKET_NAMES.map(
    async (name, index) => [name, await bucketReport(contracts, deployment, index, block)] as const,
  );
  return {
    ok: true,
    network: deployment.network,
    chainId: deployment.chainId,
    block,
    reserves: Object.fromEntries(await Promise.all(reserves)) as Record<ReservedToken, ReserveReport>,
    buckets: Object.fromEntries(await Promise.all(buckets)) as Record<BucketName, BucketReport>,
  };
}

async function reserveReport(
  contracts: ProtocolContracts,
  token: string,
  name: ReservedToken,
  block: number,
): Promise<ReserveReport> {
  const at = { blockTag: block };
  const [state, status] = await Promise.all([
    contracts.reserves.state(token, at),
    contracts.vault(name).mintStatus(0n, at),
  ]);
  return {
    reserveUnits: state.reserveUnits.toString(),
    requiredFloorUnits: state.requiredFloorUnits.toString(),
    tier: reserveTier(state.tier),
    ratioWad: state.ratioWad.toString(),
    peakUnits: state.peakUnits.toString(),
    windowUnits: state.windowUnits.toString(),
    replenishSeconds: Number(state.replenishSeconds),
    secondsToExhaustion: state.secondsToExhaustion.toString(),
    minting: mintReason(status.reason),
  };
}

async function bucketReport(
  { buckets, oracle }: ProtocolContracts,
  deployment: Deployment,
  bucket: number,
  block: number,
): Promise<BucketReport> {
  const at = { blockTag: block };
  const held = await Promise.all(
    tokenNames.map(async (name): Promise<[TokenName, bigint]> => [
      name,
      await buckets.bucketUnits(bucket, deployment.token(name), at),
    ]),
  );
  const values = held.map(([name, units]) => oracle.valueInXau(deployment.token(name), units, at));
  const xauWei = await Promise.all(values).then(
    (each) => String(each.reduce((sum, value) => sum + value, 0n)),
    () => UNKNOWN,
  );
  return { xauWei, units: Object.fromEntries(held.map(([name, units]) => [name, units.toString()])) };
}
