/** What a simulation is asked to do, and the parameters it therefore deploys. */
import { usageError } from "../cli.js";
import type { FlowKind } from "../market/flow.js";
import type { PriceRow } from "../../protocol/priceFile.js";
import {
  LOCAL_CHAINS,
  loadParams,
  localChain,
  parseParams,
  type LoadedParams,
  type LocalChain,
} from "../../protocol/params/load.js";
import { pairOf } from "../../protocol/params/rules.js";

export type Policy = "cantilever" | "none";

export interface SimOptions {
  readonly hours: number;
  readonly volume: number;
  readonly seed: number;
  readonly flow: FlowKind;
  readonly blockSeconds: number;
  readonly policy: Policy;
  readonly profile: "target" | "literal";
  /** USD of each of its two tokens per pool; undefined: as the parameters say. */
  readonly capitalUsd?: number;
  /** Pools with trades; undefined: all. */
  readonly pools?: readonly string[];
  /** False: nobody trades against the outside market. Undefined: arbitrageurs do. */
  readonly outsiders?: boolean;
  /** Replayed instead of the seeded outside market. */
  readonly priceRows?: readonly PriceRow[];
}

/** What a simulation of two chains is asked beside. */
export interface TwoChainOptions {
  readonly latencySeconds: number;
  /** Blocks by which the second chain gets price rounds after the first. */
  readonly lagBlocks: number;
  /** What the keeper has of each token on each chain, USD. */
  readonly capitalUsd: number;
  /** False: nobody trades between the chains. */
  readonly isArbitraged: boolean;
  /** What the keeper's booked results of a day may fall to below zero, USD. */
  readonly dailyLossUsd: number;
  /** Rounds by which a feed of one chain may be ahead of the other's when the keeper trades. */
  readonly maxGapRounds: number;
}

/**
 * The reviewed parameters with what the options change: block time, profile and capital. The mesh keeps its depth unless the capital
 * is too small for it; then half of the capital lies there.
 * @throws ParameterError when the combination is refused, usageError for an unknown pool.
 */
export function simParams(options: SimOptions, chainId: LocalChain["chainId"] = LOCAL_CHAINS[0].chainId): LoadedParams {
  const { network } = localChain(chainId);
  const { params } = loadParams(network);
  const pairs = params.pools.filter((pool) => pool.kind === "public").map(pairOf);
  for (const name of options.pools ?? []) {
    if (!pairs.includes(name)) {
      throw usageError("INVALID_VALUE", `--pools ${name}: expected one or more of ${pairs.join(", ")}`);
    }
  }
  const capitalUsd = options.capitalUsd ?? Number(params.stabilizer.capitalUsdPerToken);
  const meshUsd = Math.min(Number(params.mesh.depthUsdPerSide), Math.max(1, Math.floor(capitalUsd / 2)));
  const changed = {
    ...params,
    blockSeconds: String(options.blockSeconds),
    mesh: { ...params.mesh, depthUsdPerSide: String(meshUsd) },
    stabilizer: { ...params.stabilizer, profile: options.profile, capitalUsdPerToken: String(capitalUsd) },
    // The simulation shows what a failed check means; the checks are there for deployments.
    acceptFailedChecks: pairs.flatMap((pair) =>
      ["throughput", "drift", "capital-hours"].map((check) => `${check}:${pair}`),
    ),
  };
  return parseParams(network, JSON.stringify(changed));
}
