/** What `doctor` says about a market of Aave v3, its token, its prices and the accounts that are looked after. Reads only. */
import { formatUnits, Interface } from "ethers";

import { healthBpsOf } from "../../../../protocol/aave/health.js";
import type { CheckPlan } from "../../../kit/doctor.js";
import type { ChainClient } from "../../../kit/provider.js";
import type { BlockRef } from "../../types.js";
import { allowanceAbi } from "../../allowances.js";
import { readMarket, type Account, type Market } from "./market.js";
import { askEach } from "./reads.js";
import type { AaveConfig } from "./settings.js";
import { maxPriceAgeOf } from "./site.js";

export interface AaveCheckParts {
  readonly client: ChainClient;
  readonly config: AaveConfig;
  readonly accounts: ReadonlySet<string>;
  /** Of the key; undefined without one. */
  readonly wallet: () => Promise<string | undefined>;
}

const decimalsAbi = new Interface(["function decimals() view returns (uint8)"]);

export function aaveChecks({ client, config, accounts, wallet }: AaveCheckParts): readonly CheckPlan[] {
  const { provider, pool, wrappedNative, token } = config;
  let seen: { readonly market: Market; readonly block: BlockRef } | undefined;
  return [
    {
      name: "market",
      expected: "a market of Aave v3 whose addresses provider names the pool, and whose oracle knows the chain's coin",
      fix: "correct REDEEMER_AAVE_PROVIDER, REDEEMER_AAVE_POOL and REDEEMER_AAVE_WRAPPED_NATIVE; is it the right network?",
      needs: ["chain-id"],
      look: async () => {
        const head = await client.head();
        const block = { number: head.number, hash: head.hash, timestamp: BigInt(head.timestamp) };
        const market = await readMarket(client, config, [...accounts], block, maxPriceAgeOf(config));
        seen = { market, block };
        const hasNative = market.prices.has(wrappedNative);
        const found = `${String(market.reserves.size)} reserves in ${pool} of ${provider}`;
        return { ok: hasNative, found: hasNative ? found : `${found}; no price of ${wrappedNative}` };
      },
    },
    {
      name: "token",
      expected: `a reserve of the market that can be paid back, with ${String(token.decimals)} decimals`,
      fix: "correct REDEEMER_AAVE_TOKEN: symbol, decimals, address",
      needs: ["market"],
      look: async () => {
        const reserve = seen?.market.reserves.get(token.address);
        if (reserve === undefined || seen === undefined) return { ok: false, found: `${token.address} is no reserve` };
        const [own] = await askEach(client, seen.block, [{ to: token.address, abi: decimalsAbi, view: "decimals" }]);
        const { active, paused, decimals } = reserve.settings;
        const ofToken = own?.[0] as bigint | undefined;
        const isRight = decimals === BigInt(token.decimals) && ofToken === decimals;
        const state = !active ? "inactive" : paused ? "paused" : "active";
        const found = `${token.symbol}: ${state}, ${String(decimals)} decimals`;
        return { ok: isRight && active && !paused, found };
      },
    },
    {
      name: "prices",
      expected: "prices that are not older than REDEEMER_AAVE_PRICE_SECONDS, of all that is held and owed",
      fix: "wait for the feed; where it is written less often, or tells no age, say so in REDEEMER_AAVE_PRICE_SECONDS",
      needs: ["market"],
      look: () =>
        Promise.resolve(seen === undefined ? { ok: false, found: "none" } : pricesOf(seen.market, seen.block)),
    },
    {
      name: "accounts",
      expected: "accounts whose health can be told",
      fix: "an account without a debt has nothing to be rescued from; one of which nobody can say how it is, is not rescued",
      needs: ["market"],
      look: () => {
        const all = [...(seen?.market.accounts.values() ?? [])];
        const found = all.length === 0 ? "whoever has borrowed" : all.map(accountLine).join("; ");
        return Promise.resolve({ ok: all.every(({ doubt, hasDebt }) => !hasDebt || doubt === undefined), found });
      },
    },
    {
      name: "allowance",
      expected: "no more than the pool may take in a day",
      fix: "approve 0 for the pool: each batch approves what it pays",
      needs: ["token", "key"],
      look: async () => {
        const owner = await wallet();
        if (owner === undefined || seen === undefined) return { ok: true, found: "no key" };
        const { address, decimals, symbol } = token;
        const question = { to: address, abi: allowanceAbi, view: "allowance", args: [owner, pool] };
        const [answer] = await askEach(client, seen.block, [question]);
        const units = answer?.[0] as bigint | undefined;
        if (units === undefined) return { ok: false, found: `${symbol} tells no allowance` };
        return { ok: units <= config.unitsPerDay, found: `${formatUnits(units, decimals)} ${symbol}` };
      },
    },
  ];
}

/** Of what the accounts hold and owe; of everything where there are none. */
function pricesOf(market: Market, { timestamp }: BlockRef): { readonly ok: boolean; readonly found: string } {
  const stale = [...market.accounts.values()].filter(({ doubt }) => doubt === "price-stale");
  const used = [...market.accounts.values()].flatMap(({ holdings }) => holdings.map(({ reserve }) => reserve.asset));
  const assets = used.length === 0 ? [...market.reserves.keys()] : [...new Set(used)];
  const ages = assets.map((asset) => {
    const at = market.updatedAt.get(asset);
    return `${asset} ${at === undefined ? "tells no age" : `${String(timestamp - at)} s`}`;
  });
  return { ok: stale.length === 0, found: ages.join(", ") };
}

function accountLine({ id, hasDebt, healthWad, doubt }: Account): string {
  if (!hasDebt) return `${id} owes nothing`;
  if (healthWad === undefined) return `${id} ${doubt ?? "unknown"}`;
  return `${id} ${formatUnits(healthBpsOf(healthWad), 4)}`;
}
