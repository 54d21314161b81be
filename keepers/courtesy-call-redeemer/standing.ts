/** What would be decided now if nothing were on its way, for `status`. Reads only, and remembers nothing. */
import { effectivePriceWei, firstFees } from "../kit/fees.js";
import type { KeeperLog } from "../kit/logger.js";
import type { ChainClient, Head } from "../kit/provider.js";
import { pinnedCall } from "../kit/providers/confirm.js";
import { decideConfigOf, type RedeemerConfig } from "./config.js";
import { decide, type Observation } from "./decide.js";
import { tokenAbi } from "./encode.js";
import { explain } from "./explain.js";
import { rescuedOf } from "./inFlight.js";
import type { Earnings, RescueSite } from "./site.js";
import { listedOf } from "./listed.js";
import { urgencyOf } from "./strategies/urgency.js";
import { findPositions, settlementsOf } from "./settlements.js";
import type { BlockRef, Reading } from "./types.js";
import { waysOf } from "./ways.js";

interface StandingParts {
  readonly site: RescueSite;
  readonly config: RedeemerConfig;
  readonly client: Pick<ChainClient, "agreed" | "request">;
  readonly account: string;
  readonly log: KeeperLog;
}

export async function standingOf({ site, config, client, account, log }: StandingParts, head: Head) {
  const { protocol, token } = site;
  const { found, own } = await findPositions(protocol, config.operators);
  const block = { number: head.number, hash: head.hash, timestamp: BigInt(head.timestamp) };
  const listed = await listedOf(protocol, config.operators, own, new Set(), account, block);
  const readings = await protocol.read(listed, block);
  const positions = await Promise.all(
    readings.map(async (reading): Promise<Observation["positions"][number]> => {
      if (urgencyOf(reading, block.timestamp, config.urgency) === undefined) return { reading, options: [] };
      return waysOf(protocol, reading, account, block, log);
    }),
  );
  const data = tokenAbi.encodeFunctionData("balanceOf", [account]);
  const [native, units] = await client.agreed(head, [
    { method: "eth_getBalance", params: (at) => [account, at] },
    pinnedCall({ to: token.address, data }),
  ]);
  const balance = { nativeWei: BigInt(String(native)), tokenUnits: BigInt(String(units)) };
  const fees = firstFees(config, head.nextBaseFeeWei);
  const gasPriceWei = fees === undefined ? config.maxFeePerGasWei : effectivePriceWei(fees, head.nextBaseFeeWei);
  const { plan, skips, endangered } = decide(
    { block, positions, balance, onItsWay: [], gasPriceWei },
    decideConfigOf(config, token.address),
  );
  return {
    positions: found,
    watched: listed.length,
    balance,
    ...(site.earnings === undefined ? {} : { earnings: await earnedBy(site.earnings, readings, account, block) }),
    endangered,
    chosen: plan.chosen.map(({ candidate, action }) => {
      return { position: candidate.position, effect: action.effect, costUnits: action.costUnits };
    }),
    settling: await settlementsOf(site, client, readings, block),
    servers: site.otherChain?.standings() ?? [],
    shortfall: plan.shortfall,
    skips: skips
      .filter(({ reason }) => reason !== "healthy" && reason !== "not-redeemable")
      .map((skip) => ({ about: skip.about, reason: skip.reason, why: explain(skip) })),
  };
}

/** What can be brought home now, and what waits for a proof; as the chain says, whatever the books do. */
async function earnedBy(earnings: Earnings, readings: readonly Reading[], account: string, block: BlockRef) {
  const rescued = rescuedOf(readings, { done: new Map() }, account);
  const { dues, standing } = await earnings.look(rescued, account, block);
  return {
    dues: dues.map(({ kind, about, amount }) => ({ kind, about, amount })),
    waiting: [...standing].flatMap(([position, now]) => (now === "waiting" ? [position] : [])),
  };
}
