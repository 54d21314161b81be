/** What the key that pays for rounds may sign: `submit` of the feeds of the record, with rounds that reporters of the parameters signed. */
import { recordNames, type Deployment } from "../../protocol/addresses.js";
import { mulDivDown, mulDivUp } from "../../protocol/math.js";
import { reservedTokenNames, tokenNames, type FeedSource, type NetworkParams } from "../../protocol/params/schema.js";
import { feedIdOf } from "../../protocol/signedRound.js";
import { parseDecimal, parseWad, WAD } from "../../protocol/units.js";
import { NATIVE, type Constraint, type Policy, type PolicyRule } from "../kit/policy/types.js";
import { validPolicy } from "../kit/policy/validate.js";
import { KEEPER_NAME } from "./connect.js";
import { PRICE_DECIMALS } from "./sources.js";

/** Bytes of a signature: r, s, v. */
const SIGNATURE_BYTES = 65;
/** Words of `submit` beside the signatures: the round, the offset and length of the list. */
const FIXED_WORDS = 5;
/** Words of one signature: offset, length, 65 bytes padded. */
const SIGNATURE_WORDS = 5;

export interface PolicyBounds {
  readonly gasLimit: number;
  readonly maxFeePerGasWei: bigint;
  readonly maxAheadSeconds: number;
  /** A local chain's clock runs ahead of the database's: the contract's own window must do there. */
  readonly local: boolean;
}

/** Compiles the policy. @throws PermanentError NOT_DEPLOYED, POLICY_INVALID. */
export function reporterPolicy(
  deployment: Deployment,
  params: NetworkParams,
  bounds: PolicyBounds,
  signer: string,
): Policy {
  const { addresses: reporters, threshold } = params.reporters;
  const { roundsPerHour, coinsPerDay } = params.keepers.priceReporter;
  const observedAt: Constraint = bounds.local
    ? { kind: "range", min: 1n, max: 2n ** 40n - 1n }
    : { kind: "time", behindSeconds: params.oracle.maxReportDelaySeconds, aheadSeconds: bounds.maxAheadSeconds };
  const rules = signedFeeds(deployment, params).map(
    ({ name, address, description, minAnswer, maxAnswer }): PolicyRule => ({
      name: `${name}.submit`,
      target: address,
      fragment: "function submit((uint32 roundId, uint72 answer, uint40 observedAt) round, bytes[] signatures)",
      args: {
        round: {
          kind: "struct",
          fields: {
            roundId: { kind: "range", min: 1n, max: 2n ** 32n - 1n },
            answer: { kind: "range", min: minAnswer, max: maxAnswer },
            observedAt,
          },
        },
        signatures: {
          kind: "list",
          minLength: threshold,
          maxLength: reporters.length,
          uniqueBy: "",
          each: { kind: "bytes", length: SIGNATURE_BYTES },
        },
      },
      relations: [
        {
          kind: "roundSignatures",
          round: "round",
          signatures: "signatures",
          feedId: feedIdOf({ description, decimals: PRICE_DECIMALS }),
          reporters,
          threshold,
        },
      ],
      amounts: [],
      maxValueWei: 0n,
      maxGasLimit: BigInt(bounds.gasLimit),
      maxFeePerGasWei: bounds.maxFeePerGasWei,
      maxCalldataBytes: 4 + (FIXED_WORDS + SIGNATURE_WORDS * reporters.length) * 32,
      perHour: roundsPerHour,
      innerOnly: false,
    }),
  );
  return validPolicy({
    role: KEEPER_NAME,
    chainId: String(params.chainId),
    signer,
    rules,
    noOp: { maxFeePerGasWei: bounds.maxFeePerGasWei, perHour: roundsPerHour },
    perDay: { [NATIVE]: parseWad(coinsPerDay) },
  });
}

interface PolicyFeed {
  readonly name: string;
  readonly address: string;
  readonly description: string;
  readonly minAnswer: bigint;
  readonly maxAnswer: bigint;
}

/** Every feed of ours with the bounds of its contract. */
export function signedFeeds(deployment: Deployment, params: NetworkParams): readonly PolicyFeed[] {
  const feed = (
    name: string,
    source: FeedSource | null,
    minUsd: string,
    maxUsd: string,
    parWad = WAD,
  ): PolicyFeed[] => {
    if (source?.kind !== "signed") return [];
    return [
      {
        name,
        address: deployment.address(name),
        description: source.description,
        minAnswer: mulDivDown(parseDecimal(minUsd, 18), 10n ** BigInt(PRICE_DECIMALS), parWad),
        maxAnswer: mulDivUp(parseDecimal(maxUsd, 18), 10n ** BigInt(PRICE_DECIMALS), parWad),
      },
    ];
  };
  return [
    ...tokenNames.flatMap((token) => {
      const { sources, minPriceUsd, maxPriceUsd } = params.oracle.tokens[token];
      return sources.flatMap((source, index) => feed(recordNames.feed(token, index), source, minPriceUsd, maxPriceUsd));
    }),
    ...tokenNames.flatMap((token) => {
      const { minPriceUsd, maxPriceUsd } = params.oracle.tokens[token];
      const { reference, par } = params.peg.tokens[token];
      return feed(recordNames.reference(token), reference, minPriceUsd, maxPriceUsd, parseWad(par));
    }),
    ...reservedTokenNames.flatMap((token) => {
      const { sources, minPriceUsd, maxPriceUsd } = params.reserves.tokens[token].price;
      return sources.flatMap((source, index) =>
        feed(recordNames.reserveFeed(token, index), source, minPriceUsd, maxPriceUsd),
      );
    }),
  ];
}
