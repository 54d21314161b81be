/** The adapter of Chainlink CCIP: one per pair of chains, and only where the parameters name a router. */
import { getAddress, ZeroAddress } from "ethers";

import {
  CcipAdapter__factory,
  CcipRouter__factory,
  type ICcipAdapter,
} from "../../protocol/generated/contracts/index.js";
import { creationCode } from "../../protocol/handles.js";
import type { CcipParams, NetworkParams } from "../../protocol/params/schema.js";
import type { Blueprint } from "./blueprint.js";
import { crossings, type Crossing } from "./bridge.js";
import type { MakeContract, PlannedContract } from "./types.js";

const NATIVE = ZeroAddress;

export interface PlannedCcip {
  readonly params: CcipParams;
  /** Adopted, or a stand-in of this deployment. */
  readonly router: PlannedContract;
  readonly adapter: PlannedContract;
  /** The adapter on the other chain; zero: nothing crosses yet. */
  readonly remoteAdapter: string;
}

interface CcipSite {
  readonly params: NetworkParams;
  readonly timelock: string;
  readonly contract: MakeContract;
}

/** Computes the addresses; undefined: no other chain over CCIP. */
export function planCcip(site: CcipSite): PlannedCcip | undefined {
  const { ccip } = site.params.bridge;
  if (ccip === null) return undefined;
  const { router, remoteSelector, remoteChainId } = ccip;
  if (router.kind === "existing") {
    const address = getAddress(router.existing);
    const adopted: PlannedContract = { name: "CcipRouter", address, constructorArgs: [], make: { by: "adopted" } };
    const adapter = planAdapter(site, address, remoteChainId, remoteSelector);
    const remoteAdapter = router.remoteAdapter === null ? ZeroAddress : getAddress(router.remoteAdapter);
    return { params: ccip, router: adopted, adapter, remoteAdapter };
  }
  const made = planStandIn(site, router.selector);
  const adapter = planAdapter(site, made.address, remoteChainId, remoteSelector);
  // The other local chain is deployed from the same code with these two selectors in the other order.
  const there = planStandIn(site, remoteSelector);
  const remote = planAdapter(site, there.address, site.params.chainId, router.selector);
  return { params: ccip, router: made, adapter, remoteAdapter: remote.address };
}

function planStandIn(site: CcipSite, selector: string): PlannedContract {
  const args = [BigInt(selector), NATIVE] as const;
  const initCode = creationCode(CcipRouter__factory, ...args);
  return site.contract("CcipRouter", "mocks/CcipRouter", initCode, args);
}

function planAdapter(site: CcipSite, router: string, chainId: number, selector: string): PlannedContract {
  const args = [router, chainId, BigInt(selector), site.timelock] as const;
  const initCode = creationCode(CcipAdapter__factory, ...args);
  return site.contract("CcipAdapter", "bridge/CcipAdapter", initCode, args);
}

/** Tokens that cross over CCIP, in the order of the tokens. */
export function ccipLanesOf(plan: Blueprint): Crossing[] {
  return plan.ccip === undefined ? [] : crossings(plan, plan.ccip.params.lanes);
}

export function transportOf({ params, remoteAdapter }: PlannedCcip) {
  return {
    remoteAdapter,
    feeToken: params.feeToken === null ? NATIVE : getAddress(params.feeToken),
    gasLimit: BigInt(params.gasLimit),
    legacyArgs: params.legacyArgs,
  } satisfies ICcipAdapter.TransportStruct;
}
