import { keccak256, type Provider } from "ethers";

import { requireRecord, type ContractRecord, type DeploymentRecord } from "../../protocol/addresses.js";
import { DeploymentError } from "../../protocol/errors.js";
import type { LoadedParams } from "../../protocol/params/load.js";
import { createBlueprint } from "./blueprint.js";
import { requireChain, stepContext } from "./context.js";
import { findDifferences, inspectContract, toDifference } from "./inspect.js";
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

/**
 * Compares code, roles and parameters on the chain with the record and the parameter file. Sends nothing and needs no key.
 * @throws PermanentError NOT_DEPLOYED without a record, WRONG_CHAIN; ParameterError for the file.
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { loaded, provider, store } = options;
  await requireChain(provider, loaded);
  const record = requireRecord(loaded.network, store.read());
  const plan = await createBlueprint(loaded);
  const fromBlock = record.contracts["Timelock"]?.block ?? 0;
  const context = stepContext(plan, provider, { bootstrapping: false, fromBlock, extraGrants: [] });
  const differences = [...recordDifferences(record, loaded), ...(await rootDifferences(provider, plan.root))];
  const planned = new Set<string>();
  for (const step of steps) {
    for (const contract of step.contracts?.(context) ?? []) {
      planned.add(contract.name);
      differences.push(...(await contractDifferences(provider, step, contract, record.contracts[contract.name])));
    }
    const findings = await findDifferences(step.settings?.(context) ?? [], context);
    differences.push(...findings.map((finding) => toDifference(step, finding)));
  }
  for (const [name, entry] of Object.entries(record.contracts)) {
    if (planned.has(name)) continue;
    differences.push({
      step: "record",
      kind: "record",
      id: name,
      found: entry.address,
      expected: "not in the parameters",
    });
  }
  return { ok: differences.length === 0, differences };
}

function recordDifferences(record: DeploymentRecord, loaded: LoadedParams): Difference[] {
  const differences: Difference[] = [];
  const expected = paramsReference(loaded);
  if (record.params !== expected) {
    differences.push({ step: "record", kind: "record", id: "record.params", found: record.params, expected });
  }
  if (record.chainId !== loaded.params.chainId) {
    const found = String(record.chainId);
    differences.push({
      step: "record",
      kind: "record",
      id: "record.chainId",
      found,
      expected: String(loaded.params.chainId),
    });
  }
  return differences;
}

async function rootDifferences(provider: Provider, root: string): Promise<Difference[]> {
  const difference = (kind: "missing" | "code", found: string): Difference[] => [
    { step: "000_root", kind, id: "Create2Root", found, expected: root },
  ];
  try {
    return (await rootExists(provider, root)) ? [] : difference("missing", "no code");
  } catch (error) {
    if (error instanceof DeploymentError) return difference("code", "foreign code");
    throw error;
  }
}

async function contractDifferences(
  provider: Provider,
  step: Step,
  contract: PlannedContract,
  entry: ContractRecord | undefined,
): Promise<Difference[]> {
  const difference = (kind: Difference["kind"], found: string, expected: string): Difference => ({
    step: step.id,
    kind,
    id: contract.name,
    found,
    expected,
  });
  if (entry === undefined) return [difference("record", "not recorded", contract.address)];
  const differences: Difference[] = [];
  if (entry.address !== contract.address) differences.push(difference("record", entry.address, contract.address));
  const state = await inspectContract(provider, contract);
  if (state.kind === "missing") return [...differences, difference("missing", "no code", contract.address)];
  const found = keccak256(state.code);
  if (found !== entry.runtimeCodeHash) differences.push(difference("code", found, entry.runtimeCodeHash));
  if (state.kind === "foreign") differences.push(difference("code", state.complaint, contract.source ?? "our code"));
  return differences;
}
