/**
 * The TypeScript type that `anchor build` derives from an IDL, for `Program<T>` of @anchor-lang/core: the IDL itself with the names
 * that the client knows in camelCase. Anchor's own writer is part of its command line tool, which nothing here needs.
 */

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Keys whose values are names. Docs, seeds and messages stay as they are. */
const NAMES = new Set(["name", "path", "account", "relations", "generic"]);
const ADDRESS = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/;

/** As Rust's `heck` does: a word ends before a capital letter, and before the last of several. */
export function camelCase(text: string): string {
  const words = text
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "");
  return words
    .map(
      (word, index) =>
        (index === 0 ? "" : word.slice(0, 1).toUpperCase()) + word.slice(index === 0 ? 0 : 1).toLowerCase(),
    )
    .join("");
}

const camelCasePath = (text: string): string => (ADDRESS.test(text) ? text : text.split(".").map(camelCase).join("."));

function withCamelCaseNames(value: Json, isName = false): Json {
  if (typeof value === "string") return isName ? camelCasePath(value) : value;
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item) => withCamelCaseNames(item, isName && typeof item === "string"));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withCamelCaseNames(item, NAMES.has(key))]),
  );
}

/** @param idl the text of an IDL file. @param file where it lies, for the comment. */
export function idlType(idl: string, file: string): string {
  const parsed = JSON.parse(idl) as Readonly<Record<string, Json>> & { readonly metadata: { readonly name: string } };
  const name = camelCase(parsed.metadata.name);
  return [
    "/**",
    ` * The type of ${file}, with the names in camelCase that @anchor-lang/core gives to TypeScript. Written by`,
    " * `npm run build:programs`; the IDL itself is that file.",
    " */",
    `export type ${name.slice(0, 1).toUpperCase()}${name.slice(1)} = ${JSON.stringify(withCamelCaseNames(parsed), null, 2)};`,
    "",
  ].join("\n");
}
