/**
 * Everybody around the redeemer in the local world's tBTC v1: users open deposits, ether falls until they may be called, sometimes a rival
 * calls and redeems first, signers sign, and when what could be called is redeemed or nobody did it for long, ether falls on and a
 * liquidator takes what is left. Then the price recovers and it begins anew.
 */
import { formatEther, formatUnits } from "ethers";

import { AUCTION_STATES, DepositState, REDEEMABLE_STATES, TERMINAL_STATES } from "../../../protocol/tbtc/states.js";
import { satToTbtcWei } from "../../../protocol/tbtc/units.js";
import type { Rng } from "../../market/rng.js";
import { rawTransaction } from "../../tbtc/bitcoin.js";
import { CALLABLE_PRICE_WAD, REFERENCE_PRICE_WAD } from "../../tbtc/deploy.js";
import type { LocalBitcoin } from "../../tbtc/electrum/chain.js";
import type { Deposit, TbtcScenario } from "../../tbtc/scenario.js";

export interface TbtcRoles {
  readonly deployer: string;
  readonly operators: readonly string[];
  /** The keeper's. */
  readonly redeemer: string;
  readonly rival: string;
  readonly liquidator: string;
}

/** What became of the deposits that were opened. */
export interface TbtcOutcomes {
  readonly opened: number;
  /** Redeemed by the keeper, and by the rival. */
  readonly rescued: number;
  readonly byOthers: number;
  /** Of the keeper's redemptions: proven. */
  readonly settled: number;
  readonly liquidated: number;
}

export type Tell = (kind: "price" | "called" | "rescued" | "settled" | "rival" | "lost", text: string) => void;

interface Followed {
  readonly deposit: Deposit;
  state: DepositState;
  isSigned: boolean;
  redeemer: string | undefined;
}

/** BTC per ETH, 1e18 = one: 108 % of collateral. */
const CRASHED_WAD = 2_320n * 10n ** 13n;
const LOTS_SAT = [10_000_000n, 20_000_000n, 50_000_000n] as const;
const LIVE = 3;
const BTC_DECIMALS = 8;
/** Looks between two changes of the price; one a block. */
const CALM_LOOKS = 8;
const FALLEN_LOOKS = { least: 4, most: 30 } as const;
const CRASHED_LOOKS = 2;
const RIVAL_PERCENT = 25;
/** Blocks on the coins of a deposit before anybody knows of it. */
const FUNDING_DEPTH = 6;
const FEE_SAT = 2_000n;

const LIQUIDATED: ReadonlySet<DepositState> = new Set([...AUCTION_STATES, DepositState.LIQUIDATED]);

export class TbtcPeople {
  private readonly followed: Followed[] = [];
  private phase: "calm" | "fallen" | "crashed" = "calm";
  private looks = 0;
  private opening: Promise<void> | undefined;
  private readonly failures: Error[] = [];

  constructor(
    private readonly scenario: TbtcScenario,
    private readonly bitcoin: LocalBitcoin,
    private readonly roles: TbtcRoles,
    private readonly rng: Rng,
    private readonly tell: Tell,
  ) {}

  /** The first deposits, before anybody looks. */
  async prepare(): Promise<void> {
    for (let count = 0; count < LIVE; count += 1) await this.open();
  }

  /** One look at everything, and what follows from it. */
  async step(): Promise<void> {
    this.tellFailure();
    await this.look();
    for (const each of this.followed) await this.sign(each);
    this.looks += 1;
    if (this.phase === "calm") await this.calm();
    else if (this.phase === "fallen") await this.fallen();
    else await this.crashed();
  }

  /** Until nothing of theirs is under way. */
  async rest(): Promise<void> {
    await this.opening;
    this.tellFailure();
    await this.look();
  }

  outcomes(): TbtcOutcomes {
    const redeemed = this.followed.filter(({ redeemer }) => redeemer !== undefined);
    const own = redeemed.filter(({ redeemer }) => redeemer === this.roles.redeemer);
    return {
      opened: this.followed.length,
      rescued: own.length,
      byOthers: redeemed.length - own.length,
      settled: own.filter(({ state }) => state === DepositState.REDEEMED).length,
      liquidated: this.followed.filter(({ state }) => LIQUIDATED.has(state)).length,
    };
  }

  /** @throws what an opening, which nobody waits for, has failed with. */
  private tellFailure(): void {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }

  private get endangered(): readonly Followed[] {
    return this.followed.filter(({ state }) => REDEEMABLE_STATES.has(state));
  }

  private async calm(): Promise<void> {
    const { endangered } = this;
    if (endangered.length < LIVE) {
      this.opening ??= this.open()
        .catch((error: unknown) => {
          this.failures.push(error instanceof Error ? error : new Error(String(error)));
        })
        .finally(() => {
          this.opening = undefined;
        });
    }
    if (this.looks < CALM_LOOKS || this.opening !== undefined || endangered.length === 0) return;
    await this.price(CALLABLE_PRICE_WAD, "fallen");
    const chosen = endangered[this.rng.below(endangered.length)];
    if (this.rng.below(100) < RIVAL_PERCENT && chosen !== undefined) await this.compete(chosen);
  }

  private async fallen(): Promise<void> {
    const isOver = this.endangered.length === 0 && this.looks >= FALLEN_LOOKS.least;
    if (isOver || this.looks >= FALLEN_LOOKS.most) await this.price(CRASHED_WAD, "crashed");
  }

  private async crashed(): Promise<void> {
    for (const each of this.endangered) {
      await this.contested(each, ({ address }) =>
        this.scenario.notify(address, "notifyUndercollateralizedLiquidation", this.roles.liquidator),
      );
    }
    if (this.looks >= CRASHED_LOOKS) await this.price(REFERENCE_PRICE_WAD, "calm");
  }

  private async price(btcPerEthWad: bigint, phase: "calm" | "fallen" | "crashed"): Promise<void> {
    await this.scenario.setPrice(btcPerEthWad);
    this.phase = phase;
    this.looks = 0;
    const meaning = { calm: "all is well", fallen: "deposits may be called", crashed: "deposits may be liquidated" };
    this.tell("price", `${formatEther(btcPerEthWad)} BTC for an ETH: ${meaning[phase]}`);
  }

  /** A user pays bitcoin to new signers and sells the deposit for TBTC, which goes to the keeper. */
  private async open(): Promise<void> {
    const { scenario, bitcoin, roles } = this;
    const lotSat = LOTS_SAT[this.rng.below(LOTS_SAT.length)] ?? LOTS_SAT[0];
    const deposit = await scenario.open({ lotSat });
    bitcoin.mine(FUNDING_DEPTH, { place: [rawTransaction(scenario.funding(deposit).transaction)] });
    this.followed.push({ deposit, state: DepositState.ACTIVE, isSigned: false, redeemer: undefined });
    await scenario.transferTbtc(
      roles.deployer,
      roles.redeemer,
      await scenario.contracts.token.balanceOf(roles.deployer),
    );
  }

  private async compete(chosen: Followed): Promise<void> {
    const { scenario, roles } = this;
    if ((await scenario.contracts.token.balanceOf(roles.rival)) < satToTbtcWei(chosen.deposit.lotSat)) return;
    await this.contested(chosen, async (deposit) => {
      await scenario.notify(deposit.address, "notifyCourtesyCall", roles.rival);
      await scenario.requestRedemption(deposit, { from: roles.rival, feeSat: FEE_SAT });
    });
  }

  /**
   * Only the first of several gets it; whoever comes later is refused, and may have been too late since the look that he went by.
   * @throws what failed although nothing has changed since that look.
   */
  private async contested({ deposit, state }: Followed, work: (deposit: Deposit) => Promise<unknown>): Promise<void> {
    try {
      await work(deposit);
    } catch (error) {
      if ((await this.scenario.state(deposit.address)) === state) throw error;
    }
  }

  /** Reads every deposit that can still change. */
  private async look(): Promise<void> {
    const open = this.followed.filter(({ state }) => !TERMINAL_STATES.has(state));
    await Promise.all(
      open.map(async (each) => {
        const state = await this.scenario.state(each.deposit.address);
        if (state === each.state) return;
        each.state = state;
        await this.report(each);
      }),
    );
  }

  private async report(each: Followed): Promise<void> {
    const { deposit, state } = each;
    const name = `${formatUnits(deposit.lotSat, BTC_DECIMALS)} BTC ${deposit.address.slice(0, 10)}`;
    if (state === DepositState.COURTESY_CALL) this.tell("called", name);
    if (LIQUIDATED.has(state)) this.tell("lost", `${name} is liquidated`);
    if (state === DepositState.REDEEMED && each.redeemer === this.roles.redeemer)
      this.tell("settled", `${name}: its payment is proven`);
    if (REDEEMABLE_STATES.has(state) || LIQUIDATED.has(state) || each.redeemer !== undefined) return;
    // Who has paid the lot: later requests only raise the fee.
    const { system } = this.scenario.contracts;
    const [first] = await system.queryFilter(system.filters.RedemptionRequested(deposit.address));
    each.redeemer = first?.args.requester;
    if (each.redeemer === this.roles.redeemer) this.tell("rescued", `${name} by the keeper`);
    else this.tell("rival", `${name} by somebody else`);
  }

  /** The signers do what they must; for the rival's redemptions people do the rest as well. */
  private async sign(each: Followed): Promise<void> {
    if (each.isSigned || each.state !== DepositState.AWAITING_WITHDRAWAL_SIGNATURE) return;
    each.isSigned = true;
    if (each.redeemer === this.roles.redeemer) return this.scenario.signInKeep(each.deposit);
    await this.scenario.provideSignature(each.deposit);
    await this.scenario.proveRedemption(each.deposit);
  }
}
