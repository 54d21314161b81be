/** A text that must not be seen. Every way in which a value becomes text by accident throws; `use` is the only way in. */
import { inspect } from "node:util";

import { PermanentError } from "../../../protocol/errors.js";

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Hands the text to `work`. What `work` returns must not contain it. */
  use<T>(work: (value: string) => T): T {
    return work(this.#value);
  }

  toString(): never {
    throw exposed("toString");
  }

  toJSON(): never {
    throw exposed("toJSON");
  }

  valueOf(): never {
    throw exposed("valueOf");
  }

  /** Templates, concatenation, arithmetic, comparison with `==`. */
  [Symbol.toPrimitive](): never {
    throw exposed("toPrimitive");
  }

  /** console.log, util.format, assertion messages. */
  [inspect.custom](): never {
    throw exposed("inspect");
  }
}

/** The secret in an environment variable; undefined when it is unset. */
export function secretOf(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text);
}

function exposed(how: string): PermanentError {
  return new PermanentError(
    "SECRET_EXPOSED",
    `a secret was about to become text (${how})`,
    "hand it to Secret.use only",
  );
}
