/**
 * When inventory goes through the bridge: before a side runs dry, and once. All shares are of the *virtual* inventory of both chains,
 * so what is on its way counts where it will arrive, and the same shortage asks for nothing a second time.
 *
 *     virtual(chain) < lowShare · total   →   send targetShare · total - virtual(chain) from the other side
 *
 * as far as the source can spend it with its fee, stays at its own target, and the lane lets it out, in, and into its books: no more is
 * burned than was minted there, no more released than is locked.
 */
import { minBigint, mulDivDown, mulDivUp } from "../../../protocol/math.js";
import { WAD } from "../../../protocol/units.js";
import type { Inventory } from "./inventory.js";
import type { ChainSnapshot, Observation, RebalanceConfig, Skip, TokenSnapshot, TransferIntent } from "../types.js";

/** One transfer, or why there is none, of a token between the two chains. */
export function rebalanceToken(
  token: string,
  observation: Observation,
  inventory: Inventory,
  config: RebalanceConfig,
): { readonly intent: TransferIntent } | { readonly skip: Skip } {
  const [first, second] = observation.chains;
  const at = (chain: ChainSnapshot): bigint => inventory.virtual(chain.chain, token);
  const total = at(first) + at(second);
  const [to, from] = at(first) <= at(second) ? [first, second] : [second, first];
  const about = laneKey(token, from, to);
  const refuse = (skip: Omit<Skip, "about">): { readonly skip: Skip } => ({ skip: { about, ...skip } });

  if (total <= 0n) return refuse({ reason: "no-inventory", detail: token });
  const lowUnits = mulDivUp(total, config.lowShare, WAD);
  if (at(to) >= lowUnits) return refuse({ reason: "balanced", now: at(to), needed: lowUnits, unit: "token-units" });
  if (from.bridgeHeld || to.bridgeHeld)
    return refuse({ reason: "bridge-held", detail: (from.bridgeHeld ? from : to).chain });
  const [source, destination] = [tokenOf(from, token), tokenOf(to, token)];
  const [out, into] = [source?.lane, destination?.lane];
  if (source === undefined || destination === undefined || out === undefined || into === undefined)
    return refuse({ reason: "lane-unreadable" });
  if (source.paused || destination.paused)
    return refuse({ reason: "token-paused", detail: (source.paused ? from : to).chain });
  if (source.pegHalted || destination.pegHalted)
    return refuse({ reason: "peg-halted", detail: (source.pegHalted ? from : to).chain });
  if (from.gasPriceWei === undefined) return refuse({ reason: "fee-ceiling", detail: from.chain });
  if (out.feeRate > config.maxFeeRate)
    return refuse({ reason: "bridge-fee", now: out.feeRate, needed: config.maxFeeRate, unit: "rate" });
  const moving = observation.books.transfers.filter((transfer) => transfer.token === token);
  if (moving.length >= config.maxInFlight)
    return refuse({
      reason: "transfers-in-flight",
      now: BigInt(moving.length),
      needed: BigInt(config.maxInFlight),
      unit: "count",
    });

  const targetUnits = mulDivDown(total, config.targetShare, WAD);
  const missing = targetUnits - at(to);
  // The source keeps its own share: money must not be sent back next time.
  const surplus = at(from) - mulDivUp(total, WAD - config.targetShare, WAD);
  const affordable = mulDivDown(inventory.spendable(from.chain, token), WAD, WAD + out.feeRate);
  // What is on its way there will use the inbound bucket, and a locked book, before this does.
  const ahead = moving
    .filter((transfer) => transfer.to === to.chain && transfer.status !== "refunding")
    .reduce((sum, transfer) => sum + transfer.amountUnits, 0n);
  const planned = moving
    .filter((transfer) => transfer.from === from.chain && transfer.status === "planned")
    .reduce((sum, transfer) => sum + transfer.amountUnits, 0n);
  const lane = [
    out.outAvailableUnits - planned,
    into.inAvailableUnits - ahead,
    ...(out.mode === "MINT" ? [out.bookUnits - planned] : []),
    ...(into.mode === "LOCK" ? [into.bookUnits - ahead] : []),
  ].reduce(minBigint);
  if (lane < out.minUnits)
    return refuse({ reason: "lane-limit", now: lane, needed: out.minUnits, unit: "token-units" });
  const amountUnits = [missing, surplus, affordable, lane].reduce(minBigint);
  if (amountUnits < out.minUnits || amountUnits <= 0n)
    return refuse({ reason: "below-minimum", now: amountUnits, needed: out.minUnits, unit: "token-units" });
  const feeUnits = mulDivUp(amountUnits, out.feeRate, WAD);
  inventory.send(token, from.chain, to.chain, amountUnits, feeUnits);
  const ordinal = (observation.books.transfersBegun.get(about) ?? 0n) + 1n;
  return {
    intent: {
      kind: "transfer",
      key: `bridge:${about}:${String(ordinal)}`,
      token,
      from: from.chain,
      to: to.chain,
      amountUnits,
      maxFeeUnits: feeUnits,
    },
  };
}

/** How lanes are called in keys, skips and the count of transfers. */
function laneKey(token: string, from: ChainSnapshot, to: ChainSnapshot): string {
  return `${token}:${from.chain}:${to.chain}`;
}

function tokenOf(chain: ChainSnapshot, token: string): TokenSnapshot | undefined {
  return chain.tokens.find((known) => known.token === token);
}
