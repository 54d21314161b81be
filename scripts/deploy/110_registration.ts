import { MaxUint256 } from "ethers";

import {
  IM1Token__factory,
  IStabilizer__factory,
  IStabilizerLimits__factory,
  IXauMesh__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { approval } from "./090_pools.js";
import { isFunded, planFunding, stillOwed } from "./funding.js";
import { stabilizerConfigOf, type PlannedPool } from "./pools.js";
import { referencePrices } from "./referencePrices.js";
import { answer, governed, outputType, structText } from "./setting.js";
import { systemMembers } from "./systemMembers.js";
import type { Setting, Step, StepContext } from "./types.js";

/** Pools become known to stabilizer, mesh and tokens. */
export const registrationStep: Step = {
  id: "110_registration",
  title: "pools registered with stabilizer, mesh and tokens",
  settings(context) {
    const { plan } = context;
    const stabilized = plan.pools.filter((pool) => pool.kind === "public");
    return [
      ...stabilized.map((pool) => limitsRegistration(context, pool)),
      ...plan.meshPools.map((pool) => meshRegistration(context, pool)),
      ...stabilized.map((pool) => poolApproval(context, pool)),
      meshApprovals(context),
      ...tokenNames.flatMap((name) => systemContracts(context, name)),
    ];
  },
};

const NOT_REGISTERED = "not registered";

function limitsRegistration({ plan, provider }: StepContext, pool: PlannedPool): Setting {
  if (pool.entry === undefined) throw new Error(`${pool.name} has no entry in the parameters`);
  const at = plan.limits.address;
  const limits = contractAt(IStabilizerLimits__factory, at, provider);
  const type = outputType(limits.interface.getFunction("poolConfig").outputs);
  const config = stabilizerConfigOf(plan.params, pool.entry);
  return {
    id: `StabilizerLimits.poolConfig(${pool.pair})`,
    at,
    expected: structText(type, config),
    read: async () =>
      (await limits.isRegistered(pool.address))
        ? structText(type, await limits.poolConfig(pool.address))
        : NOT_REGISTERED,
    code: (found) => (found === NOT_REGISTERED ? "POOL_MISSING" : "LIMIT_CHANGED"),
    by: "timelock",
    calls: async () => {
      const known = await limits.isRegistered(pool.address);
      const data = known
        ? limits.interface.encodeFunctionData("setPoolConfig", [pool.address, config])
        : limits.interface.encodeFunctionData("registerPool", [pool.address, config]);
      return [{ to: at, data, label: `StabilizerLimits.${known ? "setPoolConfig" : "registerPool"}(${pool.pair})` }];
    },
  };
}

function meshRegistration({ plan, provider }: StepContext, pool: PlannedPool): Setting {
  const at = plan.mesh.address;
  const mesh = contractAt(IXauMesh__factory, at, provider);
  const token = plan.tokens[pool.quote].address;
  return governed(
    `XauMesh.poolOf(${pool.quote})`,
    at,
    pool.address,
    () => answer(mesh.poolOf(token)),
    {
      to: at,
      data: mesh.interface.encodeFunctionData("registerPool", [pool.address]),
      label: `XauMesh.registerPool(${pool.name})`,
    },
    { code: "WIRING_CHANGED" },
  );
}

/** The stabilizer lets pools pull its tokens. Anybody may order it; the timelock does, in the same batch. */
function poolApproval({ plan, provider }: StepContext, pool: PlannedPool): Setting {
  const at = plan.stabilizer.address;
  const data = IStabilizer__factory.createInterface().encodeFunctionData("syncApprovals", [pool.address]);
  return governed(
    `Stabilizer.approves(${pool.name})`,
    at,
    "true",
    () => approvesBoth(provider, at, pool),
    {
      to: at,
      data,
      label: `Stabilizer.syncApprovals(${pool.pair})`,
    },
    { code: "WIRING_CHANGED" },
  );
}

function meshApprovals({ plan, provider }: StepContext): Setting {
  const at = plan.stabilizer.address;
  const data = IStabilizer__factory.createInterface().encodeFunctionData("syncMeshApprovals");
  return governed(
    "Stabilizer.approves(mesh pools)",
    at,
    "true",
    async () => {
      const each = await Promise.all(plan.meshPools.map((pool) => approvesBoth(provider, at, pool)));
      return String(each.every((approved) => approved === "true"));
    },
    { to: at, data, label: "Stabilizer.syncMeshApprovals" },
    { code: "WIRING_CHANGED" },
  );
}

async function approvesBoth(provider: StepContext["provider"], owner: string, pool: PlannedPool): Promise<string> {
  const allowances = await Promise.all(
    [pool.params.baseToken, pool.params.quoteToken].map((token) =>
      contractAt(IM1Token__factory, token, provider).allowance(owner, pool.address),
    ),
  );
  return String(allowances.every((allowance) => allowance > MaxUint256 / 2n));
}

/** Pools and stabilizer cannot be frozen, and their transfers read the pause from their own balance slot. */
function systemContracts(context: StepContext, name: TokenName): Setting[] {
  const { plan } = context;
  const pools = [...plan.pools, ...plan.meshPools].filter((pool) => pool.base === name || pool.quote === name);
  return systemMembers(context, name, [{ name: "Stabilizer", address: plan.stabilizer.address }, ...pools]);
}

/** Stabilization capital: mesh reserves, the stabilizer's balances, and on localhost the market's tokens. */
export const capitalStep: Step = {
  id: "120_capital",
  title: "stabilization capital",
  settings(context) {
    if (context.plan.params.funding.source === "none") return [];
    return [...context.plan.meshPools.map((pool) => meshFunding(context, pool)), ...paid(context)];
  },
};

function meshFunding(context: StepContext, pool: PlannedPool): Setting {
  const { plan } = context;
  const amounts = planFunding(plan, referencePrices(plan)).mesh.get(pool.quote) ?? { xauWei: 0n, tokenUnits: 0n };
  const token = plan.tokens[pool.quote].address;
  const { xauWei, tokenUnits } = amounts;
  const data = IXauMesh__factory.createInterface().encodeFunctionData("fund", [token, xauWei, tokenUnits]);
  return {
    id: `${pool.name}.funded`,
    at: pool.address,
    expected: "true",
    read: async () => String(await isFunded(context, pool.address)),
    by: "timelock",
    calls: () => [
      approval(plan, "XAU", pool.address, xauWei),
      approval(plan, pool.quote, pool.address, tokenUnits),
      { to: plan.mesh.address, data, label: `XauMesh.fund(${pool.quote}, ${String(xauWei)}, ${String(tokenUnits)})` },
    ],
    bootstrapOnly: true,
  };
}

function paid({ plan, provider, extraGrants }: StepContext): Setting[] {
  const { stabilizer } = planFunding(plan, referencePrices(plan));
  const owed = [
    ...tokenNames.map((token) => ({
      token,
      to: plan.stabilizer.address,
      amountUnits: stabilizer[token],
      who: "Stabilizer",
    })),
    ...extraGrants.map((grant) => ({ ...grant, who: grant.to })),
  ];
  return owed
    .filter((entry) => entry.amountUnits > 0n)
    .map(({ token, to, amountUnits, who }): Setting => {
      const handle = contractAt(IM1Token__factory, plan.tokens[token].address, provider);
      return {
        id: `${token}.balanceOf(${who})`,
        at: plan.tokens[token].address,
        expected: "enough",
        read: async () => {
          const missing = await stillOwed(handle, to, amountUnits);
          return missing === 0n ? "enough" : `${String(missing)} base units short`;
        },
        by: "timelock",
        calls: async () => {
          const missing = await stillOwed(handle, to, amountUnits);
          const data = handle.interface.encodeFunctionData("transfer", [to, missing]);
          return [{ to: plan.tokens[token].address, data, label: `${token}.transfer(${who}, ${String(missing)})` }];
        },
        bootstrapOnly: true,
      };
    });
}
