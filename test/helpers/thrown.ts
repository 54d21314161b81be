import { CantileverError } from "../../protocol/errors.js";

/** Code of the typed error that a call throws, or "no error"; anything else fails the test. */
export function codeThrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CantileverError) return error.code;
    throw error;
  }
  return "no error";
}
