/** Whether two chains are the two ends of one bridge: what the files plan, or what the chains say. */
import { ZeroAddress, type Provider } from "ethers";

import {
  AlltraCustomBridge__factory,
  CcipAdapter__factory,
  IBridgeLanes__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { isOurCode } from "./artifacts.js";
import type { Blueprint } from "./blueprint.js";
import { attestorsOf, laneMode, lanesOf, limitsOf, type Crossing } from "./bridge.js";
import { ccipLanesOf } from "./ccip.js";
import { listText } from "./holders.js";
import { pairDifference, type PairCode, type PairDifference, type Side } from "./pairDifference.js";

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

type Lanes = ReadonlyMap<TokenName, LaneEnd>;

/** The adapter of CCIP on one chain. */
interface CcipEnd {
  readonly adapter: string;
  readonly remoteChainId: bigint;
  /** Zero: nothing crosses yet. */
  readonly remoteAdapter: string;
  readonly lanes: Lanes;
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
  readonly lanes: Lanes;
  /** Where the chain has one. */
  readonly ccip: CcipEnd | undefined;
}

const SAME = "the same on both chains";
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
    lanes: plannedLanes(plan, lanesOf(plan)),
    ccip: plan.ccip && {
      adapter: plan.ccip.adapter.address,
      remoteChainId: BigInt(plan.ccip.params.remoteChainId),
      remoteAdapter: plan.ccip.remoteAdapter,
      lanes: plannedLanes(plan, ccipLanesOf(plan)),
    },
  };
}

function plannedLanes(plan: Blueprint, lanes: readonly Crossing[]): Lanes {
  return new Map(
    lanes.map((lane) => [lane.name, { token: lane.token, mode: lane.mode, limits: limitsOf(plan, lane) }]),
  );
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
  const scheduled =
    announced.length === 0 ? NONE_SCHEDULED : `${String(announcedThreshold)} of ${listText([...announced])}`;
  return {
    ...{ network: plan.loaded.network, chainId, bridge: address, remoteChainId, remoteBridge, threshold, scheduled },
    attestors: [...attestors],
    lanes: await readLanes(plan, address, provider),
    ccip: await readCcip(plan, provider),
  };
}

async function readCcip({ ccip, ...plan }: Blueprint, provider: Provider): Promise<CcipEnd | undefined> {
  if (ccip === undefined) return undefined;
  const { address, source = "" } = ccip.adapter;
  if (!isOurCode(source, await provider.getCode(address))) return undefined;
  const end = contractAt(CcipAdapter__factory, address, provider);
  const [remoteChainId, { remoteAdapter }, lanes] = await Promise.all([
    end.remoteChainId(),
    end.transport(),
    readLanes(plan, address, provider),
  ]);
  return { adapter: address, remoteChainId, remoteAdapter, lanes };
}

/** The lanes of a bridge or an adapter. */
async function readLanes({ tokens }: Pick<Blueprint, "tokens">, carrier: string, provider: Provider): Promise<Lanes> {
  const end = contractAt(IBridgeLanes__factory, carrier, provider);
  const found = await end.tokens();
  const lanes = new Map<TokenName, LaneEnd>();
  for (const name of tokenNames) {
    const token = tokens[name].address;
    if (!found.includes(token)) continue;
    const [mode, limits] = await Promise.all([end.mode(token), end.limits(token)]);
    lanes.set(name, { token, mode: laneMode(mode), limits });
  }
  return lanes;
}

/** One carrier of tokens on one chain: what is compared lane by lane. */
interface Carrier {
  readonly network: string;
  readonly lanes: Lanes;
}

/** What keeps two ends from being one bridge. */
export function endDifferences(here: BridgeEnd, there: BridgeEnd): PairDifference[] {
  const unequal = (id: string, of: (end: BridgeEnd) => string) =>
    difference("ATTESTORS_DIFFER", id, [here.network, of(here)], [there.network, of(there)], SAME);
  const names = (from: BridgeEnd) => `${String(from.remoteChainId)} ${from.remoteBridge}`;
  const is = (from: BridgeEnd) => `${String(from.chainId)} ${from.bridge}`;
  return [
    ...peers("remoteBridge", [here.network, names(here), is(here)], [there.network, names(there), is(there)]),
    ...unequal("attestors", (end) => listText(end.attestors)),
    ...unequal("threshold", (end) => String(end.threshold)),
    ...unequal("scheduledAttestors", (end) => end.scheduled),
    ...laneDifferences("lane", here, there),
    ...ccipDifferences(here, there),
  ];
}

/** Nothing where CCIP connects each with a third chain, or not at all. */
function ccipDifferences(here: BridgeEnd, there: BridgeEnd): PairDifference[] {
  const [mine, theirs] = [here.ccip, there.ccip];
  if (mine?.remoteChainId !== there.chainId && theirs?.remoteChainId !== here.chainId) return [];
  const carrierOf = ({ network, ccip }: BridgeEnd): Carrier => ({ network, lanes: ccip?.lanes ?? new Map() });
  const lanes = laneDifferences("ccip.lane", carrierOf(here), carrierOf(there));
  // Until both are named nothing crosses.
  if (mine?.remoteAdapter === ZeroAddress || theirs?.remoteAdapter === ZeroAddress) return lanes;
  const none = "no adapter";
  const names = ({ ccip }: BridgeEnd) =>
    ccip === undefined ? none : `${String(ccip.remoteChainId)} ${ccip.remoteAdapter}`;
  const is = ({ ccip, chainId }: BridgeEnd) => (ccip === undefined ? none : `${String(chainId)} ${ccip.adapter}`);
  return [
    ...peers("ccip.remoteAdapter", [here.network, names(here), is(here)], [there.network, names(there), is(there)]),
    ...lanes,
  ];
}

function laneDifferences(prefix: string, here: Carrier, there: Carrier): PairDifference[] {
  return tokenNames.flatMap((name) => {
    const id = `${prefix}(${name})`;
    const [mine, theirs] = [here.lanes.get(name), there.lanes.get(name)];
    return [
      ...modes(id, [here.network, mine?.mode ?? NO_LANE], [there.network, theirs?.mode ?? NO_LANE]),
      ...(mine === undefined || theirs === undefined
        ? []
        : [
            ...difference("ADDRESS_DIFFERS", id, [here.network, mine.token], [there.network, theirs.token], SAME),
            ...limits(id, [here.network, mine.limits], [there.network, theirs.limits]),
            ...limits(id, [there.network, theirs.limits], [here.network, mine.limits]),
          ]),
    ];
  });
}

function difference(code: PairCode, id: string, mine: Side, theirs: Side, expected: string): PairDifference[] {
  return mine[1] === theirs[1] ? [] : [pairDifference(code, id, mine, theirs, expected)];
}

/** Each end must name the other's chain and address. */
function peers(
  id: string,
  [here, mine, isMine]: readonly [network: string, names: string, is: string],
  [there, theirs, isTheirs]: readonly [network: string, names: string, is: string],
): PairDifference[] {
  if (mine === isTheirs && theirs === isMine) return [];
  const expected = `${here} names ${isTheirs}, ${there} names ${isMine}`;
  return [pairDifference("PEERS_DIFFER", id, [here, mine], [there, theirs], expected)];
}

/** What one chain locks the other mints: two that lock would pay out of what nobody sent, two that mint are backed by nothing. */
function modes(id: string, mine: Side, theirs: Side): PairDifference[] {
  const found = [mine[1], theirs[1]].sort().join();
  if (found === "LOCK,MINT" || found === `${NO_LANE},${NO_LANE}`) return [];
  return [pairDifference("LANE_MODES_DIFFER", id, mine, theirs, "LOCK on one chain and MINT on the other")];
}

/** What may leave one chain must be let in by the other, or messages pile up that are attested and not paid. */
function limits(
  id: string,
  [source, out]: readonly [network: string, limits: LaneLimits],
  [destination, into]: readonly [network: string, limits: LaneLimits],
): PairDifference[] {
  const pairs = [
    ["capacity", out.outCapacity, into.inCapacity] as const,
    ["refillPerSecond", out.outRefillPerSecond, into.inRefillPerSecond] as const,
  ];
  return pairs
    .filter(([, leaves, arrives]) => leaves > arrives)
    .map(([what, leaves, arrives]) =>
      pairDifference(
        "LIMITS_DIFFER",
        `${id}.${what}`,
        [source, `out ${String(leaves)}`],
        [destination, `in ${String(arrives)}`],
        "what leaves one chain is let in by the other",
      ),
    );
}
