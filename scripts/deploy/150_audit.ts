import { ZeroAddress } from "ethers";

import { PrivatePmmPool__factory, SignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { accessControl } from "./accessControl.js";
import { allFeeds } from "./blueprint.js";
import { bridgeAudit } from "./bridgeAudit.js";
import { ccipAudit } from "./ccipAudit.js";
import { constructed } from "./constructed.js";
import { singleHolder } from "./holders.js";
import { membership } from "./membership.js";
import { reserveAudit } from "./reserveAudit.js";
import { answer } from "./setting.js";
import type { Setting, Step, StepContext } from "./types.js";

/**
 * Every right on the chain, holder by holder, and every value a constructor was given: nobody may hold anything that the parameters do
 * not give him.
 */
export const auditStep: Step = {
  id: "150_audit",
  title: "every role, owner, list and constructor argument",
  settings(context) {
    return [
      ...owners(context),
      ...poolOwners(context),
      ...accessControl(context),
      ...membership(context),
      ...constructed(context),
      ...reserveAudit(context),
      ...bridgeAudit(context),
      ...ccipAudit(context),
    ];
  },
};

function owners({ plan, provider }: StepContext): Setting[] {
  const feeds = allFeeds(plan).flatMap((feed) => feed.contract ?? []);
  const governed = [
    plan.oracle,
    plan.ledger,
    plan.mesh,
    plan.limits,
    plan.stabilizer,
    plan.pmmFactory,
    plan.stablecoinPegManager,
    plan.commodityPegManager,
    plan.pegBoard,
    plan.dodoIntegration,
    plan.dodoProvider,
    plan.dodoObserver,
    plan.gru.diamond,
    plan.router,
    plan.reserves.oracle,
    plan.reserves.system,
    ...Object.values(plan.reserves.vaults),
    plan.reserves.buckets,
    plan.reserves.flashVault,
    plan.reserves.publicLiquidity,
    plan.bridge.bridge,
    plan.bridge.adapter,
    plan.bridge.coordinator,
    ...(plan.ccip === undefined ? [] : [plan.ccip.adapter]),
  ];
  return [...feeds, ...governed].flatMap(({ name, address }) => {
    // Any contract of ours with an owner: they all have OpenZeppelin's two functions.
    const handle = contractAt(SignedPriceFeed__factory, address, provider);
    return [
      singleHolder(plan, `${name}.owner`, address, plan.timelock.address, () => answer(handle.owner())),
      singleHolder(plan, `${name}.pendingOwner`, address, ZeroAddress, () => answer(handle.pendingOwner())),
    ];
  });
}

/** Private pools have their own pair of functions. Public ones belong to nobody: the factory's owner proposes their parameters. */
function poolOwners({ plan, provider }: StepContext): Setting[] {
  return [...plan.pools, ...plan.meshPools]
    .filter((pool) => pool.kind === "private")
    .flatMap(({ name, address, params }) => {
      const handle = contractAt(PrivatePmmPool__factory, address, provider);
      return [
        singleHolder(plan, `${name}.owner`, address, params.owner, () => answer(handle._OWNER_())),
        singleHolder(plan, `${name}.pendingOwner`, address, ZeroAddress, () => answer(handle._NEW_OWNER_())),
      ];
    });
}
