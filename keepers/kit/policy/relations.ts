/** What several arguments must be together. */
import { verifyTypedData } from "ethers";

import { SIGNED_ROUND_TYPES, signedRoundDomain } from "../../../protocol/signedRound.js";
import { integerAt, textOf, valueAt, valuesAt } from "./paths.js";
import type { PriceRange, Relation, Value } from "./types.js";

const BPS = 10_000n;

/** @returns what is wrong, or undefined. */
export function relationViolation(relation: Relation, args: Value): string | undefined {
  switch (relation.kind) {
    case "pair": {
      const [first, second] = relation.paths.map((path) => textOf(valueAt(args, path)));
      const allowed = relation.allowed.some(([a, b]) => a.toLowerCase() === first && b.toLowerCase() === second);
      return allowed ? undefined : `${relation.paths.join(" and ")} are no allowed pair`;
    }
    case "distinct": {
      const [first, second] = relation.paths.map((path) => textOf(valueAt(args, path)));
      return first !== undefined && first !== second ? undefined : `${relation.paths.join(" and ")} are the same`;
    }
    case "atMost": {
      const max = relation.max[textOf(valueAt(args, relation.of)) ?? ""] ?? relation.others;
      const amount = integerAt(args, relation.amount);
      const inside = amount !== undefined && max !== undefined && amount <= max;
      return inside ? undefined : `${relation.amount} is more than the limit for ${relation.of}`;
    }
    case "slippage": {
      const priceOf = (path: string): PriceRange | undefined => relation.prices[textOf(valueAt(args, path)) ?? ""];
      return exchangeViolation(relation, priceOf(relation.paidToken), priceOf(relation.receivedToken), args);
    }
    case "exchange":
      return exchangeViolation(relation, relation.paidPrice, relation.receivedPrice, args);
    case "roundSignatures":
      return signatureViolation(relation, args);
  }
}

function exchangeViolation(
  relation: Pick<Extract<Relation, { kind: "exchange" }>, "paid" | "received" | "maxBps">,
  paidPrice: PriceRange | undefined,
  receivedPrice: PriceRange | undefined,
  args: Value,
): string | undefined {
  const [paid, received] = [integerAt(args, relation.paid), integerAt(args, relation.received)];
  if (paid === undefined || received === undefined || paidPrice === undefined || receivedPrice === undefined) {
    return `${relation.paid} and ${relation.received} cannot be compared`;
  }
  // paid · lowest ÷ 10^d ≤ received · highest ÷ 10^e · (1 + bps), multiplied out so that nothing is rounded.
  const left = paid * paidPrice.minUsdWad * 10n ** BigInt(receivedPrice.decimals) * BPS;
  const right =
    received * receivedPrice.maxUsdWad * 10n ** BigInt(paidPrice.decimals) * (BPS + BigInt(relation.maxBps));
  return left <= right ? undefined : `${relation.paid} is more than ${relation.received} can be worth`;
}

function signatureViolation(relation: Extract<Relation, { kind: "roundSignatures" }>, args: Value): string | undefined {
  const round = valueAt(args, relation.round);
  const signatures = valuesAt(args, `${relation.signatures}.*`).map((signature) => textOf(signature) ?? "");
  if (signatures.length < relation.threshold) {
    return `${String(signatures.length)} signatures, ${String(relation.threshold)} are required`;
  }
  const reporters = new Set(relation.reporters.map((reporter) => reporter.toLowerCase()));
  const types = { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] };
  let last = 0n;
  for (const [index, signature] of signatures.entries()) {
    // The contract takes 27 and 28 only; ethers reads any other number as one of them.
    if (!/1[bc]$/.test(signature)) return `signature ${String(index)} has no valid v`;
    let recovered: string;
    try {
      recovered = verifyTypedData(
        signedRoundDomain(relation.feedId),
        types,
        round as Record<string, unknown>,
        signature,
      );
    } catch {
      return `signature ${String(index)} is none`;
    }
    if (!reporters.has(recovered.toLowerCase()))
      return `signature ${String(index)} is not by a reporter over this round`;
    if (BigInt(recovered) <= last) return `the signers are not in increasing order`;
    last = BigInt(recovered);
  }
  return undefined;
}
