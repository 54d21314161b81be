import {
  CapitalBuckets__factory,
  PublicPmmPool__factory,
  ReserveSystem__factory,
  StandInToken__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { mulDivUp } from "../../protocol/math.js";
import { reservedTokenNames, tokenNames, type ReservedToken, type TokenName } from "../../protocol/params/schema.js";
import { approval } from "./090_pools.js";
import { BUCKET, bucketStart, unfundedBuckets } from "./bucketFunding.js";
import { bootstrapMints } from "./funding.js";
import { listText } from "./holders.js";
import { meterBoundsOf, sizingOf } from "./reserveAmounts.js";
import type { PlannedPool } from "./pools.js";
import { outputType, structText } from "./setting.js";
import type { Call, Setting, Step, StepContext } from "./types.js";

/**
 * What lies in the buckets and behind the tokens from the start, and from when on it is metered. Meters and reporters come last: the
 * first filling is no outflow, there is no reserve yet of which a floor could be kept, and what P had seen would hold up refills for a day.
 */
export const reserveCapitalStep: Step = {
  id: "121_reserve_capital",
  title: "capital of the buckets; reserves are measured from here on",
  settings(context) {
    return [
      ...(context.plan.params.funding.source === "none" ? [] : startCapital(context)),
      ...reservedTokenNames.map((name) => sizing(context, name)),
      ...reservedTokenNames.map((name) => reporters(context, name)),
    ];
  },
};

function startCapital(context: StepContext): Setting[] {
  const { plan } = context;
  return [
    ...plan.pools.filter((pool) => pool.kind === "public").map((pool) => sharesInBucketA(context, pool)),
    ...tokenNames.flatMap((name) => [
      reserveFunded(context, name),
      filled(context, name, "flash"),
      filled(context, name, "crossChain"),
    ]),
    ...reservedTokenNames.flatMap((name) => backing(context, name)),
  ];
}

/** The timelock has made the pools; what it got for their first liquidity belongs to bucket A. */
function sharesInBucketA({ plan, provider }: StepContext, pool: PlannedPool): Setting {
  const shares = contractAt(PublicPmmPool__factory, pool.address, provider);
  const to = plan.reserves.publicLiquidity.address;
  const held = () => shares.balanceOf(plan.timelock.address);
  return {
    id: `${pool.name}.shares(Timelock)`,
    at: pool.address,
    expected: "0",
    read: async () => String(await held()),
    by: "timelock",
    calls: async () => {
      const units = await held();
      const data = shares.interface.encodeFunctionData("transfer", [to, units]);
      return [{ to: pool.address, data, label: `${pool.name}.transfer(PublicLiquidity, ${String(units)})` }];
    },
    bootstrapOnly: true,
  };
}

/** Everything that C, D and E begin with is paid into E, and leaves it from there. */
function reserveFunded(context: StepContext, name: TokenName): Setting {
  const { plan, provider } = context;
  const { address: at } = plan.reserves.buckets;
  const buckets = contractAt(CapitalBuckets__factory, at, provider);
  return {
    id: `CapitalBuckets.funded(${name})`,
    at,
    expected: "enough",
    read: async () => shortfallText(await unfundedBuckets(context, name)),
    by: "timelock",
    calls: async () => {
      const missing = await unfundedBuckets(context, name);
      const data = buckets.interface.encodeFunctionData("fund", [plan.tokens[name].address, missing]);
      return [
        approval(plan, name, at, missing),
        { to: at, data, label: `CapitalBuckets.fund(${name}, ${String(missing)})` },
      ];
    },
    bootstrapOnly: true,
  };
}

function filled({ plan, provider }: StepContext, name: TokenName, bucket: "flash" | "crossChain"): Setting {
  const { address: at } = plan.reserves.buckets;
  const buckets = contractAt(CapitalBuckets__factory, at, provider);
  const token = plan.tokens[name].address;
  const wanted = bucketStart(plan, name)[bucket];
  const shortfall = async () => {
    const held = await buckets.bucketUnits(BUCKET[bucket], token);
    return held < wanted ? wanted - held : 0n;
  };
  return {
    id: `CapitalBuckets.start(${bucket}, ${name})`,
    at,
    expected: "enough",
    read: async () => shortfallText(await shortfall()),
    by: "timelock",
    calls: async () => {
      const missing = await shortfall();
      const data = buckets.interface.encodeFunctionData("move", [token, BUCKET.reserve, BUCKET[bucket], missing]);
      return [{ to: at, data, label: `CapitalBuckets.move(${name}, E, ${bucket}, ${String(missing)})` }];
    },
    bootstrapOnly: true,
  };
}

/** Where the bootstrap makes tokens out of nothing, it makes stand-ins for all of them: every holder can redeem. */
function backing({ plan, provider, extraGrants }: StepContext, name: ReservedToken): Setting[] {
  const { address, decimals, standIn, contract } = plan.reserves.assets[name];
  const minted = bootstrapMints(plan, extraGrants)[name];
  if (!standIn || minted === 0n) return [];
  const token = plan.tokens[name];
  const wanted = mulDivUp(minted, 10n ** BigInt(decimals), 10n ** BigInt(token.decimals));
  const asset = contractAt(StandInToken__factory, address, provider);
  const vault = plan.reserves.vaults[name];
  const shortfall = async () => {
    const held = await asset.balanceOf(vault.address);
    return held < wanted ? wanted - held : 0n;
  };
  return [
    {
      id: `${vault.name}.backing`,
      at: vault.address,
      expected: "enough",
      read: async () => shortfallText(await shortfall()),
      by: "timelock",
      calls: async () => {
        const data = asset.interface.encodeFunctionData("mint", [vault.address, await shortfall()]);
        return [{ to: address, data, label: `${contract.name}.mint(${vault.name})` }];
      },
      bootstrapOnly: true,
    },
  ];
}

function shortfallText(missing: bigint): string {
  return missing === 0n ? "enough" : `${String(missing)} base units short`;
}

/** The meter of a token and the sizes of its reserve. */
function sizing({ plan, provider }: StepContext, name: ReservedToken): Setting {
  const { address: at } = plan.reserves.system;
  const system = contractAt(ReserveSystem__factory, at, provider);
  const token = plan.tokens[name].address;
  const type = outputType(system.interface.getFunction("sizing").outputs);
  const wanted = sizingOf(plan, name);
  return {
    id: `ReserveSystem.sizing(${name})`,
    at,
    expected: structText(type, wanted),
    read: async () =>
      (await system.isRegistered(token)) ? structText(type, await system.sizing(token)) : "not registered",
    code: "LIMIT_CHANGED",
    by: "timelock",
    calls: async () => {
      const known = await system.isRegistered(token);
      const data = known
        ? system.interface.encodeFunctionData("setSizing", [token, wanted])
        : system.interface.encodeFunctionData("registerToken", [token, meterBoundsOf(plan, name), wanted]);
      return [{ to: at, data, label: `ReserveSystem.${known ? "setSizing" : "registerToken"}(${name})` }];
    },
  };
}

/** Who may say how much lies in a token's reserve: its vault and bucket E. */
function reporters({ plan, provider }: StepContext, name: ReservedToken): Setting {
  const { system, vaults, buckets } = plan.reserves;
  const at = system.address;
  const handle = contractAt(ReserveSystem__factory, at, provider);
  const token = plan.tokens[name].address;
  const wanted = [vaults[name].address, buckets.address];
  const expected = listText(wanted);
  const change = (reporter: string, active: boolean): Call => ({
    to: at,
    data: handle.interface.encodeFunctionData("setReporter", [token, reporter, active]),
    label: `ReserveSystem.setReporter(${name}, ${reporter}, ${String(active)})`,
  });
  return {
    id: `ReserveSystem.reporters(${name})`,
    at,
    expected,
    read: async () => listText(await handle.reporters(token)),
    code: (found) =>
      found.split(", ").some((who) => who.startsWith("0x") && !wanted.includes(who)) ? "ROLE_EXTRA" : "ROLE_MISSING",
    by: "timelock",
    calls: async () => {
      const found = await handle.reporters(token);
      return [
        ...found.filter((who) => !wanted.includes(who)).map((who) => change(who, false)),
        ...wanted.filter((who) => !found.includes(who)).map((who) => change(who, true)),
      ];
    },
  };
}
