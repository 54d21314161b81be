/** A secret from whoever starts a program: typed unseen at a terminal, or piped in. Never an argument, never a variable. */
import type { ReadStream } from "node:tty";

import { PermanentError, UsageError } from "../../../protocol/errors.js";
import { Secret } from "./secret.js";

/** Standard input, as far as it matters here. */
export type SecretInput = AsyncIterable<Buffer | string> & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;

/** More than any secret that is typed; a file that was piped in by mistake is not read to its end. */
const MAX_BYTES = 10_000;
const INTERRUPT = 3;
const END_OF_INPUT = 4;
const BACKSPACES = [8, 127];
const LINE_ENDS = [10, 13];

/**
 * One line, without spaces around it. @param prompt where the question is shown at a terminal.
 * @throws UsageError SECRET_MISSING; PermanentError SECRET_ABORTED at Ctrl-C.
 */
export async function askSecret(input: SecretInput, question: string, prompt: (text: string) => void): Promise<Secret> {
  const hidden = input.isTTY === true;
  if (hidden) {
    prompt(question);
    input.setRawMode?.(true);
  }
  const typed = Buffer.alloc(MAX_BYTES);
  try {
    const length = await readLine(input, typed, hidden);
    const text = typed.subarray(0, length).toString("utf8").trim();
    if (text === "")
      throw new UsageError("SECRET_MISSING", "nothing was entered", "type it at the terminal or pipe it in");
    return new Secret(text);
  } finally {
    typed.fill(0);
    if (hidden) {
      input.setRawMode?.(false);
      prompt("\n");
    }
  }
}

/** Fills `typed`; answers how far. A terminal in raw mode gives keys, which are edited here; nothing of them is shown. */
async function readLine(input: SecretInput, typed: Buffer, isTerminal: boolean): Promise<number> {
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    for (const byte of bytes) {
      if (LINE_ENDS.includes(byte)) {
        if (length > 0 || isTerminal) return length;
      } else if (isTerminal && byte === INTERRUPT) throw new PermanentError("SECRET_ABORTED", "interrupted");
      else if (isTerminal && byte === END_OF_INPUT) return length;
      else if (isTerminal && BACKSPACES.includes(byte)) length = Math.max(0, length - 1);
      else if (length < typed.length) {
        typed[length] = byte;
        length += 1;
      } else throw new UsageError("SECRET_MISSING", "more was entered than a secret is long", "pipe the secret alone");
    }
    bytes.fill(0);
  }
  return length;
}
