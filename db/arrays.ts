/** PostgreSQL's array literals: `{1,NULL,"a b",{…}}`. Elements are handed on as text; what they mean is the codec's business. */

export type ArrayText = readonly (string | null | ArrayText)[];

/** Literal of an array whose elements are already text; everything but NULL is quoted, so no element can pass for syntax. */
export function formatArray(elements: ArrayText): string {
  const parts = elements.map((element) => {
    if (element === null) return "NULL";
    if (typeof element !== "string") return formatArray(element);
    return `"${element.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  });
  return `{${parts.join(",")}}`;
}

/** Reads a literal as the server writes it. Lower bounds such as `[0:1]={…}` are skipped: JavaScript arrays begin at 0. */
export function parseArray(literal: string): ArrayText {
  const start = literal.indexOf("{");
  const reader = { text: literal, at: start };
  const array = readArray(reader);
  if (start < 0 || reader.at !== literal.length) throw new SyntaxError("not an array literal");
  return array;
}

interface Reader {
  readonly text: string;
  at: number;
}

function readArray(reader: Reader): ArrayText {
  const elements: (string | null | ArrayText)[] = [];
  reader.at += 1;
  if (reader.text[reader.at] === "}") {
    reader.at += 1;
    return elements;
  }
  for (;;) {
    elements.push(readElement(reader));
    const after = reader.text[reader.at];
    reader.at += 1;
    if (after === "}") return elements;
    if (after !== ",") throw new SyntaxError("not an array literal");
  }
}

function readElement(reader: Reader): string | null | ArrayText {
  const first = reader.text[reader.at];
  if (first === "{") return readArray(reader);
  if (first === '"') return readQuoted(reader);
  const from = reader.at;
  while (reader.at < reader.text.length && !",}".includes(reader.text[reader.at] ?? "")) reader.at += 1;
  const bare = reader.text.slice(from, reader.at);
  return bare === "NULL" ? null : bare;
}

function readQuoted(reader: Reader): string {
  let value = "";
  for (reader.at += 1; reader.at < reader.text.length; reader.at += 1) {
    const character = reader.text[reader.at] ?? "";
    if (character === '"') {
      reader.at += 1;
      return value;
    }
    if (character === "\\") reader.at += 1;
    value += reader.text[reader.at] ?? "";
  }
  throw new SyntaxError("not an array literal");
}
