/** Drives a local market of Aave v3: depositors, borrowers, liquidators, prices, and whoever else a test needs. */
import type { Interface } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import { aaveAbi, connectPool, VARIABLE_RATE } from "../../protocol/aave/contracts.js";
import { SettablePriceFeed__factory, StandInToken__factory } from "../../protocol/generated/contracts/index.js";
import type { LocalChain, LocalReceipt } from "../local/chain.js";
import { aaveArtifact } from "./artifacts.js";
import { EMODE, EMODE_ID, type AaveMarket, type AaveReserve } from "./deploy.js";

const feedAbi = SettablePriceFeed__factory.createInterface();
const tokenAbi = StandInToken__factory.createInterface();
const NO_REFERRAL = 0;
const CONFIGURATOR = "protocol/pool/PoolConfigurator.sol:PoolConfigurator";

export class AaveScenario {
  readonly pool: ReturnType<typeof connectPool>;

  constructor(
    readonly chain: LocalChain,
    readonly market: AaveMarket,
  ) {
    this.pool = connectPool(market.pool, chain.provider);
  }

  /** @throws PermanentError AAVE_RESERVE_UNKNOWN */
  reserve(symbol: string): AaveReserve {
    const reserve = this.market.reserves.get(symbol);
    if (reserve === undefined) throw new PermanentError("AAVE_RESERVE_UNKNOWN", `the market has no ${symbol}`);
    return reserve;
  }

  token(symbol: string) {
    return StandInToken__factory.connect(this.reserve(symbol).asset, this.chain.provider);
  }

  async give(symbol: string, to: string, units: bigint): Promise<void> {
    const { asset } = this.reserve(symbol);
    await this.send(this.market.options.deployer, asset, tokenAbi.encodeFunctionData("mint", [to, units]));
  }

  async approve(symbol: string, from: string, units: bigint): Promise<void> {
    const data = tokenAbi.encodeFunctionData("approve", [this.market.pool, units]);
    await this.send(from, this.reserve(symbol).asset, data);
  }

  /** Makes the tokens, approves and deposits them; a first deposit is used as collateral. */
  async supply(symbol: string, from: string, units: bigint): Promise<void> {
    const { asset } = this.reserve(symbol);
    await this.give(symbol, from, units);
    await this.approve(symbol, from, units);
    await this.call(from, "supply", [asset, units, from, NO_REFERRAL]);
  }

  borrow(symbol: string, from: string, units: bigint, rateMode = VARIABLE_RATE): Promise<LocalReceipt> {
    return this.call(from, "borrow", [this.reserve(symbol).asset, units, rateMode, NO_REFERRAL, from]);
  }

  /** Approves and pays back for `account`, with tokens that `from` has. */
  async repay(symbol: string, from: string, units: bigint, account: string): Promise<LocalReceipt> {
    await this.approve(symbol, from, units);
    return this.call(from, "repay", [this.reserve(symbol).asset, units, VARIABLE_RATE, account]);
  }

  useAsCollateral(symbol: string, from: string, use: boolean): Promise<LocalReceipt> {
    return this.call(from, "setUserUseReserveAsCollateral", [this.reserve(symbol).asset, use]);
  }

  enterEMode(from: string, category: number): Promise<LocalReceipt> {
    return this.call(from, "setUserEMode", [category]);
  }

  /** US dollars per whole token, 8 decimals. `updatedAt`: unix seconds, now unless told. */
  async setPrice(symbol: string, priceUsd8: bigint, updatedAt?: number): Promise<void> {
    const data = feedAbi.encodeFunctionData("set", [priceUsd8, updatedAt ?? (await this.chain.now())]);
    await this.send(this.market.options.deployer, this.reserve(symbol).feed, data);
  }

  /** Pays back as much as the pool lets `from` do, for collateral and the bonus. */
  async liquidate(from: string, account: string, debtSymbol: string, collateralSymbol: string): Promise<LocalReceipt> {
    const [debt, collateral] = [this.reserve(debtSymbol), this.reserve(collateralSymbol)];
    const most = await this.token(debtSymbol).balanceOf(from);
    await this.approve(debtSymbol, from, most);
    return this.call(from, "liquidationCall", [collateral.asset, debt.asset, account, most, false]);
  }

  /** What the market's guardians may do with a reserve. */
  setPaused(symbol: string, paused: boolean): Promise<LocalReceipt> {
    return this.configure("setReservePause", [this.reserve(symbol).asset, paused]);
  }

  /** All assets of the efficiency mode count with the price of this one for whoever is in it. */
  shareEModePrice(symbol: string): Promise<LocalReceipt> {
    const { ltv, liquidationThreshold, liquidationBonus } = EMODE;
    const { asset } = this.reserve(symbol);
    return this.configure("setEModeCategory", [EMODE_ID, ltv, liquidationThreshold, liquidationBonus, asset, symbol]);
  }

  /** Units of variable debt, at the newest block. */
  debtOf(symbol: string, account: string): Promise<bigint> {
    return this.balanceAt(this.reserve(symbol).variableDebtToken, account);
  }

  /** Units of deposit, at the newest block. */
  depositOf(symbol: string, account: string): Promise<bigint> {
    return this.balanceAt(this.reserve(symbol).aToken, account);
  }

  /** Health factor, 1e18 = one. */
  async healthOf(account: string): Promise<bigint> {
    return (await this.pool.getUserAccountData(account)).healthFactor;
  }

  /** Any call of the pool; a revert is thrown as the node reports it. */
  call(from: string, method: string, args: readonly unknown[]): Promise<LocalReceipt> {
    const abi: Interface = aaveAbi.pool;
    return this.send(from, this.market.pool, abi.encodeFunctionData(method, args));
  }

  send(from: string, to: string, data: string): Promise<LocalReceipt> {
    return this.chain.send({ from, to, data });
  }

  private configure(method: string, args: readonly unknown[]): Promise<LocalReceipt> {
    const data = aaveArtifact(CONFIGURATOR).abi.encodeFunctionData(method, args);
    return this.send(this.market.options.deployer, this.market.configurator, data);
  }

  private balanceAt(token: string, account: string): Promise<bigint> {
    return StandInToken__factory.connect(token, this.chain.provider).balanceOf(account);
  }
}
