/** What a call may spend: bounds of one transaction, and what counts against the limits of a day. */
import { minBigint } from "../../../protocol/math.js";
import { textOf, valuesAt } from "./paths.js";
import type { AmountRule, Value } from "./types.js";

/** Base units by asset, or what is wrong. */
export type Spent =
  | { readonly ok: true; readonly amounts: ReadonlyMap<string, bigint> }
  | { readonly ok: false; readonly message: string };

export function spentBy(rules: readonly AmountRule[], args: Value): Spent {
  const amounts = new Map<string, bigint>();
  for (const rule of rules) {
    const values = valuesAt(args, rule.amount);
    const kinds = rule.of === "" ? values.map(() => "") : valuesAt(args, rule.of);
    if (values.length === 0 || values.length !== kinds.length)
      return { ok: false, message: `${rule.amount} has no ${rule.of}` };
    for (const [index, amount] of values.entries()) {
      const kind = textOf(kinds[index]) ?? "";
      const spends = Object.hasOwn(rule.spends, kind) ? rule.spends[kind] : undefined;
      if (typeof amount !== "bigint" || spends === undefined) return { ok: false, message: `${rule.of} has no limit` };
      if (!spends.some(({ max }) => amount <= max)) {
        return { ok: false, message: `${rule.amount} is ${String(amount)}, more than one transaction may spend` };
      }
      for (const { asset, max } of spends) amounts.set(asset, (amounts.get(asset) ?? 0n) + minBigint(amount, max));
    }
  }
  return { ok: true, amounts };
}
