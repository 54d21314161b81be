import {
  IStabilizer__factory,
  IStabilizerLimits__factory,
  IXauMesh__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { globalConfigOf } from "./pools.js";
import { answer, governed, outputType, structText } from "./setting.js";
import type { Setting, Step, StepContext } from "./types.js";

/** The factory of pools, and who may do what with whom. */
export const wiringStep: Step = {
  id: "080_factory_and_wiring",
  title: "pool factory; who knows whom",
  contracts({ plan }) {
    return [plan.pmmFactory];
  },
  settings(context) {
    return [...limitsSettings(context), ...meshSettings(context), ...stabilizerSettings(context)];
  },
};

function limitsSettings({ plan, provider }: StepContext): Setting[] {
  const at = plan.limits.address;
  const limits = contractAt(IStabilizerLimits__factory, at, provider);
  const { interface: abi } = limits;
  const factory = plan.pmmFactory.address;
  const globalConfig = globalConfigOf(plan.params);
  const globalType = outputType(abi.getFunction("globalConfig").outputs);
  return [
    governed(
      "StabilizerLimits.globalConfig",
      at,
      structText(globalType, globalConfig),
      async () => structText(globalType, await limits.globalConfig()),
      {
        to: at,
        data: abi.encodeFunctionData("setGlobalConfig", [globalConfig]),
        label: "StabilizerLimits.setGlobalConfig",
      },
      { code: "LIMIT_CHANGED" },
    ),
    governed(
      "StabilizerLimits.stabilizer",
      at,
      plan.stabilizer.address,
      () => answer(limits.stabilizer()),
      {
        to: at,
        data: abi.encodeFunctionData("setStabilizer", [plan.stabilizer.address]),
        label: "StabilizerLimits.setStabilizer",
      },
      { code: "WIRING_CHANGED" },
    ),
    governed(
      "StabilizerLimits.guardian",
      at,
      plan.roles.guardian,
      () => answer(limits.guardian()),
      {
        to: at,
        data: abi.encodeFunctionData("setGuardian", [plan.roles.guardian]),
        label: `StabilizerLimits.setGuardian(${plan.roles.guardian})`,
      },
      { code: "ROLE_MISSING" },
    ),
    governed(
      "StabilizerLimits.isFactory(PmmFactory)",
      at,
      "true",
      () => answer(limits.isFactory(factory)),
      {
        to: at,
        data: abi.encodeFunctionData("setFactory", [factory, true]),
        label: "StabilizerLimits.setFactory(PmmFactory)",
      },
      { code: "ROLE_MISSING" },
    ),
  ];
}

function meshSettings({ plan, provider }: StepContext): Setting[] {
  const at = plan.mesh.address;
  const mesh = contractAt(IXauMesh__factory, at, provider);
  const factory = plan.pmmFactory.address;
  return [
    governed(
      "XauMesh.isFactory(PmmFactory)",
      at,
      "true",
      () => answer(mesh.isFactory(factory)),
      {
        to: at,
        data: mesh.interface.encodeFunctionData("setFactory", [factory, true]),
        label: "XauMesh.setFactory(PmmFactory)",
      },
      { code: "ROLE_MISSING" },
    ),
    governed(
      "XauMesh.isOperator(Stabilizer)",
      at,
      "true",
      () => answer(mesh.isOperator(plan.stabilizer.address)),
      {
        to: at,
        data: mesh.interface.encodeFunctionData("setOperator", [plan.stabilizer.address, true]),
        label: "XauMesh.setOperator(Stabilizer)",
      },
      { code: "ROLE_MISSING" },
    ),
  ];
}

function stabilizerSettings({ plan, provider }: StepContext): Setting[] {
  const at = plan.stabilizer.address;
  const stabilizer = contractAt(IStabilizer__factory, at, provider);
  return [
    governed(
      "Stabilizer.isKeeper(keeper)",
      at,
      "true",
      () => answer(stabilizer.isKeeper(plan.roles.keeper)),
      {
        to: at,
        data: stabilizer.interface.encodeFunctionData("setKeeper", [plan.roles.keeper, true]),
        label: `Stabilizer.setKeeper(${plan.roles.keeper})`,
      },
      { code: "ROLE_MISSING" },
    ),
  ];
}
