import {
  DODOPMMProvider__factory,
  DodoObserver__factory,
  IDODOPMMIntegration__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import type { PlannedPool } from "./pools.js";
import { answer, governed } from "./setting.js";
import type { PlannedContract, Setting, Step, StepContext } from "./types.js";

/** DODO's own contracts where the chain has them, the integration and the observer of foreign pools. */
export const dodoStep: Step = {
  id: "125_dodo",
  title: "DODO integration and observer",
  contracts({ plan }) {
    const existing = Object.entries(plan.params.dodo.existing ?? {}).map(([name, address]): PlannedContract => ({
      name: `DodoV2:${name}`,
      address,
      constructorArgs: [],
      make: { by: "adopted" },
    }));
    return [...existing, plan.dodoIntegration, plan.dodoObserver];
  },
};

/** The provider, and the public pools in both registries. */
export const dodoRegistryStep: Step = {
  id: "126_dodo_registry",
  title: "public pools known to the DODO integration",
  contracts({ plan }) {
    return [plan.dodoProvider];
  },
  settings(context) {
    const listed = context.plan.pools.filter((pool) => pool.kind === "public");
    return [
      ...listed.map((pool) => integrationSetting(context, pool)),
      ...listed.map((pool) => providerSetting(context, pool)),
      observerSetting(context),
    ];
  },
};

function integrationSetting({ plan, provider }: StepContext, pool: PlannedPool): Setting {
  const at = plan.dodoIntegration.address;
  const integration = contractAt(IDODOPMMIntegration__factory, at, provider);
  return governed(
    `DODOPMMIntegration.isRegistered(${pool.pair})`,
    at,
    "true",
    async () => String((await integration.poolInfo(pool.address)).isRegistered),
    {
      to: at,
      data: integration.interface.encodeFunctionData("registerPool", [pool.address]),
      label: `DODOPMMIntegration.registerPool(${pool.pair})`,
    },
    { code: "POOL_MISSING" },
  );
}

function providerSetting({ plan, provider }: StepContext, pool: PlannedPool): Setting {
  const at = plan.dodoProvider.address;
  const handle = contractAt(DODOPMMProvider__factory, at, provider);
  return governed(
    `DODOPMMProvider.poolsFor(${pool.pair})`,
    at,
    "listed",
    async () => {
      const pools = await handle.poolsFor(pool.params.baseToken, pool.params.quoteToken);
      return pools.includes(pool.address) ? "listed" : "not listed";
    },
    {
      to: at,
      data: handle.interface.encodeFunctionData("registerPool", [pool.address]),
      label: `DODOPMMProvider.registerPool(${pool.pair})`,
    },
    { code: "POOL_MISSING" },
  );
}

function observerSetting({ plan, provider }: StepContext): Setting {
  const at = plan.dodoObserver.address;
  const observer = contractAt(DodoObserver__factory, at, provider);
  return governed(
    "DodoObserver.isKeeper(keeper)",
    at,
    "true",
    () => answer(observer.isKeeper(plan.roles.keeper)),
    {
      to: at,
      data: observer.interface.encodeFunctionData("setKeeper", [plan.roles.keeper, true]),
      label: `DodoObserver.setKeeper(${plan.roles.keeper})`,
    },
    { code: "ROLE_MISSING" },
  );
}
