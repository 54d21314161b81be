import type { Provider } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { connectContracts, type ProtocolContracts } from "../../protocol/contracts.js";
import {
  CcipAdapter__factory,
  IRouterClient__factory,
  type IBridgeLanes,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { pegState, type PegState } from "../../protocol/pegBoard.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { laneMode } from "./bridge.js";

/** One end of the bridge at one block. Amounts in base units of each token; times in unix seconds. */
export interface BridgeStatus {
  readonly ok: true;
  readonly network: string;
  readonly chainId: number;
  readonly block: number;
  readonly bridge: string;
  readonly remoteChainId: number;
  readonly remoteBridge: string;
  /** Deliveries are held until then; null: they are not. Sends and refunds never are. */
  readonly heldUntil: number | null;
  readonly lastNonce: string;
  readonly attestors: {
    readonly epoch: number;
    readonly threshold: number;
    readonly addresses: readonly string[];
    /** Announced, from `readyAt` on in force as soon as anyone applies them. */
    readonly scheduled: { readonly addresses: readonly string[]; threshold: number; readyAt: number } | null;
  };
  readonly lanes: Readonly<Record<string, LaneStatus>>;
  readonly coordinator: {
    readonly address: string;
    /** Rebalancing is paused until then; null: it is not. */
    readonly pausedUntil: number | null;
    readonly reserves: Readonly<Record<string, BufferStatus>>;
  };
  /** Another chain over CCIP; null: none. */
  readonly ccip: CcipStatus | null;
}

interface CcipStatus {
  readonly adapter: string;
  readonly router: string;
  readonly remoteChainId: number;
  readonly remoteSelector: string;
  /** Zero: closed. */
  readonly remoteAdapter: string;
  /** Whether the router reaches that chain now. */
  readonly supported: boolean;
  readonly heldUntil: number | null;
  /** Zero: the native coin. */
  readonly feeToken: string;
  readonly gasLimit: number;
  readonly lanes: Readonly<Record<string, Omit<LaneStatus, "tiers">>>;
}

interface LaneStatus {
  readonly mode: ReturnType<typeof laneMode>;
  /** LOCK: what is locked for the other side. MINT: what was minted and not burned again. */
  readonly bookUnits: string;
  /** Sent and neither arrived nor refunded, as far as this side has heard. */
  readonly inFlightUnits: string;
  readonly book: Readonly<Record<"sentUnits" | "refundedUnits" | "paidUnits" | "acknowledgedUnits", string>>;
  readonly out: DirectionStatus;
  readonly in: DirectionStatus;
  /** What may come back to who sent it. */
  readonly refunds: DirectionStatus;
  readonly minUnits: string;
  readonly tiers: readonly { readonly fromUnits: string; readonly confirmations: number }[];
}

interface DirectionStatus {
  readonly availableUnits: string;
  readonly capacityUnits: string;
  readonly refillUnitsPerSecond: string;
}

/** Bucket D of one token against what its lane asks for. */
interface BufferStatus {
  readonly reserveUnits: string;
  readonly requiredUnits: string;
  readonly peakUnitsPerMinute: string;
  readonly latencySeconds: number;
  /** The largest send that would not be refused; null: no send is too large for the bucket. */
  readonly sendableUnits: string | null;
  readonly peg: PegState;
  readonly triggerReadyAt: number;
  readonly rebalanceReadyAt: number;
}

const UNBOUNDED = 2n ** 256n - 1n;

/** Reads this chain's end of the bridge at one block. Sends nothing. */
export async function readBridgeStatus(deployment: Deployment, provider: Provider): Promise<BridgeStatus> {
  const head = await provider.getBlock("latest");
  if (head === null) throw new Error("the node knows no newest block");
  const at = { blockTag: head.number };
  const contracts = connectContracts(deployment, provider);
  const { bridge } = contracts;
  const [remoteChainId, remoteBridge, heldUntil, lastNonce, epoch, threshold, addresses, scheduled, crossing] =
    await Promise.all([
      bridge.remoteChainId(at),
      bridge.remoteBridge(at),
      bridge.pausedUntil(at),
      bridge.lastNonce(at),
      bridge.attestorEpoch(at),
      bridge.attestorThreshold(at),
      bridge.attestors(at),
      bridge.scheduledAttestors(at),
      bridge.tokens(at),
    ]);
  const names = tokenNames.filter((name) => crossing.includes(deployment.token(name)));
  const until = (timestamp: bigint) => (timestamp > BigInt(head.timestamp) ? Number(timestamp) : null);
  const perLane = async <T>(read: (token: string) => Promise<T>): Promise<Record<string, T>> =>
    Object.fromEntries(
      await Promise.all(names.map(async (name: TokenName) => [name, await read(deployment.token(name))] as const)),
    );
  return {
    ok: true,
    network: deployment.network,
    chainId: deployment.chainId,
    block: head.number,
    bridge: deployment.address("AlltraCustomBridge"),
    remoteChainId: Number(remoteChainId),
    remoteBridge,
    heldUntil: until(heldUntil),
    lastNonce: String(lastNonce),
    attestors: {
      epoch: Number(epoch),
      threshold: Number(threshold),
      addresses: [...addresses],
      scheduled:
        scheduled.readyAt === 0n
          ? null
          : {
              addresses: [...scheduled[0]],
              threshold: Number(scheduled.threshold),
              readyAt: Number(scheduled.readyAt),
            },
    },
    lanes: await perLane(async (token) => ({
      ...(await laneStatus(bridge, token, at)),
      tiers: (await bridge.tiers(token, at)).map(({ fromUnits, confirmations }) => ({
        fromUnits: String(fromUnits),
        confirmations: Number(confirmations),
      })),
    })),
    coordinator: {
      address: deployment.address("BridgeReserveCoordinator"),
      pausedUntil: until(await contracts.bridgeCoordinator.pausedUntil(at)),
      reserves: await perLane((token) => bufferStatus(contracts, token, at)),
    },
    ccip: deployment.has("CcipAdapter") ? await ccipStatus(deployment, provider, at, until) : null,
  };
}

async function ccipStatus(
  deployment: Deployment,
  provider: Provider,
  at: AtBlock,
  until: (timestamp: bigint) => number | null,
): Promise<CcipStatus> {
  const address = deployment.address("CcipAdapter");
  const adapter = contractAt(CcipAdapter__factory, address, provider);
  const [router, remoteChainId, remoteSelector, transport, heldUntil, crossing] = await Promise.all([
    adapter.router(at),
    adapter.remoteChainId(at),
    adapter.remoteSelector(at),
    adapter.transport(at),
    adapter.pausedUntil(at),
    adapter.tokens(at),
  ]);
  const names = tokenNames.filter((name) => crossing.includes(deployment.token(name)));
  const lanes = names.map(async (name) => [name, await laneStatus(adapter, deployment.token(name), at)] as const);
  return {
    adapter: address,
    router,
    remoteChainId: Number(remoteChainId),
    remoteSelector: String(remoteSelector),
    remoteAdapter: transport.remoteAdapter,
    supported: await contractAt(IRouterClient__factory, router, provider).isChainSupported(remoteSelector, at),
    heldUntil: until(heldUntil),
    feeToken: transport.feeToken,
    gasLimit: Number(transport.gasLimit),
    lanes: Object.fromEntries(await Promise.all(lanes)),
  };
}

interface AtBlock {
  readonly blockTag: number;
}

type Lanes = Pick<
  IBridgeLanes,
  | "mode"
  | "bookUnits"
  | "inFlightUnits"
  | "book"
  | "limits"
  | "outAvailable"
  | "inAvailable"
  | "refundAvailable"
  | "refundLimits"
>;

async function laneStatus(bridge: Lanes, token: string, at: AtBlock): Promise<Omit<LaneStatus, "tiers">> {
  const [mode, bookUnits, inFlightUnits, book, limits, out, into, back, backLimits] = await Promise.all([
    bridge.mode(token, at),
    bridge.bookUnits(token, at),
    bridge.inFlightUnits(token, at),
    bridge.book(token, at),
    bridge.limits(token, at),
    bridge.outAvailable(token, at),
    bridge.inAvailable(token, at),
    bridge.refundAvailable(token, at),
    bridge.refundLimits(token, at),
  ]);
  const direction = (availableUnits: bigint, capacity: bigint, refillPerSecond: bigint): DirectionStatus => ({
    availableUnits: String(availableUnits),
    capacityUnits: String(capacity),
    refillUnitsPerSecond: String(refillPerSecond),
  });
  return {
    mode: laneMode(mode),
    bookUnits: String(bookUnits),
    inFlightUnits: String(inFlightUnits),
    book: {
      sentUnits: String(book.sentUnits),
      refundedUnits: String(book.refundedUnits),
      paidUnits: String(book.paidUnits),
      acknowledgedUnits: String(book.acknowledgedUnits),
    },
    out: direction(out, limits.outCapacity, limits.outRefillPerSecond),
    in: direction(into, limits.inCapacity, limits.inRefillPerSecond),
    refunds: direction(back, backLimits.capacityUnits, backLimits.refillPerSecond),
    minUnits: String(limits.minUnits),
  };
}

async function bufferStatus(contracts: ProtocolContracts, token: string, at: AtBlock): Promise<BufferStatus> {
  const { bridgeCoordinator } = contracts;
  const [state, sendable] = await Promise.all([
    bridgeCoordinator.state(token, at),
    bridgeCoordinator.sendableUnits(token, at),
  ]);
  return {
    reserveUnits: String(state.reserveUnits),
    requiredUnits: String(state.requiredUnits),
    peakUnitsPerMinute: String(state.peakUnitsPerMinute),
    latencySeconds: Number(state.latencySeconds),
    sendableUnits: sendable === UNBOUNDED ? null : String(sendable),
    peg: pegState(state.peg),
    triggerReadyAt: Number(state.triggerReadyAt),
    rebalanceReadyAt: Number(state.rebalanceReadyAt),
  };
}
