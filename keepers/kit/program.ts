/** The shape of every keeper as the entry point sees it. */
import type { Env } from "./env.js";

export interface ProgramContext {
  readonly network: string;
  readonly env: Env;
  /** `--prices FILE`: a price file instead of the configured sources. */
  readonly pricesFile?: string | undefined;
  /** `--alert-test`: doctor sends a message through every channel of the alerts. */
  readonly alertTest?: boolean;
  /** Aborted when the program shall end. */
  readonly signal: AbortSignal;
  /** A line for people. */
  readonly say: (line: string) => void;
}

export interface RunContext extends ProgramContext {
  /** False: a dry run, everything up to the signed bytes. */
  readonly execute: boolean;
  /** One tick, and the end of what it sent. */
  readonly once: boolean;
  /** Standard error is a terminal: log lines for people unless configured otherwise. */
  readonly terminal: boolean;
}

export interface ReplayContext extends ProgramContext {
  readonly fromBlock: number;
  readonly toBlock: number;
  /** Instead of the keeper's own record. */
  readonly recordFile: string | undefined;
}

export interface AcceptContext extends ProgramContext {
  /** What is accepted, as the keeper names it. */
  readonly finding: string;
  readonly reason: string;
}

export interface ProgramResult {
  readonly ok: boolean;
  readonly report: Readonly<Record<string, unknown>>;
}

export interface KeeperProgram {
  /** Works until the signal aborts, or for one tick. */
  run(context: RunContext): Promise<ProgramResult>;
  /** Checks everything the keeper needs and says what is wrong and how to mend it. Changes nothing. */
  doctor(context: ProgramContext): Promise<ProgramResult>;
  /** What its key may sign, and what can be lost by it in a day. Needs a deployment record, and no node. */
  policy(context: ProgramContext): Promise<ProgramResult>;
  /** What a running keeper did last, and what it would do now. Changes nothing. */
  status(context: ProgramContext): Promise<ProgramResult>;
  /** Decides again what was recorded and compares the intents. */
  replay?(context: ReplayContext): Promise<ProgramResult>;
  /** A person has looked at what the keeper found, and accepts it. */
  accept?(context: AcceptContext): Promise<ProgramResult>;
}
