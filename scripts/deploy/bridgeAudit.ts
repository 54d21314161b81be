import { ZeroHash } from "ethers";

import {
  AlltraAdapter__factory,
  AlltraCustomBridge__factory,
  BridgeReserveCoordinator__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { parseWad } from "../../protocol/units.js";
import { attestorsOf, lanesOf } from "./bridge.js";
import { fixed } from "./constructed.js";
import { accountIn, holderList, holdersAmong, namedAccounts, type HolderList } from "./holders.js";
import { mintRoom } from "./laneSettings.js";
import { allLogs } from "./logs.js";
import { answer, outside } from "./setting.js";
import type { Setting, StepContext } from "./types.js";

/** What the bridge's contracts were given once and for all, and every list that they keep. */
export function bridgeAudit(context: StepContext): Setting[] {
  return [
    ...constructorArguments(context),
    threshold(context),
    ...lanesOf(context.plan)
      .filter(({ mode }) => mode === "MINT")
      .map((lane) => mintRoom(context, lane, context.plan.bridge.bridge)),
    ...lists(context).map((list) => holderList(context.plan, list)),
  ];
}

function constructorArguments({ plan, provider }: StepContext): Setting[] {
  const { bridge, adapter, coordinator } = plan.bridge;
  const { chainId, bridge: params } = plan.params;
  const end = contractAt(AlltraCustomBridge__factory, bridge.address, provider);
  const terms = contractAt(AlltraAdapter__factory, adapter.address, provider);
  const book = contractAt(BridgeReserveCoordinator__factory, coordinator.address, provider);
  return [
    fixed(bridge, "localChainId", chainId, () => end.localChainId()),
    fixed(bridge, "remoteChainId", params.remoteChainId, () => end.remoteChainId()),
    fixed(bridge, "remoteBridge", bridge.address, () => end.remoteBridge()),
    fixed(adapter, "bridge", bridge.address, () => terms.bridge()),
    fixed(adapter, "remoteChainId", params.remoteChainId, () => terms.remoteChainId()),
    fixed(adapter, "maxFeeBps", params.adapter.maxFeeBps, () => terms.maxFeeBps()),
    fixed(adapter, "maxMinimumFeeWad", parseWad(params.adapter.maxMinimumFeeTokens), () => terms.maxMinimumFeeWad()),
    fixed(coordinator, "bridge", bridge.address, () => book.bridge()),
    fixed(coordinator, "buckets", plan.reserves.buckets.address, () => book.buckets()),
    fixed(coordinator, "pegBoard", plan.pegBoard.address, () => book.pegBoard()),
  ];
}

/** Nobody but the owner changes it, with a delay; the guardian only takes attestors out. */
function threshold({ plan, provider }: StepContext): Setting {
  const { name, address } = plan.bridge.bridge;
  const end = contractAt(AlltraCustomBridge__factory, address, provider);
  return outside(
    `${name}.attestorThreshold`,
    address,
    String(attestorsOf(plan.params).threshold),
    () => answer(end.attestorThreshold()),
    "the multisig announces a set with this threshold (scheduleAttestors); or write it to bridge.attestors.since",
    { code: "LIMIT_CHANGED" },
  );
}

function lists(context: StepContext): HolderList[] {
  const { plan, provider, fromBlock } = context;
  const { bridge, adapter, coordinator } = plan.bridge;
  const end = contractAt(AlltraCustomBridge__factory, bridge.address, provider);
  const terms = contractAt(AlltraAdapter__factory, adapter.address, provider);
  const book = contractAt(BridgeReserveCoordinator__factory, coordinator.address, provider);
  const role = { extra: "ROLE_EXTRA", missing: "ROLE_MISSING" } as const;
  const lane = { extra: "LANE_CHANGED", missing: "LANE_CHANGED" } as const;
  const tokens = lanesOf(plan).map(({ token }) => token);
  /** Who ever was the first indexed argument of an event. */
  const seen = async (at: string, topic: string) => {
    const logs = await allLogs(provider, { address: at, topics: [topic], fromBlock });
    return logs.map((log) => accountIn(log.topics[1] ?? ZeroHash));
  };
  return [
    {
      id: `${bridge.name}.attestors`,
      at: bridge.address,
      expected: attestorsOf(plan.params).addresses,
      read: () => end.attestors(),
      ...role,
    },
    {
      id: `${bridge.name}.scheduledAttestors`,
      at: bridge.address,
      expected: [],
      read: async () => [...(await end.scheduledAttestors())[0]],
      ...role,
    },
    {
      id: `${bridge.name}.adapters`,
      at: bridge.address,
      expected: [adapter.address],
      read: async () => {
        const accounts = await seen(bridge.address, end.interface.getEvent("SetAdapter").topicHash);
        return holdersAmong([...accounts, adapter.address, ...namedAccounts(plan)], (who) => end.isAdapter(who));
      },
      ...role,
    },
    { id: `${bridge.name}.tokens`, at: bridge.address, expected: tokens, read: () => end.tokens(), ...lane },
    {
      id: `${adapter.name}.tokens`,
      at: adapter.address,
      expected: tokens,
      read: async () => {
        const candidates = await seen(adapter.address, terms.interface.getEvent("SetTerms").topicHash);
        return holdersAmong([...candidates, ...tokens], (token) =>
          terms.carries(plan.params.bridge.remoteChainId, token),
        );
      },
      ...lane,
    },
    {
      id: `${coordinator.name}.keepers`,
      at: coordinator.address,
      expected: [plan.roles.keeper],
      read: async () => {
        const accounts = await seen(coordinator.address, book.interface.getEvent("SetKeeper").topicHash);
        return holdersAmong([...accounts, ...namedAccounts(plan)], (who) => book.isKeeper(who));
      },
      ...role,
    },
  ];
}
