import { ZeroAddress } from "ethers";

import { CcipAdapter__factory, CcipRouter__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { ccipLanesOf, transportOf, type PlannedCcip } from "./ccip.js";
import { guardianOf, laneAndLimits, minting } from "./laneSettings.js";
import { answer, governed, outside, outputType, structText } from "./setting.js";
import { systemMembers } from "./systemMembers.js";
import type { Setting, Step, StepContext } from "./types.js";

const WIRING = { code: "WIRING_CHANGED" } as const;

/** What crosses to the other chain over CCIP; nothing where the parameters name no router. */
export const ccipStep: Step = {
  id: "129_ccip",
  title: "lanes to another chain over CCIP",
  contracts({ plan: { ccip } }) {
    return ccip === undefined ? [] : [ccip.router, ccip.adapter];
  },
  settings(context) {
    const { ccip } = context.plan;
    if (ccip === undefined) return [];
    const lanes = ccipLanesOf(context.plan);
    return [
      guardianOf(context, ccip.adapter),
      supported(context, ccip),
      ...lanes.flatMap((lane) => systemMembers(context, lane.name, [ccip.adapter])),
      ...lanes.filter(({ mode }) => mode === "MINT").flatMap((lane) => minting(context, lane, ccip.adapter)),
      ...lanes.flatMap((lane) => laneAndLimits(context, lane, ccip.adapter)),
      // Last of all: from here on users can send.
      transport(context, ccip),
    ];
  },
};

/** A real router is its owners' business. */
function supported({ provider }: StepContext, { router, params }: PlannedCcip): Setting {
  const handle = contractAt(CcipRouter__factory, router.address, provider);
  const { remoteSelector } = params;
  const id = `${router.name}.isChainSupported(${remoteSelector})`;
  const read = () => answer(handle.isChainSupported(remoteSelector));
  if (router.make.by === "adopted") {
    const fix = "name a chain in bridge.ccip.remoteSelector that this router reaches";
    return outside(id, router.address, "true", read, fix, { ...WIRING, refusal: "CCIP_LANE_UNSUPPORTED" });
  }
  const data = handle.interface.encodeFunctionData("setSupported", [remoteSelector, true]);
  const call = { to: router.address, data, label: `${router.name}.setSupported(${remoteSelector})` };
  return governed(id, router.address, "true", read, call, WIRING);
}

function transport({ provider }: StepContext, ccip: PlannedCcip): Setting {
  const { name, address: at } = ccip.adapter;
  const handle = contractAt(CcipAdapter__factory, at, provider);
  const { interface: abi } = handle;
  const type = outputType(abi.getFunction("transport").outputs);
  const wanted = transportOf(ccip);
  const read = () => answer(handle.transport().then((found) => structText(type, found)));
  const call = {
    to: at,
    data: abi.encodeFunctionData("setTransport", [wanted]),
    label: `${name}.setTransport(${wanted.remoteAdapter === ZeroAddress ? "closed" : wanted.remoteAdapter})`,
  };
  return governed(`${name}.transport`, at, structText(type, wanted), read, call, WIRING);
}
