/**
 * Everybody but the keeper: a bot that calls and liquidates, redeemers who compete for called deposits, one who buys bonds on auction, and
 * signers who sign, prove, and end the call of a deposit that has recovered. How long each waits is a deposit's own from the seed, so that
 * what the keeper does to one changes nothing about the others.
 */
import { id } from "ethers";

import { CALL_BELOW_BPS, COURTESY_PERIOD_SECONDS, LIQUIDATE_BELOW_BPS } from "../../../protocol/tbtc/constants.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { DepositState, depositState } from "../../../protocol/tbtc/states.js";
import {
  collateralDown,
  prefixedOutputScript,
  satToBytes8,
  satToTbtcWei,
  weiPerSat,
} from "../../../protocol/tbtc/units.js";
import type { Rng } from "../../market/rng.js";
import type { ReplayDeposit, ReplayWorld } from "./world.js";

/** How a deposit stands at the newest block. */
export interface Standing {
  readonly deposit: ReplayDeposit;
  readonly state: DepositState;
  /** First block in which it was in that state, unix seconds. */
  readonly sinceSeconds: number;
  readonly healthBps: bigint;
}

/** Seconds that somebody waits before he acts. */
interface Habits {
  readonly call: number;
  readonly liquidate: number;
  readonly exit: number;
  readonly sign: number;
  readonly prove: number;
  /** Undefined: none of them is interested. */
  readonly rival: { readonly account: string; readonly after: number } | undefined;
  readonly tipWei: bigint;
}

/** Acts that others may forestall wait for the next block with everybody else's; the rest has a block of its own. */
const NOTICES = {
  call: "notifyCourtesyCall",
  liquidate: "notifyUndercollateralizedLiquidation",
  expire: "notifyCourtesyCallExpired",
  exit: "exitCourtesyCall",
} as const;
type ContestedAct = keyof typeof NOTICES | "redeem";
type OwnAct = "sign" | "prove" | "buy";
type Act = ContestedAct | OwnAct;

interface Due {
  readonly deposit: ReplayDeposit;
  readonly act: Act;
  readonly atSeconds: number;
}

/** What the signers of a liquidated deposit got back of their bond, wei of all members; undefined while nobody has bought it. */
export type Returned = ReadonlyMap<string, bigint>;

const PERCENT_BPS = 100n;
const ALL_BPS = 10_000n;
const GWEI = 10n ** 9n;
/** Of a hundred called deposits so many interest a rival. */
const RIVAL_PERCENT = 25;
const RIVAL_FEE_SAT = 2_000n;
/** P2WPKH of nobody in particular. */
const RIVAL_SCRIPT = prefixedOutputScript(Buffer.from(`0014${"1a".repeat(20)}`, "hex"));
/** Between two looks of the buyer at an auction, and how long he cares. */
const BUYER_SECONDS = 3_600;
const BUYER_PATIENCE_SECONDS = 48 * 3_600;
/** Of buying a bond and withdrawing it, beside the lot. */
const TAKER_COST_WEI = 15n * 10n ** 15n;
/** Between two tries of the same. */
const RETRY_SECONDS = 15;
const REWARD_TOPIC = id("ETHRewardDistributed(uint256)");

export class Crowd {
  private readonly habits = new Map<string, Habits>();
  private readonly standings = new Map<string, Standing>();
  /** Since when a deposit could be called, could be liquidated, has recovered; by deposit and act. */
  private readonly since = new Map<string, number>();
  private readonly triedAt = new Map<string, number>();
  private readonly returned = new Map<string, bigint>();
  private rivalUnits = new Map<string, bigint>();
  private btcPerEthWad = 1n;

  constructor(
    private readonly world: ReplayWorld,
    rng: Rng,
  ) {
    const { rivals } = world.roles;
    world.deposits.forEach(({ address }, index) => {
      const own = rng.stream(String(index));
      const rival = rivals[own.below(rivals.length)];
      const isWanted = own.below(100) < RIVAL_PERCENT && rival !== undefined;
      this.habits.set(address, {
        call: 30 + own.below(870),
        liquidate: 5 + own.below(295),
        exit: 300 + own.below(1_500),
        sign: 300 + own.below(3_300),
        prove: 3_600 + own.below(8_400),
        tipWei: BigInt(1 + own.below(5)) * (GWEI / 2n),
        rival: isWanted ? { account: rival, after: 600 + own.below(16_000) } : undefined,
      });
    });
  }

  get bondsReturned(): Returned {
    return this.returned;
  }

  /** All deposits as they were at the last look. */
  get all(): readonly Standing[] {
    return [...this.standings.values()];
  }

  /** What everybody reads of the price feed from the next block on. BTC per ETH, 1e18 = one. */
  priced(btcPerEthWad: bigint): void {
    this.btcPerEthWad = btcPerEthWad;
  }

  /** Reads every deposit at the newest block. @returns those whose state is another one than before, with the state before. */
  async look(): Promise<readonly { readonly now: Standing; readonly before: Standing | undefined }[]> {
    const { scenario, deposits, chain, roles } = this.world;
    const states = await Promise.all(
      deposits.map(async ({ address }) => depositState(await scenario.contracts.deposit(address).currentState())),
    );
    const holdings = await Promise.all(
      roles.rivals.map(async (rival) => [rival, await scenario.contracts.token.balanceOf(rival)] as const),
    );
    this.rivalUnits = new Map(holdings);
    const changes: { now: Standing; before: Standing | undefined }[] = [];
    deposits.forEach((deposit, index) => {
      const state = states[index] ?? DepositState.START;
      const before = this.standings.get(deposit.address);
      const sinceSeconds = before?.state === state ? before.sinceSeconds : chain.seconds;
      const now = { deposit, state, sinceSeconds, healthBps: this.healthOf(deposit) };
      this.standings.set(deposit.address, now);
      this.remember(now);
      if (before?.state !== state) changes.push({ now, before });
    });
    return changes;
  }

  /** When somebody acts next, unix seconds. */
  get nextSeconds(): number | undefined {
    const times = this.dues().map(({ atSeconds }) => atSeconds);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Sends what is contested and due by then, for the block of that time. */
  async queueUntil(seconds: number): Promise<void> {
    for (const due of this.dues()) {
      const { deposit, act, atSeconds } = due;
      if (isOwn(act) || atSeconds > seconds) continue;
      this.triedAt.set(keyOf(due), seconds);
      await this.queue(deposit, act);
    }
  }

  /** Does everything else that is due now. @returns whether something was done. */
  async settle(): Promise<boolean> {
    const now = this.world.chain.seconds;
    let isDone = false;
    for (const due of this.dues()) {
      const { deposit, act, atSeconds } = due;
      if (!isOwn(act) || atSeconds > now) continue;
      this.triedAt.set(keyOf(due), now);
      await this.carryOut(deposit, act);
      isDone = true;
    }
    return isDone;
  }

  /** Exactly what the contract compares, in percent, rounded down. */
  private healthOf({ bondWei, lotSat }: ReplayDeposit): bigint {
    return collateralDown(bondWei, lotSat, weiPerSat(this.btcPerEthWad), ALL_BPS);
  }

  private remember({ deposit: { address }, state, healthBps }: Standing): void {
    const now = this.world.chain.seconds;
    const percentBps = (healthBps / PERCENT_BPS) * PERCENT_BPS;
    const isCalled = state === DepositState.COURTESY_CALL;
    const isAlive = isCalled || state === DepositState.ACTIVE;
    const holds: readonly (readonly [Act, boolean])[] = [
      ["call", state === DepositState.ACTIVE && percentBps < CALL_BELOW_BPS],
      ["liquidate", isAlive && percentBps < LIQUIDATE_BELOW_BPS],
      ["exit", isCalled && percentBps >= CALL_BELOW_BPS],
    ];
    for (const [act, isSo] of holds) {
      const key = `${address} ${act}`;
      if (!isSo) this.since.delete(key);
      else if (!this.since.has(key)) this.since.set(key, now);
    }
  }

  private dues(): readonly Due[] {
    return [...this.standings.values()].flatMap((standing) =>
      this.duesOf(standing).map((due) => {
        const tried = this.triedAt.get(keyOf(due));
        return {
          ...due,
          atSeconds: tried === undefined ? due.atSeconds : Math.max(due.atSeconds, tried + RETRY_SECONDS),
        };
      }),
    );
  }

  private duesOf({ deposit, state, sinceSeconds }: Standing): readonly Due[] {
    const habits = this.habits.get(deposit.address);
    if (habits === undefined) return [];
    const due = (act: Act, atSeconds: number | undefined): readonly Due[] =>
      atSeconds === undefined ? [] : [{ deposit, act, atSeconds }];
    const after = (act: "call" | "liquidate" | "exit"): readonly Due[] => {
      const since = this.since.get(`${deposit.address} ${act}`);
      return due(act, since === undefined ? undefined : since + habits[act]);
    };
    switch (state) {
      case DepositState.ACTIVE:
        return [...after("liquidate"), ...after("call")];
      case DepositState.COURTESY_CALL:
        return [
          ...after("liquidate"),
          ...after("exit"),
          ...due("expire", sinceSeconds + Number(COURTESY_PERIOD_SECONDS)),
          ...(this.mayCompete(deposit, habits) ? due("redeem", sinceSeconds + (habits.rival?.after ?? 0)) : []),
        ];
      case DepositState.AWAITING_WITHDRAWAL_SIGNATURE:
        return due("sign", sinceSeconds + habits.sign);
      case DepositState.AWAITING_WITHDRAWAL_PROOF:
        return due("prove", sinceSeconds + habits.prove);
      case DepositState.LIQUIDATION_IN_PROGRESS:
        return this.auctionLook(deposit, sinceSeconds);
      default:
        return [];
    }
  }

  /** The vending machine is the only way that rivals know. */
  private mayCompete({ isSold, lotSat }: ReplayDeposit, { rival }: Habits): boolean {
    return isSold && rival !== undefined && (this.rivalUnits.get(rival.account) ?? 0n) >= satToTbtcWei(lotSat);
  }

  private auctionLook(deposit: ReplayDeposit, sinceSeconds: number): readonly Due[] {
    const tried = this.triedAt.get(keyOf({ deposit, act: "buy" }));
    const atSeconds = (tried ?? sinceSeconds) + (tried === undefined ? 0 : BUYER_SECONDS);
    return atSeconds > sinceSeconds + BUYER_PATIENCE_SECONDS ? [] : [{ deposit, act: "buy", atSeconds }];
  }

  private async queue(deposit: ReplayDeposit, act: ContestedAct): Promise<void> {
    const { chain, roles, scenario } = this.world;
    const habits = this.habits.get(deposit.address);
    const tipWei = habits?.tipWei ?? 0n;
    if (act === "redeem") {
      const output = satToBytes8(deposit.utxoSat - RIVAL_FEE_SAT);
      const data = tbtcAbi.vendingMachine.encodeFunctionData("tbtcToBtc", [deposit.address, output, RIVAL_SCRIPT]);
      const from = habits?.rival?.account ?? "";
      await chain.queue({ from, to: scenario.world.addresses.vendingMachine, data, tipWei });
      return;
    }
    const { selector } = tbtcAbi.deposit.getFunction(NOTICES[act]);
    await chain.queue({ from: roles.liquidator, to: deposit.address, data: selector, tipWei });
  }

  private async carryOut(deposit: ReplayDeposit, act: OwnAct): Promise<void> {
    const { scenario } = this.world;
    if (act === "sign") await scenario.provideSignature(deposit);
    else if (act === "prove") await scenario.proveRedemption(deposit);
    else await this.buy(deposit);
  }

  /** Takes a bond that pays for the lot, and says what the signers got back of it. */
  private async buy(deposit: ReplayDeposit): Promise<void> {
    const { scenario, roles } = this.world;
    const worthWei = deposit.lotSat * weiPerSat(this.btcPerEthWad) + TAKER_COST_WEI;
    if ((await scenario.contracts.deposit(deposit.address).auctionValue()) < worthWei) return;
    const lotWei = satToTbtcWei(deposit.lotSat);
    const approve = tbtcAbi.token.encodeFunctionData("approve", [deposit.address, lotWei]);
    await scenario.send(roles.buyer, scenario.world.addresses.token, approve);
    const { logs } = await scenario.notify(deposit.address, "purchaseSignerBondsAtAuction", roles.buyer);
    const keep = deposit.keep.toLowerCase();
    const rewards = logs.filter(({ address, topics }) => address.toLowerCase() === keep && topics[0] === REWARD_TOPIC);
    this.returned.set(
      deposit.address,
      rewards.reduce((sum, { data }) => sum + BigInt(data), 0n),
    );
  }
}

function isOwn(act: Act): act is OwnAct {
  return act === "sign" || act === "prove" || act === "buy";
}

function keyOf({ deposit, act }: Pick<Due, "deposit" | "act">): string {
  return `${deposit.address} ${act}`;
}
