import type { Provider, Signer } from "ethers";

import type { LoadedParams } from "../../protocol/params/load.js";
import type { TokenName } from "../../protocol/params/schema.js";
import type { Blueprint } from "./blueprint.js";
import type { DeploymentStore } from "./store.js";

/** Tokens minted to an account by the bootstrap of a local network. */
export interface Grant {
  readonly token: TokenName;
  readonly to: string;
  readonly amountUnits: bigint;
}

/** Hooks by which tests stop a deployment between any two of its steps. They throw to simulate a kill. */
export interface DeployFaults {
  /** After the broadcast of the n-th transaction (from 1), before anything about it is written. */
  afterBroadcast?(sent: number): void;
  /** After the record was written for the n-th transaction. */
  afterRecord?(recorded: number): void;
}

/** Everything a deployment needs; the same for the Hardhat task, the simulator in process and the local world over HTTP. */
export interface DeployOptions {
  readonly loaded: LoadedParams;
  readonly provider: Provider;
  /** Sends the transactions; must be `roles.deployer`. Not needed for a dry run. */
  readonly signer?: Signer;
  /** Only with create2.root "single-use-key": the fresh key that makes the root. */
  readonly rootSigner?: Signer;
  readonly store: DeploymentStore;
  /** Without it nothing is sent. */
  readonly execute?: boolean;
  /** Only steps or contracts whose name contains this text. */
  readonly only?: string;
  /** One line per difference, transaction and check. */
  readonly log?: (line: string) => void;
  /** More tokens for the accounts of a simulated market; refused unless the parameters mint (localhost). */
  readonly extraGrants?: readonly Grant[];
  readonly sourceCommit?: string;
  readonly faults?: DeployFaults;
  /** Gas limit of every transaction instead of estimates: three times faster in a simulation. Must hold the largest (about 11 million). */
  readonly fixedGasLimit?: bigint;
  /** How long to wait for one transaction or for the feeds, milliseconds. */
  readonly timeoutMs?: number;
}

/** A call somebody makes. */
export interface Call {
  readonly to: string;
  readonly data: string;
  /** What it does, for people: `StabilizerLimits.setStabilizer(0x…)`. */
  readonly label: string;
}

/** A contract that must exist. */
export interface PlannedContract {
  /** Name in the record. */
  readonly name: string;
  readonly address: string;
  /** Path of the artifact below `contracts/`; undefined when the code is not ours (adopted). */
  readonly source?: string;
  readonly constructorArgs: readonly string[];
  /** How it comes to be. `adopted`: it must be there already. */
  readonly make:
    | { readonly by: "root"; readonly salt: string; readonly initCode: string }
    | {
        readonly by: "timelock";
        readonly calls: readonly Call[];
        readonly event: { readonly at: string; readonly topics: readonly string[] };
      }
    /** By the constructor of another contract of the same step. */
    | { readonly by: "constructor"; readonly event: { readonly at: string; readonly topics: readonly string[] } }
    | { readonly by: "adopted" };
  /** What its code must be when it is neither our artifact nor adopted: clones are told by their factory. Returns a complaint. */
  readonly checkCode?: (code: string) => string | undefined;
}

/** Computes a contract of the root. `source`: path of the artifact below `contracts/`. */
export type MakeContract = (
  name: string,
  source: string,
  initCode: string,
  constructorArgs: readonly unknown[],
) => PlannedContract;

/**
 * What kind of difference it is, for programs and for tests.
 * `SETTING_CHANGED` is what has no name of its own; `DEPLOYER_RIGHT` goes before every other name.
 */
export type DifferenceCode =
  | "CONTRACT_MISSING"
  | "CODE_CHANGED"
  | "CONSTRUCTOR_ARGUMENT"
  | "RECORD_CHANGED"
  | "ROLE_EXTRA"
  | "ROLE_MISSING"
  | "DEPLOYER_RIGHT"
  | "OWNER_CHANGED"
  | "LIMIT_CHANGED"
  | "DELAY_CHANGED"
  | "ORACLE_FEED_CHANGED"
  | "ORACLE_LIMIT_CHANGED"
  | "POOL_EXTRA"
  | "POOL_MISSING"
  | "LANE_CHANGED"
  | "WIRING_CHANGED"
  | "SETTING_CHANGED";

/** Something the chain must say. */
export interface Setting {
  /** `contract.what`, unique. */
  readonly id: string;
  /** Address that must hold code for `read` to make sense. */
  readonly at: string;
  readonly expected: string;
  read(): Promise<string>;
  /** What a difference is called; without it `SETTING_CHANGED`. */
  readonly code?: DifferenceCode | ((found: string) => DifferenceCode);
  /**
   * How it is put right: `timelock` in one batch per step, `deployer` directly. `outside`: only people can, `fix` says how; the
   * deployment stops there and continues when it is run again.
   */
  readonly by: "timelock" | "deployer" | "outside";
  readonly calls: () => readonly Call[] | Promise<readonly Call[]>;
  readonly fix?: string;
  /** Error code when waiting cannot help: the parameters name something wrong. */
  readonly refusal?: string;
  /** Holds while the deployer still governs and is not looked at afterwards (first funding, first rounds). */
  readonly bootstrapOnly?: boolean;
  /** May become true by itself within a few blocks (a grace window): wait before giving up. */
  readonly waitable?: boolean;
}

/** What follows from the parameters alone. */
export interface PlanContext {
  readonly plan: Blueprint;
  readonly extraGrants: readonly Grant[];
}

/** What a step sees. */
export interface StepContext extends PlanContext {
  readonly provider: Provider;
  /** Nobody but the deployer can act through the timelock yet. */
  readonly bootstrapping: boolean;
  /** Block from which logs of this deployment can exist. */
  readonly fromBlock: number;
  hasCode(address: string): Promise<boolean>;
}

/** One numbered step: what must exist and what the chain must say. Neither reads anything yet. */
export interface Step {
  readonly id: string;
  readonly title: string;
  contracts?(context: PlanContext): readonly PlannedContract[];
  settings?(context: StepContext): readonly Setting[];
}

/** What differs between the files and the chain. */
export interface Difference {
  readonly step: string;
  readonly kind: "missing" | "code" | "setting" | "record";
  readonly code: DifferenceCode;
  readonly id: string;
  readonly found: string;
  readonly expected: string;
}
