/**
 * Two chains side by side: the contracts of one deployment each, one outside market whose feeds are read once and reported to both, flows of
 * their own, and between them a bridge and the arbitrage keeper. Both make their blocks at the same times.
 */
import { MaxUint256 } from "ethers";

import { IM1Token__factory } from "../../protocol/generated/contracts/index.js";
import type { DecideConfig } from "../../keepers/cross-chain-arbitrage/types.js";
import { pairOf } from "../../protocol/params/rules.js";
import type { NetworkParams } from "../../protocol/params/schema.js";
import { parseBpsAsWad, parseWad, WAD } from "../../protocol/units.js";
import { Series } from "../stats/distribution.js";
import { spreadBps } from "../stats/spread.js";
import type { Grant } from "../deploy/types.js";
import { LegQueue, SimArbitrage, type ArbitrageSide } from "./arbitrage.js";
import { SimBridge, type LaneTerms } from "./bridge.js";
import { SimChainRun, plannedBlocks, type ChainPlace, type Progress, type Simulation } from "./engine.js";
import { TWO_CHAINS } from "./chains.js";
import { simParams, type SimOptions, type TwoChainOptions } from "./options.js";
import { referenceUnits, type SimWorld } from "./setup.js";
import type { LedgerToken } from "./stabilizer-ledger.js";
import { withWorlds, type SimWorlds, type TakeWorld } from "./worlds.js";

/** Accounts without keys (see SimChain.impersonate), the same on both chains. */
const KEEPER = "0xca47a5b17a6e0000000000000000000000000001";
const BRIDGE = "0xca47b61d6e000000000000000000000000000002";
/** What the bridge's account can pay out on each chain, USD per token: more than any day's flow. */
const BRIDGE_USD = 1_000_000_000;

/** What a bridge lane of the simulation grants; the figures of docs/spread-results.md. */
export const LANE = {
  capacityUsd: 2_000_000,
  refillUsdPerSecond: 600,
  minUsd: 100,
  feeBps: "1",
  /** Minted on the second chain at the start: its pools and what the keeper holds there. */
  bookUsd: 5_000_000,
} as const;

/** Everything that a finished simulation of two chains knows. */
export interface TwoChainSimulation {
  readonly options: SimOptions;
  readonly two: TwoChainOptions;
  readonly chains: readonly [Simulation, Simulation];
  /** P(first) / P(second) - 1 at every block end, bps, signed; by pair. */
  readonly spreadBps: ReadonlyMap<string, Series>;
  readonly arbitrage: SimArbitrage;
  readonly bridge: SimBridge;
  readonly totalMs: number;
}

/** The keeper's settings in a simulation, as docs/spread-results.md states them. */
export function arbitrageConfig(
  params: NetworkParams,
  pools: readonly string[] | undefined,
  { latencySeconds, dailyLossUsd, maxGapRounds }: TwoChainOptions,
): DecideConfig {
  const usd = (amount: number): bigint => {
    const ounceUsdWad = parseWad(params.oracle.tokens.XAU.referencePriceUsd);
    return (BigInt(amount) * WAD * WAD) / ounceUsdWad;
  };
  return {
    pairs: params.pools
      .filter((pool) => pool.kind === "public" && (pools ?? [pairOf(pool)]).includes(pairOf(pool)))
      .map((pool) => ({ pair: pairOf(pool), base: pool.base, quote: pool.quote })),
    thresholdRate: parseBpsAsWad("12"),
    defendToRate: parseBpsAsWad("10"),
    defenceCostRate: parseBpsAsWad("12"),
    minProfitXauWei: usd(1) / 10n,
    minTradeXauWei: usd(100),
    maxTradeXauWei: usd(100_000),
    dailyLossLimitXauWei: usd(dailyLossUsd),
    cooldownSeconds: 4n,
    maxSkewSeconds: 10n,
    maxGapRounds: BigInt(maxGapRounds),
    maxGapSeconds: 60n,
    slippageRate: parseBpsAsWad("2"),
    capitalRatePerYear: parseWad("0.05"),
    bridgeLatencySeconds: BigInt(latencySeconds),
    gasPerLeg: 250_000n,
    gasPerTransfer: 150_000n,
    repair: {
      acceptLossRate: parseBpsAsWad("12"),
      maxLossRate: parseBpsAsWad("50"),
      patienceSeconds: 60n,
      maxAttempts: 5,
    },
    rebalance: {
      lowShare: parseWad("0.4"),
      targetShare: parseWad("0.5"),
      maxFeeRate: parseBpsAsWad("5"),
      maxInFlight: 32,
    },
  };
}

/** Runs both chains from deployment to the last block; the last three arguments are those of `simulate`. */
export async function simulateTwo(
  options: SimOptions,
  two: TwoChainOptions,
  progress?: Progress,
  signal?: AbortSignal,
  worlds?: SimWorlds,
): Promise<TwoChainSimulation> {
  return withWorlds((own) => (worlds ?? own).use((take) => simulateIn(take, options, two, progress, signal)));
}

async function simulateIn(
  take: TakeWorld,
  options: SimOptions,
  two: TwoChainOptions,
  progress?: Progress,
  signal?: AbortSignal,
): Promise<TwoChainSimulation> {
  const started = performance.now();
  const both: SimWorld[] = [];
  for (const chainId of TWO_CHAINS) {
    const loaded = simParams(options, chainId);
    const grants = loaded.params.pools.flatMap(({ base, quote }) => [base, quote]);
    const extra = [...new Set(grants)].flatMap((token): Grant[] => [
      { token, to: KEEPER, amountUnits: referenceUnits(loaded, token, two.capitalUsd) },
      { token, to: BRIDGE, amountUnits: referenceUnits(loaded, token, BRIDGE_USD) },
    ]);
    both.push(await take(loaded, extra));
  }
  const [home, away] = both;
  if (home === undefined || away === undefined) throw new Error("two chains must have been opened");
  const latest = Math.max(home.chain.head.timestamp, away.chain.head.timestamp);
  for (const world of both) {
    world.chain.alignTo(latest);
    await approvePools(world);
  }
  const sides: [ArbitrageSide, ArbitrageSide] = [sideOf(home, options, undefined), sideOf(away, options, two)];
  for (const { run } of sides) await run.prepare();
  const setupMs = performance.now() - started;
  const { params } = home.loaded;
  const config = arbitrageConfig(params, options.pools, two);
  const tokens = tokensOf(home, config);
  const names: [string, string] = [sides[0].name, sides[1].name];
  const lanes = tokens.map((token) => laneTerms(home, token));
  const feeRate = parseBpsAsWad(LANE.feeBps);
  const bridge = new SimBridge(names, lanes, two.latencySeconds, feeRate, BRIDGE, KEEPER);
  const microUsd = (token: LedgerToken, units: bigint): bigint =>
    (units * parseWad(params.oracle.tokens[token.name].referencePriceUsd)) /
    (10n ** BigInt(token.decimals) * 10n ** 12n);
  const arbitrage = new SimArbitrage(sides, tokens, bridge, KEEPER, config, microUsd);
  await arbitrage.prepare();
  const spreads = new Map(config.pairs.map(({ pair }) => [pair, new Series()]));

  const planned = plannedBlocks(options);
  let done = 0;
  let before = "";
  while (done < planned && signal?.aborted !== true) {
    for (const { run } of sides) await run.block(done);
    done += 1;
    const after = recordSpreads(sides, spreads);
    if (two.isArbitraged) await arbitrage.observe(done, done * options.blockSeconds, after !== before);
    before = after;
    if (done % 200 === 0) progress?.(done / planned);
  }
  await arbitrage.reconcile();
  const times = { started, setupMs };
  const chains = [await sides[0].run.finish(done, times), await sides[1].run.finish(done, times)] as const;
  progress?.(1);
  return { options, two, chains, spreadBps: spreads, arbitrage, bridge, totalMs: performance.now() - started };
}

/** `behind`: of the second chain, whose flows and readers of rounds are its own. */
function sideOf(world: SimWorld, options: SimOptions, behind: TwoChainOptions | undefined): ArbitrageSide {
  const queue = new LegQueue();
  const name = String(world.loaded.params.chainId);
  // One-sided flows drain the chains in opposite directions; of the first they are those of a chain alone.
  const place: ChainPlace =
    behind === undefined
      ? { label: undefined, sellsBase: true, lagBlocks: 0, actor: queue }
      : { label: name, sellsBase: false, lagBlocks: behind.lagBlocks, actor: queue };
  return { name, world, queue, run: new SimChainRun(options, world, place) };
}

/** The keeper lets every public pool take what it sells there. */
async function approvePools(world: SimWorld): Promise<void> {
  const { chain, loaded, deployment } = world;
  for (const account of [KEEPER, BRIDGE]) await chain.impersonate(account);
  const erc20 = IM1Token__factory.createInterface();
  const transactions = loaded.params.pools
    .filter(({ kind }) => kind === "public")
    .flatMap((pool) =>
      [pool.base, pool.quote].map((token) => ({
        from: KEEPER,
        to: deployment.token(token),
        data: erc20.encodeFunctionData("approve", [deployment.address(`PmmPool:${pairOf(pool)}`), MaxUint256]),
        gas: 200_000,
      })),
    );
  for (const hash of await chain.mine(transactions)) {
    const { ok } = await chain.receipt(hash);
    if (!ok) throw new Error("an approval of the arbitrage keeper failed");
  }
}

function tokensOf(world: SimWorld, config: DecideConfig): LedgerToken[] {
  const { params } = world.loaded;
  const names = new Set(config.pairs.flatMap(({ base, quote }) => [base, quote]));
  return Object.entries(params.tokens)
    .filter(([name]) => names.has(name))
    .map(([name, { decimals }]) => {
      const known = name as LedgerToken["name"];
      return { name: known, address: world.deployment.token(known), decimals };
    });
}

function laneTerms({ loaded }: SimWorld, { name, address }: LedgerToken): LaneTerms {
  const units = (usd: number): bigint => referenceUnits(loaded, name, usd);
  return {
    token: name,
    address,
    capacityUnits: units(LANE.capacityUsd),
    refillUnitsPerSecond: units(LANE.refillUsdPerSecond),
    minUnits: units(LANE.minUsd),
    bookUnits: units(LANE.bookUsd),
  };
}

/** Adds this block's spreads; returns a text that changes when a pool of either chain does. */
function recordSpreads(sides: readonly [ArbitrageSide, ArbitrageSide], spreads: ReadonlyMap<string, Series>): string {
  const [first, second] = sides.map(({ run }) => new Map(run.states.map((each) => [each.pool.spec.name, each.state])));
  let text = "";
  for (const [pair, series] of spreads) {
    const [a, b] = [first?.get(pair), second?.get(pair)];
    if (a === undefined || b === undefined) throw new Error(`${pair} is not traded on both chains`);
    text += `${String(a.anchorNew * a.ratioWad)}/${String(b.anchorNew * b.ratioWad)};`;
    // While an oracle has doubts there is no price: the last spread stands.
    series.push(spreadBps(a, b) ?? series.values().at(-1) ?? 0);
  }
  return text;
}
