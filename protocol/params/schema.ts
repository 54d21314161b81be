import { getAddress, isAddress } from "ethers";
import { z } from "zod";

import { UnitError } from "../errors.js";
import { parseDecimal } from "../units.js";

/** Problem codes of single values; the rules across values are in `rules.ts`. */
function problem(ctx: z.RefinementCtx, code: string, message: string): void {
  ctx.addIssue({ code: "custom", message, params: { code } });
}

/** A decimal text with at most `decimals` digits after the point, inside a closed range given in the same unit. */
function decimalText(unitName: string, decimals: number, minimum: string, maximum: string) {
  const low = parseDecimal(minimum, decimals);
  const high = parseDecimal(maximum, decimals);
  return z.string().superRefine((text, ctx) => {
    let value: bigint;
    try {
      value = parseDecimal(text, decimals);
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      problem(ctx, "PARAM_WRONG_UNIT", `${error.message}; expected ${unitName} as a plain decimal text`);
      return;
    }
    if (value < low || value > high) {
      problem(
        ctx,
        value === 0n ? "PARAM_ZERO" : "PARAM_OUT_OF_BOUNDS",
        `${text} is outside ${minimum} … ${maximum} ${unitName}`,
      );
    }
  });
}

/** A whole number inside a closed range. */
function count(what: string, minimum: number, maximum: number) {
  return z
    .number()
    .int()
    .superRefine((value, ctx) => {
      if (value < minimum || value > maximum) {
        problem(
          ctx,
          "PARAM_OUT_OF_BOUNDS",
          `${String(value)} is outside ${String(minimum)} … ${String(maximum)} ${what}`,
        );
      }
    });
}

const address = z.string().superRefine((value, ctx) => {
  if (!isAddress(value)) problem(ctx, "PARAM_BAD_ADDRESS", `"${value}" is not an address (or its checksum is wrong)`);
  else if (BigInt(value) === 0n) problem(ctx, "PARAM_BAD_ADDRESS", "the zero address");
});
/** null = not decided yet: allowed in the file, refused by the commands that need it. */
const decidable = address.nullable();

// Ceilings of the contracts (IPmmFactory.PoolParams, StabilizerLimits): a file beyond them could only revert.
const kRatio = decimalText("(ratio)", 18, "0.0001", "0.999");
const lpFeeBps = decimalText("bps", 14, "0.1", "100");
const usd = decimalText("USD", 6, "1", "1000000000000");
const priceUsd = decimalText("USD per whole token", 18, "0.000001", "1000000");
// 2^72 wei, what the contract packs, is 4,722 ounces.
const xau = decimalText("troy ounces", 18, "0.000001", "4722");
const bpsText = decimalText("bps", 14, "0.01", "10000");
const share = decimalText("(share of 1)", 18, "0.000001", "1");
const coins = decimalText("whole coins of the chain", 18, "0.000001", "1000000");
const gwei = decimalText("gwei", 9, "0.000000001", "1000000");

/** PoolRegistry.MAX_INTERMEDIATES. */
const MAX_INTERMEDIATES = 8;

const TOKEN_NAMES = ["cUSDT", "cUSDC", "cEURT", "XAU"] as const;
/** Tokens of this protocol version. */
export type TokenName = (typeof TOKEN_NAMES)[number];
export const tokenNames: readonly TokenName[] = TOKEN_NAMES;
const tokenName = z.enum(TOKEN_NAMES);

const RESERVED_TOKEN_NAMES = ["cUSDT", "cUSDC", "cEURT"] as const;
/** Tokens that are minted against a reserve asset and redeemed for it. */
export type ReservedToken = (typeof RESERVED_TOKEN_NAMES)[number];
export const reservedTokenNames: readonly ReservedToken[] = RESERVED_TOKEN_NAMES;

/** All tokens as keys, each with the same shape. */
function perToken<T extends z.ZodType>(value: T) {
  return z.strictObject({ cUSDT: value, cUSDC: value, cEURT: value, XAU: value });
}

const token = z.strictObject({
  name: z.string().min(1).max(31),
  decimals: count("decimals", 0, 18),
  /** An already deployed token to adopt instead of creating ours; decimals and code are checked first. */
  existing: address.optional(),
});

const signedSource = z.strictObject({
  kind: z.literal("signed"),
  /** Names the feed: reporters sign its hash. */
  description: z.string().min(1).max(64),
  deviationThresholdBps: bpsText,
  heartbeatSeconds: count("seconds", 1, 7 * 86_400),
  maxAgeSeconds: count("seconds", 1, 14 * 86_400),
});
const chainlinkSource = z.strictObject({
  kind: z.literal("chainlink"),
  existing: address,
  decimals: count("decimals", 0, 18),
  deviationThresholdBps: bpsText,
  heartbeatSeconds: count("seconds", 1, 7 * 86_400),
  maxAgeSeconds: count("seconds", 1, 14 * 86_400),
});

const tokenFeeds = z.strictObject({
  minFeeds: count("feeds", 1, 7),
  maxDisagreementBps: count("bps", 1, 1_000),
  minPriceUsd: priceUsd,
  maxPriceUsd: priceUsd,
  /** Used for the arithmetic of the deployment checks and for the first local rounds; never by a contract. */
  referencePriceUsd: priceUsd,
  sources: z
    .array(z.discriminatedUnion("kind", [signedSource, chainlinkSource]))
    .min(1)
    .max(7),
});

/** How a token's peg is watched, and at which prices the stabilizer may trade it. */
const pegToken = z.strictObject({
  /** A currency (the dollar itself needs no reference) or a quantity of a commodity. */
  manager: z.enum(["stablecoin", "commodity"]),
  /** Units of the reference that a whole token stands for: 1 = a dollar, a euro, an ounce. */
  par: decimalText("units of the reference", 18, "0.000001", "1000000"),
  /** USD per unit of the reference, from a feed that the oracle does not read for this token. null: the reference is the dollar. */
  reference: z.discriminatedUnion("kind", [signedSource, chainlinkSource]).nullable(),
  /** Oracle price off the reference: beyond the band HALTED begins, inside the recovery band it can end. */
  bandBps: decimalText("bps", 14, "1", "2000"),
  recoverBandBps: decimalText("bps", 14, "1", "2000"),
  /** Oracle prices between which the stabilizer trades the token at all, whatever its manager has noticed so far. */
  guardMinUsd: priceUsd,
  guardMaxUsd: priceUsd,
});

// Ceilings of StablecoinReserveVault, ReserveSystem, CapitalBuckets and FlashVault.
const vaultFeeBps = decimalText("bps", 14, "0", "50");
const tierMultiple = decimalText("times P × T", 4, "0.0001", "100");
const cooldownSeconds = count("seconds", 1, 86_400);

/** A token's one reserve asset, what closes minting against it, and what minting and redeeming cost. */
const reservedToken = z.strictObject({
  asset: z.discriminatedUnion("kind", [
    /** Made by the deployment, worth nothing: localhost only. */
    z.strictObject({
      kind: z.literal("stand-in"),
      name: z.string().min(1).max(31),
      symbol: z.string().min(1).max(11),
      decimals: count("decimals", 0, 18),
    }),
    z.strictObject({ kind: z.literal("existing"), existing: decidable, decimals: count("decimals", 0, 18) }),
  ]),
  /** USD per whole asset, from feeds that the token's own oracle does not read. */
  price: tokenFeeds,
  /** A Proof-of-Reserve feed that must cover the supply. null: none is asked for. */
  attestation: z.strictObject({ feed: address, maxAgeSeconds: count("seconds", 1, 14 * 86_400) }).nullable(),
  mintFeeBps: vaultFeeBps,
  redeemFeeBps: vaultFeeBps,
  /** Minting stops while the asset is worth less than par by more than this. */
  bandBps: decimalText("bps", 14, "1", "1000"),
});

/** How much P and T may be changed later, fixed when a token is registered. */
function bounds<T extends z.ZodType>(value: T) {
  return z.strictObject({ low: value, high: value });
}
const minPeakUsdPerMinute = decimalText("USD per minute", 6, "1", "1000000000");
const maxRiseUsdPerHour = decimalText("USD per minute, each hour", 6, "10000", "1000000000");
const replenishSeconds = count("seconds", 1, 30 * 86_400);

/** When a bucket is refilled, in USD of each token. */
const bucketPolicy = z.strictObject({
  lowUsd: usd,
  targetUsd: usd,
  minRefillUsd: usd,
  cooldownSeconds,
});

const reserves = z.strictObject({
  tokens: z.strictObject({ cUSDT: reservedToken, cUSDC: reservedToken, cEURT: reservedToken }),
  /** What each vault may mint: at once, and what comes back per day. */
  mintLimit: z.strictObject({ capacityUsd: usd, refillUsdPerDay: usd }),
  /** ReserveSystem: the meter P, the time T and the tiers, for each token. */
  meter: z.strictObject({
    minPeakUsdPerMinute,
    maxRiseUsdPerHour,
    halfLifeSeconds: count("seconds", 3_600, 30 * 86_400),
    replenishSeconds,
    floorMultiple: tierMultiple,
    warnMultiple: tierMultiple,
    policyMultiple: tierMultiple,
    targetMinutes: count("minutes", 1, 10_080),
    bounds: z.strictObject({
      minPeakUsdPerMinute: bounds(minPeakUsdPerMinute),
      maxRiseUsdPerHour: bounds(maxRiseUsdPerHour),
      replenishSeconds: bounds(replenishSeconds),
    }),
  }),
  buckets: z.strictObject({
    /** What the owner may move of each token and asset per day, and the most this can ever become. */
    moveLimitUsdPerDay: usd,
    moveCeilingUsdPerDay: usd,
    /** What a bucket pays E on top of the oracle's price, and the caller's part of it. */
    feeBps: decimalText("bps", 14, "0", "50"),
    rewardShare: decimalText("(share of 1)", 18, "0", "0.5"),
    rewardBudgetXauPerDay: decimalText("troy ounces", 18, "0", "1"),
    /** Public liquidity (A): null = it is neither refilled nor given in exchange. */
    publicLiquidity: bucketPolicy.nullable(),
    /** The stabilizer's (B): shares of what the first funding gives it of each token, so that the policy grows with the capital. */
    stabilization: z.strictObject({ lowShare: share, targetShare: share, minRefillShare: share, cooldownSeconds }),
    flash: bucketPolicy,
    crossChain: bucketPolicy,
    /** What the first funding puts into C, D and E of each token. */
    start: z.strictObject({ flashUsd: usd, crossChainUsd: usd, reserveUsd: usd }),
  }),
  /** FlashVault's fee, the same for each token. */
  flashFeeBps: decimalText("bps", 14, "0.01", "100"),
});

/** k of n who attest what happened on the other chain. */
const attestorSet = z.strictObject({ addresses: z.array(address).max(32), threshold: count("signatures", 1, 32) });
/** What may cross at once, and what comes back per day. */
const crossing = z.strictObject({ capacityUsd: usd, refillUsdPerDay: usd });

const ccipSelector = z.string().regex(/^[1-9]\d{0,19}$/, "a number of up to 64 bits, in decimal");

/** How a token crosses to the other chain. */
const lane = z.strictObject({
  /** Where the token is at home it is locked, on the other chain minted; fixed with the first setting. */
  mode: z.enum(["lock", "mint"]),
  out: crossing,
  in: crossing,
  /** Smallest amount that may be sent. */
  minUsd: decimalText("USD", 6, "0.01", "10000000"),
  /** From so many USD on, so many blocks of the other chain must lie above a message's; 0 = its finalized block. */
  tiers: z
    .array(
      z.strictObject({
        fromUsd: decimalText("USD", 6, "0", "1000000000000"),
        confirmations: count("blocks", 0, 100_000),
      }),
    )
    .min(1)
    .max(8),
});

/** One other chain over Chainlink CCIP; on a local network through a router of ours that behaves like one. */
const ccip = z.strictObject({
  router: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("stand-in"), selector: ccipSelector }),
    /** `remoteAdapter` null: not there yet, and nothing crosses until it is. */
    z.strictObject({ kind: z.literal("existing"), existing: address, remoteAdapter: address.nullable() }),
  ]),
  remoteChainId: count("(chain id)", 1, 2 ** 48),
  /** CCIP's name for that chain. */
  remoteSelector: ccipSelector,
  /** null: the native coin. */
  feeToken: address.nullable(),
  gasLimit: count("gas", 600_000, 3_000_000),
  legacyArgs: z.boolean(),
  /** null: the token does not cross. */
  lanes: perToken(lane.omit({ tiers: true }).nullable()),
});

/** AlltraCustomBridge, AlltraAdapter and BridgeReserveCoordinator. */
const bridge = z.strictObject({
  /** The chain of the other bridge; the same contracts stand there at the same addresses. */
  remoteChainId: count("(chain id)", 1, 2 ** 48),
  attestors: z.strictObject({
    /** With whom the bridge is made: part of its address. */
    first: attestorSet,
    /** Who attests since the owner announced other ones. null: still the first. */
    since: attestorSet.nullable(),
  }),
  /** null: the token does not cross. */
  lanes: perToken(lane.nullable()),
  adapter: z.strictObject({
    /** What the terms can never exceed, immutable in the adapter. */
    maxFeeBps: count("bps", 0, 100),
    maxMinimumFeeTokens: decimalText("whole tokens", 18, "0", "1000000"),
    feeBps: count("bps", 0, 100),
    minimumFeeUsd: decimalText("USD", 6, "0", "1000"),
    /** How long what is sent may be delivered: longer than a guardian's hold. */
    lifetimeSeconds: count("seconds", 2 * 86_400, 7 * 86_400),
  }),
  /** What bucket D must hold of each token that crosses: peak outflow times latency. */
  coordinator: z.strictObject({
    minPeakUsdPerMinute,
    maxRiseUsdPerHour,
    halfLifeSeconds: count("seconds", 3_600, 30 * 86_400),
    minLatencySeconds: count("seconds", 1, 86_400),
    maxLatencySeconds: count("seconds", 1, 86_400),
    cooldownSeconds,
    maxRebalanceUsd: usd,
  }),
  /** null: no other chain. */
  ccip: ccip.nullable(),
});

const stabilizerShape = {
  thresholdBps: decimalText("bps", 14, "0.01", "500"),
  fastThresholdBps: decimalText("bps", 14, "0.01", "500"),
  gain: share,
  maxSlippageBps: decimalText("bps", 14, "0", "500"),
  maxDeviationAgreeBps: decimalText("bps", 14, "0", "500"),
  minShare: share,
  minBlocks: count("blocks", 1, 300),
  confirmations: count("blocks", 1, 64),
  windowBlocks: count("blocks", 1, 64),
  capXau: xau,
  bucketXau: xau,
  bucketRefillXauPerBlock: xau,
  minTradeXau: xau,
  rewardShare: decimalText("(share of 1)", 18, "0", "0.5"),
  rewardBudgetXauPerDay: decimalText("troy ounces", 18, "0", "18"),
};
const stabilizerProfile = z.strictObject(stabilizerShape);

const pool = z.strictObject({
  base: tokenName,
  quote: tokenName,
  kind: z.enum(["public", "private"]),
  pricing: z.enum(["oracle", "fixed"]),
  /** Only with pricing "fixed": quote per base in whole tokens. */
  fixedPrice: decimalText("quote per base", 18, "0.000001", "1000000000").optional(),
  kRatio,
  lpFeeBps,
  depthUsdPerSide: usd,
  /** Values that differ from the chosen stabilizer profile. */
  stabilizer: stabilizerProfile.partial().optional(),
});

/** The reviewed input of one network. Keys carry their unit; amounts and ratios are decimal text. */
export const networkParamsSchema = z.strictObject({
  chainId: count("(chain id)", 1, 2 ** 48),
  /** Seconds between blocks, for the arithmetic of the checks. */
  blockSeconds: decimalText("seconds", 3, "0.1", "60"),
  /** Deployment transactions wait while the network asks for more. */
  maxGasPriceGwei: gwei,
  create2: z.strictObject({
    root: z.enum(["deterministic-proxy", "single-use-key"]),
    /** Only for "single-use-key": the account that deploys the proxy as its very first transaction. */
    rootDeployer: address.optional(),
    salt: z.string().min(1).max(31),
  }),
  roles: z.strictObject({
    /** Sends the deployment; part of the addresses; keeps nothing. */
    deployer: decidable,
    /** Multisig that proposes to and executes through the timelock. */
    admin: decidable,
    guardian: decidable,
    keeper: decidable,
    treasury: decidable,
    timelockDelaySeconds: count("seconds", 0, 30 * 86_400),
  }),
  reporters: z.strictObject({ addresses: z.array(address).max(16), threshold: count("signatures", 1, 16) }),
  tokens: perToken(token),
  oracle: z.strictObject({
    graceBlocks: count("blocks", 1, 100),
    maxBlockSeconds: count("seconds", 1, 600),
    /** Signed feeds: blocks between two rounds, and the oldest observation a round may carry. */
    minRoundGapBlocks: count("blocks", 1, 1_000),
    maxReportDelaySeconds: count("seconds", 1, 3_600),
    tokens: perToken(tokenFeeds),
  }),
  pools: z.array(pool).min(1).max(32),
  /** What all pools share, immutable in their code. */
  pmm: z.strictObject({
    flashFeeBps: decimalText("bps", 14, "0", "100"),
    maintainerFeeBps: decimalText("bps", 14, "0", "100"),
    parameterDelaySeconds: count("seconds", 3_600, 30 * 86_400),
  }),
  mesh: z.strictObject({
    tokens: z.array(tokenName).min(1),
    kRatio,
    lpFeeBps,
    depthUsdPerSide: usd,
  }),
  stabilizer: z.strictObject({
    profile: z.enum(["target", "literal"]),
    profiles: z.strictObject({ target: stabilizerProfile, literal: stabilizerProfile }),
    /** Stabilization capital of each of the two tokens of each public pool, mesh reserves included. */
    capitalUsdPerToken: usd,
    globalCapXau: xau,
    maxGasPriceGwei: gwei,
    /** Value of one native coin, for the bound of the caller's reward; "0" = no reward. */
    nativePriceXau: decimalText("troy ounces", 18, "0", "18"),
    /** What governance can never exceed, immutable in StabilizerLimits. */
    ceilings: z.strictObject({
      poolCapXau: xau,
      bucketXau: decimalText("troy ounces", 18, "0.000001", "4000"),
      bucketRefillXauPerBlock: decimalText("troy ounces", 18, "0.000001", "18"),
      rewardBudgetXauPerDay: decimalText("troy ounces", 18, "0", "18"),
      globalCapXau: xau,
      maxGasPriceGwei: gwei,
      nativePriceXau: decimalText("troy ounces", 18, "0", "18"),
    }),
  }),
  peg: z.strictObject({
    /** Block-ends of a token's pools off their anchors: when a state begins and ends. */
    market: z.strictObject({
      calmBps: decimalText("bps", 14, "0.01", "1000"),
      deviatingBps: decimalText("bps", 14, "0.01", "1000"),
      defendingBps: decimalText("bps", 14, "0.01", "1000"),
      enterBlocks: count("blocks", 1, 64),
      recoverBlocks: count("blocks", 1, 64),
    }),
    /** Blocks outside the band before HALTED, and inside the recovery band before it ends. */
    haltBlocks: count("blocks", 1, 300),
    calmBlocks: count("blocks", 1, 50_000),
    /** Per-block cap of a token's pools while it is DEFENDING, as a multiple of the profile's; the ceiling cuts it off. */
    defendingCapMultiple: decimalText("times the cap", 18, "1", "10"),
    tokens: perToken(pegToken),
  }),
  /** Reserve assets with their vaults, the meter of outflows, and the five capital buckets. */
  reserves,
  /** Lanes to the other chain, who attests on them, and what the cross-chain bucket must hold. */
  bridge,
  /** What the policy of each keeper's key lets through at most; its docs: docs/keeper-runtime.md. */
  keepers: z.strictObject({
    deviationStabilizer: z.strictObject({
      /** Of each kind, in any hour. */
      transactionsPerHour: count("transactions", 2, 100_000),
      /** Of each token, in any 24 hours, at the reference price. */
      turnoverUsdPerDay: usd,
      /** Gas in any 24 hours. */
      coinsPerDay: coins,
    }),
    priceReporter: z.strictObject({
      /** Of each feed, in any hour. */
      roundsPerHour: count("rounds", 2, 100_000),
      coinsPerDay: coins,
    }),
    bridgeAttestor: z.strictObject({
      /** Of each kind, in any hour. */
      transactionsPerHour: count("transactions", 2, 100_000),
      coinsPerDay: coins,
    }),
    crossChainArbitrage: z.strictObject({
      /** Of each kind, in any hour. */
      transactionsPerHour: count("transactions", 2, 100_000),
      /** Of one leg, and of one transfer, at the reference price. */
      legUsd: usd,
      transferUsd: usd,
      /** Of each token on one chain, in any 24 hours: sold, and sent through the bridge. */
      turnoverUsdPerDay: usd,
      transfersUsdPerDay: usd,
      coinsPerDay: coins,
    }),
  }),
  flow: z.strictObject({
    netFlowUsdPerHour: usd,
    bandBps: bpsText,
    minCapitalHours: decimalText("hours", 2, "0.1", "10000"),
  }),
  funding: z.strictObject({
    /** "bootstrap-mint" exists on localhost only; "treasury": the deployer brings the tokens; "none": pools stay empty. */
    source: z.enum(["bootstrap-mint", "treasury", "none"]),
  }),
  dodo: z.strictObject({
    /** Real DODO V2 contracts to accept beside ours; adopted after their code is found. null: this chain has none. */
    existing: z
      .strictObject({
        dspFactory: address,
        dspProxy: address,
        dspTemplate: address,
        dppFactory: address,
        dppProxy: address,
        dppTemplate: address,
        approve: address,
      })
      .nullable(),
    /** Tokens against which cUSDT and cUSDC are redeemed, for the pools that DODO's plan names. null: not on this chain. */
    reserveTokens: z.strictObject({ USDT: decidable, USDC: decidable }),
  }),
  /** M00, the index. */
  gru: z.strictObject({
    /** Shortest time between the announcement of a cut and its execution, immutable in the diamond. */
    minCutDelaySeconds: count("seconds", 86_400, 30 * 86_400),
    /** What one M00 costs at the first issue; afterwards the vault's balances say it. */
    basket: z
      .array(
        z.strictObject({
          token: tokenName,
          tokensPerShare: decimalText("whole tokens per M00", 18, "0.000000000000000001", "1000000"),
        }),
      )
      .min(1),
    /** M00 that the first funding issues to the treasury, to stay there. */
    firstIssueShares: decimalText("M00", 18, "0.001", "1000000"),
    /** Facets that cuts have brought in since the deployment. */
    facets: z.array(address).max(32),
  }),
  /** EnhancedSwapRouter: all public pools of `pools` are registered; private ones never are. */
  router: z.strictObject({
    /** The canonical Permit2, adopted after its code is found; part of the router's address. null: this chain has none. */
    permit2: address.nullable(),
    /** Tokens that a route of two hops may pass through. */
    intermediates: z.array(tokenName).max(MAX_INTERMEDIATES),
    /** Uniswap v3, adopted: the chain's own factory and the pools of it to trade with. null: none. */
    uniswapV3: z.strictObject({ factory: address, pools: z.array(address).min(1).max(32) }).nullable(),
  }),
  /** Pools ("base/quote") whose LP fee may lie below half of the feeds' deviation threshold. */
  acceptOracleUpdateLoss: z.array(z.string()),
  /** Deployment checks ("throughput:base/quote", "drift:…", "capital-hours:…") that may fail. */
  acceptFailedChecks: z.array(z.string()),
});

/** A parameter file as validated: texts stay texts, so that what is reviewed is what is used. */
export type NetworkParams = z.infer<typeof networkParamsSchema>;
export type PoolParams = NetworkParams["pools"][number];
export type StabilizerProfile = NetworkParams["stabilizer"]["profiles"]["target"];
export type PegTokenParams = NetworkParams["peg"]["tokens"]["XAU"];
export type TokenFeeds = NetworkParams["oracle"]["tokens"]["XAU"];
export type ReservedTokenParams = NetworkParams["reserves"]["tokens"]["cUSDT"];
export type BridgeParams = NetworkParams["bridge"];
export type CcipParams = NonNullable<BridgeParams["ccip"]>;
export type LaneParams = NonNullable<BridgeParams["lanes"]["XAU"]>;
export type FeedSource = NetworkParams["oracle"]["tokens"]["XAU"]["sources"][number];

/** Checksummed form of an address that passed the schema. */
export function checksummed(value: string): string {
  return getAddress(value);
}
