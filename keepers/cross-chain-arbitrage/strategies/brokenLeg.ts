/**
 * The end of a trade of which one leg is done and the other failed. Until it ends the keeper holds a position that it did not want.
 *
 * Two ways lead out, each one sale of exactly what the position has too much of: *complete* makes the failed leg again, at today's
 * price; *unwind* sells back what the done leg brought, on the chain where it lies. Both leave no base and no quote behind that the
 * books do not explain; they are compared by the result of the whole trade, in quote units, what is left of base valued at the anchor:
 *
 *     result = quote received - quote paid + (base received - base paid) · anchor
 *
 * A loss up to `acceptLossRate` of the trade's value is taken at once; after `patienceSeconds` one up to `maxLossRate`. Beyond it, and
 * after `maxAttempts` sales, nothing is done by rule: the trade stays open, blocks its pair, and a person decides.
 */
import { absBigint } from "../../../protocol/math.js";
import { WAD } from "../../../protocol/units.js";
import type { Inventory } from "./inventory.js";
import type { Leg, LegRecord, OpenTrade, RepairConfig, RepairIntent, Skip } from "../types.js";
import { PRICE_SCALE, type Venue } from "./venue.js";

/** What the rule needs to know of the present. */
export interface RepairScene {
  readonly now: bigint;
  /** Quote units per base unit, 1e36 = 1: values what is left of base. */
  readonly anchorPrice: bigint;
  /** The venue of a chain, or undefined when it must not be used now. */
  readonly venue: (chain: string) => Venue | undefined;
  readonly inventory: Inventory;
  readonly slippageRate: bigint;
}

export type RepairOutcome =
  | { readonly kind: "closed" }
  | { readonly kind: "act"; readonly intent: RepairIntent }
  | { readonly kind: "wait"; readonly skip: Skip };

interface Way {
  readonly way: RepairIntent["way"];
  readonly leg: Leg;
  readonly resultUnits: bigint;
}

/** Base and quote that the sales of a trade have brought so far, signed. */
export function positionOf(trade: OpenTrade): { readonly base: bigint; readonly quote: bigint } {
  let base = 0n;
  let quote = 0n;
  for (const leg of [trade.buy, trade.sell, ...trade.repairs]) {
    if (leg.status !== "done") continue;
    base += leg.sellBase ? -leg.amountIn : leg.receivedUnits;
    quote += leg.sellBase ? leg.receivedUnits : -leg.amountIn;
  }
  return { base, quote };
}

/** What is to be done about an open trade. */
export function repairTrade(trade: OpenTrade, scene: RepairScene, config: RepairConfig): RepairOutcome {
  const legs = [trade.buy, trade.sell, ...trade.repairs];
  const wait = (skip: Omit<Skip, "about">): RepairOutcome => ({ kind: "wait", skip: { about: trade.pair, ...skip } });
  if (legs.some(({ status }) => status === "unreadable")) return wait({ reason: "pending-unreadable" });
  if (legs.some(({ status }) => status === "planned" || status === "sent")) return wait({ reason: "leg-unsettled" });
  const done = [trade.buy, trade.sell].filter(({ status }) => status === "done");
  const [only] = done;
  // Both done, none done, or a repair done: nothing is left to sell.
  if (done.length !== 1 || only === undefined || trade.repairs.some(({ status }) => status === "done"))
    return { kind: "closed" };
  if (trade.repairs.length >= config.maxAttempts)
    return wait({ reason: "broken-leg-stuck", now: BigInt(trade.repairs.length), unit: "count" });

  const failed = only === trade.buy ? trade.sell : trade.buy;
  const ways = [wayOf("complete", again(failed, only), trade, scene), wayOf("unwind", reverse(only), trade, scene)];
  const best = ways.reduce((a, b) => (a === undefined || (b !== undefined && b.resultUnits > a.resultUnits) ? b : a));
  const valueUnits = only.sellBase ? only.receivedUnits : only.amountIn;
  const overdue = scene.now - trade.beganAt >= config.patienceSeconds;
  const bound = overdue ? config.maxLossRate : config.acceptLossRate;
  const reason = overdue ? "broken-leg-stuck" : "broken-leg-waits";
  if (best === undefined || valueUnits === 0n) return wait({ reason });
  const lossRate = best.resultUnits < 0n ? (-best.resultUnits * WAD + valueUnits - 1n) / valueUnits : 0n;
  if (lossRate > bound) return wait({ reason, now: lossRate, needed: bound, unit: "rate" });
  const attempt = trade.repairs.length + 1;
  // One key for both ways: of one attempt only one can ever be stored.
  const key = `${tradeKey(trade.pair, trade.ordinal)}:repair:${String(attempt)}`;
  const { pair, ordinal } = trade;
  const { way, resultUnits } = best;
  return { kind: "act", intent: { kind: "repair", pair, ordinal, way, resultUnits, leg: { ...best.leg, key } } };
}

/** Names a trade by its effect: the n-th trade of a pair. */
export function tradeKey(pair: string, ordinal: bigint): string {
  return `arbitrage:${pair}:${String(ordinal)}`;
}

/** The failed leg once more: what it was to sell, or what the done one brought of it. */
function again(failed: LegRecord, done: LegRecord): Leg {
  const { chain, pool, sellBase, tokenIn, tokenOut } = failed;
  // Base that was bought is sold to the unit; base that was sold is bought back with all that it brought.
  return { chain, pool, sellBase, tokenIn, tokenOut, amountIn: done.receivedUnits, minOut: 0n };
}

/** The done leg the other way round, on its own chain. */
function reverse(done: LegRecord): Leg {
  const { chain, pool, sellBase, tokenIn, tokenOut } = done;
  return {
    chain,
    pool,
    sellBase: !sellBase,
    tokenIn: tokenOut,
    tokenOut: tokenIn,
    amountIn: done.receivedUnits,
    minOut: 0n,
  };
}

function wayOf(way: Way["way"], leg: Leg, trade: OpenTrade, scene: RepairScene): Way | undefined {
  if (scene.inventory.spendable(leg.chain, leg.tokenIn) < leg.amountIn) return undefined;
  const out = scene.venue(leg.chain)?.quote(leg.sellBase, leg.amountIn);
  if (out === undefined || out === 0n) return undefined;
  const held = positionOf(trade);
  const base = held.base + (leg.sellBase ? -leg.amountIn : out);
  const quote = held.quote + (leg.sellBase ? out : -leg.amountIn);
  // What is left of base: worth its anchor, rounded against the trade.
  const worth = absBigint(base) * scene.anchorPrice;
  const baseInQuote = base >= 0n ? worth / PRICE_SCALE : -((worth + PRICE_SCALE - 1n) / PRICE_SCALE);
  const minOut = out - (out * scene.slippageRate) / WAD;
  return { way, leg: { ...leg, minOut }, resultUnits: quote + baseInQuote };
}
