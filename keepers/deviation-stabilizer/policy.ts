/** What this keeper's key may sign: the calls it makes, on the contracts of the record, up to the amounts that the parameters allow. */
import type { Deployment } from "../../protocol/addresses.js";
import { maxBigint, minBigint, mulDivDown, mulDivUp } from "../../protocol/math.js";
import { pokeGasLimit } from "../../protocol/pegBoard.js";
import { tokenNames, type NetworkParams, type TokenName } from "../../protocol/params/schema.js";
import { BUCKETS, REFILL_GAS_LIMIT } from "../../protocol/reserveLens.js";
import { parseDecimal, parseWad, WAD } from "../../protocol/units.js";
import { NATIVE, type Policy, type PolicyRule, type PriceRange, type Spend } from "../kit/policy/types.js";
import { validPolicy } from "../kit/policy/validate.js";
import { KEEPER_NAME } from "./connect.js";

const BPS = 10_000n;
/** A refill pays at most this above the guards' worst prices: its own headroom (half a percent) and the fee of the buckets. */
export const REFILL_SLIPPAGE_BPS = 100;
const MAX_UINT256 = 2n ** 256n - 1n;

/** Bounds that the keeper's own configuration sets. */
export interface PolicyBounds {
  readonly gasBase: number;
  readonly gasPerOrder: number;
  readonly maxOrders: number;
  readonly sizeHeadroomBps: number;
  readonly maxFeePerGasWei: bigint;
}

/** Compiles the policy. @throws PermanentError NOT_DEPLOYED, POLICY_INVALID. */
export function stabilizerPolicy(
  deployment: Deployment,
  params: NetworkParams,
  bounds: PolicyBounds,
  signer: string,
): Policy {
  const { transactionsPerHour, turnoverUsdPerDay, coinsPerDay } = params.keepers.deviationStabilizer;
  const tokens = tokenNames.map((name) => tokenOf(deployment, params, name, bounds.sizeHeadroomBps));
  const known = new Map(tokens.map((token) => [token.name, token]));
  const pools = Object.entries(deployment.pools()).map(([pair, address]) => {
    const [base, quote] = pair.split("/").map((name) => known.get(name as TokenName));
    if (base === undefined || quote === undefined)
      throw new Error(`the record names a pool of unknown tokens: ${pair}`);
    return { address, base, quote };
  });
  const largestUnits = tokens.map((token) => token.perExecutionUnits).reduce(maxBigint);
  const gasOf = (orders: number): bigint => BigInt(bounds.gasBase) + BigInt(bounds.gasPerOrder) * BigInt(orders);
  const common = {
    relations: [],
    amounts: [],
    maxValueWei: 0n,
    maxFeePerGasWei: bounds.maxFeePerGasWei,
    perHour: transactionsPerHour,
    innerOnly: false,
  } as const;
  const oneOfTokens = { kind: "oneOf", values: tokens.map((token) => token.address) } as const;
  const anyAmount = { kind: "range", min: 1n, max: MAX_UINT256 } as const;
  const stabilizer = deployment.address("Stabilizer");
  const rules: PolicyRule[] = [
    {
      ...common,
      name: "Stabilizer.executePrivateSwap",
      target: stabilizer,
      fragment: "function executePrivateSwap(uint256 tradeSize, address tokenIn, address tokenOut)",
      args: { tradeSize: anyAmount, tokenIn: oneOfTokens, tokenOut: oneOfTokens },
      relations: [
        {
          kind: "pair",
          paths: ["tokenIn", "tokenOut"],
          allowed: pools.flatMap(({ base, quote }) => [
            [base.address, quote.address] as const,
            [quote.address, base.address] as const,
          ]),
        },
      ],
      amounts: [{ amount: "tradeSize", of: "tokenIn", spends: byAddress(tokens, (token) => token.perExecutionUnits) }],
      maxGasLimit: gasOf(1),
      maxCalldataBytes: 4 + 3 * 32,
    },
    {
      ...common,
      name: "Stabilizer.executeBatch",
      target: stabilizer,
      fragment: "function executeBatch((address pool, uint256 maxAmountIn)[] orders)",
      args: {
        orders: {
          kind: "list",
          minLength: 1,
          maxLength: bounds.maxOrders,
          uniqueBy: "pool",
          each: {
            kind: "struct",
            fields: {
              pool: { kind: "oneOf", values: pools.map(({ address }) => address) },
              maxAmountIn: { kind: "range", min: 1n, max: largestUnits },
            },
          },
        },
      },
      // The direction is not in the calldata, and the contract never trades more than its cap: both tokens count up to theirs.
      amounts: [
        {
          amount: "orders.*.maxAmountIn",
          of: "orders.*.pool",
          spends: Object.fromEntries(
            pools.map(({ address, base, quote }) => [
              address.toLowerCase(),
              [base, quote].map((token): Spend => ({ asset: token.name, max: token.perExecutionUnits })),
            ]),
          ),
        },
      ],
      maxGasLimit: gasOf(bounds.maxOrders),
      maxCalldataBytes: 4 + (2 + 2 * bounds.maxOrders) * 32,
    },
    {
      ...common,
      name: "PegBoard.poke",
      target: deployment.address("PegBoard"),
      fragment: "function poke(address[] which)",
      args: { which: { kind: "list", minLength: 1, maxLength: tokens.length, uniqueBy: "", each: oneOfTokens } },
      maxGasLimit: pokeGasLimit(tokens.length),
      maxCalldataBytes: 4 + (2 + tokens.length) * 32,
    },
    {
      ...common,
      name: "CapitalBuckets.refill",
      target: deployment.address("CapitalBuckets"),
      fragment:
        "function refill(uint8 bucket, address scarce, address surplusToken, uint256 amountUnits, uint256 maxPaidUnits)",
      args: {
        bucket: { kind: "range", min: 0n, max: BigInt(BUCKETS.length - 1) },
        scarce: oneOfTokens,
        surplusToken: oneOfTokens,
        amountUnits: anyAmount,
        maxPaidUnits: anyAmount,
      },
      relations: [
        { kind: "distinct", paths: ["scarce", "surplusToken"] },
        {
          kind: "atMost",
          amount: "amountUnits",
          of: "scarce",
          max: Object.fromEntries(tokens.map((token) => [token.address.toLowerCase(), token.perRefillUnits])),
        },
        {
          kind: "slippage",
          paid: "maxPaidUnits",
          paidToken: "surplusToken",
          received: "amountUnits",
          receivedToken: "scarce",
          prices: Object.fromEntries(tokens.map((token) => [token.address.toLowerCase(), token.price])),
          maxBps: REFILL_SLIPPAGE_BPS,
        },
      ],
      amounts: [
        { amount: "maxPaidUnits", of: "surplusToken", spends: byAddress(tokens, (token) => token.perRefillUnits) },
      ],
      maxGasLimit: REFILL_GAS_LIMIT,
      maxCalldataBytes: 4 + 5 * 32,
    },
  ];
  return validPolicy({
    role: KEEPER_NAME,
    chainId: String(params.chainId),
    signer,
    rules,
    noOp: { maxFeePerGasWei: bounds.maxFeePerGasWei, perHour: transactionsPerHour },
    perDay: {
      ...Object.fromEntries(tokens.map((token) => [token.name, token.unitsOfUsd(turnoverUsdPerDay)])),
      [NATIVE]: parseWad(coinsPerDay),
    },
  });
}

interface PolicyToken {
  readonly name: TokenName;
  readonly address: string;
  readonly price: PriceRange;
  /** Largest input of one execution, and largest payment of one refill, base units. */
  readonly perExecutionUnits: bigint;
  readonly perRefillUnits: bigint;
  /** Base units for an amount in dollars at the reference price, rounded down. */
  readonly unitsOfUsd: (usdText: string) => bigint;
}

function tokenOf(deployment: Deployment, params: NetworkParams, name: TokenName, headroomBps: number): PolicyToken {
  const { decimals } = params.tokens[name];
  const one = 10n ** BigInt(decimals);
  const guard = params.peg.tokens[name];
  const price = { decimals, minUsdWad: parseWad(guard.guardMinUsd), maxUsdWad: parseWad(guard.guardMaxUsd) };
  const { profile, profiles, ceilings } = params.stabilizer;
  // Twice the cap while a peg is defended, never above the ceiling; the keeper's headroom on top.
  const defended = mulDivUp(parseWad(profiles[profile].capXau), parseWad(params.peg.defendingCapMultiple), WAD);
  const capXauWei = mulDivUp(minBigint(defended, parseWad(ceilings.poolCapXau)), BPS + BigInt(headroomBps), BPS);
  // An ounce at its dearest, the token at its cheapest: the most units that the cap can ever stand for.
  const ounceUsdWad = name === "XAU" ? price.minUsdWad : parseWad(params.peg.tokens.XAU.guardMaxUsd);
  const referenceUsdWad = parseWad(params.oracle.tokens[name].referencePriceUsd);
  const moveUsdWad = parseDecimal(params.reserves.buckets.moveCeilingUsdPerDay, 18);
  return {
    name,
    address: deployment.token(name),
    price,
    perExecutionUnits: mulDivUp(mulDivUp(capXauWei, ounceUsdWad, price.minUsdWad), one, WAD),
    perRefillUnits: mulDivUp(moveUsdWad, one, price.minUsdWad),
    unitsOfUsd: (usdText) => mulDivDown(parseWad(usdText), one, referenceUsdWad),
  };
}

function byAddress(
  tokens: readonly PolicyToken[],
  max: (token: PolicyToken) => bigint,
): Record<string, readonly Spend[]> {
  return Object.fromEntries(
    tokens.map((token) => [token.address.toLowerCase(), [{ asset: token.name, max: max(token) }]]),
  );
}
