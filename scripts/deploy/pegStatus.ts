import type { Provider } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { connectContracts } from "../../protocol/contracts.js";
import { PegLens__factory, type IPegLens } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { mulDivDown } from "../../protocol/math.js";
import { decodePegStatus, pegReport, pegStatusCall, type PegReport } from "../../protocol/pegBoard.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { protocolDecoder } from "../../protocol/revert.js";
import { stabilizerReason } from "../../protocol/stabilizerReason.js";
import { formatWadAsBps, WAD } from "../../protocol/units.js";

/** Block ends shown per pool. */
const BLOCK_ENDS = 8n;
const NO_FAILURE = "0x00000000";

/** One pool. Anchors and mid: quote units per base unit times 1e18. Deviations: basis points with full precision. */
export interface ReadablePool {
  readonly readable: true;
  readonly address: string;
  /** Error of the oracle; absent while it answers. */
  readonly oracleFailure?: string;
  readonly anchor: string;
  readonly anchorPrevious: string;
  readonly mid: string;
  readonly spotDeviationBps: string;
  readonly blockEndDeviationBps: string;
  readonly averageDeviationBps: string;
  /** Newest first: deviations of the last block ends. */
  readonly blockEndsBps: readonly string[];
  readonly reserves: { readonly baseUnits: string; readonly quoteUnits: string };
  readonly allowance: {
    /** NONE: the stabilizer may act now. */
    readonly reason: string;
    readonly sellBase: boolean;
    readonly tokenIn: string;
    readonly maxAmountInUnits: string;
    readonly minAmountInUnits: string;
    readonly fullCloseInUnits: string;
    readonly readyAtBlock: string;
  };
}

export interface UnreadablePool {
  readonly readable: false;
  readonly address: string;
  readonly failure: string;
}

/** How the pegs of a network stand. */
export interface PegStatus {
  readonly ok: true;
  readonly network: string;
  readonly chainId: number;
  /** The block the answer holds for: the one being made. */
  readonly block: string;
  readonly pools: Readonly<Record<string, ReadablePool | UnreadablePool>>;
  /** Each token's peg as PegBoard tells it. */
  readonly pegs: Readonly<Record<string, PegReport>>;
  readonly inventory: {
    /** Stabilizer balances and mesh reserves at the oracle; "unknown" while the oracle has doubts. */
    readonly totalXauWei: string;
    readonly stabilizerUnits: Readonly<Record<string, string>>;
    readonly mesh: Readonly<Record<string, { readonly xauWei: string; readonly tokenUnits: string }>>;
  };
}

/** Reads deviation, reserves, allowance and inventory of every registered pool through the lens. Sends nothing. */
export async function readPegStatus(deployment: Deployment, provider: Provider): Promise<PegStatus> {
  const lens = contractAt(PegLens__factory, deployment.address("PegLens"), provider);
  // The block being made: block ends and cooldowns are meant for the block in which somebody would act.
  const snapshot = await lens.snapshot(BLOCK_ENDS, { blockTag: "pending" }).catch(() => lens.snapshot(BLOCK_ENDS));
  const pairs = new Map(Object.entries(deployment.pools()).map(([pair, address]) => [address.toLowerCase(), pair]));
  const pools = snapshot.pools.map(
    (view) => [pairs.get(view.pool.toLowerCase()) ?? view.pool, poolStatus(deployment, view)] as const,
  );
  return {
    ok: true,
    network: deployment.network,
    chainId: deployment.chainId,
    block: snapshot.blockNumber.toString(),
    pools: Object.fromEntries(pools),
    pegs: await readPegs(deployment, provider, snapshot.timestamp),
    inventory: await readInventory(deployment, provider),
  };
}

function errorName(selector: string): string {
  return protocolDecoder().nameOf(selector) ?? selector;
}

function poolStatus(deployment: Deployment, view: IPegLens.PoolViewStructOutput): ReadablePool | UnreadablePool {
  if (!view.readable) return { readable: false, address: view.pool, failure: errorName(view.failure) };
  const { allowance } = view;
  return {
    readable: true,
    address: view.pool,
    ...(view.anchorFailure === NO_FAILURE ? {} : { oracleFailure: errorName(view.anchorFailure) }),
    anchor: view.anchorNew.toString(),
    anchorPrevious: view.anchorPrevious.toString(),
    mid: mulDivDown(view.anchorNew, view.spotRatioWad, WAD).toString(),
    spotDeviationBps: formatWadAsBps(allowance.spotDeviationWad),
    blockEndDeviationBps: formatWadAsBps(allowance.blockEndDeviationWad),
    averageDeviationBps: formatWadAsBps(allowance.averageDeviationWad),
    blockEndsBps: view.blockEndRatiosWad.map((ratioWad) => formatWadAsBps(ratioWad - WAD)),
    reserves: { baseUnits: view.baseReserve.toString(), quoteUnits: view.quoteReserve.toString() },
    allowance: {
      reason: stabilizerReason(allowance.reason),
      sellBase: allowance.sellBase,
      tokenIn: deployment.tokenAt(allowance.tokenIn) ?? allowance.tokenIn,
      maxAmountInUnits: allowance.maxAmountIn.toString(),
      minAmountInUnits: allowance.minAmountIn.toString(),
      fullCloseInUnits: allowance.fullCloseIn.toString(),
      readyAtBlock: allowance.readyAtBlock.toString(),
    },
  };
}

async function readPegs(
  deployment: Deployment,
  provider: Provider,
  nowSeconds: bigint,
): Promise<Readonly<Record<string, PegReport>>> {
  const views = decodePegStatus(await provider.call(pegStatusCall(deployment.address("PegBoard"))));
  return pegReport(views, (address) => deployment.tokenAt(address) ?? address, nowSeconds);
}

async function readInventory(deployment: Deployment, provider: Provider): Promise<PegStatus["inventory"]> {
  const contracts = connectContracts(deployment, provider);
  const total = contracts.stabilizer.inventoryXauWei().then(String, () => "unknown");
  const balances = tokenNames.map(
    async (name) => [name, String(await contracts.stabilizer.available(deployment.token(name)))] as const,
  );
  const reserves = Object.keys(deployment.meshPools()).map(async (name) => {
    const [xauWei, tokenUnits] = await contracts.mesh.reserves(deployment.token(name as TokenName));
    return [name, { xauWei: xauWei.toString(), tokenUnits: tokenUnits.toString() }] as const;
  });
  return {
    totalXauWei: await total,
    stabilizerUnits: Object.fromEntries(await Promise.all(balances)),
    mesh: Object.fromEntries(await Promise.all(reserves)),
  };
}
