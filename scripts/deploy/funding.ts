import {
  GruDiamond__factory,
  IM1Token__factory,
  IPmmPool__factory,
  type IM1Token,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { mulDivDown } from "../../protocol/math.js";
import { pairOf } from "../../protocol/params/rules.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import type { Blueprint } from "./blueprint.js";
import { startTotal, unfundedBuckets } from "./bucketFunding.js";
import { referencePrices, usdToUnits, type Prices } from "./referencePrices.js";
import type { Grant, StepContext } from "./types.js";

/** Base units per token. */
export type Amounts = Record<TokenName, bigint>;

/** What each pool, the mesh and the stabilizer receive at the start; token base units. */
export interface FundingPlan {
  readonly pools: ReadonlyMap<string, { readonly baseUnits: bigint; readonly quoteUnits: bigint }>;
  readonly mesh: ReadonlyMap<TokenName, { readonly xauWei: bigint; readonly tokenUnits: bigint }>;
  readonly stabilizer: Amounts;
}

/**
 * Sizes of the first funding at given prices. Pools get both sides of equal value; the stabilization capital is `capitalUsdPerToken` for
 * each of the two tokens of each public pool, of which the mesh reserves are a part. All amounts rounded down.
 */
export function planFunding(plan: Blueprint, prices: Prices): FundingPlan {
  const { params } = plan;
  const units = (usd: string, name: TokenName) => usdToUnits(usd, prices[name], plan.tokens[name].decimals);
  const pools = new Map(
    params.pools.map((pool) => {
      const baseUnits = units(pool.depthUsdPerSide, pool.base);
      const valueWad = mulDivDown(baseUnits, prices[pool.base], 10n ** BigInt(plan.tokens[pool.base].decimals));
      const quoteUnits = mulDivDown(valueWad, 10n ** BigInt(plan.tokens[pool.quote].decimals), prices[pool.quote]);
      return [pairOf(pool), { baseUnits, quoteUnits }] as const;
    }),
  );
  const mesh = new Map(
    params.mesh.tokens.map((name) => {
      const { depthUsdPerSide } = params.mesh;
      return [name, { xauWei: units(depthUsdPerSide, "XAU"), tokenUnits: units(depthUsdPerSide, name) }] as const;
    }),
  );
  const stabilizer = eachToken((name) => {
    const poolCount = params.pools.filter(
      (pool) => pool.kind === "public" && (pool.base === name || pool.quote === name),
    ).length;
    const capital = units(params.stabilizer.capitalUsdPerToken, name) * BigInt(poolCount);
    const inMesh =
      name === "XAU"
        ? [...mesh.values()].reduce((sum, entry) => sum + entry.xauWei, 0n)
        : (mesh.get(name)?.tokenUnits ?? 0n);
    return capital - inMesh;
  });
  return { pools, mesh, stabilizer };
}

/** All that the timelock must hold before the first funding; token base units. */
export function totalFunding(plan: Blueprint, funding: FundingPlan): Amounts {
  const total = { ...funding.stabilizer };
  for (const pool of plan.params.pools) {
    const amounts = funding.pools.get(pairOf(pool));
    total[pool.base] += amounts?.baseUnits ?? 0n;
    total[pool.quote] += amounts?.quoteUnits ?? 0n;
  }
  for (const [name, amounts] of funding.mesh) {
    total[name] += amounts.tokenUnits;
    total.XAU += amounts.xauWei;
  }
  for (const { token, firstUnits } of plan.gru.basket) total[token] += firstUnits;
  for (const name of tokenNames) total[name] += startTotal(plan, name);
  return total;
}

/** What the bootstrap of a local network mints: the first funding and the market's tokens. Zero everywhere else. */
export function bootstrapMints(plan: Blueprint, extraGrants: readonly Grant[]): Amounts {
  if (plan.params.funding.source !== "bootstrap-mint") return eachToken(() => 0n);
  const total = totalFunding(plan, planFunding(plan, referencePrices(plan)));
  for (const grant of extraGrants) total[grant.token] += grant.amountUnits;
  return total;
}

function eachToken(make: (name: TokenName) => bigint): Amounts {
  return Object.fromEntries(tokenNames.map((name) => [name, make(name)])) as Amounts;
}

/** What the timelock must still pay out: pools not made, mesh pools not funded, M00 not issued, buckets not filled, a stabilizer and grants not paid. Token base units. */
export async function remainingFunding(context: StepContext, name: TokenName): Promise<bigint> {
  const { plan, provider, extraGrants } = context;
  const funding = planFunding(plan, referencePrices(plan));
  let needed = 0n;
  for (const pool of plan.pools) {
    if (await context.hasCode(pool.address)) continue;
    const amounts = funding.pools.get(pool.pair);
    if (pool.base === name) needed += amounts?.baseUnits ?? 0n;
    if (pool.quote === name) needed += amounts?.quoteUnits ?? 0n;
  }
  for (const pool of plan.meshPools) {
    if (await isFunded(context, pool.address)) continue;
    const amounts = funding.mesh.get(pool.quote);
    if (pool.quote === name) needed += amounts?.tokenUnits ?? 0n;
    if (name === "XAU") needed += amounts?.xauWei ?? 0n;
  }
  if (!(await isIssued(context))) {
    for (const { token, firstUnits } of plan.gru.basket) if (token === name) needed += firstUnits;
  }
  needed += await unfundedBuckets(context, name);
  const handle = contractAt(IM1Token__factory, plan.tokens[name].address, provider);
  const owed = [
    { to: plan.stabilizer.address, amountUnits: funding.stabilizer[name] },
    ...extraGrants.filter((grant) => grant.token === name),
  ];
  for (const { to, amountUnits } of owed) needed += await stillOwed(handle, to, amountUnits);
  return needed;
}

/** Whether M00 has had its first issue. */
async function isIssued(context: StepContext): Promise<boolean> {
  const { address } = context.plan.gru.diamond;
  if (!(await context.hasCode(address))) return false;
  return (await contractAt(GruDiamond__factory, address, context.provider).totalSupply()) > 0n;
}

/** Whether a pool has reserves. */
export async function isFunded(context: StepContext, pool: string): Promise<boolean> {
  if (!(await context.hasCode(pool))) return false;
  const [baseReserve] = await contractAt(IPmmPool__factory, pool, context.provider).getVaultReserve();
  return baseReserve > 0n;
}

/** What an account lacks of what it is to hold. */
export async function stillOwed(token: IM1Token, to: string, amountUnits: bigint): Promise<bigint> {
  const held = await token.balanceOf(to);
  return held < amountUnits ? amountUnits - held : 0n;
}
