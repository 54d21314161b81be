/** Reports prices to the signed feeds of a deployed local network, with the keeper's own reporter and the development keys. */
import { parseUnits } from "ethers";

import { PriceReporter, signedBy } from "../../keepers/price-reporter/reporter.js";
import { connectTarget } from "../../keepers/price-reporter/target.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { FEED_DECIMALS, type PlannedFeed } from "../../scripts/deploy/blueprint.js";
import type { DeploymentChain } from "./deployment.js";

/** More than any heartbeat asks for: only a price that has moved is reported. */
const HEARTBEAT_SECONDS = 10n ** 9n;

/** Each feed says `usd` in a round of its own. @throws when a feed refuses it, or says so already. */
export async function reportPrice(
  { provider, attacker, options }: DeploymentChain,
  feeds: readonly PlannedFeed[],
  usd: string,
): Promise<void> {
  const { threshold, addresses } = options.loaded.params.reporters;
  const signers = addresses.slice(0, threshold).map((address) => {
    const wallet = developmentAccounts().find((account) => account.address.toLowerCase() === address.toLowerCase());
    if (wallet === undefined) throw new Error(`reporter ${address} is no development account`);
    return wallet;
  });
  for (const { address, source } of feeds) {
    if (source.kind !== "signed") throw new Error(`${address} is not ours to report to`);
    const policy = { deviationWad: 1n, heartbeatSeconds: HEARTBEAT_SECONDS };
    const target = await connectTarget(source.description, address, policy, {
      provider,
      // Anybody may bring a round.
      sendTransaction: (request) => attacker.sendTransaction(request),
    });
    const feed = { description: source.description, decimals: FEED_DECIMALS };
    const reporter = new PriceReporter(feed, signedBy(signers), [target]);
    const head = await provider.getBlock("latest");
    const { targets } = await reporter.tick(parseUnits(usd, FEED_DECIMALS), BigInt(head?.timestamp ?? 0));
    for (const outcome of targets) {
      if (outcome.kind === "failed") throw outcome.error;
      if (outcome.kind === "skip") throw new Error(`${source.description}: ${outcome.reason}`);
    }
  }
}
