/**
 * What went wrong, by what the caller can do about it. Every error carries a stable `code` that tests and dashboards match; message
 * texts are for people and may change.
 */

/** Facts about an error for logs and JSON: plain strings, so that no amount loses digits and nothing secret slips in by accident. */
export type ErrorDetails = Readonly<Record<string, string>>;

/** The common shape: `code` for machines, `message` for what happened and what was expected, `fix` for what to do. */
export abstract class CantileverError extends Error {
  /** 1: a finding or failed work; 2: wrong usage. */
  readonly exitCode: 1 | 2 = 1;

  constructor(
    readonly code: string,
    message: string,
    readonly fix: string | undefined = undefined,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  /** The object that `--json` prints. */
  toJSON(): { code: string; message: string; fix?: string; details: ErrorDetails } {
    return {
      code: this.code,
      message: this.message,
      ...(this.fix === undefined ? {} : { fix: this.fix }),
      details: this.details,
    };
  }
}

/** Safe to try again later: RPC timeout, nonce race, gas price above the limit. */
export class RetryableError extends CantileverError {}

/** Trying again cannot help: wrong chain, missing record, a state that a person must resolve. */
export class PermanentError extends CantileverError {}

/** The command was called in a way it does not understand. */
export class UsageError extends CantileverError {
  override readonly exitCode = 2;
}

/** A text is not an amount of the unit it must have. */
export class UnitError extends CantileverError {}

/** One thing that is wrong in a parameter file; `path` is the key as written, joined by dots. */
export interface ParameterProblem {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

/** A parameter file is missing, malformed or asks for something unsafe. Lists every problem at once. */
export class ParameterError extends CantileverError {
  constructor(
    readonly file: string,
    readonly problems: readonly ParameterProblem[],
  ) {
    super(
      problems[0]?.code ?? "PARAM_INVALID",
      `${file}: ${problems.map((problem) => `${problem.path === "" ? "" : `${problem.path}: `}${problem.message} [${problem.code}]`).join("; ")}`,
      `correct ${file} and run again; nothing was changed`,
      { file, problems: String(problems.length) },
    );
  }
}

/** A contract said no. Carries the decoded name and arguments, never raw calldata. */
export class RevertError extends CantileverError {
  constructor(
    /** Name of the custom error, `Error` for a text, `Panic` for a compiler check, `Unknown` otherwise. */
    readonly revertName: string,
    readonly args: readonly string[],
    readonly doing: string,
    options?: ErrorOptions,
  ) {
    super(
      "REVERTED",
      `${doing}: the contract answered ${revertName}(${args.join(", ")})`,
      undefined,
      { revertName, args: args.join(", ") },
      options,
    );
  }
}

/** The chain is not what the files say: foreign code at an address, a holder of a role nobody intended. */
export class DeploymentError extends CantileverError {}
