/** Whether two chains are the two ends of one bridge: what the files plan, or what the chains say. */
import type { Provider } from "ethers";

import { AlltraCustomBridge__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { isOurCode } from "./artifacts.js";
import type { Blueprint } from "./blueprint.js";
import { attestorsOf, LANE_MODES, lanesOf, limitsOf } from "./bridge.js";
import { listText } from "./holders.js";
import { pairDifference, type PairCode, type PairDifference } from "./pairDifference.js";

/** Base units and base units per second, as in IBridgeLanes.Limits. */
interface LaneLimits {
  readonly outCapacity: bigint;
  readonly outRefillPerSecond: bigint;
  readonly inCapacity: bigint;
  readonly inRefillPerSecond: bigint;
}

interface LaneEnd {
  readonly token: string;
  readonly mode: string;
  readonly limits: LaneLimits;
}

/** One end of the bridge. */
export interface BridgeEnd {
  readonly network: string;
  readonly chainId: bigint;
  readonly bridge: string;
  readonly remoteChainId: bigint;
  readonly remoteBridge: string;
  readonly attestors: readonly string[];
  readonly threshold: bigint;
  /** Announced and not in force, with their threshold; empty: none. */
  readonly scheduled: string;
  readonly lanes: ReadonlyMap<TokenName, LaneEnd>;
}

const NO_LANE = "no lane";
const NONE_SCHEDULED = "none";

/** The end that the parameters ask for. */
export function plannedEnd(plan: Blueprint): BridgeEnd {
  const { address } = plan.bridge.bridge;
  const { addresses, threshold } = attestorsOf(plan.params);
  return {
    network: plan.loaded.network,
    chainId: BigInt(plan.params.chainId),
    bridge: address,
    remoteChainId: BigInt(plan.params.bridge.remoteChainId),
    remoteBridge: address,
    attestors: addresses,
    threshold: BigInt(threshold),
    scheduled: NONE_SCHEDULED,
    lanes: new Map(
      lanesOf(plan).map((lane) => [lane.name, { token: lane.token, mode: lane.mode, limits: limitsOf(plan, lane) }]),
    ),
  };
}

/** The end that is on the chain; undefined where other code stands, or none. */
export async function readEnd(plan: Blueprint, provider: Provider): Promise<BridgeEnd | undefined> {
  const { address, source = "" } = plan.bridge.bridge;
  if (!isOurCode(source, await provider.getCode(address))) return undefined;
  const end = contractAt(AlltraCustomBridge__factory, address, provider);
  const [{ chainId }, remoteChainId, remoteBridge, attestors, threshold, [announced, announcedThreshold]] =
    await Promise.all([
      provider.getNetwork(),
      end.remoteChainId(),
      end.remoteBridge(),
      end.attestors(),
      end.attestorThreshold(),
      end.scheduledAttestors(),
    ]);
  const found = await end.tokens();
  const lanes = new Map<TokenName, LaneEnd>();
  for (const name of tokenNames) {
    const token = plan.tokens[name].address;
    if (!found.includes(token)) continue;
    const [mode, limits] = await Promise.all([end.mode(token), end.limits(token)]);
    lanes.set(name, { token, mode: LANE_MODES[Number(mode)] ?? "unknown", limits });
  }
  const scheduled =
    announced.length === 0 ? NONE_SCHEDULED : `${String(announcedThreshold)} of ${listText([...announced])}`;
  return {
    ...{ network: plan.loaded.network, chainId, bridge: address, remoteChainId, remoteBridge, threshold, scheduled },
    attestors: [...attestors],
    lanes,
  };
}

/** What keeps two ends from being one bridge. */
export function endDifferences(here: BridgeEnd, there: BridgeEnd): PairDifference[] {
  const unequal = (code: PairCode, id: string, of: (end: BridgeEnd) => string, expected: string) => {
    const [mine, theirs] = [of(here), of(there)];
    return mine === theirs ? [] : [pairDifference(code, id, [here.network, mine], [there.network, theirs], expected)];
  };
  const same = "the same on both chains";
  return [
    ...peers(here, there),
    ...unequal("ATTESTORS_DIFFER", "attestors", (end) => listText(end.attestors), same),
    ...unequal("ATTESTORS_DIFFER", "threshold", (end) => String(end.threshold), same),
    ...unequal("ATTESTORS_DIFFER", "scheduledAttestors", (end) => end.scheduled, same),
    ...tokenNames.flatMap((name) => [
      ...modes(here, there, name),
      ...(here.lanes.has(name) && there.lanes.has(name)
        ? unequal("ADDRESS_DIFFERS", `lane(${name})`, (end) => end.lanes.get(name)?.token ?? NO_LANE, same)
        : []),
      ...limits(here, there, name),
      ...limits(there, here, name),
    ]),
  ];
}

/** Each end must name the other's chain and bridge. */
function peers(here: BridgeEnd, there: BridgeEnd): PairDifference[] {
  const named = (end: BridgeEnd) => `${String(end.remoteChainId)} ${end.remoteBridge}`;
  const is = (end: BridgeEnd) => `${String(end.chainId)} ${end.bridge}`;
  if (named(here) === is(there) && named(there) === is(here)) return [];
  return [
    pairDifference(
      "PEERS_DIFFER",
      "remoteBridge",
      [here.network, named(here)],
      [there.network, named(there)],
      `${here.network} names ${is(there)}, ${there.network} names ${is(here)}`,
    ),
  ];
}

/** What one chain locks the other mints: two that lock would pay out of what nobody sent, two that mint are backed by nothing. */
function modes(here: BridgeEnd, there: BridgeEnd, name: TokenName): PairDifference[] {
  const mode = (end: BridgeEnd) => end.lanes.get(name)?.mode ?? NO_LANE;
  const [mine, theirs] = [mode(here), mode(there)];
  if (mine === NO_LANE && theirs === NO_LANE) return [];
  if ([mine, theirs].sort().join() === "LOCK,MINT") return [];
  const expected = "LOCK on one chain and MINT on the other";
  return [
    pairDifference("LANE_MODES_DIFFER", `lane(${name})`, [here.network, mine], [there.network, theirs], expected),
  ];
}

/** What may leave one chain must be let in by the other, or messages pile up that are attested and not paid. */
function limits(source: BridgeEnd, destination: BridgeEnd, name: TokenName): PairDifference[] {
  const [out, into] = [source.lanes.get(name)?.limits, destination.lanes.get(name)?.limits];
  if (out === undefined || into === undefined) return [];
  const pairs = [
    ["capacity", out.outCapacity, into.inCapacity] as const,
    ["refillPerSecond", out.outRefillPerSecond, into.inRefillPerSecond] as const,
  ];
  return pairs
    .filter(([, leaves, arrives]) => leaves > arrives)
    .map(([what, leaves, arrives]) =>
      pairDifference(
        "LIMITS_DIFFER",
        `lane(${name}).${what}`,
        [source.network, `out ${String(leaves)}`],
        [destination.network, `in ${String(arrives)}`],
        "what leaves one chain is let in by the other",
      ),
    );
}
