/** Settings of whatever carries tokens in lanes: the bridge, and the adapter of CCIP. */
import { id, ZeroAddress } from "ethers";

import {
  IBridgeLanes__factory,
  IGuardianPause__factory,
  M1Token__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { laneMinterLimitOf, laneMode, laneModeNumber, limitsOf, type Crossing } from "./bridge.js";
import { lastMinterLimit, minterLimit } from "./minterLimit.js";
import { answer, governed, outputType, outside, structText } from "./setting.js";
import type { Call, DifferenceCode, PlannedContract, Setting, StepContext } from "./types.js";

/** Of limits that hold what they must. */
const FITS = "fits";

export function guardianOf({ plan, provider }: StepContext, { name, address }: PlannedContract): Setting {
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

/** Whoever mints does so inside the token's own limit. */
export function minting(context: StepContext, lane: Crossing, carrier: PlannedContract): Setting[] {
  const { plan, provider } = context;
  const handle = contractAt(M1Token__factory, lane.token, provider);
  const role = id("MINTER_ROLE");
  return [
    minterLimit(context, lane.name, carrier.name, laneMinterLimitOf(plan, lane, carrier.address)),
    governed(
      `${lane.name}.MINTER_ROLE(${carrier.name})`,
      lane.token,
      "true",
      () => answer(handle.hasRole(role, carrier.address)),
      {
        to: lane.token,
        data: handle.interface.encodeFunctionData("grantRole", [role, carrier.address]),
        label: `${lane.name}.grantRole(MINTER_ROLE, ${carrier.name})`,
      },
      { code: "ROLE_MISSING" },
    ),
  ];
}

/** The lane with its limits. */
export function laneAndLimits({ plan, provider }: StepContext, lane: Crossing, carrier: PlannedContract): Setting[] {
  const { name, address: at } = carrier;
  const handle = contractAt(IBridgeLanes__factory, at, provider);
  const { interface: abi } = handle;
  const { token } = lane;
  const limits = limitsOf(plan, lane);
  const limitsType = outputType(abi.getFunction("limits").outputs);
  const modeOf = async () => laneMode(await handle.mode(token));
  const call = (data: string, label: string): Call => ({ to: at, data, label: `${name}.${label}` });
  return [
    // With its limits: a lane has both from its first block, and its mode for ever.
    governed(
      `${name}.lane(${lane.name})`,
      at,
      lane.mode,
      () => answer(modeOf()),
      call(
        abi.encodeFunctionData("addLane", [token, laneModeNumber(lane.mode), limits]),
        `addLane(${lane.name}, ${lane.mode})`,
      ),
      { code: "LANE_CHANGED" },
    ),
    {
      id: `${name}.limits(${lane.name})`,
      at,
      expected: structText(limitsType, limits),
      read: async () => structText(limitsType, await handle.limits(token)),
      code: "LIMIT_CHANGED",
      by: "timelock",
      calls: async () => {
        if ((await modeOf()) === "NONE") return [];
        return [call(abi.encodeFunctionData("setLimits", [token, limits]), `setLimits(${lane.name})`)];
      },
    },
  ];
}

/**
 * What is larger than the token lets its carrier mint is never paid in parts: all that the lane lets in, with all that may come back of
 * what it ever let out, must fit.
 */
export function mintRoom(
  context: StepContext,
  { name: token, token: at }: Crossing,
  carrier: PlannedContract,
): Setting {
  const { name, address } = carrier;
  const end = contractAt(IBridgeLanes__factory, address, context.provider);
  const read = async () => {
    const [limits, back, minter] = await Promise.all([
      end.limits(at),
      end.refundLimits(at),
      lastMinterLimit(context, at, address),
    ]);
    const rows = [
      ["mint capacity", minter?.mintCapacity ?? 0n, limits.inCapacity + back.capacityUnits],
      ["mint refill", minter?.mintRefillPerSecond ?? 0n, limits.inRefillPerSecond + back.refillPerSecond],
      ["burn capacity", minter?.burnCapacity ?? 0n, limits.outCapacity],
      ["burn refill", minter?.burnRefillPerSecond ?? 0n, limits.outRefillPerSecond],
    ] as const;
    const short = rows.filter(([, has, needs]) => has < needs);
    if (short.length === 0) return FITS;
    return short.map(([what, has, needs]) => `${what} ${String(has)} of ${String(needs)}`).join(", ");
  };
  return outside(
    `${token}.minterLimit(${name}) for its lane`,
    at,
    FITS,
    () => answer(read()),
    `the timelock raises the limit (${token}.setMinterLimit) to the sum of what ${name} lets in and lets come back`,
    { code: "LIMIT_CHANGED" },
  );
}
