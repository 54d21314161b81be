import { CcipAdapter__factory, CcipRouter__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { ccipLanesOf } from "./ccip.js";
import { fixed } from "./constructed.js";
import { holderList } from "./holders.js";
import { mintRoom } from "./laneSettings.js";
import type { Setting, StepContext } from "./types.js";

/** What the adapter of CCIP was given once and for all, and which tokens it carries. */
export function ccipAudit(context: StepContext): Setting[] {
  const { plan, provider } = context;
  const { ccip } = plan;
  if (ccip === undefined) return [];
  const { adapter, router, params } = ccip;
  const handle = contractAt(CcipAdapter__factory, adapter.address, provider);
  const lanes = ccipLanesOf(plan);
  return [
    fixed(adapter, "router", router.address, () => handle.router()),
    fixed(adapter, "remoteChainId", params.remoteChainId, () => handle.remoteChainId()),
    fixed(adapter, "remoteSelector", params.remoteSelector, () => handle.remoteSelector()),
    ...(params.router.kind === "stand-in"
      ? [
          fixed(router, "selector", params.router.selector, () =>
            contractAt(CcipRouter__factory, router.address, provider).selector(),
          ),
        ]
      : []),
    ...lanes.filter(({ mode }) => mode === "MINT").map((lane) => mintRoom(context, lane, adapter)),
    holderList(plan, {
      id: `${adapter.name}.tokens`,
      at: adapter.address,
      expected: lanes.map(({ token }) => token),
      read: () => handle.tokens(),
      extra: "LANE_CHANGED",
      missing: "LANE_CHANGED",
    }),
  ];
}
