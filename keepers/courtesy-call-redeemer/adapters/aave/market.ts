/** A market and accounts of it as one block shows them: four rounds of questions, however many accounts there are. */
import { Interface, type Result, ZeroAddress } from "ethers";

import { aaveAbi } from "../../../../protocol/aave/contracts.js";
import type { Holding, ReserveState } from "../../../../protocol/aave/health.js";
import { isBorrowing, reserveSettings, usesAsCollateral } from "../../../../protocol/aave/reserves.js";
import { PermanentError } from "../../../../protocol/errors.js";
import { minBigint } from "../../../../protocol/math.js";
import { IAggregatorV3__factory } from "../../../../protocol/generated/contracts/index.js";
import type { ChainClient } from "../../../kit/provider.js";
import type { BlockRef } from "../../types.js";
import { askEach, required, type Question } from "./reads.js";

export interface MarketPlace {
  /** Of the market: its addresses provider, its pool, and the asset that is the native coin as a token. */
  readonly provider: string;
  readonly pool: string;
  readonly wrappedNative: string;
}

/** Why nobody can say how an account is, or what would help it. */
export type Doubt =
  /** The oracle has no price for something the account has or owes. */
  | "price-missing"
  /** The oracle goes by a price that is older than allowed. */
  | "price-stale"
  /** The pool computes another health: not the Aave v3 that amounts are computed for. */
  | "model-differs";

export interface Account {
  readonly id: string;
  /** As the pool computes it; undefined without debt or while there is a doubt about prices. */
  readonly healthWad: bigint | undefined;
  readonly hasDebt: boolean;
  readonly holdings: readonly Holding[];
  readonly doubt: Doubt | undefined;
  /** When the oldest price of what it has and owes, or of the native coin, was written, unix seconds; undefined where none of the feeds tells. */
  readonly pricedAt: bigint | undefined;
}

export interface Market {
  readonly accounts: ReadonlyMap<string, Account>;
  /** Base currency per whole token, by asset; missing where the oracle has none. */
  readonly prices: ReadonlyMap<string, bigint>;
  readonly reserves: ReadonlyMap<string, ReserveState>;
  /** When the price of an asset was written, unix seconds; missing where its feed does not tell. */
  readonly updatedAt: ReadonlyMap<string, bigint>;
}

/** Seconds after which a price counts no more; undefined: prices of this asset have no age. */
export type PriceAge = (asset: string) => bigint | undefined;

const feedAbi = IAggregatorV3__factory.createInterface();
const balanceAbi = new Interface(["function balanceOf(address owner) view returns (uint256)"]);

/** @throws RetryableError NO_QUORUM, AAVE_READ_MALFORMED; PermanentError AAVE_POOL_MOVED */
export async function readMarket(
  client: ChainClient,
  place: MarketPlace,
  ids: readonly string[],
  block: BlockRef,
  maxPriceAge: PriceAge,
): Promise<Market> {
  const { oracle, assets } = await readFrame(client, place, block);
  const { reserves, prices, sources, users } = await readReservesAndUsers(client, place, ids, block, oracle, assets);
  const eModes = await readEModes(client, place, block, oracle, users);
  const feeds = [...sources.values(), ...[...eModes.values()].flatMap(({ source }) => source ?? [])];
  const balances = await readBalancesAndAges(client, block, reserves, feeds, users);
  const accounts = new Map<string, Account>();
  for (const user of users) {
    const category = eModes.get(user.eMode);
    const parts = holdingsOf(user, reserves, prices, category, balances);
    const writtenAt = ({ asset, settings }: ReserveState): bigint | undefined => {
      const shared = settings.eModeCategory === user.eMode ? category?.source : undefined;
      return balances.updatedAt.get(shared ?? sources.get(asset) ?? ZeroAddress);
    };
    const isOld = (asset: string, updatedAt: bigint | undefined): boolean => {
      const mostSeconds = maxPriceAge(asset);
      if (mostSeconds === undefined) return false;
      return updatedAt === undefined || block.timestamp - updatedAt > mostSeconds;
    };
    // In the native coin everything that a rescue may cost is counted, whoever has some.
    const { wrappedNative } = place;
    const nativeAt = balances.updatedAt.get(sources.get(wrappedNative) ?? ZeroAddress);
    const stale =
      parts.used.some((reserve) => isOld(reserve.asset, writtenAt(reserve))) || isOld(wrappedNative, nativeAt);
    const missing = user.healthWad === undefined || parts.missing;
    const doubt = missing ? "price-missing" : stale ? "price-stale" : undefined;
    const healthWad = user.hasDebt && doubt === undefined ? user.healthWad : undefined;
    const [first, ...written] = [...parts.used.map(writtenAt), nativeAt].flatMap((at) => at ?? []);
    const pricedAt = first === undefined ? undefined : written.reduce(minBigint, first);
    const { id, hasDebt } = user;
    accounts.set(id, { id, healthWad, hasDebt, holdings: parts.holdings, doubt, pricedAt });
  }
  const updatedAt = [...sources].flatMap(([asset, source]): [string, bigint][] => {
    const at = balances.updatedAt.get(source);
    return at === undefined ? [] : [[asset, at]];
  });
  return {
    ...{ accounts, prices, updatedAt: new Map(updatedAt) },
    reserves: new Map(reserves.map((reserve) => [reserve.asset, reserve])),
  };
}

async function readFrame(
  client: ChainClient,
  { provider, pool }: MarketPlace,
  block: BlockRef,
): Promise<{ readonly oracle: string; readonly assets: readonly string[] }> {
  const questions = [
    { to: provider, abi: aaveAbi.provider, view: "getPool" },
    { to: provider, abi: aaveAbi.provider, view: "getPriceOracle" },
    { to: pool, abi: aaveAbi.pool, view: "getReservesList" },
  ] as const satisfies readonly Question[];
  const answers = await askEach(client, block, questions);
  const known = addressOf(required(answers[0], questions[0])[0]);
  if (known !== pool) {
    throw new PermanentError("AAVE_POOL_MOVED", `the market's pool is ${known}, not ${pool}`, "start again", {
      known,
      configured: pool,
    });
  }
  const [list] = required(answers[2], questions[2]) as unknown as [readonly string[]];
  return { oracle: addressOf(required(answers[1], questions[1])[0]), assets: list.map(addressOf) };
}

interface User {
  readonly id: string;
  readonly uses: bigint;
  readonly eMode: bigint;
  readonly hasDebt: boolean;
  /** Undefined while the pool cannot compute it. */
  readonly healthWad: bigint | undefined;
}

async function readReservesAndUsers(
  client: ChainClient,
  { pool, wrappedNative }: MarketPlace,
  ids: readonly string[],
  block: BlockRef,
  oracle: string,
  assets: readonly string[],
) {
  const priced = assets.includes(wrappedNative) ? assets : [...assets, wrappedNative];
  const data = assets.map((asset) => question(pool, "pool", "getReserveData", asset));
  const price = priced.map((asset) => question(oracle, "oracle", "getAssetPrice", asset));
  const source = priced.map((asset) => question(oracle, "oracle", "getSourceOfAsset", asset));
  const uses = ids.map((id) => question(pool, "pool", "getUserConfiguration", id));
  const modes = ids.map((id) => question(pool, "pool", "getUserEMode", id));
  const health = ids.map((id) => question(pool, "pool", "getUserAccountData", id));
  const questions = [...data, ...price, ...source, ...uses, ...modes, ...health];
  const answers = [...(await askEach(client, block, questions))];
  const take = <T extends Question>(list: readonly T[]): readonly (readonly [T, Result | undefined])[] => {
    const part = answers.splice(0, list.length);
    return list.map((each, index) => [each, part[index]]);
  };
  const reserves = take(data).map(([each, result], index) =>
    reserveOf(assets[index] ?? "", required(result, each)[0] as ReserveAnswer),
  );
  const prices = new Map<string, bigint>();
  for (const [index, [, result]] of take(price).entries()) {
    const [value] = (result ?? []) as readonly bigint[];
    if (value !== undefined && value > 0n) prices.set(priced[index] ?? "", value);
  }
  const sources = new Map<string, string>();
  for (const [index, [each, result]] of take(source).entries())
    sources.set(priced[index] ?? "", addressOf(required(result, each)[0]));
  const words = take(uses).map(([each, result]) => required(result, each)[0] as bigint);
  const categories = take(modes).map(([each, result]) => required(result, each)[0] as bigint);
  const users = take(health).map(([, result], index): User => {
    const word = words[index] ?? 0n;
    return {
      id: ids[index] ?? "",
      uses: word,
      eMode: categories[index] ?? 0n,
      hasDebt: reserves.some(({ id }) => isBorrowing(word, id)),
      healthWad: result === undefined ? undefined : (result[5] as bigint),
    };
  });
  return { reserves, prices, sources, users };
}

interface EMode {
  readonly id: bigint;
  readonly thresholdBps: bigint;
  readonly bonusBps: bigint;
  /** Of all assets of the category, and where it comes from; undefined: each has its own. */
  readonly price: bigint | undefined;
  readonly source: string | undefined;
}

async function readEModes(
  client: ChainClient,
  { pool }: MarketPlace,
  block: BlockRef,
  oracle: string,
  users: readonly User[],
): Promise<ReadonlyMap<bigint, EMode>> {
  const used = [...new Set(users.map(({ eMode }) => eMode))].filter((id) => id !== 0n);
  const questions = used.map((id) => question(pool, "pool", "getEModeCategoryData", id));
  const answers = await askEach(client, block, questions);
  const categories = questions.map((each, index) => required(answers[index], each)[0] as EModeAnswer);
  const own = categories.map(({ priceSource }) => priceSource).filter((source) => source !== ZeroAddress);
  const asked = own.flatMap((source) => [
    question(oracle, "oracle", "getAssetPrice", source),
    question(oracle, "oracle", "getSourceOfAsset", source),
  ]);
  const told = await askEach(client, block, asked);
  return new Map(
    categories.map(({ liquidationThreshold, liquidationBonus, priceSource }, index) => {
      const id = used[index] ?? 0n;
      const place = own.indexOf(priceSource);
      const answer = told[2 * place + 1];
      // A category whose price is missing or 0 counts with the prices of its assets.
      const price = told[2 * place]?.[0] as bigint | undefined;
      const source = price === undefined || price === 0n || answer === undefined ? undefined : addressOf(answer[0]);
      const shared = { price: source === undefined ? undefined : price, source };
      return [id, { id, thresholdBps: liquidationThreshold, bonusBps: liquidationBonus, ...shared }];
    }),
  );
}

interface Balances {
  /** By `token account`: scaled balances of aTokens and variable debts, units of stable debts. */
  readonly units: ReadonlyMap<string, bigint>;
  /** When a price source was last written, unix seconds. */
  readonly updatedAt: ReadonlyMap<string, bigint>;
}

async function readBalancesAndAges(
  client: ChainClient,
  block: BlockRef,
  reserves: readonly ReserveState[],
  sources: readonly string[],
  users: readonly User[],
): Promise<Balances> {
  const held: Question[] = users.flatMap(({ id, uses }) =>
    reserves.flatMap((reserve): Question[] => [
      ...(usesAsCollateral(uses, reserve.id) ? [question(reserve.aToken, "scaledToken", "scaledBalanceOf", id)] : []),
      ...(isBorrowing(uses, reserve.id)
        ? [
            question(reserve.variableDebtToken, "scaledToken", "scaledBalanceOf", id),
            { to: reserve.stableDebtToken, abi: balanceAbi, view: "balanceOf", args: [id] },
          ]
        : []),
    ]),
  );
  const feeds = [...new Set(sources)].filter((source) => source !== ZeroAddress);
  const ages = feeds.map((to): Question => ({ to, abi: feedAbi, view: "latestRoundData" }));
  const answers = await askEach(client, block, [...held, ...ages]);
  const units = new Map<string, bigint>();
  for (const [index, each] of held.entries())
    units.set(`${each.to} ${String(each.args?.[0])}`, required(answers[index], each)[0] as bigint);
  const updatedAt = new Map<string, bigint>();
  for (const [index, feed] of feeds.entries()) {
    const answer = answers[held.length + index];
    if (answer !== undefined) updatedAt.set(feed, answer[3] as bigint);
  }
  return { units, updatedAt };
}

function holdingsOf(
  { id, uses, eMode }: User,
  reserves: readonly ReserveState[],
  prices: ReadonlyMap<string, bigint>,
  category: EMode | undefined,
  { units }: Balances,
): { readonly holdings: readonly Holding[]; readonly used: readonly ReserveState[]; readonly missing: boolean } {
  const used = reserves.filter((reserve) => isBorrowing(uses, reserve.id) || usesAsCollateral(uses, reserve.id));
  let missing = false;
  const holdings = used.flatMap((reserve): Holding[] => {
    const { settings } = reserve;
    const inCategory = eMode !== 0n && category !== undefined && settings.eModeCategory === eMode;
    const price = (inCategory ? category.price : undefined) ?? prices.get(reserve.asset);
    if (price === undefined) {
      missing = true;
      return [];
    }
    const balance = (token: string): bigint => units.get(`${token} ${id}`) ?? 0n;
    // Assets with a threshold of 0 are collateral for nobody, whatever efficiency mode an account is in.
    const counts = settings.liquidationThresholdBps !== 0n && usesAsCollateral(uses, reserve.id);
    return [
      {
        reserve,
        price,
        collateralScaled: counts ? balance(reserve.aToken) : 0n,
        variableScaled: balance(reserve.variableDebtToken),
        stableUnits: balance(reserve.stableDebtToken),
        thresholdBps: inCategory ? category.thresholdBps : settings.liquidationThresholdBps,
        bonusBps: inCategory ? category.bonusBps : settings.liquidationBonusBps,
      },
    ];
  });
  return { holdings, used, missing };
}

/** As the ABI decodes them; other fields are not used. */
interface ReserveAnswer {
  readonly configuration: bigint;
  readonly liquidityIndex: bigint;
  readonly currentLiquidityRate: bigint;
  readonly variableBorrowIndex: bigint;
  readonly currentVariableBorrowRate: bigint;
  readonly lastUpdateTimestamp: bigint;
  readonly id: bigint;
  readonly aTokenAddress: string;
  readonly stableDebtTokenAddress: string;
  readonly variableDebtTokenAddress: string;
}

interface EModeAnswer {
  readonly liquidationThreshold: bigint;
  readonly liquidationBonus: bigint;
  readonly priceSource: string;
}

function reserveOf(asset: string, answer: ReserveAnswer): ReserveState {
  return {
    asset,
    aToken: addressOf(answer.aTokenAddress),
    variableDebtToken: addressOf(answer.variableDebtTokenAddress),
    stableDebtToken: addressOf(answer.stableDebtTokenAddress),
    id: answer.id,
    settings: reserveSettings(answer.configuration),
    liquidityIndex: answer.liquidityIndex,
    liquidityRate: answer.currentLiquidityRate,
    variableIndex: answer.variableBorrowIndex,
    variableRate: answer.currentVariableBorrowRate,
    updatedAt: answer.lastUpdateTimestamp,
  };
}

function question(to: string, abi: keyof typeof aaveAbi, view: string, ...args: readonly unknown[]): Question {
  return { to, abi: aaveAbi[abi], view, args };
}

function addressOf(value: unknown): string {
  return String(value).toLowerCase();
}
