import { CantileverError } from "../../protocol/errors.js";

/** The typed error a promise is rejected with. Throws when it resolves or is rejected with anything else. */
export async function rejection(promise: Promise<unknown>): Promise<CantileverError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CantileverError) return error;
    throw error;
  }
  throw new Error("expected a rejection");
}

/** Its code. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await rejection(promise)).code;
}
