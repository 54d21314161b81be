/** What would be decided now if nothing were on its way, for `status`. Reads only, and remembers nothing. */
import { effectivePriceWei, firstFees } from "../kit/fees.js";
import type { ChainClient, Head } from "../kit/provider.js";
import { pinnedCall } from "../kit/providers/confirm.js";
import { decideConfigOf, type RedeemerConfig } from "./config.js";
import { decide } from "./decide.js";
import { tokenAbi } from "./encode.js";
import { explain } from "./explain.js";
import type { RescueSite } from "./site.js";
import { urgencyOf } from "./strategies/urgency.js";
import { findPositions, settlementsOf } from "./settlements.js";

interface StandingParts {
  readonly site: RescueSite;
  readonly config: RedeemerConfig;
  readonly client: Pick<ChainClient, "agreed" | "request">;
  readonly account: string;
}

export async function standingOf({ site, config, client, account }: StandingParts, head: Head) {
  const { protocol, token } = site;
  const { found, own } = await findPositions(protocol, config.operators);
  const block = { number: head.number, hash: head.hash, timestamp: BigInt(head.timestamp) };
  const readings = await protocol.read(own, block);
  const positions = await Promise.all(
    readings.map(async (reading) => ({
      reading,
      options:
        urgencyOf(reading, block.timestamp, config.urgency) === undefined
          ? []
          : await protocol.options(reading, account, block),
    })),
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
    watched: own.length,
    balance,
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
