import { ZeroAddress, ZeroHash } from "ethers";

import {
  CapitalBuckets__factory,
  FlashVault__factory,
  PublicLiquidity__factory,
  ReserveLens__factory,
  ReserveSystem__factory,
  StablecoinReserveVault__factory,
  XAUOracle__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { reservedTokenNames, tokenNames } from "../../protocol/params/schema.js";
import { fixed } from "./constructed.js";
import { accountIn, holderList, holdersAmong, type HolderList } from "./holders.js";
import { allLogs } from "./logs.js";
import { bucketTokens, meterBoundsOf } from "./reserveAmounts.js";
import { answer, outside, outputType, structText } from "./setting.js";
import type { Setting, StepContext } from "./types.js";

const FIX = "this value is fixed with the first setting: the contract at this address was set up for other parameters";

/** What the contracts of the reserves were given once and for all, and every list that they keep. */
export function reserveAudit(context: StepContext): Setting[] {
  return [
    ...constructorArguments(context),
    ...fixedLimits(context),
    ...lists(context).map((list) => holderList(context.plan, list)),
  ];
}

function constructorArguments({ plan, provider }: StepContext): Setting[] {
  const { oracle, system, vaults, assets, buckets, lens } = plan.reserves;
  const lensHandle = contractAt(ReserveLens__factory, lens.address, provider);
  const prices = contractAt(XAUOracle__factory, oracle.address, provider);
  const bucketsHandle = contractAt(CapitalBuckets__factory, buckets.address, provider);
  return [
    fixed(oracle, "xau", plan.tokens.XAU.address, () => prices.xau()),
    fixed(oracle, "graceBlocks", plan.params.oracle.graceBlocks, () => prices.graceBlocks()),
    fixed(oracle, "maxBlockSeconds", plan.params.oracle.maxBlockSeconds, () => prices.maxBlockSeconds()),
    ...reservedTokenNames.flatMap((name) => {
      const vault = contractAt(StablecoinReserveVault__factory, vaults[name].address, provider);
      const m1 = plan.tokens[name].address;
      const par = plan.references[name] === undefined ? ZeroAddress : m1;
      return [
        fixed(vaults[name], "m1", m1, () => vault.m1()),
        fixed(vaults[name], "asset", assets[name].address, () => vault.asset()),
        fixed(vaults[name], "parToken", par, () => vault.parToken()),
        fixed(vaults[name], "oracle", oracle.address, () => vault.oracle()),
        fixed(vaults[name], "reserveSystem", system.address, () => vault.reserveSystem()),
      ];
    }),
    fixed(buckets, "oracle", plan.oracle.address, () => bucketsHandle.oracle()),
    fixed(buckets, "reserveSystem", system.address, () => bucketsHandle.reserveSystem()),
    fixed(lens, "buckets", buckets.address, () => lensHandle.buckets()),
    fixed(lens, "reserveSystem", system.address, () => lensHandle.reserveSystem()),
  ];
}

/** Bounds of later settings. */
function fixedLimits({ plan, provider }: StepContext): Setting[] {
  const { system, buckets } = plan.reserves;
  const systemHandle = contractAt(ReserveSystem__factory, system.address, provider);
  const bucketsHandle = contractAt(CapitalBuckets__factory, buckets.address, provider);
  const type = outputType(systemHandle.interface.getFunction("bounds").outputs);
  const code = { code: "LIMIT_CHANGED" } as const;
  return [
    ...reservedTokenNames.map((name) =>
      outside(
        `ReserveSystem.bounds(${name})`,
        system.address,
        structText(type, meterBoundsOf(plan, name)),
        async () => structText(type, await systemHandle.bounds(plan.tokens[name].address)),
        FIX,
        code,
      ),
    ),
    ...bucketTokens(plan, tokenNames).map(({ name, address, moveCeilingUnitsPerDay }) =>
      outside(
        `CapitalBuckets.moveCeiling(${name})`,
        buckets.address,
        String(moveCeilingUnitsPerDay),
        () => answer(bucketsHandle.moveLimit(address).then(({ maxUnitsPerDay }) => maxUnitsPerDay)),
        FIX,
        code,
      ),
    ),
  ];
}

function lists({ plan, provider, fromBlock }: StepContext): HolderList[] {
  const { oracle, system, buckets, publicLiquidity, flashVault, assets } = plan.reserves;
  const flash = contractAt(FlashVault__factory, flashVault.address, provider);
  const lent = tokenNames.map((name) => plan.tokens[name].address);
  const bucketsHandle = contractAt(CapitalBuckets__factory, buckets.address, provider);
  const reserved = reservedTokenNames.map((name) => plan.tokens[name].address);
  const inOtherCurrencies = reservedTokenNames.filter((name) => plan.references[name] !== undefined);
  const feed = { extra: "ORACLE_FEED_CHANGED", missing: "ORACLE_FEED_CHANGED" } as const;
  const wiring = { extra: "WIRING_CHANGED", missing: "WIRING_CHANGED" } as const;
  return [
    {
      id: "ReserveOracle.tokens",
      at: oracle.address,
      expected: [
        ...reservedTokenNames.map((name) => assets[name].address),
        ...inOtherCurrencies.map((name) => plan.tokens[name].address),
      ],
      read: () => contractAt(XAUOracle__factory, oracle.address, provider).tokens(),
      ...feed,
    },
    {
      id: "ReserveSystem.tokens",
      at: system.address,
      expected: reserved,
      read: () => contractAt(ReserveSystem__factory, system.address, provider).tokens(),
      ...wiring,
    },
    {
      id: "CapitalBuckets.tokens",
      at: buckets.address,
      expected: bucketTokens(plan, tokenNames).map(({ address }) => address),
      read: () => bucketsHandle.tokens(),
      ...wiring,
    },
    {
      // The vault keeps no list of what it lends: asked is every token that ever had a fee.
      id: "FlashVault.tokens",
      at: flashVault.address,
      expected: lent,
      read: async () => {
        const topics = [flash.interface.getEvent("SetFee").topicHash];
        const logs = await allLogs(provider, { address: flashVault.address, topics, fromBlock });
        const candidates = [...logs.map((log) => accountIn(log.topics[1] ?? ZeroHash)), ...lent];
        return holdersAmong(candidates, async (token) => (await flash.feeWad(token)) !== 0n);
      },
      ...wiring,
    },
    {
      id: "PublicLiquidity.pools",
      at: publicLiquidity.address,
      expected: plan.pools.filter((pool) => pool.kind === "public").map((pool) => pool.address),
      read: () => contractAt(PublicLiquidity__factory, publicLiquidity.address, provider).pools(),
      extra: "POOL_EXTRA",
      missing: "POOL_MISSING",
    },
  ];
}
