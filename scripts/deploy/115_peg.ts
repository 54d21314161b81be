import { ZeroAddress } from "ethers";

import {
  IPegBoard__factory,
  IPegManager__factory,
  IStabilizerLimits__factory,
  type IPegManager,
  type IStabilizerLimits,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { parseBpsAsWad, parseWad } from "../../protocol/units.js";
import { firstRound, plannedFeed } from "./030_feeds.js";
import { perReferenceUnit, type Blueprint } from "./blueprint.js";
import { answer, governed, outputType, structText } from "./setting.js";
import type { PlannedContract, Setting, Step, StepContext } from "./types.js";

/** Who watches each token's peg, and what the stabilizer does with the answer. */
export const pegStep: Step = {
  id: "115_peg",
  title: "peg managers, board and the stabilizer's guards",
  contracts({ plan }) {
    const references = tokenNames.flatMap((name) => plan.references[name] ?? []).map(plannedFeed);
    return [...references, plan.stablecoinPegManager, plan.commodityPegManager, plan.pegBoard];
  },
  settings(context) {
    // Managers before guards, guards before sinks: a manager tells his sink at once, and the limits listen to managers they know.
    return [
      ...firstRounds(context),
      ...managersOf(context.plan).map((manager) => guardian(context, manager)),
      ...tokenNames.map((name) => managed(context, name)),
      ...tokenNames.map((name) => guarded(context, name)),
      ...managersOf(context.plan).map((manager) => sink(context, manager)),
      ...tokenNames.map((name) => assigned(context, name)),
    ];
  },
};

function managersOf(plan: Blueprint): readonly PlannedContract[] {
  return [plan.stablecoinPegManager, plan.commodityPegManager];
}

/** Which of the two looks after a token. */
export function managerOf(plan: Blueprint, name: TokenName): PlannedContract {
  return plan.params.peg.tokens[name].manager === "commodity" ? plan.commodityPegManager : plan.stablecoinPegManager;
}

/** Only on localhost: elsewhere a reference without a round is a doubt like any other, which neither halts a token nor ends a halt. */
function firstRounds({ plan, provider }: StepContext): Setting[] {
  if (!plan.loaded.local) return [];
  return tokenNames.flatMap((name) => {
    const feed = plan.references[name];
    if (feed?.source.kind !== "signed") return [];
    const { referencePriceUsd } = plan.params.oracle.tokens[name];
    const price = perReferenceUnit(referencePriceUsd, plan.params.peg.tokens[name].par);
    return [firstRound(plan, provider, feed, price)];
  });
}

function guardian({ plan, provider }: StepContext, manager: PlannedContract): Setting {
  const handle = contractAt(IPegManager__factory, manager.address, provider);
  const expected = plan.roles.guardian;
  return governed(
    `${manager.name}.guardian`,
    manager.address,
    expected,
    () => answer(handle.guardian()),
    {
      to: manager.address,
      data: handle.interface.encodeFunctionData("setGuardian", [expected]),
      label: `${manager.name}.setGuardian(${expected})`,
    },
    { code: "ROLE_EXTRA" },
  );
}

const MANAGER_ABI = IPegManager__factory.createInterface();
const LIMITS_ABI = IStabilizerLimits__factory.createInterface();
const CONFIG_TYPE = outputType(MANAGER_ABI.getFunction("config").outputs);
const GUARD_TYPE = outputType(LIMITS_ABI.getFunction("pegGuard").outputs);

/** Configuration and pools of a token: its public pools, in the order of the parameters. */
function managed({ plan, provider }: StepContext, name: TokenName): Setting {
  const manager = managerOf(plan, name);
  const handle = contractAt(IPegManager__factory, manager.address, provider);
  const token = plan.tokens[name].address;
  const config = configOf(plan, name);
  const pools = plan.pools
    .filter((pool) => pool.kind === "public" && (pool.base === name || pool.quote === name))
    .map((pool) => pool.address);
  return governed(
    `${manager.name}.config(${name})`,
    manager.address,
    `${structText(CONFIG_TYPE, config)} ${pools.join(",")}`,
    async () =>
      (await handle.isManaged(token))
        ? `${structText(CONFIG_TYPE, await handle.config(token))} ${(await handle.poolsOf(token)).join(",")}`
        : "not managed",
    {
      to: manager.address,
      data: handle.interface.encodeFunctionData("setToken", [token, config, pools]),
      label: `${manager.name}.setToken(${name})`,
    },
    { code: "LIMIT_CHANGED" },
  );
}

function configOf(plan: Blueprint, name: TokenName): IPegManager.ConfigStruct {
  const { market, haltBlocks, calmBlocks, tokens } = plan.params.peg;
  const { par, reference, bandBps, recoverBandBps } = tokens[name];
  return {
    calmWad: parseBpsAsWad(market.calmBps),
    deviatingWad: parseBpsAsWad(market.deviatingBps),
    defendingWad: parseBpsAsWad(market.defendingBps),
    enterBlocks: market.enterBlocks,
    recoverBlocks: market.recoverBlocks,
    bandWad: parseBpsAsWad(bandBps),
    recoverBandWad: parseBpsAsWad(recoverBandBps),
    haltBlocks,
    calmBlocks,
    parWad: parseWad(par),
    referenceFeed: plan.references[name]?.address ?? ZeroAddress,
    maxReferenceAgeSeconds: reference?.maxAgeSeconds ?? 0,
  };
}

function guarded({ plan, provider }: StepContext, name: TokenName): Setting {
  const at = plan.limits.address;
  const limits = contractAt(IStabilizerLimits__factory, at, provider);
  const own = plan.params.peg.tokens[name];
  const token = plan.tokens[name].address;
  const guard: IStabilizerLimits.PegGuardStruct = {
    manager: managerOf(plan, name).address,
    minPriceUsdWad: parseWad(own.guardMinUsd),
    maxPriceUsdWad: parseWad(own.guardMaxUsd),
    defendingCapWad: parseWad(plan.params.peg.defendingCapMultiple),
  };
  return governed(
    `StabilizerLimits.pegGuard(${name})`,
    at,
    structText(GUARD_TYPE, guard),
    async () => structText(GUARD_TYPE, await limits.pegGuard(token)),
    {
      to: at,
      data: limits.interface.encodeFunctionData("setPegGuard", [token, guard]),
      label: `StabilizerLimits.setPegGuard(${name})`,
    },
    { code: "LIMIT_CHANGED" },
  );
}

function sink({ plan, provider }: StepContext, manager: PlannedContract): Setting {
  const handle = contractAt(IPegManager__factory, manager.address, provider);
  const expected = plan.limits.address;
  return governed(
    `${manager.name}.sink`,
    manager.address,
    expected,
    () => answer(handle.sink()),
    {
      to: manager.address,
      data: handle.interface.encodeFunctionData("setSink", [expected]),
      label: `${manager.name}.setSink(StabilizerLimits)`,
    },
    { code: "WIRING_CHANGED" },
  );
}

function assigned({ plan, provider }: StepContext, name: TokenName): Setting {
  const at = plan.pegBoard.address;
  const board = contractAt(IPegBoard__factory, at, provider);
  const token = plan.tokens[name].address;
  const manager = managerOf(plan, name).address;
  return governed(
    `PegBoard.managerOf(${name})`,
    at,
    manager,
    () => answer(board.managerOf(token)),
    {
      to: at,
      data: board.interface.encodeFunctionData("assign", [token, manager]),
      label: `PegBoard.assign(${name}, ${managerOf(plan, name).name})`,
    },
    { code: "WIRING_CHANGED" },
  );
}
