/** What a failed call of tBTC v1, or a failed question about it, means for a rescue. */
import { PermanentError } from "../../../../protocol/errors.js";
import { findRevertData } from "../../../../protocol/revert.js";
import { type TbtcRevertKind, tbtcRevert } from "../../../../protocol/tbtc/reverts.js";
import type { ErrorClass } from "../../types.js";

const CLASSES: Readonly<Record<TbtcRevertKind, ErrorClass>> = {
  retryable: "retryable",
  terminal: "terminal",
  rescued: "rescued-by-another",
  configuration: "misconfigured",
};

/** A revert whose text nobody knows will come again; what a node did not answer may come yet. */
export function classOf(error: unknown): ErrorClass {
  const revert = tbtcRevert(error, "rescuing");
  if (revert !== undefined) return CLASSES[revert.kind];
  if (findRevertData(error) !== undefined || error instanceof PermanentError) return "terminal";
  const isBareRevert = error instanceof Error && "code" in error && error.code === "CALL_EXCEPTION";
  return isBareRevert ? "terminal" : "retryable";
}
