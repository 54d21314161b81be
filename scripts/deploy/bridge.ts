import { ZeroAddress } from "ethers";

import {
  AlltraAdapter__factory,
  AlltraCustomBridge__factory,
  BridgeReserveCoordinator__factory,
  type AlltraAdapter,
  type IAlltraCustomBridge,
  type IBridgeLanes,
  type IBridgeReserveCoordinator,
} from "../../protocol/generated/contracts/index.js";
import { creationCode } from "../../protocol/handles.js";
import { tokenNames, type LaneParams, type NetworkParams, type TokenName } from "../../protocol/params/schema.js";
import { parseWad } from "../../protocol/units.js";
import type { Blueprint } from "./blueprint.js";
import { tokenUnitsOf } from "./referencePrices.js";
import type { MakeContract, PlannedContract } from "./types.js";

const SECONDS_PER_DAY = 86_400n;
/** BridgeReserveCoordinator counts whole base units up to here, beyond it millionths of a token. */
const WHOLE_UNIT_DECIMALS = 8;

/** IBridgeLanes.Mode, in order. */
const LANE_MODES = ["NONE", "LOCK", "MINT"] as const;
export type LaneMode = (typeof LANE_MODES)[number];

/** A mode as the contract numbers it; `unknown` for one that this program does not know: never taken for no lane. */
export function laneMode(number: bigint): LaneMode | "unknown" {
  return LANE_MODES[Number(number)] ?? "unknown";
}

export function laneModeNumber(mode: LaneMode): number {
  return LANE_MODES.indexOf(mode);
}

/** This chain's end of the bridge. The same three addresses on both chains. */
export interface PlannedBridge {
  readonly bridge: PlannedContract;
  readonly adapter: PlannedContract;
  readonly coordinator: PlannedContract;
}

/** A token that crosses, whatever carries it. */
export interface Crossing {
  readonly name: TokenName;
  readonly token: string;
  readonly mode: LaneMode;
  readonly params: Omit<LaneParams, "tiers">;
}

/** A token that crosses by the bridge. */
export interface PlannedLane extends Crossing {
  readonly params: LaneParams;
}

interface BridgeSite {
  readonly params: NetworkParams;
  readonly timelock: string;
  readonly guardian: string;
  readonly buckets: string;
  readonly pegBoard: string;
  readonly contract: MakeContract;
}

/** Computes the addresses of the bridge's contracts. Their owner is the timelock from their first block. */
export function planBridge(site: BridgeSite): PlannedBridge {
  const { params, timelock, contract } = site;
  const { adapter: terms, attestors, remoteChainId } = params.bridge;
  const [chainIdA = 0, chainIdB = 0] = [params.chainId, remoteChainId].sort((one, other) => one - other);
  const bridgeArgs = {
    chainIdA,
    chainIdB,
    // The same address over there.
    remoteBridge: ZeroAddress,
    attestors: ascending(attestors.first.addresses),
    threshold: attestors.first.threshold,
    owner: timelock,
    guardian: site.guardian,
  };
  const bridge = contract(
    "AlltraCustomBridge",
    "bridge/AlltraCustomBridge",
    creationCode(AlltraCustomBridge__factory, bridgeArgs),
    [bridgeArgs],
  );
  const adapterArgs = {
    bridge: bridge.address,
    owner: timelock,
    maxFeeBps: terms.maxFeeBps,
    maxMinimumFeeWad: parseWad(terms.maxMinimumFeeTokens),
  };
  const adapter = contract("AlltraAdapter", "bridge/AlltraAdapter", creationCode(AlltraAdapter__factory, adapterArgs), [
    adapterArgs,
  ]);
  const coordinatorArgs = [bridge.address, site.buckets, site.pegBoard, timelock] as const;
  const coordinator = contract(
    "BridgeReserveCoordinator",
    "bridge/BridgeReserveCoordinator",
    creationCode(BridgeReserveCoordinator__factory, ...coordinatorArgs),
    coordinatorArgs,
  );
  return { bridge, adapter, coordinator };
}

/** As the contract wants sets. */
export function ascending(addresses: readonly string[]): string[] {
  return [...addresses].sort((one, other) => (BigInt(one) < BigInt(other) ? -1 : 1));
}

/** Who attests by the parameters. */
export function attestorsOf({ bridge }: NetworkParams) {
  return bridge.attestors.since ?? bridge.attestors.first;
}

/** Lanes in the order of the tokens. */
export function lanesOf(plan: Blueprint): PlannedLane[] {
  return crossings(plan, plan.params.bridge.lanes);
}

/** Those of a list of the parameters. */
export function crossings<T extends Crossing["params"]>(
  { tokens }: Blueprint,
  lanes: Readonly<Record<TokenName, T | null>>,
): (Crossing & { readonly params: T })[] {
  return tokenNames.flatMap((name) => {
    const lane = lanes[name];
    if (lane === null) return [];
    const mode = lane.mode === "lock" ? "LOCK" : "MINT";
    return [{ name, token: tokens[name].address, mode, params: lane }];
  });
}

export function limitsOf(plan: Blueprint, { name, params }: Crossing) {
  const units = (usd: string) => tokenUnitsOf(plan, name, usd);
  return {
    outCapacity: units(params.out.capacityUsd),
    outRefillPerSecond: units(params.out.refillUsdPerDay) / SECONDS_PER_DAY,
    inCapacity: units(params.in.capacityUsd),
    inRefillPerSecond: units(params.in.refillUsdPerDay) / SECONDS_PER_DAY,
    minUnits: units(params.minUsd),
  } satisfies IBridgeLanes.LimitsStruct;
}

/** What the token lets whoever carries it mint and burn: what the lane lets in, with what may come back of what it let out. */
export function laneMinterLimitOf(plan: Blueprint, lane: Crossing, minter: string) {
  const limits = limitsOf(plan, lane);
  return {
    minter,
    mintCapacity: limits.inCapacity + limits.outCapacity,
    mintRefillPerSecond: limits.inRefillPerSecond + limits.outRefillPerSecond,
    burnCapacity: limits.outCapacity,
    burnRefillPerSecond: limits.outRefillPerSecond,
  };
}

export function tiersOf(plan: Blueprint, { name, params }: PlannedLane): IAlltraCustomBridge.TierStruct[] {
  return params.tiers.map(({ fromUsd, confirmations }) => ({
    fromUnits: tokenUnitsOf(plan, name, fromUsd),
    confirmations,
  }));
}

export function adapterTermsOf(plan: Blueprint, { name }: PlannedLane): AlltraAdapter.TermsStruct {
  const { feeBps, minimumFeeUsd, lifetimeSeconds } = plan.params.bridge.adapter;
  const minimumUnits = tokenUnitsOf(plan, name, minimumFeeUsd);
  return { treasury: plan.roles.treasury, minimumUnits, feeBps, lifetimeSeconds };
}

/** The coordinator's settings as it gives them back: whole quanta of its meter. */
export function bridgeSizingOf(plan: Blueprint, { name }: PlannedLane): IBridgeReserveCoordinator.SizingStruct {
  const { coordinator } = plan.params.bridge;
  const { decimals } = plan.tokens[name];
  const quantum = decimals > WHOLE_UNIT_DECIMALS ? 10n ** BigInt(decimals - 6) : 1n;
  const quanta = (usd: string) => (tokenUnitsOf(plan, name, usd) / quantum) * quantum;
  return {
    minPeakUnits: quanta(coordinator.minPeakUsdPerMinute),
    maxRiseUnitsPerHour: quanta(coordinator.maxRiseUsdPerHour),
    halfLifeSeconds: coordinator.halfLifeSeconds,
    minLatencySeconds: coordinator.minLatencySeconds,
    maxLatencySeconds: coordinator.maxLatencySeconds,
    cooldownSeconds: coordinator.cooldownSeconds,
    maxRebalanceUnits: tokenUnitsOf(plan, name, coordinator.maxRebalanceUsd),
  };
}
