/** Rules of the parameters' bridge section. */
import type { ParameterProblem } from "../errors.js";
import { parseDecimal } from "../units.js";
import { tokenNames, type LaneParams, type NetworkParams, type TokenName } from "./schema.js";

const USD_DECIMALS = 6;
const MINUTE_SECONDS = 60n;
/** BridgeReserveCoordinator.MAX_FEE_WAD: a rebalancing that costs more is refused. */
const MAX_REBALANCING_FEE_BPS = 50;
const MAX_SELECTOR = 2n ** 64n - 1n;

type AttestorSet = NetworkParams["bridge"]["attestors"]["first"];

const usd = (text: string) => parseDecimal(text, USD_DECIMALS);

/** Everybody who attests, with the path of each in the file. */
export function attestorPaths({ bridge }: NetworkParams): (readonly [path: string, address: string])[] {
  const { first, since } = bridge.attestors;
  const paths = (name: string, set: AttestorSet | null) =>
    (set?.addresses ?? []).map(
      (address, index) => [`bridge.attestors.${name}.addresses.${String(index)}`, address] as const,
    );
  return [...paths("first", first), ...paths("since", since)];
}

export function checkBridge(params: NetworkParams, local: boolean): ParameterProblem[] {
  const { bridge, chainId } = params;
  const problems = [
    ...checkSet(bridge.attestors.first, "bridge.attestors.first", local),
    ...(bridge.attestors.since === null
      ? []
      : checkSet(bridge.attestors.since, "bridge.attestors.since", local, "needs attestors")),
    ...tokenNames.flatMap((name) => {
      const lane = bridge.lanes[name];
      return lane === null ? [] : checkLane(params, lane, name);
    }),
    ...checkAdapter(params),
    ...checkCoordinator(params),
    ...checkCcip(params, local),
  ];
  if (bridge.remoteChainId === chainId) {
    const message = "is this chain: a lane needs another one";
    problems.push({ code: "PARAM_CONFLICT", path: "bridge.remoteChainId", message });
  }
  const deployer = params.roles.deployer?.toLowerCase();
  for (const [path, address] of attestorPaths(params)) {
    if (address.toLowerCase() !== deployer) continue;
    problems.push({ code: "PARAM_DEPLOYER_KEEPS", path, message: "is the deployer, who must keep nothing" });
  }
  return problems;
}

function checkSet(
  { addresses, threshold }: AttestorSet,
  path: string,
  local: boolean,
  whenEmpty?: string,
): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  if (addresses.length === 0) {
    return whenEmpty === undefined ? [] : [{ code: "PARAM_CONFLICT", path: `${path}.addresses`, message: whenEmpty }];
  }
  if (new Set(addresses.map((address) => address.toLowerCase())).size !== addresses.length) {
    problems.push({ code: "PARAM_DUPLICATE", path: `${path}.addresses`, message: "names an attestor twice" });
  }
  if (threshold > addresses.length) {
    const message = `${String(threshold)} signatures asked of ${String(addresses.length)} attestors`;
    problems.push({ code: "PARAM_OUT_OF_BOUNDS", path: `${path}.threshold`, message });
  }
  if (!local && threshold < 2) {
    const message = "one key could mint and release alone";
    problems.push({ code: "PARAM_OUT_OF_BOUNDS", path: `${path}.threshold`, message });
  }
  return problems;
}

function checkCcip(params: NetworkParams, local: boolean): ParameterProblem[] {
  const { ccip } = params.bridge;
  if (ccip === null) return [];
  const path = "bridge.ccip";
  const problems = tokenNames.flatMap((name) => {
    const lane = ccip.lanes[name];
    return lane === null ? [] : checkCrossing(params, lane, name, `${path}.lanes.${name}`);
  });
  if (ccip.router.kind === "stand-in" && !local) {
    const message = "a stand-in carries messages on a local network only";
    problems.push({ code: "PARAM_CONFLICT", path: `${path}.router`, message });
  }
  if (ccip.remoteChainId === params.chainId) {
    const message = "is this chain: a lane needs another one";
    problems.push({ code: "PARAM_CONFLICT", path: `${path}.remoteChainId`, message });
  }
  const selectors = [ccip.remoteSelector, ...(ccip.router.kind === "stand-in" ? [ccip.router.selector] : [])];
  if (selectors.some((selector) => BigInt(selector) > MAX_SELECTOR) || new Set(selectors).size !== selectors.length) {
    const message = "needs a selector of 64 bits that is not this chain's own";
    problems.push({ code: "PARAM_OUT_OF_BOUNDS", path: `${path}.remoteSelector`, message });
  }
  return problems;
}

function checkLane(params: NetworkParams, lane: LaneParams, name: TokenName): ParameterProblem[] {
  const path = `bridge.lanes.${name}`;
  const problems = checkCrossing(params, lane, name, path);
  for (const [index, { fromUsd, confirmations }] of lane.tiers.entries()) {
    const at = `${path}.tiers.${String(index)}`;
    const before = lane.tiers[index - 1];
    const ascends = before === undefined ? usd(fromUsd) === 0n : usd(fromUsd) > usd(before.fromUsd);
    if (!ascends) {
      problems.push({ code: "PARAM_CONFLICT", path: `${at}.fromUsd`, message: "tiers begin at 0 and ascend" });
    }
    if (before !== undefined && depth(confirmations) < depth(before.confirmations)) {
      const message = "more value must not need fewer confirmations";
      problems.push({ code: "PARAM_CONFLICT", path: `${at}.confirmations`, message });
    }
  }
  return problems;
}

/** What holds of a token that crosses, whatever carries it. */
function checkCrossing(
  params: NetworkParams,
  lane: Omit<LaneParams, "tiers">,
  name: TokenName,
  path: string,
): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  if (lane.mode === "mint" && params.tokens[name].existing !== undefined) {
    const message = "an adopted token gives nobody the right to mint it: it can only be locked";
    problems.push({ code: "PARAM_CONFLICT", path: `${path}.mode`, message });
  }
  if (usd(lane.minUsd) > usd(lane.out.capacityUsd)) {
    const message = `${lane.minUsd} exceeds out.capacityUsd ${lane.out.capacityUsd}: nothing could ever be sent`;
    problems.push({ code: "PARAM_OUT_OF_BOUNDS", path: `${path}.minUsd`, message });
  }
  return problems;
}

/** 0 stands for the finalized block, deeper than any number of blocks. */
function depth(confirmations: number): number {
  return confirmations === 0 ? Number.POSITIVE_INFINITY : confirmations;
}

function checkAdapter({ bridge: { adapter } }: NetworkParams): ParameterProblem[] {
  const most = Math.min(adapter.maxFeeBps, MAX_REBALANCING_FEE_BPS);
  if (adapter.feeBps <= most) return [];
  const message = `${String(adapter.feeBps)} is above ${String(most)}: adapter.maxFeeBps, and what a rebalancing pays at most`;
  return [{ code: "PARAM_OUT_OF_BOUNDS", path: "bridge.adapter.feeBps", message }];
}

function checkCoordinator(params: NetworkParams): ParameterProblem[] {
  const { coordinator, lanes } = params.bridge;
  const path = "bridge.coordinator";
  const { minLatencySeconds, maxLatencySeconds, minPeakUsdPerMinute } = coordinator;
  if (minLatencySeconds > maxLatencySeconds) {
    const message = `${String(minLatencySeconds)} exceeds maxLatencySeconds ${String(maxLatencySeconds)}`;
    return [{ code: "PARAM_OUT_OF_BOUNDS", path: `${path}.minLatencySeconds`, message }];
  }
  // The least that D must hold at the longest latency: a bucket that begins with less, or is not refilled to it, closes its lane.
  const required = usd(minPeakUsdPerMinute) * BigInt(maxLatencySeconds);
  const { crossChain, start } = params.reserves.buckets;
  const wanted = [
    ["reserves.buckets.crossChain.targetUsd", crossChain.targetUsd] as const,
    ...(params.funding.source === "none"
      ? []
      : [["reserves.buckets.start.crossChainUsd", start.crossChainUsd] as const]),
  ];
  if (tokenNames.every((name) => lanes[name] === null)) return [];
  return wanted
    .filter(([, text]) => usd(text) * MINUTE_SECONDS < required)
    .map(([at, text]) => ({
      code: "PARAM_CONFLICT",
      path: at,
      message: `${text} is below ${path}.minPeakUsdPerMinute ${minPeakUsdPerMinute} times maxLatencySeconds ${String(maxLatencySeconds)}`,
    }));
}
