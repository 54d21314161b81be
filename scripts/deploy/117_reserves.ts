import { id, ZeroAddress } from "ethers";

import {
  CapitalBuckets__factory,
  FlashVault__factory,
  ICapitalHolder__factory,
  IGuardianPause__factory,
  M1Token__factory,
  PublicLiquidity__factory,
  StablecoinReserveVault__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { reservedTokenNames, tokenNames, type ReservedToken, type TokenName } from "../../protocol/params/schema.js";
import { parseBpsAsWad, WAD } from "../../protocol/units.js";
import { BUCKET } from "./bucketFunding.js";
import { minterLimit } from "./minterLimit.js";
import type { PlannedPool } from "./pools.js";
import {
  bucketTokens,
  CLOSED_POLICY,
  feesOf,
  mintLimitOf,
  policyOf,
  refilledBuckets,
  termsOf,
  type BucketToken,
  type RefilledBucket,
} from "./reserveAmounts.js";
import { answer, governed, outputType, structText } from "./setting.js";
import { systemMembers } from "./systemMembers.js";
import type { Call, DifferenceCode, PlannedContract, Setting, Step, StepContext } from "./types.js";

const LIMIT = { code: "LIMIT_CHANGED" } as const;
const WIRING = { code: "WIRING_CHANGED" } as const;
const NO_POLICY = "closed";
const SECONDS_PER_DAY = 86_400n;

/** The vaults with their rights over the tokens, the five buckets with their holders, and the rules of both. */
export const reservesStep: Step = {
  id: "117_reserves",
  title: "reserve vaults, capital buckets and their holders",
  contracts({ plan }) {
    const { vaults, buckets, flashVault, publicLiquidity, lens } = plan.reserves;
    return [...reservedTokenNames.map((name) => vaults[name]), buckets, flashVault, publicLiquidity, lens];
  },
  settings(context) {
    const { plan } = context;
    const { vaults, buckets, flashVault, publicLiquidity } = plan.reserves;
    const holders = [publicLiquidity, plan.stabilizer, flashVault];
    const tokens = bucketTokens(plan, tokenNames);
    return [
      ...[...reservedTokenNames.map((name) => vaults[name]), buckets, flashVault].map((contract) =>
        guardian(context, contract),
      ),
      ...reservedTokenNames.flatMap((name) => vaultSettings(context, name)),
      ...reservedTokenNames.flatMap((name) => tokenRights(context, name)),
      ...tokens.map((token) => moveLimit(context, token)),
      ...holders.map((holder) => holderBuckets(context, holder)),
      ...holders.map((holder, bucket) => bucketHolder(context, holder, bucket)),
      pegBoard(context),
      terms(context),
      ...tokens.flatMap((token) => refilledBuckets.map((bucket) => policy(context, bucket, token))),
      ...tokenNames.map((name) => flashFee(context, name)),
      ...plan.pools.filter((pool) => pool.kind === "public").map((pool) => countedPool(context, pool)),
      ...tokenNames.flatMap((name) => systemContracts(context, name)),
    ];
  },
};

function guardian({ plan, provider }: StepContext, { name, address }: PlannedContract): Setting {
  const handle = contractAt(IGuardianPause__factory, address, provider);
  const expected = plan.roles.guardian;
  const call: Call = {
    to: address,
    data: handle.interface.encodeFunctionData("setGuardian", [expected]),
    label: `${name}.setGuardian(${expected})`,
  };
  return governed(`${name}.guardian`, address, expected, () => answer(handle.guardian()), call, { code: extraOrGone });
}

/** A right that somebody else has, or nobody. */
function extraOrGone(found: string): DifferenceCode {
  return found === ZeroAddress ? "ROLE_MISSING" : "ROLE_EXTRA";
}

function vaultSettings({ plan, provider }: StepContext, name: ReservedToken): Setting[] {
  const vault = plan.reserves.vaults[name];
  const { address: to } = vault;
  const handle = contractAt(StablecoinReserveVault__factory, to, provider);
  const { interface: abi } = handle;
  const { attestation, bandBps } = plan.params.reserves.tokens[name];
  const feeType = outputType(abi.getFunction("fees").outputs);
  const attestationType = outputType(abi.getFunction("attestation").outputs);
  const fees = feesOf(plan, name);
  const minRatio = WAD - parseBpsAsWad(bandBps);
  const attested = attestation ?? { feed: ZeroAddress, maxAgeSeconds: 0 };
  const recipient = plan.reserves.buckets.address;
  const set = (data: string, label: string): Call => ({ to, data, label: `${vault.name}.${label}` });
  return [
    governed(
      `${vault.name}.fees`,
      to,
      structText(feeType, fees),
      async () => structText(feeType, await handle.fees()),
      set(abi.encodeFunctionData("setFees", [fees]), "setFees"),
      LIMIT,
    ),
    governed(
      `${vault.name}.minRatioWad`,
      to,
      String(minRatio),
      () => answer(handle.minRatioWad()),
      set(abi.encodeFunctionData("setMinRatio", [minRatio]), `setMinRatio(${String(minRatio)})`),
      LIMIT,
    ),
    governed(
      `${vault.name}.attestation`,
      to,
      structText(attestationType, attested),
      async () => structText(attestationType, await handle.attestation()),
      set(abi.encodeFunctionData("setAttestation", [attested]), "setAttestation"),
      LIMIT,
    ),
    governed(
      `${vault.name}.feeRecipient`,
      to,
      recipient,
      () => answer(handle.feeRecipient()),
      set(abi.encodeFunctionData("setFeeRecipient", [recipient]), "setFeeRecipient(CapitalBuckets)"),
      WIRING,
    ),
  ];
}

/** A vault mints inside its limit and redeems without one. */
function tokenRights(context: StepContext, name: ReservedToken): Setting[] {
  const { plan, provider } = context;
  const token = plan.tokens[name];
  if (token.adopted) return [];
  const handle = contractAt(M1Token__factory, token.address, provider);
  const { interface: abi } = handle;
  const vault = plan.reserves.vaults[name];
  const role = (constant: string) =>
    governed(
      `${name}.${constant}(${vault.name})`,
      token.address,
      "true",
      () => answer(handle.hasRole(id(constant), vault.address)),
      {
        to: token.address,
        data: abi.encodeFunctionData("grantRole", [id(constant), vault.address]),
        label: `${name}.grantRole(${constant}, ${vault.name})`,
      },
      { code: "ROLE_MISSING" },
    );
  return [minterLimit(context, name, vault.name, mintLimitOf(plan, name)), role("MINTER_ROLE"), role("REDEEMER_ROLE")];
}

/** As the contract keeps it: half of the limit at once, half spread over the day. */
function moveLimit({ plan, provider }: StepContext, token: BucketToken): Setting {
  const { address: at } = plan.reserves.buckets;
  const buckets = contractAt(CapitalBuckets__factory, at, provider);
  const { interface: abi } = buckets;
  const { name, address, moveLimitUnitsPerDay: limit, moveCeilingUnitsPerDay: ceiling } = token;
  const call = (data: string, label: string): Call => ({ to: at, data, label: `CapitalBuckets.${label}` });
  return {
    id: `CapitalBuckets.moveLimit(${name})`,
    at,
    expected: `${String(limit / 2n)} ${String(limit / 2n / SECONDS_PER_DAY)}`,
    read: async () => {
      if (!(await buckets.isToken(address))) return "not added";
      const { capacityUnits, refillUnitsPerSecond } = await buckets.moveLimit(address);
      return `${String(capacityUnits)} ${String(refillUnitsPerSecond)}`;
    },
    code: "LIMIT_CHANGED",
    by: "timelock",
    calls: async () => [
      ...((await buckets.isToken(address))
        ? []
        : [call(abi.encodeFunctionData("addToken", [address, ceiling]), `addToken(${name}, ${String(ceiling)})`)]),
      call(abi.encodeFunctionData("setMoveLimit", [address, limit]), `setMoveLimit(${name}, ${String(limit)})`),
    ],
  };
}

/** Who may take what a holder keeps: named once, for ever. */
function holderBuckets({ plan, provider }: StepContext, { name, address }: PlannedContract): Setting {
  const holder = contractAt(ICapitalHolder__factory, address, provider);
  const expected = plan.reserves.buckets.address;
  const call: Call = {
    to: address,
    data: holder.interface.encodeFunctionData("setBuckets", [expected]),
    label: `${name}.setBuckets(CapitalBuckets)`,
  };
  return governed(`${name}.buckets`, address, expected, () => answer(holder.buckets()), call, { code: extraOrGone });
}

function bucketHolder({ plan, provider }: StepContext, holder: PlannedContract, bucket: number): Setting {
  const { address: at } = plan.reserves.buckets;
  const buckets = contractAt(CapitalBuckets__factory, at, provider);
  const call: Call = {
    to: at,
    data: buckets.interface.encodeFunctionData("setHolder", [bucket, holder.address]),
    label: `CapitalBuckets.setHolder(${holder.name})`,
  };
  const read = () => answer(buckets.holderOf(bucket));
  return governed(`CapitalBuckets.holderOf(${"ABC"[bucket] ?? ""})`, at, holder.address, read, call, WIRING);
}

function pegBoard({ plan, provider }: StepContext): Setting {
  const { address: at } = plan.reserves.buckets;
  const buckets = contractAt(CapitalBuckets__factory, at, provider);
  const expected = plan.pegBoard.address;
  const call: Call = {
    to: at,
    data: buckets.interface.encodeFunctionData("setPegBoard", [expected]),
    label: "CapitalBuckets.setPegBoard(PegBoard)",
  };
  return governed("CapitalBuckets.pegBoard", at, expected, () => answer(buckets.pegBoard()), call, WIRING);
}

function terms({ plan, provider }: StepContext): Setting {
  const { address: at } = plan.reserves.buckets;
  const buckets = contractAt(CapitalBuckets__factory, at, provider);
  const type = outputType(buckets.interface.getFunction("terms").outputs);
  const wanted = termsOf(plan);
  const call: Call = {
    to: at,
    data: buckets.interface.encodeFunctionData("setTerms", [wanted]),
    label: "CapitalBuckets.setTerms",
  };
  const read = async () => structText(type, await buckets.terms());
  return governed("CapitalBuckets.terms", at, structText(type, wanted), read, call, LIMIT);
}

/** A token without a policy, and one whose policy lets nothing in or out, are the same to a refill. Assets have none. */
function policy(
  { plan, provider }: StepContext,
  bucket: RefilledBucket,
  { name, address, token }: BucketToken,
): Setting {
  const { address: at } = plan.reserves.buckets;
  const buckets = contractAt(CapitalBuckets__factory, at, provider);
  const type = outputType(buckets.interface.getFunction("policy").outputs);
  const wanted = token === undefined ? CLOSED_POLICY : policyOf(plan, bucket, token);
  const closed = structText(type, CLOSED_POLICY);
  const expected = structText(type, wanted);
  const call: Call = {
    to: at,
    data: buckets.interface.encodeFunctionData("setPolicy", [BUCKET[bucket], address, wanted]),
    label: `CapitalBuckets.setPolicy(${bucket}, ${name})`,
  };
  const read = async () => {
    const found = await buckets.policy(BUCKET[bucket], address);
    const text = structText(type, found);
    return found.minRefillUnits === 0n || text === closed ? NO_POLICY : text;
  };
  const id = `CapitalBuckets.policy(${bucket}, ${name})`;
  return governed(id, at, expected === closed ? NO_POLICY : expected, read, call, LIMIT);
}

function flashFee({ plan, provider }: StepContext, name: TokenName): Setting {
  const { address: at } = plan.reserves.flashVault;
  const vault = contractAt(FlashVault__factory, at, provider);
  const token = plan.tokens[name].address;
  const feeWad = parseBpsAsWad(plan.params.reserves.flashFeeBps);
  const call: Call = {
    to: at,
    data: vault.interface.encodeFunctionData("setFee", [token, feeWad]),
    label: `FlashVault.setFee(${name}, ${String(feeWad)})`,
  };
  return governed(`FlashVault.feeWad(${name})`, at, String(feeWad), () => answer(vault.feeWad(token)), call, LIMIT);
}

/** Bucket A counts the protocol's shares of every public pool. */
function countedPool({ plan, provider }: StepContext, pool: PlannedPool): Setting {
  const { address: at } = plan.reserves.publicLiquidity;
  const liquidity = contractAt(PublicLiquidity__factory, at, provider);
  const call: Call = {
    to: at,
    data: liquidity.interface.encodeFunctionData("addPool", [pool.address]),
    label: `PublicLiquidity.addPool(${pool.pair})`,
  };
  const read = async () => ((await liquidity.pools()).includes(pool.address) ? "counted" : "not counted");
  return governed(`PublicLiquidity.counts(${pool.pair})`, at, "counted", read, call, { code: "POOL_MISSING" });
}

/** What keeps a bucket's tokens cannot be frozen. */
function systemContracts(context: StepContext, name: TokenName): Setting[] {
  const { buckets, flashVault, publicLiquidity } = context.plan.reserves;
  return systemMembers(context, name, [buckets, flashVault, publicLiquidity]);
}
