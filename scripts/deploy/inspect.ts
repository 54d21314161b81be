import type { Provider } from "ethers";

import { DeploymentError } from "../../protocol/errors.js";
import { codeHash } from "../../protocol/hashes.js";
import { isOurCode } from "./artifacts.js";
import { answer } from "./setting.js";
import type { Difference, DifferenceCode, PlannedContract, Setting, Step, StepContext } from "./types.js";

/** What is found where there is nothing to ask. */
const NOT_DEPLOYED = "not deployed";

/** What stands at a planned address. */
export type ContractState =
  | { readonly kind: "missing" }
  | { readonly kind: "ours"; readonly code: string }
  | { readonly kind: "foreign"; readonly code: string; readonly complaint: string };

/** Looks at the code of a planned contract. Reads only. */
export async function inspectContract(provider: Provider, contract: PlannedContract): Promise<ContractState> {
  const code = await provider.getCode(contract.address);
  if (code === "0x") return { kind: "missing" };
  if (contract.source !== undefined && !isOurCode(contract.source, code)) {
    const complaint = `code with hash ${codeHash(code)}, not ${contract.source}`;
    return { kind: "foreign", code, complaint };
  }
  const complaint = contract.checkCode?.(code);
  return complaint === undefined ? { kind: "ours", code } : { kind: "foreign", code, complaint };
}

/** The error for an address where something else stands than we planned. */
export function foreignCode(contract: PlannedContract, complaint: string): DeploymentError {
  return new DeploymentError(
    "FOREIGN_CODE",
    `${contract.name} at ${contract.address}: found ${complaint}`,
    contract.make.by === "adopted"
      ? "correct the existing address in the parameters"
      : "somebody else put code there, or the contracts were compiled otherwise: build the released sources, or choose another create2.salt",
    { contract: contract.name, address: contract.address },
  );
}

/** A setting with what the chain says about it. */
export interface Finding {
  readonly setting: Setting;
  readonly found: string;
}

/** Settings that differ from what the chain says, in order. Reads only. */
export async function findDifferences(settings: readonly Setting[], context: StepContext): Promise<Finding[]> {
  return (await readSettings(settings, context)).filter(differs);
}

/** Whether the chain says something else than the setting asks for. */
export function differs({ setting, found }: Finding): boolean {
  return found !== setting.expected;
}

/** What the chain says about each setting that counts now, in order. Reads only. */
export async function readSettings(settings: readonly Setting[], context: StepContext): Promise<Finding[]> {
  return Promise.all(
    settings
      .filter((setting) => context.bootstrapping || setting.bootstrapOnly !== true)
      .map(async (setting) => ({
        setting,
        found: (await context.hasCode(setting.at)) ? await answer(setting.read()) : NOT_DEPLOYED,
      })),
  );
}

/** A finding as people and programs read it. */
export function toDifference(step: Step, { setting, found }: Finding): Difference {
  return {
    step: step.id,
    kind: "setting",
    code: codeOf(setting, found),
    id: setting.id,
    found,
    expected: setting.expected,
  };
}

function codeOf({ code }: Setting, found: string): DifferenceCode {
  if (found === NOT_DEPLOYED) return "CONTRACT_MISSING";
  return typeof code === "function" ? code(found) : (code ?? "SETTING_CHANGED");
}
