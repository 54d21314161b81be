import type { Value } from "./types.js";

/** The values at a path such as `orders.*.pool`, in order; empty when there is none. */
export function valuesAt(args: Value, path: string): readonly Value[] {
  let found: Value[] = [args];
  for (const step of path.split(".")) {
    found = found.flatMap((value): Value[] => {
      if (typeof value !== "object") return [];
      if (step === "*") return Array.isArray(value) ? [...(value as readonly Value[])] : [];
      const next = (value as Readonly<Record<string, Value>>)[step];
      return next === undefined ? [] : [next];
    });
  }
  return found;
}

/** The one value at a path. */
export function valueAt(args: Value, path: string): Value | undefined {
  const [value, ...others] = valuesAt(args, path);
  return others.length === 0 ? value : undefined;
}

/** The integer at a path; undefined when something else stands there. */
export function integerAt(args: Value, path: string): bigint | undefined {
  const value = valueAt(args, path);
  return typeof value === "bigint" ? value : undefined;
}

/** A plain value as rules write it: lower-case hex, decimal text. */
export function textOf(value: Value | undefined): string | undefined {
  return typeof value === "object" || value === undefined ? undefined : String(value).toLowerCase();
}
