/** An action as it is stored: a row that gets its bytes after a crash gets those of the same arguments. Integers as `int:5`, texts as `text:0x…`. */
import type { Json, JsonObject } from "../../../db/queries/outbox/rows.js";
import { PermanentError } from "../../../protocol/errors.js";
import type { Action } from "./action.js";
import type { Value } from "./types.js";

const INT = "int:";
const TEXT = "text:";

/** Stands for what was stored before actions were: no keeper knows it, so that nothing but a no-op takes its place. */
const UNRECORDED: Action = { name: "unrecorded", args: {} };

export function actionJson({ name, args, target }: Action): JsonObject {
  return { name, args: toJson(args), ...(target === undefined ? {} : { target }) };
}

/** @throws PermanentError OUTBOX_MALFORMED when the JSON was not written by `actionJson`. */
export function readAction(json: JsonObject | null): Action {
  if (json === null) return UNRECORDED;
  const { name, args, target } = json;
  const read = args === undefined ? undefined : fromJson(args);
  if (typeof name !== "string" || typeof read !== "object" || Array.isArray(read)) throw malformed();
  if (target !== undefined && typeof target !== "string") throw malformed();
  return { name, args: read as Action["args"], ...(target === undefined ? {} : { target }) };
}

function toJson(value: Value): Json {
  if (typeof value === "bigint") return `${INT}${value.toString()}`;
  if (typeof value === "string") return `${TEXT}${value}`;
  if (typeof value === "boolean") return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map(toJson);
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, toJson(entry)]));
}

function fromJson(json: Json): Value {
  if (typeof json === "boolean") return json;
  if (typeof json === "string") {
    if (json.startsWith(TEXT)) return json.slice(TEXT.length);
    if (/^int:-?\d+$/.test(json)) return BigInt(json.slice(INT.length));
    throw malformed();
  }
  if (json === null || typeof json === "number") throw malformed();
  if (Array.isArray(json)) return (json as readonly Json[]).map(fromJson);
  return Object.fromEntries(Object.entries(json).map(([name, entry]) => [name, fromJson(entry)]));
}

function malformed(): PermanentError {
  return new PermanentError(
    "OUTBOX_MALFORMED",
    "a stored action is not one",
    "was it written by another program or another version? restore the database or ask its author",
  );
}
