import type { Provider } from "ethers";

import { requireRecord, type ContractRecord, type DeploymentRecord } from "../../protocol/addresses.js";
import { DeploymentError } from "../../protocol/errors.js";
import { codeHash } from "../../protocol/hashes.js";
import type { LoadedParams } from "../../protocol/params/load.js";
import { createBlueprint, type Blueprint } from "./blueprint.js";
import { requireChain, stepContext } from "./context.js";
import { differs, inspectContract, readSettings, toDifference, type Finding } from "./inspect.js";
import { paramsReference } from "./record.js";
import { rootExists } from "./root.js";
import { steps } from "./steps.js";
import type { DeploymentStore } from "./store.js";
import type { Difference, PlannedContract, Step } from "./types.js";

/** What `deployment verify` compares. */
export interface VerifyOptions {
  readonly loaded: LoadedParams;
  readonly provider: Provider;
  readonly store: DeploymentStore;
}

/** `ok` when the chain, the record and the parameters say the same. */
export interface VerifyResult {
  readonly ok: boolean;
  readonly differences: readonly Difference[];
}

/** The same with everything that was read on the way. */
export interface Survey {
  readonly result: VerifyResult;
  readonly plan: Blueprint;
  readonly record: DeploymentRecord;
  readonly findings: readonly Finding[];
}

/**
 * Compares code, roles and parameters on the chain with the record and the parameter file. Sends nothing and needs no key.
 * @throws PermanentError NOT_DEPLOYED without a record, WRONG_CHAIN; ParameterError for the file.
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  return (await survey(options)).result;
}

/** @throws as `verify`. */
export async function survey(options: VerifyOptions): Promise<Survey> {
  const { loaded, provider, store } = options;
  await requireChain(provider, loaded);
  const record = requireRecord(loaded.network, store.read());
  const plan = createBlueprint(loaded);
  const fromBlock = record.contracts["Timelock"]?.block ?? 0;
  const context = stepContext(plan, provider, { bootstrapping: false, fromBlock, extraGrants: [] });
  const differences = [...recordDifferences(record, loaded), ...(await rootDifferences(provider, plan.root))];
  const planned = new Set<string>();
  const findings: Finding[] = [];
  for (const step of steps) {
    for (const contract of step.contracts?.(context) ?? []) {
      planned.add(contract.name);
      differences.push(...(await contractDifferences(provider, step, contract, record.contracts[contract.name])));
    }
    const read = await readSettings(step.settings?.(context) ?? [], context);
    findings.push(...read);
    differences.push(...read.filter(differs).map((finding) => toDifference(step, finding)));
  }
  for (const [name, entry] of Object.entries(record.contracts)) {
    if (!planned.has(name)) differences.push(recordDifference(name, entry.address, "not in the parameters"));
  }
  return { result: { ok: differences.length === 0, differences }, plan, record, findings };
}

function recordDifference(id: string, found: string, expected: string, step = "record"): Difference {
  return { step, kind: "record", code: "RECORD_CHANGED", id, found, expected };
}

function recordDifferences(record: DeploymentRecord, loaded: LoadedParams): Difference[] {
  const [params, chainId] = [paramsReference(loaded), loaded.params.chainId];
  return [
    ...(record.params === params ? [] : [recordDifference("record.params", record.params, params)]),
    ...(record.chainId === chainId
      ? []
      : [recordDifference("record.chainId", String(record.chainId), String(chainId))]),
  ];
}

async function rootDifferences(provider: Provider, root: string): Promise<Difference[]> {
  const common = { step: "000_root", id: "Create2Root", expected: root };
  try {
    if (await rootExists(provider, root)) return [];
    return [{ ...common, kind: "missing", code: "CONTRACT_MISSING", found: "no code" }];
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    return [{ ...common, kind: "code", code: "CODE_CHANGED", found: "foreign code" }];
  }
}

/** Address, constructor arguments and code: parameters against record, record against chain, chain against what we compile. */
async function contractDifferences(
  provider: Provider,
  step: Step,
  contract: PlannedContract,
  entry: ContractRecord | undefined,
): Promise<Difference[]> {
  const common = { step: step.id, id: contract.name };
  if (entry === undefined) return [recordDifference(contract.name, "not recorded", contract.address, step.id)];
  const differences: Difference[] = [];
  if (entry.address !== contract.address) {
    differences.push(recordDifference(contract.name, entry.address, contract.address, step.id));
  }
  const [recorded, planned] = [JSON.stringify(entry.constructorArgs), JSON.stringify(contract.constructorArgs)];
  if (recorded !== planned) {
    const code = "CONSTRUCTOR_ARGUMENT";
    differences.push({ ...common, kind: "record", code, found: recorded, expected: planned });
  }
  const state = await inspectContract(provider, contract);
  if (state.kind === "missing") {
    const expected = contract.address;
    return [...differences, { ...common, kind: "missing", code: "CONTRACT_MISSING", found: "no code", expected }];
  }
  // The record knows the immutables, which the comparison with our compiled code leaves out.
  const hash = codeHash(state.code);
  const changed = { ...common, kind: "code", code: "CODE_CHANGED" } as const;
  if (hash !== entry.runtimeCodeHash) differences.push({ ...changed, found: hash, expected: entry.runtimeCodeHash });
  else if (state.kind === "foreign") {
    differences.push({ ...changed, found: state.complaint, expected: contract.source ?? "our code" });
  }
  return differences;
}
