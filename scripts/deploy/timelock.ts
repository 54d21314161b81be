import { AbiCoder, keccak256, toUtf8Bytes, ZeroHash, type Provider } from "ethers";

import { DeploymentError } from "../../protocol/errors.js";
import { Timelock__factory, type Timelock } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { isOurCode } from "./artifacts.js";
import type { Sender } from "./sender.js";
import type { Call } from "./types.js";

/** TimelockController.OperationState. */
const UNSET = 0n;
const DONE = 3n;
/** Calls of one batch: bounds the gas of one transaction (a token takes 2.6 million, a funded pool 400,000). */
const MAX_CALLS = 24;

/** Whether the deployer still proposes: before the handover, or before the timelock exists. */
export async function isBootstrapping(provider: Provider, timelock: string, deployer: string): Promise<boolean> {
  // Foreign code is not asked anything: the timelock's own step refuses it.
  if (!isOurCode("governance/Timelock", await provider.getCode(timelock))) return true;
  const contract = contractAt(Timelock__factory, timelock, provider);
  return contract.hasRole(await contract.PROPOSER_ROLE(), deployer);
}

/** Splits calls that need not be atomic into batches of bearable size, keeping their order. */
export function inBatches(groups: readonly (readonly Call[])[]): Call[][] {
  const batches: Call[][] = [];
  for (const group of groups) {
    const last = batches.at(-1);
    if (last === undefined || last.length + group.length > MAX_CALLS) batches.push([...group]);
    else last.push(...group);
  }
  return batches.filter((batch) => batch.length > 0);
}

/** A batch as the timelock knows it. */
interface Operation {
  readonly id: string;
  readonly state: bigint;
  /** Arguments of scheduleBatch and executeBatch up to the salt. */
  readonly order: readonly [string[], bigint[], string[], string, string];
}

/**
 * The operation that stands for `calls`: the first of their ids that is not done. The same contents may be needed a second time (somebody
 * changed a setting back), so the salt counts up.
 */
export async function operationOf(contract: Timelock, calls: readonly Call[]): Promise<Operation> {
  const targets = calls.map((call) => call.to);
  const values = calls.map(() => 0n);
  const payloads = calls.map((call) => call.data);
  const contents = keccak256(AbiCoder.defaultAbiCoder().encode(["address[]", "bytes[]"], [targets, payloads]));
  for (let repeat = 0; ; repeat += 1) {
    const salt = keccak256(toUtf8Bytes(`${contents}/${String(repeat)}`));
    const order: Operation["order"] = [targets, values, payloads, ZeroHash, salt];
    const id = await contract.hashOperationBatch(...order);
    const state = await contract.getOperationState(id);
    if (state !== DONE) return { id, state, order };
  }
}

/**
 * Makes the timelock do `calls` in one transaction: schedules them with no delay, then executes them. A batch that a killed run has
 * scheduled already is recognised by its contents and only executed.
 */
export async function governBatch(
  provider: Provider,
  sender: Sender,
  timelock: string,
  batchName: string,
  calls: readonly Call[],
  prepare: (name: string) => (firstNonce: number, afterBlock: number) => void,
): Promise<void> {
  const contract = contractAt(Timelock__factory, timelock, provider);
  const { state, order } = await operationOf(contract, calls);
  if (state === UNSET) {
    const data = contract.interface.encodeFunctionData("scheduleBatch", [...order, 0n]);
    const label = `schedule ${batchName}`;
    await sender.sendAll([{ label, to: timelock, data }], prepare(label), done);
  }
  const data = contract.interface.encodeFunctionData("executeBatch", [...order]);
  const label = `execute ${batchName}`;
  await sender.sendAll([{ label, to: timelock, data }], prepare(label), done);
}

async function done(): Promise<void> {
  // What the batch made is read from the chain and recorded by the caller.
}

/** The error of a deployment that finds differences only the new governance can remove; it carries the calls to propose. */
export function handedOver(timelock: string, calls: readonly Call[]): DeploymentError {
  return new DeploymentError(
    "HANDED_OVER",
    `${String(calls.length)} difference(s) can be removed only by the multisig: the deployer keeps nothing`,
    `propose to the timelock ${timelock}: ${calls.map((call) => `${call.label} = ${call.to} ${call.data}`).join("; ")}`,
    { timelock, calls: String(calls.length) },
  );
}
