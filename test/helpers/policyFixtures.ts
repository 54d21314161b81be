/** A deployment record without a chain, the policies compiled from it, and intents that they allow. */
import fc from "fast-check";
import { getAddress, keccak256, toUtf8Bytes } from "ethers";

import { stabilizerEncoder } from "../../keepers/deviation-stabilizer/encode.js";
import { stabilizerPolicy } from "../../keepers/deviation-stabilizer/policy.js";
import type { Action, EncodeAction } from "../../keepers/kit/policy/action.js";
import { encodeCall, functionOf } from "../../keepers/kit/policy/encoding.js";
import type { Envelope } from "../../keepers/kit/policy/checkPolicy.js";
import type { Policy, PolicyRule, SimulatedBytes, TypedCall, Value } from "../../keepers/kit/policy/types.js";
import { reporterEncoder } from "../../keepers/price-reporter/encode.js";
import { reporterPolicy } from "../../keepers/price-reporter/policy.js";
import { Deployment, recordNames } from "../../protocol/addresses.js";
import { loadParams } from "../../protocol/params/load.js";
import { developmentAccounts, pairOf } from "../../protocol/params/rules.js";
import { reservedTokenNames, tokenNames } from "../../protocol/params/schema.js";
import { feedIdOf, orderSignatures, roundDigest } from "../../protocol/signedRound.js";

export const NOW = 1_800_000_000n;
const GWEI = 10n ** 9n;
const { params } = loadParams("localhost");
const [, , , keeper] = developmentAccounts();
export const SIGNER = keeper?.address ?? "";

/** Everything that the keepers' policies name, at made-up addresses. */
export function fixtureDeployment(): Deployment {
  const names = [
    ...tokenNames,
    ...["Stabilizer", "StabilizerLimits", "PegBoard", "CapitalBuckets", "XauMesh", "Timelock"],
    ...["AlltraCustomBridge", "AlltraAdapter"],
    ...params.pools.map((pool) => recordNames.pool(pairOf(pool))),
    ...tokenNames.flatMap((token) =>
      params.oracle.tokens[token].sources.map((_, index) => recordNames.feed(token, index)),
    ),
    ...tokenNames.filter((token) => params.peg.tokens[token].reference !== null).map(recordNames.reference),
    ...reservedTokenNames.flatMap((token) =>
      params.reserves.tokens[token].price.sources.map((_, index) => recordNames.reserveFeed(token, index)),
    ),
  ];
  const entry = (name: string) => ({
    address: getAddress(keccak256(toUtf8Bytes(name)).slice(0, 42)),
    deployTx: null,
    block: null,
    constructorArgs: [],
    runtimeCodeHash: `0x${"00".repeat(32)}`,
  });
  const contracts = Object.fromEntries(names.map((name) => [name, entry(name)]));
  return new Deployment("localhost", { chainId: 138, contracts, params: "params/localhost.json#0" });
}

export const deployment = fixtureDeployment();

export const STABILIZER_BOUNDS = {
  gasBase: 100_000,
  gasPerOrder: 600_000,
  maxOrders: 8,
  sizeHeadroomBps: 5_000,
  maxFeePerGasWei: 100n * GWEI,
};

export function stabilizerFixture(): Policy {
  return stabilizerPolicy(deployment, params, STABILIZER_BOUNDS, SIGNER);
}

export function reporterFixture(): Policy {
  const bounds = { gasLimit: 400_000, maxFeePerGasWei: 100n * GWEI, maxAheadSeconds: 15, local: false };
  return reporterPolicy(deployment, params, bounds, SIGNER);
}

/** The keepers' own encoders. */
export function stabilizerEncode(record = deployment): EncodeAction {
  return stabilizerEncoder({
    stabilizer: record.address("Stabilizer"),
    pegBoard: record.address("PegBoard"),
    buckets: record.address("CapitalBuckets"),
  });
}

export const reporterEncode: EncodeAction = reporterEncoder(deployment, params);

/** A call that its policy allows, with its bytes. */
export interface ValidCall {
  readonly rule: PolicyRule;
  readonly action: Action;
  readonly call: TypedCall;
  readonly simulated: SimulatedBytes;
  readonly envelope: Envelope;
}

/** The rule of a name. */
export function ruleOf(policy: Policy, name: string): PolicyRule {
  const rule = policy.rules.find((entry) => entry.name === name);
  if (rule === undefined) throw new Error(`no rule ${name}`);
  return rule;
}

/** The call with its own bytes, in an envelope inside the rule's limits. */
export function validCall(policy: Policy, name: string, args: TypedCall["args"]): ValidCall {
  const rule = ruleOf(policy, name);
  const data = encodeCall(rule, args);
  if (data === undefined) throw new Error(`${name} does not encode`);
  return {
    rule,
    action: { name, args },
    call: { target: rule.target, function: functionOf(rule).fragment.format("sighash"), args },
    simulated: { to: rule.target, data },
    envelope: {
      chainId: policy.chainId,
      signer: policy.signer,
      valueWei: 0n,
      gasLimit: rule.maxGasLimit,
      maxFeePerGasWei: rule.maxFeePerGasWei,
    },
  };
}

const token = (name: (typeof tokenNames)[number]): string => deployment.token(name);
const pools = Object.entries(deployment.pools());
const stable = fc.constantFrom(...reservedTokenNames);

/** Calls of the stabilizer's keeper, each kind, all inside its policy. */
export function stabilizerCalls(policy: Policy): fc.Arbitrary<ValidCall> {
  const swap = fc
    .tuple(fc.constantFrom(...pools), fc.boolean(), fc.bigInt(1n, 1_000_000_000n))
    .map(([[pair], sellBase, tradeSize]) => {
      const [base, quote] = pair.split("/").map((name) => token(name as (typeof tokenNames)[number]));
      const [tokenIn, tokenOut] = sellBase ? [base, quote] : [quote, base];
      return validCall(policy, "Stabilizer.executePrivateSwap", {
        tradeSize,
        tokenIn: tokenIn ?? "",
        tokenOut: tokenOut ?? "",
      });
    });
  const batch = fc
    .subarray(pools, { minLength: 1 })
    .chain((chosen) =>
      fc.tuple(
        ...chosen.map(([, pool]) => fc.bigInt(1n, 1_000_000_000n).map((maxAmountIn) => ({ pool, maxAmountIn }))),
      ),
    )
    .map((orders) => validCall(policy, "Stabilizer.executeBatch", { orders }));
  const poke = fc
    .subarray([...tokenNames], { minLength: 1 })
    .map((names) => validCall(policy, "PegBoard.poke", { which: names.map(token) }));
  const refill = fc
    .tuple(fc.bigInt(0n, 4n), stable, stable, fc.bigInt(1_000_000n, 1_000_000_000n))
    .filter(([, scarce, surplus]) => scarce !== surplus)
    .map(([bucket, scarce, surplus, amountUnits]) =>
      validCall(policy, "CapitalBuckets.refill", {
        bucket,
        scarce: token(scarce),
        surplusToken: token(surplus),
        amountUnits,
        maxPaidUnits: (amountUnits * 9n) / 10n,
      }),
    );
  return fc.oneof(swap, batch, poke, refill);
}

/** Rounds that two or three reporters of the parameters have signed. */
export function reporterCalls(policy: Policy): fc.Arbitrary<ValidCall> {
  const feeds = tokenNames.flatMap((name) =>
    params.oracle.tokens[name].sources.map((source, index) => ({
      name: recordNames.feed(name, index),
      token: name,
      source,
    })),
  );
  return fc
    .record({
      feed: fc.constantFrom(...feeds),
      roundId: fc.bigInt(1n, 2n ** 31n),
      ageSeconds: fc.bigInt(0n, 200n),
      above: fc.bigInt(0n, 1_000_000n),
      signers: fc.subarray([...params.reporters.addresses], { minLength: params.reporters.threshold }),
    })
    .map(({ feed: { name, token: priced, source }, roundId, ageSeconds, above, signers }) => {
      const low = BigInt(Math.round(Number(params.oracle.tokens[priced].minPriceUsd) * 1e8));
      const round = { roundId, answer: low + above, observedAt: NOW - ageSeconds };
      const feedId = feedIdOf({ description: source.kind === "signed" ? source.description : "", decimals: 8 });
      const digest = roundDigest(feedId, round);
      const signatures = signers.map((signer) => {
        const wallet = developmentAccounts().find((account) => account.address === signer);
        if (wallet === undefined) throw new Error(`no key of ${signer}`);
        return { signer, signature: wallet.signingKey.sign(digest).serialized };
      });
      const args: Record<string, Value> = { round, signatures: orderSignatures(signatures) };
      return validCall(policy, `${name}.submit`, args);
    });
}
