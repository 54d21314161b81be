/** Why a text is not the JSON we accept: what and at which character. */
export class JsonProblem extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// JSON forbids raw control characters inside strings.
// eslint-disable-next-line no-control-regex
const STRING = /"([^"\\\u0000-\u001f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * Parses JSON and refuses what `JSON.parse` lets through: a key written twice, of which the first would silently lose.
 * @throws JsonProblem with the offset, which `JSON.parse` does not always tell.
 */
export function parseStrictJson(text: string): unknown {
  const scanner = new Scanner(text);
  scanner.document();
  return JSON.parse(text) as unknown;
}

class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): void {
    this.value();
    this.take(SPACE);
    if (this.at < this.text.length) this.fail("expected the end of the text");
  }

  private value(): void {
    this.take(SPACE);
    const next = this.text[this.at];
    if (next === "{") this.members("}", true);
    else if (next === "[") this.members("]", false);
    else if (this.take(STRING) === undefined && this.take(NUMBER) === undefined && this.take(WORD) === undefined) {
      this.fail(next === undefined ? "the text ends where a value should be" : `expected a value, found "${next}"`);
    }
  }

  private members(close: "}" | "]", keyed: boolean): void {
    const keys = new Set<string>();
    this.at += 1;
    this.take(SPACE);
    if (this.text[this.at] === close) {
      this.at += 1;
      return;
    }
    for (;;) {
      if (keyed) this.key(keys);
      this.value();
      this.take(SPACE);
      const next = this.text[this.at];
      if (next !== close && next !== ",") this.fail(`expected "," or "${close}"`);
      this.at += 1;
      if (next === close) return;
    }
  }

  private key(keys: Set<string>): void {
    this.take(SPACE);
    const start = this.at;
    const raw = this.take(STRING);
    if (raw === undefined) return this.fail("expected a key in double quotes");
    const key = JSON.parse(raw) as string;
    if (keys.has(key)) this.fail(`the key "${key}" is written twice`, start);
    keys.add(key);
    this.take(SPACE);
    if (this.text[this.at] !== ":") this.fail('expected ":"');
    this.at += 1;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private fail(message: string, offset = this.at): never {
    throw new JsonProblem(message, offset);
  }
}
