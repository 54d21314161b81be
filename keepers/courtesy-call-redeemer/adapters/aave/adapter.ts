/**
 * Aave v3 behind the boundary of the rescue core. A position is an account that owes; it is in danger as its health factor nears 1, where
 * anybody may pay back half of a debt (all of it below 0.95) for collateral and a bonus. There is no call and no window: the own trigger
 * takes the place of the call threshold, and the mode that acts is `preemptive`. Ways out, without a contract and without custody:
 *
 *   repay              from the wallet's reserve of an asset that is owed, on behalf of the account
 *   repayWithATokens   with the account's deposit of an asset that it owes as well; only by the account itself
 *
 * Each way pays one debt; where no debt alone is enough there is none. Not possible so: collateral of another asset (it would have to be
 * swapped, by a contract that borrows it for a moment), and debts at a stable rate, which are counted but not paid. Computed for core-v3 1.19.3; where the pool's own figure differs nothing is offered.
 */
import { aaveAbi, VARIABLE_RATE } from "../../../../protocol/aave/contracts.js";
import { healthBpsOf, healthOf, unitOf, type Holding } from "../../../../protocol/aave/health.js";
import { ALL_BPS } from "../../../../protocol/aave/math.js";
import { aaveRevert } from "../../../../protocol/aave/reverts.js";
import { RetryableError, UsageError } from "../../../../protocol/errors.js";
import { mulDivDown, mulDivUp } from "../../../../protocol/math.js";
import type { MoneyRead } from "../../../kit/providers/agreement.js";
import type { ChainClient } from "../../../kit/provider.js";
import type {
  Action,
  BlockRef,
  Discovered,
  ErrorClass,
  Position,
  Reading,
  RescueProtocol,
  Settlement,
  Simulation,
} from "../../types.js";
import { allowanceAbi, Allowances, type StateOverride } from "../../allowances.js";
import { discoverBorrowers, type AaveCursor, type DiscoveryPlace } from "./discovery.js";
import { worstLiquidation } from "./loss.js";
import { readMarket, type Account, type Doubt, type Market, type MarketPlace, type PriceAge } from "./market.js";
import { askEach, readEach } from "./reads.js";
import { paymentFor } from "./sizing.js";

export interface AaveSettings extends MarketPlace, Omit<DiscoveryPlace, "pool"> {
  /** Asset in which the wallet keeps its reserve: sizes are told in it. */
  readonly token: string;
  /** Accounts that belong to whoever pays: found without logs, and what is paid for them is theirs again as less debt. */
  readonly ownAccounts: ReadonlySet<string>;
  /** Health below which an account is in danger; and what a rescue brings, at least the trigger. Basis points. */
  readonly triggerBps: bigint;
  readonly targetBps: bigint;
  /** A rest of a debt worth no more than this is paid as well; base currency. */
  readonly dustBase: bigint;
  /** Seconds until a payment is mined at the latest: interest up to then is counted in. */
  readonly inclusionSeconds: bigint;
  readonly maxPriceAge: PriceAge;
  /** Assets whose debts an account's own wallet may pay with its deposits of them. */
  readonly deleverage: ReadonlySet<string>;
  /** Told for every account of which nobody can say how it is, or what would help. */
  readonly onDoubt?: (account: string, doubt: Doubt) => void;
}

/** Measured on core-v3 1.19.3 with plain tokens; the limits leave room for tokens that are proxies. */
const REPAY_GAS = { estimate: 190_000n, limit: 400_000n };
const REPAY_WITH_DEPOSIT_GAS = { estimate: 180_000n, limit: 400_000n };
const WAD = 10n ** 18n;
const BPS_WAD = WAD / ALL_BPS;
/** The pool's health of whoever owes nothing, or nothing of any value. */
const NO_DEBT_WAD = 2n ** 256n - 1n;

interface Seen {
  readonly hash: string;
  readonly market: Market;
}

export class AaveRescue implements RescueProtocol<AaveCursor> {
  private readonly allowances: Allowances;
  /** Of the newest block that was read: what is asked of one block is read once. */
  private seen: Seen | undefined;
  private readonly settings: AaveSettings;

  /** @throws UsageError AAVE_TRIGGER_TOO_LOW, AAVE_TARGET_BELOW_TRIGGER */
  constructor(
    private readonly client: ChainClient,
    settings: AaveSettings,
  ) {
    const { triggerBps, targetBps } = settings;
    if (triggerBps <= ALL_BPS)
      throw new UsageError("AAVE_TRIGGER_TOO_LOW", "at a health of 1 it is too late", "name a trigger above 100 %");
    if (targetBps < triggerBps)
      throw new UsageError("AAVE_TARGET_BELOW_TRIGGER", "a rescue would be followed by the next", "raise the target");
    this.settings = lowerCase(settings);
    this.allowances = new Allowances(client);
  }

  async discover(cursor: AaveCursor | undefined): Promise<Discovered<AaveCursor>> {
    const found = await discoverBorrowers(this.client, this.settings, cursor);
    const own = cursor === undefined ? this.settings.ownAccounts : [];
    const ids = [...new Set([...own, ...found.accounts])];
    const positions = ids.map((id) => ({ id, operators: [id], sizeUnits: 0n }));
    return { positions, cursor: found.cursor, more: found.more };
  }

  async read(positions: readonly Position[], block: BlockRef): Promise<readonly Reading[]> {
    const ids = positions.map(({ id }) => id);
    const market = await readMarket(this.client, this.settings, ids, block, this.settings.maxPriceAge);
    this.remember(block, market);
    return positions.map((position) => {
      const account = accountOf(market, position.id);
      if (account.doubt !== undefined && account.hasDebt) this.settings.onDoubt?.(account.id, account.doubt);
      return this.readingOf(position, account, market, block);
    });
  }

  async options({ position, healthBps }: Reading, wallet: string, block: BlockRef): Promise<readonly Action[]> {
    if (healthBps === undefined) return [];
    const market = await this.marketAt(position.id, block);
    const { id, holdings, healthWad } = accountOf(market, position.id);
    if (healthWad === undefined) return [];
    if ((healthOf(holdings, block.timestamp).healthWad ?? NO_DEBT_WAD) !== healthWad) {
      this.settings.onDoubt?.(id, "model-differs");
      return [];
    }
    const debts = holdings.filter(({ reserve: { settings }, variableScaled }) => {
      return variableScaled > 0n && settings.active && !settings.paused;
    });
    const isOwner = wallet.toLowerCase() === id;
    const { deleverage } = this.settings;
    return debts.flatMap((debt) => [
      ...this.repayment(id, holdings, debt, market, block),
      ...(isOwner && deleverage.has(debt.reserve.asset) ? this.deleverage(id, holdings, debt, block) : []),
    ]);
  }

  async simulate(action: Action, wallet: string, block: BlockRef): Promise<Simulation> {
    const market = await this.marketAt(action.position, block);
    const account = accountOf(market, action.position);
    if (!account.hasDebt) return { ok: false, error: "rescued-by-another", name: "AAVE_NO_DEBT" };
    if (account.healthWad === undefined)
      return { ok: false, error: "retryable", name: account.doubt === "price-stale" ? "AAVE_STALE" : "AAVE_NO_PRICE" };
    if (account.healthWad >= this.settings.triggerBps * BPS_WAD)
      return { ok: false, error: "rescued-by-another", name: "AAVE_HEALTHY" };
    const override = await this.allowanceFor(action, wallet, block);
    if (override === null) return { ok: false, error: "misconfigured", name: "AAVE_ALLOWANCE_UNKNOWN" };
    const reads = action.calls.map(({ to, data }): MoneyRead => {
      const request = { from: wallet, to, data };
      return { method: "eth_call", params: (at) => [request, at, ...(override === undefined ? [] : [override])] };
    });
    for (const answer of await readEach(this.client, block, reads)) {
      if (answer.ok) continue;
      const name = aaveRevert(answer.error)?.code ?? "AAVE_REVERTED";
      return { ok: false, error: this.classifyError(answer.error), name };
    }
    return { ok: true };
  }

  /** A debt that was paid is paid. */
  settle({ id: position }: Position): Promise<Settlement> {
    const nothing = { stage: "paid", facts: {}, followUps: [], troubles: [] };
    return Promise.resolve({ position, ...nothing, mayStill: () => false });
  }

  classifyError(error: unknown): ErrorClass {
    const revert = aaveRevert(error);
    if (revert === undefined) return error instanceof RetryableError ? "retryable" : "terminal";
    switch (revert.kind) {
      case "retryable":
      case "terminal":
        return revert.kind;
      case "rescued":
        return "rescued-by-another";
      case "configuration":
        return "misconfigured";
    }
  }

  private readingOf(position: Position, account: Account, market: Market, block: BlockRef): Reading {
    const { triggerBps, token } = this.settings;
    const { holdings, healthWad, hasDebt, doubt, pricedAt } = account;
    const { debtBase } = healthOf(holdings, block.timestamp);
    const tokenReserve = market.reserves.get(token);
    const tokenPrice = market.prices.get(token);
    const sizeUnits =
      tokenReserve === undefined || tokenPrice === undefined
        ? 0n
        : mulDivDown(debtBase, unitOf(tokenReserve), tokenPrice);
    const forced =
      healthWad === undefined
        ? { repaidBase: 0n, penaltyBps: 0n }
        : worstLiquidation(holdings, healthWad, block.timestamp);
    const repaidDebtWei = mulDivDown(forced.repaidBase, WAD, this.nativePrice(market));
    return {
      position: { ...position, sizeUnits },
      stage: hasDebt ? "open" : "closed",
      healthBps: healthWad === undefined ? undefined : healthBpsOf(healthWad),
      thresholds: { callBelowBps: triggerBps, liquidateBelowBps: ALL_BPS },
      graceEndsAt: undefined,
      priced: { at: pricedAt, isStale: hasDebt && doubt === "price-stale" },
      loss: { kind: "penalty", repaidDebtWei, penaltyBps: forced.penaltyBps },
      bountyWei: 0n,
    };
  }

  private repayment(
    id: string,
    holdings: readonly Holding[],
    debt: Holding,
    market: Market,
    block: BlockRef,
  ): readonly Action[] {
    const payment = paymentFor(holdings, debt, this.minedBy(block), this.sizing());
    if (payment === undefined) return [];
    const { asset } = debt.reserve;
    const { pool } = this.settings;
    const data = aaveAbi.pool.encodeFunctionData("repay", [asset, payment.units, VARIABLE_RATE, id]);
    const paidBase = mulDivUp(debt.price, payment.units, unitOf(debt.reserve));
    return [
      {
        position: id,
        effect: "rescue",
        calls: [{ to: pool, data, valueWei: 0n }],
        costToken: asset,
        costUnits: payment.units,
        expenseWei: this.settings.ownAccounts.has(id) ? 0n : mulDivUp(paidBase, WAD, this.nativePrice(market)),
        gasLimit: REPAY_GAS.limit,
        gasEstimate: REPAY_GAS.estimate,
        followUpGas: 0n,
        allowance: { token: asset, spender: pool, units: payment.units, shared: true },
      },
    ];
  }

  /** Nothing of the wallet's reserve leaves: deposit and debt of one asset shrink together. */
  private deleverage(id: string, holdings: readonly Holding[], debt: Holding, block: BlockRef): readonly Action[] {
    const payment = paymentFor(holdings, debt, this.minedBy(block), this.sizing(), block.timestamp);
    if (payment === undefined) return [];
    const { asset } = debt.reserve;
    const data = aaveAbi.pool.encodeFunctionData("repayWithATokens", [asset, payment.units, VARIABLE_RATE]);
    return [
      {
        position: id,
        effect: "rescue",
        calls: [{ to: this.settings.pool, data, valueWei: 0n }],
        costToken: debt.reserve.aToken,
        costUnits: 0n,
        expenseWei: 0n,
        gasLimit: REPAY_WITH_DEPOSIT_GAS.limit,
        gasEstimate: REPAY_WITH_DEPOSIT_GAS.estimate,
        followUpGas: 0n,
      },
    ];
  }

  /** State in which the action has its allowance: undefined when it has it already, null when it cannot be made. */
  private async allowanceFor(
    { allowance }: Action,
    wallet: string,
    block: BlockRef,
  ): Promise<StateOverride | undefined | null> {
    if (allowance === undefined) return undefined;
    const { token, spender, units } = allowance;
    const [allowed] = await askEach(this.client, block, [
      { to: token, abi: allowanceAbi, view: "allowance", args: [wallet, spender] },
    ]);
    if (allowed !== undefined && (allowed[0] as bigint) >= units) return undefined;
    return (await this.allowances.granted(token, wallet, spender, block)) ?? null;
  }

  private sizing() {
    const { targetBps, triggerBps, dustBase } = this.settings;
    return { targetWad: targetBps * BPS_WAD, leastWad: triggerBps * BPS_WAD, dustBase };
  }

  private minedBy({ timestamp }: BlockRef): bigint {
    return timestamp + this.settings.inclusionSeconds;
  }

  /** Base currency per native coin. @throws RetryableError AAVE_NO_NATIVE_PRICE */
  private nativePrice({ prices }: Market): bigint {
    const price = prices.get(this.settings.wrappedNative);
    if (price !== undefined) return price;
    throw new RetryableError(
      "AAVE_NO_NATIVE_PRICE",
      "the market's oracle has no price of the native coin",
      "name as wrapped native coin an asset that the market's oracle knows",
    );
  }

  private async marketAt(id: string, block: BlockRef): Promise<Market> {
    if (this.seen?.hash === block.hash && this.seen.market.accounts.has(id)) return this.seen.market;
    const market = await readMarket(this.client, this.settings, [id], block, this.settings.maxPriceAge);
    this.remember(block, market);
    return market;
  }

  /** Accounts of one block may be read in several parts. */
  private remember({ hash }: BlockRef, market: Market): void {
    const known = this.seen?.hash === hash ? this.seen.market.accounts : [];
    this.seen = { hash, market: { ...market, accounts: new Map([...known, ...market.accounts]) } };
  }
}

/** The core and the reads name everything in lower case. */
function lowerCase(settings: AaveSettings): AaveSettings {
  return {
    ...settings,
    provider: settings.provider.toLowerCase(),
    pool: settings.pool.toLowerCase(),
    wrappedNative: settings.wrappedNative.toLowerCase(),
    token: settings.token.toLowerCase(),
    ownAccounts: lowerCaseAll(settings.ownAccounts),
    deleverage: lowerCaseAll(settings.deleverage),
  };
}

function lowerCaseAll(addresses: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...addresses].map((address) => address.toLowerCase()));
}

function accountOf(market: Market, id: string): Account {
  const account = market.accounts.get(id);
  if (account === undefined) throw new RangeError(`${id} was not read`);
  return account;
}
