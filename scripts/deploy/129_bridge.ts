import { ZeroAddress } from "ethers";

import {
  AlltraAdapter__factory,
  AlltraCustomBridge__factory,
  BridgeReserveCoordinator__factory,
  CapitalBuckets__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { adapterTermsOf, bridgeSizingOf, lanesOf, tiersOf, type PlannedLane } from "./bridge.js";
import { guardianOf, laneAndLimits, minting } from "./laneSettings.js";
import { answer, governed, outputType, structText } from "./setting.js";
import { systemMembers } from "./systemMembers.js";
import type { Call, PlannedContract, Setting, Step, StepContext } from "./types.js";

const LIMIT = { code: "LIMIT_CHANGED" } as const;
const WIRING = { code: "WIRING_CHANGED" } as const;

/** The bridge by itself: the constructors of the others ask it. */
export const bridgeCodeStep: Step = {
  id: "129_bridge_code",
  title: "this chain's end of the bridge",
  contracts({ plan }) {
    return [plan.bridge.bridge];
  },
};

/** What crosses, how much of it, who is told, and the rights over tokens and over the cross-chain bucket that this takes. */
export const bridgeStep: Step = {
  id: "129_bridge",
  title: "lanes to the other chain, adapter, reserve coordinator",
  contracts({ plan }) {
    return [plan.bridge.adapter, plan.bridge.coordinator];
  },
  settings(context) {
    const { bridge, adapter, coordinator } = context.plan.bridge;
    const lanes = lanesOf(context.plan);
    return [
      guardianOf(context, bridge),
      guardianOf(context, coordinator),
      ...lanes.flatMap((lane) => systemMembers(context, lane.name, [bridge, coordinator])),
      ...lanes.filter(({ mode }) => mode === "MINT").flatMap((lane) => minting(context, lane, bridge)),
      ...lanes.flatMap((lane) => laneSettings(context, lane)),
      ...lanes.flatMap((lane) => [adapterTerms(context, lane), sizing(context, lane)]),
      ...coordinatorWiring(context),
      isAdapter(context, adapter),
    ];
  },
};

function laneSettings(context: StepContext, lane: PlannedLane): Setting[] {
  const { plan, provider } = context;
  const { name, address: at } = plan.bridge.bridge;
  const handle = contractAt(AlltraCustomBridge__factory, at, provider);
  const tiers = tiersOf(plan, lane);
  const tiersText = (rows: readonly { fromUnits: unknown; confirmations: unknown }[]) =>
    rows.map(({ fromUnits, confirmations }) => `${String(fromUnits)}:${String(confirmations)}`).join(" ");
  return [
    ...laneAndLimits(context, lane, plan.bridge.bridge),
    governed(
      `${name}.tiers(${lane.name})`,
      at,
      tiersText(tiers),
      () => answer(handle.tiers(lane.token).then(tiersText)),
      {
        to: at,
        data: handle.interface.encodeFunctionData("setTiers", [lane.token, tiers]),
        label: `${name}.setTiers(${lane.name})`,
      },
      LIMIT,
    ),
  ];
}

function adapterTerms({ plan, provider }: StepContext, lane: PlannedLane): Setting {
  const { name, address: at } = plan.bridge.adapter;
  const handle = contractAt(AlltraAdapter__factory, at, provider);
  const { interface: abi } = handle;
  const type = outputType(abi.getFunction("terms").outputs);
  const terms = adapterTermsOf(plan, lane);
  const data = abi.encodeFunctionData("setTerms", [lane.token, terms]);
  const read = async () => structText(type, await handle.terms(lane.token));
  const call: Call = { to: at, data, label: `${name}.setTerms(${lane.name})` };
  return governed(`${name}.terms(${lane.name})`, at, structText(type, terms), read, call, LIMIT);
}

function sizing({ plan, provider }: StepContext, lane: PlannedLane): Setting {
  const { name, address: at } = plan.bridge.coordinator;
  const handle = contractAt(BridgeReserveCoordinator__factory, at, provider);
  const { interface: abi } = handle;
  const type = outputType(abi.getFunction("sizing").outputs);
  const wanted = bridgeSizingOf(plan, lane);
  const data = abi.encodeFunctionData("setSizing", [lane.token, wanted]);
  const read = () => answer(handle.sizing(lane.token).then((found) => structText(type, found)));
  const call: Call = { to: at, data, label: `${name}.setSizing(${lane.name})` };
  return governed(`${name}.sizing(${lane.name})`, at, structText(type, wanted), read, call, LIMIT);
}

/** Who tells the coordinator what moves, what it may take, where to and by whose hand. */
function coordinatorWiring({ plan, provider }: StepContext): Setting[] {
  const { bridge, adapter, coordinator } = plan.bridge;
  const { address: at, name } = coordinator;
  const handle = contractAt(BridgeReserveCoordinator__factory, at, provider);
  const end = contractAt(AlltraCustomBridge__factory, bridge.address, provider);
  const { buckets } = plan.reserves;
  const holder = contractAt(CapitalBuckets__factory, buckets.address, provider);
  const { remoteChainId } = plan.params.bridge;
  const { keeper } = plan.roles;
  // Over there the coordinator has this very address.
  const route = [adapter.address, remoteChainId, at] as const;
  return [
    governed(
      `${name}.isKeeper(keeper)`,
      at,
      "true",
      () => answer(handle.isKeeper(keeper)),
      { to: at, data: handle.interface.encodeFunctionData("setKeeper", [keeper, true]), label: `${name}.setKeeper` },
      { code: "ROLE_MISSING" },
    ),
    governed(
      `${name}.route`,
      at,
      route.join(" "),
      () => answer(handle.route().then((found) => [...found].map(String).join(" "))),
      { to: at, data: handle.interface.encodeFunctionData("setRoute", [...route]), label: `${name}.setRoute` },
      WIRING,
    ),
    governed(
      `${bridge.name}.coordinator`,
      bridge.address,
      at,
      () => answer(end.coordinator()),
      {
        to: bridge.address,
        data: end.interface.encodeFunctionData("setCoordinator", [at]),
        label: `${bridge.name}.setCoordinator(${name})`,
      },
      WIRING,
    ),
    governed(
      "CapitalBuckets.bridge",
      buckets.address,
      at,
      () => answer(holder.bridge()),
      {
        to: buckets.address,
        data: holder.interface.encodeFunctionData("setBridge", [at]),
        label: `CapitalBuckets.setBridge(${name})`,
      },
      { code: (found) => (found === ZeroAddress ? "ROLE_MISSING" : "ROLE_EXTRA") },
    ),
  ];
}

/** Last of all: from here on users can send. */
function isAdapter({ plan, provider }: StepContext, { name, address }: PlannedContract): Setting {
  const { bridge } = plan.bridge;
  const handle = contractAt(AlltraCustomBridge__factory, bridge.address, provider);
  return governed(
    `${bridge.name}.isAdapter(${name})`,
    bridge.address,
    "true",
    () => answer(handle.isAdapter(address)),
    {
      to: bridge.address,
      data: handle.interface.encodeFunctionData("setAdapter", [address, true]),
      label: `${bridge.name}.setAdapter(${name})`,
    },
    { code: "ROLE_MISSING" },
  );
}
