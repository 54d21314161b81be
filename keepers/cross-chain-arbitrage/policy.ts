/**
 * What this keeper's key may sign on one chain: sales on the pools of the record that pay what the guards of the prices allow, transfers
 * through the adapter to itself, the end of such a transfer that was not paid in time, and approvals to pools and bridge. Everything it pays and gets is its own account's.
 */
import type { Deployment } from "../../protocol/addresses.js";
import { MESSAGE_PARAMETER } from "../../protocol/bridgeMessage.js";
import { mulDivDown, mulDivUp } from "../../protocol/math.js";
import { tokenNames, type NetworkParams, type TokenName } from "../../protocol/params/schema.js";
import { parseWad } from "../../protocol/units.js";
import { NATIVE, type Constraint, type Policy, type PolicyRule, type PriceRange } from "../kit/policy/types.js";
import { validPolicy } from "../kit/policy/validate.js";
import { MOST_AHEAD_SECONDS } from "./deadlines.js";
import { ADAPTER, approvalName, BRIDGE, CANCEL_NAME, legName, TRANSFER_NAME, type ActionTargets } from "./encode.js";

export const KEEPER_NAME = "cross-chain-arbitrage";
/** A leg pays at most this above the guards' worst prices: fees of the pool. */
const LEG_SLIPPAGE_BPS = 100;
const BPS = 10_000n;
const MAX_UINT256 = 2n ** 256n - 1n;
const WORD_BYTES = 32;
/** Chains of this machine may run ahead of the clock, by as much as somebody has hurried them. */
const LOCAL_AHEAD_SECONDS = 10 * 365 * 86_400;
const TRANSFERRED = "bridge:";
const MESSAGE_WORDS = 9;
const MAX_NONCE = 2n ** 64n - 1n;

export interface PolicyBounds {
  readonly pairs: readonly string[];
  readonly gasLimit: number;
  readonly maxFeePerGasWei: bigint;
  /** A chain of this machine. */
  readonly local: boolean;
}

interface PolicyToken {
  readonly name: TokenName;
  readonly address: string;
  readonly price: PriceRange;
  /** Base units for an amount in dollars at the reference price, rounded down. */
  readonly unitsOfUsd: (usdText: string) => bigint;
}

/** Where the actions of a chain go, for the encoder. @throws PermanentError NOT_DEPLOYED */
export function actionTargets(deployment: Deployment, pairs: readonly string[]): ActionTargets {
  return {
    pools: Object.fromEntries(pairs.map((pair) => [pair, deployment.address(`PmmPool:${pair}`)])),
    adapter: deployment.address(ADAPTER),
    bridge: deployment.address(BRIDGE),
    tokens: Object.fromEntries(namesOf(pairs).map((name) => [name, deployment.token(name)])),
  };
}

/** Compiles the policy of one chain; `remoteChainId` is the other one's. @throws PermanentError NOT_DEPLOYED, POLICY_INVALID. */
export function arbitragePolicy(
  deployment: Deployment,
  params: NetworkParams,
  remoteChainId: number,
  bounds: PolicyBounds,
  signer: string,
): Policy {
  const limits = params.keepers.crossChainArbitrage;
  const { pools, adapter } = actionTargets(deployment, bounds.pairs);
  const tokens = new Map(namesOf(bounds.pairs).map((name) => [name, tokenOf(deployment, params, name)]));
  const all = [...tokens.values()];
  const self: Constraint = { kind: "oneOf", values: [signer] };
  const aheadSeconds = bounds.local ? LOCAL_AHEAD_SECONDS : MOST_AHEAD_SECONDS;
  const inTime: Constraint = { kind: "time", behindSeconds: 0, aheadSeconds };
  const amount: Constraint = { kind: "range", min: 1n, max: MAX_UINT256 };
  const common = {
    relations: [],
    amounts: [],
    maxValueWei: 0n,
    maxGasLimit: BigInt(bounds.gasLimit),
    maxFeePerGasWei: bounds.maxFeePerGasWei,
    perHour: limits.transactionsPerHour,
    innerOnly: false,
  } as const;
  const legs = Object.entries(pools).flatMap(([pair, target]): PolicyRule[] => {
    const [base, quote] = pair.split("/").map((name) => tokens.get(name as TokenName));
    if (base === undefined || quote === undefined) throw new Error(`${pair} is a pair of unknown tokens`);
    const leg = (
      method: "swapBase" | "swapQuote",
      paid: string,
      received: string,
      sold: PolicyToken,
      got: PolicyToken,
    ) => ({
      ...common,
      name: legName(pair, method),
      target,
      fragment: `function ${method}(uint256 ${paid}, uint256 ${received}, address payer, address to, uint256 deadline)`,
      args: { [paid]: amount, [received]: amount, payer: self, to: self, deadline: inTime },
      relations: [
        { kind: "exchange", paid, received, paidPrice: sold.price, receivedPrice: got.price, maxBps: LEG_SLIPPAGE_BPS },
      ] as const,
      amounts: [
        // The pool says what is sold; the calldata says who pays, which is always this key.
        {
          amount: paid,
          of: "payer",
          spends: { [signer.toLowerCase()]: [{ asset: sold.name, max: sold.unitsOfUsd(limits.legUsd) }] },
        },
      ],
      maxCalldataBytes: 4 + 5 * WORD_BYTES,
    });
    return [
      leg("swapBase", "baseIn", "minQuoteOut", base, quote),
      leg("swapQuote", "quoteIn", "minBaseOut", quote, base),
    ];
  });
  const feeOf = (token: PolicyToken): bigint =>
    mulDivUp(token.unitsOfUsd(limits.transferUsd), BigInt(params.bridge.adapter.maxFeeBps), BPS);
  const spends = (max: (token: PolicyToken) => bigint) =>
    Object.fromEntries(
      all.map((token) => [token.address.toLowerCase(), [{ asset: transferAsset(token.name), max: max(token) }]]),
    );
  const transfer: PolicyRule = {
    ...common,
    name: TRANSFER_NAME,
    target: adapter,
    fragment:
      "function send((uint256 destinationChainId, address token, address recipient, uint256 amountUnits, uint256 maxFeeUnits, uint256 deadline) order)",
    args: {
      order: {
        kind: "struct",
        fields: {
          destinationChainId: { kind: "oneOf", values: [String(remoteChainId)] },
          token: { kind: "oneOf", values: all.map(({ address }) => address) },
          recipient: self,
          amountUnits: amount,
          maxFeeUnits: { kind: "range", min: 0n, max: MAX_UINT256 },
          deadline: inTime,
        },
      },
    },
    amounts: [
      {
        amount: "order.amountUnits",
        of: "order.token",
        spends: spends((token) => token.unitsOfUsd(limits.transferUsd)),
      },
      { amount: "order.maxFeeUnits", of: "order.token", spends: spends(feeOf) },
    ],
    maxCalldataBytes: 4 + 6 * WORD_BYTES,
  };
  const anyTime: Constraint = { kind: "range", min: 1n, max: MAX_UINT256 };
  const cancel: PolicyRule = {
    ...common,
    name: CANCEL_NAME,
    target: deployment.address(BRIDGE),
    fragment: `function cancel(${MESSAGE_PARAMETER})`,
    args: {
      message: {
        kind: "struct",
        fields: {
          sourceChainId: { kind: "oneOf", values: [String(remoteChainId)] },
          nonce: { kind: "range", min: 1n, max: MAX_NONCE },
          token: { kind: "oneOf", values: all.map(({ address }) => address) },
          sender: self,
          recipient: self,
          amountUnits: amount,
          sentAt: anyTime,
          expiresAt: anyTime,
          paidUnits: { kind: "range", min: 0n, max: MAX_UINT256 },
        },
      },
    },
    maxCalldataBytes: 4 + MESSAGE_WORDS * WORD_BYTES,
  };
  const approvals = all.map(({ name, address }): PolicyRule => {
    const own = Object.entries(pools).flatMap(([pair, pool]) => (pair.split("/").includes(name) ? [pool] : []));
    return {
      ...common,
      name: approvalName(name),
      target: address,
      fragment: "function approve(address spender, uint256 value)",
      args: {
        // The bridge takes tokens for the adapter.
        spender: { kind: "oneOf", values: [...own, deployment.address(BRIDGE)] },
        value: { kind: "range", min: 0n, max: MAX_UINT256 },
      },
      maxCalldataBytes: 4 + 2 * WORD_BYTES,
    };
  });
  return validPolicy({
    role: KEEPER_NAME,
    chainId: String(params.chainId),
    signer,
    rules: [...legs, transfer, cancel, ...approvals],
    noOp: { maxFeePerGasWei: bounds.maxFeePerGasWei, perHour: limits.transactionsPerHour },
    perDay: {
      ...Object.fromEntries(all.map((token) => [token.name, token.unitsOfUsd(limits.turnoverUsdPerDay)])),
      ...Object.fromEntries(
        all.map((token) => [transferAsset(token.name), token.unitsOfUsd(limits.transfersUsdPerDay)]),
      ),
      [NATIVE]: parseWad(limits.coinsPerDay),
    },
  });
}

/** What is sent through the bridge counts by itself: it is not lost, and not sold. */
export function transferAsset(token: string): string {
  return `${TRANSFERRED}${token}`;
}

/** The token behind an asset that the policy counts. */
export function tokenOfAsset(asset: string): TokenName {
  return (asset.startsWith(TRANSFERRED) ? asset.slice(TRANSFERRED.length) : asset) as TokenName;
}

function namesOf(pairs: readonly string[]): readonly TokenName[] {
  return tokenNames.filter((name) => pairs.some((pair) => pair.split("/").includes(name)));
}

function tokenOf(deployment: Deployment, params: NetworkParams, name: TokenName): PolicyToken {
  const { decimals } = params.tokens[name];
  const guard = params.peg.tokens[name];
  const referenceUsdWad = parseWad(params.oracle.tokens[name].referencePriceUsd);
  return {
    name,
    address: deployment.token(name),
    price: { decimals, minUsdWad: parseWad(guard.guardMinUsd), maxUsdWad: parseWad(guard.guardMaxUsd) },
    unitsOfUsd: (usdText) => mulDivDown(parseWad(usdText), 10n ** BigInt(decimals), referenceUsdWad),
  };
}
