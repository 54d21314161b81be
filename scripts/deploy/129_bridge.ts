import { id, ZeroAddress } from "ethers";

import {
  AlltraAdapter__factory,
  AlltraCustomBridge__factory,
  BridgeReserveCoordinator__factory,
  CapitalBuckets__factory,
  IGuardianPause__factory,
  M1Token__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import {
  adapterTermsOf,
  bridgeMinterLimitOf,
  bridgeSizingOf,
  LANE_MODES,
  lanesOf,
  limitsOf,
  tiersOf,
  type PlannedLane,
} from "./bridge.js";
import { minterLimit } from "./minterLimit.js";
import { answer, governed, outputType, structText } from "./setting.js";
import { systemMembers } from "./systemMembers.js";
import type { Call, DifferenceCode, PlannedContract, Setting, Step, StepContext } from "./types.js";

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
      guardian(context, bridge),
      guardian(context, coordinator),
      ...lanes.flatMap((lane) => systemMembers(context, lane.name, [bridge, coordinator])),
      ...lanes.filter(({ mode }) => mode === "MINT").flatMap((lane) => minting(context, lane)),
      ...lanes.flatMap((lane) => laneSettings(context, lane)),
      ...lanes.flatMap((lane) => [adapterTerms(context, lane), sizing(context, lane)]),
      ...coordinatorWiring(context),
      isAdapter(context, adapter),
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
  const code = (found: string): DifferenceCode => (found === ZeroAddress ? "ROLE_MISSING" : "ROLE_EXTRA");
  return governed(`${name}.guardian`, address, expected, () => answer(handle.guardian()), call, { code });
}

/** A bridge that mints does so inside the token's own limit. */
function minting(context: StepContext, lane: PlannedLane): Setting[] {
  const { plan, provider } = context;
  const handle = contractAt(M1Token__factory, lane.token, provider);
  const { bridge } = plan.bridge;
  const role = id("MINTER_ROLE");
  return [
    minterLimit(context, lane.name, bridge.name, bridgeMinterLimitOf(plan, lane)),
    governed(
      `${lane.name}.MINTER_ROLE(${bridge.name})`,
      lane.token,
      "true",
      () => answer(handle.hasRole(role, bridge.address)),
      {
        to: lane.token,
        data: handle.interface.encodeFunctionData("grantRole", [role, bridge.address]),
        label: `${lane.name}.grantRole(MINTER_ROLE, ${bridge.name})`,
      },
      { code: "ROLE_MISSING" },
    ),
  ];
}

function laneSettings({ plan, provider }: StepContext, lane: PlannedLane): Setting[] {
  const { name, address: at } = plan.bridge.bridge;
  const handle = contractAt(AlltraCustomBridge__factory, at, provider);
  const { interface: abi } = handle;
  const { token } = lane;
  const [limits, tiers] = [limitsOf(plan, lane), tiersOf(plan, lane)];
  const limitsType = outputType(abi.getFunction("limits").outputs);
  const tiersText = (rows: readonly { fromUnits: unknown; confirmations: unknown }[]) =>
    rows.map(({ fromUnits, confirmations }) => `${String(fromUnits)}:${String(confirmations)}`).join(" ");
  const modeOf = async () => LANE_MODES[Number(await handle.mode(token))] ?? "unknown";
  const call = (data: string, label: string): Call => ({ to: at, data, label: `${name}.${label}` });
  return [
    // With its limits: a lane has both from its first block, and its mode for ever.
    governed(
      `${name}.lane(${lane.name})`,
      at,
      lane.mode,
      () => answer(modeOf()),
      call(
        abi.encodeFunctionData("addLane", [token, LANE_MODES.indexOf(lane.mode), limits]),
        `addLane(${lane.name}, ${lane.mode})`,
      ),
      { code: "LANE_CHANGED" },
    ),
    {
      id: `${name}.limits(${lane.name})`,
      at,
      expected: structText(limitsType, limits),
      read: async () => structText(limitsType, await handle.limits(token)),
      ...LIMIT,
      by: "timelock",
      calls: async () => {
        if ((await modeOf()) === "NONE") return [];
        return [call(abi.encodeFunctionData("setLimits", [token, limits]), `setLimits(${lane.name})`)];
      },
    },
    governed(
      `${name}.tiers(${lane.name})`,
      at,
      tiersText(tiers),
      () => answer(handle.tiers(token).then(tiersText)),
      call(abi.encodeFunctionData("setTiers", [token, tiers]), `setTiers(${lane.name})`),
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
