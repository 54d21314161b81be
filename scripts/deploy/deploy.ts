import { type Provider, type TransactionReceipt } from "ethers";

import { Deployment, type DeploymentRecord } from "../../protocol/addresses.js";
import { PermanentError, RetryableError, UsageError } from "../../protocol/errors.js";
import { rememberHashes } from "../../protocol/hashes.js";
import { deploymentChecks, type DeploymentCheck } from "../../protocol/params/checks.js";
import { nearest } from "../../protocol/params/text.js";
import { createBlueprint, type Blueprint } from "./blueprint.js";
import { requireChain, stepContext } from "./context.js";
import { findDifferences, foreignCode, inspectContract, toDifference, type Finding } from "./inspect.js";
import { Recorder } from "./record.js";
import { referencePrices } from "./referencePrices.js";
import { makeRoot, rootExists } from "./root.js";
import { Sender } from "./sender.js";
import { steps } from "./steps.js";
import { governBatch, handedOver, inBatches, isBootstrapping } from "./timelock.js";
import type { Call, DeployOptions, Difference, PlannedContract, Step, StepContext } from "./types.js";

const DEFAULT_TIMEOUT_MS = 120_000;
/** How often a setting that becomes true by itself is asked again. */
const WAIT_POLL_MS = 200;
const SHOWN_CHARACTERS = 120;

/** What a deployment did or, as a dry run, would do. */
export interface DeployResult {
  readonly executed: boolean;
  readonly transactions: number;
  /** What differed when the run looked; after a complete execution nothing is left of it. */
  readonly differences: readonly Difference[];
  readonly checks: readonly DeploymentCheck[];
  readonly record: DeploymentRecord;
  /** Addresses of what is recorded; for a dry run of a new network an empty one. */
  readonly deployment: Deployment;
  readonly blueprint: Blueprint;
}

/**
 * Brings a chain to what the parameter file says: for each numbered step reads, compares, prints the difference and, with `execute`,
 * sends what is missing and writes the record after every transaction. Running it again does nothing; running it after a kill goes on.
 * @throws ParameterError, PermanentError, RetryableError, DeploymentError, RevertError; nothing is half-written when it does.
 */
export async function deploy(options: DeployOptions): Promise<DeployResult> {
  rememberHashes();
  const plan = createBlueprint(options.loaded);
  const run = new Run(options, plan, chosenSteps(options, plan));
  return run.all();
}

/** Steps whose id, or one of whose contracts, contains the text of `only`. */
function chosenSteps(options: DeployOptions, plan: Blueprint): readonly Step[] {
  const { only } = options;
  if (only === undefined) return steps;
  const context = { plan, extraGrants: [] };
  const namesOf = (step: Step) => [step.id, ...(step.contracts?.(context) ?? []).map((contract) => contract.name)];
  const chosen = steps.filter((step) => namesOf(step).some((name) => name.toLowerCase().includes(only.toLowerCase())));
  if (chosen.length > 0) return chosen;
  const names = steps.flatMap(namesOf);
  throw new UsageError(
    "UNKNOWN_STEP",
    `no step or contract is called "${only}"`,
    `did you mean "${nearest(only, names) ?? ""}"? All: ${names.join(", ")}`,
  );
}

class Run {
  private readonly log: (line: string) => void;
  private readonly provider: Provider;
  private readonly recorder: Recorder;
  private readonly sender: Sender | undefined;
  private readonly found: Difference[] = [];
  private readonly seen = new Set<string>();

  constructor(
    private readonly options: DeployOptions,
    private readonly plan: Blueprint,
    private readonly chosen: readonly Step[],
  ) {
    this.log = options.log ?? (() => undefined);
    this.provider = options.provider;
    this.recorder = new Recorder(options.store, options.provider, options.loaded, options.sourceCommit);
    if (options.execute === true && options.signer !== undefined) {
      const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const { maxGasPriceGwei } = options.loaded.params;
      const faults = options.faults ?? {};
      this.sender = new Sender(options.signer, options.provider, this.log, {
        maxGasPriceGwei,
        timeoutMs,
        faults,
        fixedGasLimit: options.fixedGasLimit,
      });
    }
  }

  async all(): Promise<DeployResult> {
    const checks = this.check();
    await this.admit();
    await this.sender?.settle();
    await this.root();
    for (const step of this.chosen) await this.step(step);
    if (this.sender !== undefined && this.options.only === undefined) this.recorder.finish();
    const record = this.recorder.current;
    return {
      executed: this.sender !== undefined,
      transactions: this.sender?.transactions ?? 0,
      differences: this.found,
      checks,
      record,
      deployment: new Deployment(this.options.loaded.network, record),
      blueprint: this.plan,
    };
  }

  /** The three deployment checks; a failing one that is not accepted by name stops an execution. */
  private check(): readonly DeploymentCheck[] {
    const { file, params } = this.options.loaded;
    const checks = deploymentChecks(params, referencePrices(this.plan).XAU);
    this.log("deployment checks");
    for (const check of checks) {
      const verdict = check.ok ? "ok" : check.accepted ? "FAILS, accepted by name" : "FAILS";
      this.log(`  ${check.name} ${check.pair}: ${verdict}: ${check.arithmetic}`);
    }
    const refused = checks.filter((check) => !check.ok && !check.accepted);
    if (refused.length > 0 && this.options.execute === true) {
      const names = refused.map((check) => `${check.name}:${check.pair}`);
      throw new PermanentError(
        "CHECK_FAILED",
        `deployment checks fail: ${refused.map((check) => `${check.name} ${check.pair}: ${check.arithmetic}`).join("; ")}`,
        `change ${file}, or accept by name in acceptFailedChecks: ${names.join(", ")}`,
        { failed: names.join(", ") },
      );
    }
    return checks;
  }

  /** Refuses the wrong chain, the wrong key and grants where nothing is minted. */
  private async admit(): Promise<void> {
    const { loaded, signer, execute, extraGrants } = this.options;
    await requireChain(this.provider, loaded);
    if (this.recorder.current.chainId !== loaded.params.chainId) {
      throw new PermanentError(
        "WRONG_CHAIN",
        `deployments/${loaded.network}.json belongs to chain ${String(this.recorder.current.chainId)}`,
        "move the record away, or restore the right one",
      );
    }
    if ((extraGrants ?? []).length > 0 && loaded.params.funding.source !== "bootstrap-mint") {
      throw new PermanentError(
        "GRANTS_NOT_LOCAL",
        "tokens are granted only where the bootstrap mints",
        "leave the grants out",
      );
    }
    if (execute !== true) return;
    const address = await signer?.getAddress();
    if (address?.toLowerCase() !== this.plan.roles.deployer.toLowerCase()) {
      throw new PermanentError(
        "WRONG_DEPLOYER",
        `roles.deployer is ${this.plan.roles.deployer}, the key at hand is ${address ?? "none"}: other addresses would result`,
        "give the deployer's key (npx hardhat keystore set …), or change roles.deployer",
      );
    }
  }

  private async root(): Promise<void> {
    if (await rootExists(this.provider, this.plan.root)) return;
    this.log(`000_root: the CREATE2 root ${this.plan.root} is missing`);
    this.found.push({
      step: "000_root",
      kind: "missing",
      code: "CONTRACT_MISSING",
      id: "Create2Root",
      found: "no code",
      expected: this.plan.root,
    });
    if (this.sender === undefined) return;
    await makeRoot(this.provider, this.plan.params.create2, this.sender, this.options.rootSigner);
  }

  private async context(): Promise<StepContext> {
    const { timelock, roles } = this.plan;
    const bootstrapping = await isBootstrapping(this.provider, timelock.address, roles.deployer);
    const { fromBlock } = this.recorder;
    const extraGrants = this.options.extraGrants ?? [];
    return stepContext(this.plan, this.provider, { bootstrapping, fromBlock, extraGrants }, this.seen);
  }

  private async step(step: Step): Promise<void> {
    const context = await this.context();
    this.log(`${step.id}: ${step.title}`);
    await this.contracts(step, context);
    const settings = step.settings?.(context) ?? [];
    const findings = await findDifferences(settings, context);
    this.report(step, findings);
    if (this.sender === undefined || findings.length === 0) return;
    await this.settle(step, findings, context);
    await this.confirm(step, context);
  }

  /** Creates what is missing, records what is there. */
  private async contracts(step: Step, context: StepContext): Promise<void> {
    const planned = step.contracts?.(context) ?? [];
    const missing: PlannedContract[] = [];
    for (const contract of planned) {
      const state = await inspectContract(this.provider, contract);
      if (state.kind === "foreign") throw foreignCode(contract, state.complaint);
      if (state.kind === "missing") {
        this.log(`  - ${contract.name} is missing at ${contract.address}`);
        this.found.push({
          step: step.id,
          kind: "missing",
          code: "CONTRACT_MISSING",
          id: contract.name,
          found: "no code",
          expected: contract.address,
        });
        missing.push(contract);
      } else if (!this.recorder.knows(contract, state.code)) {
        this.log(`  - ${contract.name} is at ${contract.address}, but not in the record`);
        this.found.push({
          step: step.id,
          kind: "record",
          code: "RECORD_CHANGED",
          id: contract.name,
          found: "not recorded",
          expected: contract.address,
        });
        if (this.sender !== undefined) await this.recorder.add(contract, state.code);
      }
    }
    const absent = missing.find((contract) => contract.make.by === "adopted");
    if (absent !== undefined && this.sender !== undefined) throw foreignCode(absent, "no code");
    if (this.sender === undefined) return;
    await this.createThroughRoot(this.sender, missing);
    await this.createThroughTimelock(this.sender, step, missing, context);
    for (const contract of missing) if (contract.make.by === "constructor") await this.recordCreated(contract);
  }

  private async createThroughRoot(sender: Sender, missing: readonly PlannedContract[]): Promise<void> {
    const created = missing.filter((contract) => contract.make.by === "root");
    const transactions = created.map((contract) => ({
      label: contract.name,
      to: this.plan.root,
      data: contract.make.by === "root" ? contract.make.salt + contract.make.initCode.slice(2) : "0x",
    }));
    const prepare = this.intend(created.map((contract) => contract.name));
    await sender.sendAll(transactions, prepare, async (index, receipt) => {
      const contract = created[index];
      if (contract !== undefined) await this.recordCreated(contract, receipt);
    });
  }

  private async createThroughTimelock(
    sender: Sender,
    step: Step,
    missing: readonly PlannedContract[],
    context: StepContext,
  ): Promise<void> {
    const created = missing.filter((contract) => contract.make.by === "timelock");
    const groups = created.map((contract) => (contract.make.by === "timelock" ? contract.make.calls : []));
    await this.govern(sender, step, `${step.id} creations`, groups, context);
    for (const contract of created) await this.recordCreated(contract);
  }

  private async recordCreated(contract: PlannedContract, receipt?: TransactionReceipt): Promise<void> {
    const state = await inspectContract(this.provider, contract);
    if (state.kind === "missing") {
      throw new PermanentError(
        "NOT_CREATED",
        `${contract.name} has no code at ${contract.address} after its creating transaction`,
        "report this: the computed address is wrong",
      );
    }
    if (state.kind === "foreign") throw foreignCode(contract, state.complaint);
    await this.recorder.add(contract, state.code, receipt);
  }

  /** Puts settings right: what only people can do stops here, before anything else of the step is sent. */
  private async settle(step: Step, findings: readonly Finding[], context: StepContext): Promise<void> {
    const sender = this.sender;
    if (sender === undefined) return;
    await this.awaitOutside(findings.filter(({ setting }) => setting.by === "outside"));

    const direct = await this.callsOf(findings, "deployer");
    const prepare = this.intend(direct.map((call) => call.label));
    await sender.sendAll(direct, prepare, () => Promise.resolve());

    const groups: (readonly Call[])[] = [];
    for (const { setting } of findings) if (setting.by === "timelock") groups.push(await setting.calls());
    await this.govern(sender, step, step.id, groups, context);
  }

  private async callsOf(findings: readonly Finding[], by: "deployer"): Promise<Call[]> {
    const calls: Call[] = [];
    for (const { setting } of findings) if (setting.by === by) calls.push(...(await setting.calls()));
    return calls;
  }

  private async govern(
    sender: Sender,
    step: Step,
    name: string,
    groups: readonly (readonly Call[])[],
    context: StepContext,
  ): Promise<void> {
    const batches = inBatches(groups);
    if (batches.length === 0) return;
    if (!context.bootstrapping) throw handedOver(this.plan.timelock.address, batches.flat());
    for (const [index, batch] of batches.entries()) {
      for (const call of batch) this.log(`    ${call.label}`);
      const batchName = batches.length === 1 ? name : `${name} ${String(index + 1)}/${String(batches.length)}`;
      await governBatch(this.provider, sender, this.plan.timelock.address, batchName, batch, (label) =>
        this.intend([label]),
      );
    }
  }

  /** Waits for what becomes true by itself; stops with what people must do. */
  private async awaitOutside(findings: readonly Finding[]): Promise<void> {
    const end = Date.now() + (this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    for (const { setting, found } of findings) {
      let now = found;
      while (setting.waitable === true && now !== setting.expected && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, WAIT_POLL_MS));
        now = await setting.read();
      }
      if (now === setting.expected) continue;
      if (setting.refusal !== undefined) {
        throw new PermanentError(
          setting.refusal,
          `${setting.id}: found ${now}, expected ${setting.expected}`,
          setting.fix,
          {
            setting: setting.id,
            found: now,
            expected: setting.expected,
          },
        );
      }
      throw new RetryableError(
        "WAITING_FOR_OUTSIDE",
        `${setting.id}: found ${now}, expected ${setting.expected}`,
        `${setting.fix ?? "put it right"}; then run the same command again`,
        { setting: setting.id, found: now, expected: setting.expected },
      );
    }
  }

  /** Looks again: a step is done only when the chain says what the files say. */
  private async confirm(step: Step, before: StepContext): Promise<void> {
    const after = await this.context();
    const context = { ...after, bootstrapping: before.bootstrapping };
    const [left] = await findDifferences(step.settings?.(context) ?? [], context);
    if (left === undefined) return;
    throw new PermanentError(
      "SETTING_NOT_TAKEN",
      `${left.setting.id} is still ${left.found} after the transactions, expected ${left.setting.expected}`,
      "look at the step's last transactions",
      { setting: left.setting.id },
    );
  }

  private report(step: Step, findings: readonly Finding[]): void {
    for (const finding of findings) {
      const difference = toDifference(step, finding);
      this.found.push(difference);
      this.log(`  - ${difference.id}: ${shortened(difference.found)} -> ${shortened(difference.expected)}`);
    }
  }

  private intend(names: readonly string[]): (firstNonce: number, afterBlock: number) => void {
    const from = this.plan.roles.deployer;
    return (firstNonce, afterBlock) => {
      this.recorder.intend(names.map((name, index) => ({ name, from, nonce: firstNonce + index, afterBlock })));
    };
  }
}

/** Long values are cut for people; programs read the whole in the result. */
function shortened(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
