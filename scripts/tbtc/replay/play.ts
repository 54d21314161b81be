/**
 * Plays one history on the stage. Blocks are made where something can happen: at each row, when somebody's time has come, and every quarter of
 * a minute while a transaction of the keeper waits. After the last row its price holds until every window, redemption and auction has ended.
 */
import { toBeHex } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { COURTESY_PERIOD_SECONDS } from "../../../protocol/tbtc/constants.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import type { Rng } from "../../market/rng.js";
import { Crowd, type Returned, type Standing } from "./crowd.js";
import type { EthBtcRow } from "./prices.js";
import type { ReplayWorld } from "./world.js";

/** What of the keeper a play needs. */
export interface Player {
  readonly account: string;
  /** Transactions that wait for a block. */
  pending(): number;
  /** One block's work. */
  step(): Promise<void>;
}

export type Fate = "safe" | "rescued" | "by-another" | "lost";

/** How it went with one deposit. */
export interface Course {
  readonly fate: Fate;
  readonly lowestHealthBps: bigint;
  /** Of the redemption or the liquidation, unix seconds. */
  readonly atSeconds?: number;
  readonly healthBps?: bigint;
  /** What was left of the window; absent where none ran. */
  readonly windowSeconds?: number;
  /** Of the redemption's first payment. */
  readonly feeSat?: bigint;
}

export interface Played {
  readonly courses: ReadonlyMap<string, Course>;
  readonly returned: Returned;
  readonly turns: number;
  readonly isWhole: boolean;
}

export interface PlayOptions {
  readonly world: ReplayWorld;
  readonly rows: readonly EthBtcRow[];
  readonly rng: Rng;
  readonly player?: Player;
  readonly signal: AbortSignal;
  /** Rows played so far. */
  readonly onRow: (count: number) => void;
}

/** Seconds between two blocks while something waits. */
const BLOCK_SECONDS = 15;
/** Far beyond what a history of a year takes: something goes round in circles. */
const MAX_TURNS = 1_000_000;
const GWEI = 10n ** 9n;
/** Base fee: a walk between these; and higher where the price moves by more than a percent from row to row. */
const [CALM_GWEI, BUSY_GWEI, STEP_GWEI, RUSH_GWEI] = [20, 55, 5, 35];
const RUSH_DIVISOR = 100n;
/** Of the medianizer's price. */
const PRICE_SLOT = "0x0";
const WORD_BYTES = 32;

export function play(options: PlayOptions): Promise<Played> {
  return new Play(options).all();
}

class Play {
  private readonly crowd: Crowd;
  private readonly courses = new Map<string, Course>();
  private turns = 0;
  private baseFeeWei = 0n;

  constructor(private readonly options: PlayOptions) {
    this.crowd = new Crowd(options.world, options.rng.stream("crowd"));
  }

  async all(): Promise<Played> {
    const { rows, signal, onRow } = this.options;
    const fees = baseFees(rows, this.options.rng.stream("gas"));
    for (const [index, row] of rows.entries()) {
      await this.until(row.timestampSeconds);
      if (signal.aborted) break;
      this.baseFeeWei = fees[index] ?? 0n;
      await this.price(row.btcPerEthWad);
      await this.turn(row.timestampSeconds);
      onRow(index + 1);
    }
    await this.until(Number.POSITIVE_INFINITY);
    const { courses, turns } = this;
    return { courses, returned: this.crowd.bondsReturned, turns, isWhole: !signal.aborted };
  }

  /** Everything that happens before then. */
  private async until(seconds: number): Promise<void> {
    const { player, world, signal } = this.options;
    while (!signal.aborted) {
      const { nextSeconds } = this.crowd;
      const soon = player !== undefined && player.pending() > 0 ? world.chain.seconds + BLOCK_SECONDS : undefined;
      const next = Math.min(nextSeconds ?? Number.POSITIVE_INFINITY, soon ?? Number.POSITIVE_INFINITY);
      if (next >= seconds || next === Number.POSITIVE_INFINITY) return;
      await this.turn(next);
    }
  }

  private async turn(seconds: number): Promise<void> {
    const { world, player } = this.options;
    this.turns += 1;
    if (this.turns > MAX_TURNS) throw new PermanentError("REPLAY_ENDLESS", "the history does not come to its end");
    await this.crowd.queueUntil(seconds);
    await world.chain.mineAt(seconds, this.baseFeeWei);
    await this.see();
    if (await this.crowd.settle()) await this.see();
    await player?.step();
  }

  private async price(btcPerEthWad: bigint): Promise<void> {
    const { scenario, chain } = this.options.world;
    const word = toBeHex(btcPerEthWad, WORD_BYTES);
    await chain.provider.send("hardhat_setStorageAt", [scenario.world.addresses.medianizer, PRICE_SLOT, word]);
    this.crowd.priced(btcPerEthWad);
  }

  private async see(): Promise<void> {
    for (const { now, before } of await this.crowd.look()) await this.note(now, before);
    for (const { deposit, healthBps } of this.crowd.all) {
      const known = this.courses.get(deposit.address);
      if (known === undefined) this.courses.set(deposit.address, { fate: "safe", lowestHealthBps: healthBps });
      else if (known.fate === "safe" && healthBps < known.lowestHealthBps) {
        this.courses.set(deposit.address, { ...known, lowestHealthBps: healthBps });
      }
    }
  }

  private async note({ deposit, state, healthBps }: Standing, before: Standing | undefined): Promise<void> {
    const { world, player } = this.options;
    const { address } = deposit;
    const atSeconds = world.chain.seconds;
    const lowest = this.courses.get(address)?.lowestHealthBps ?? healthBps;
    const lowestHealthBps = healthBps < lowest ? healthBps : lowest;
    if (state === DepositState.LIQUIDATION_IN_PROGRESS) {
      this.courses.set(address, { fate: "lost", lowestHealthBps, atSeconds, healthBps });
    } else if (state === DepositState.AWAITING_WITHDRAWAL_SIGNATURE) {
      const { requester, feeSat } = await world.scenario.redemption(address);
      const fate = requester === player?.account ? "rescued" : "by-another";
      const wasCalled = before?.state === DepositState.COURTESY_CALL;
      const windowSeconds = wasCalled ? before.sinceSeconds + Number(COURTESY_PERIOD_SECONDS) - atSeconds : undefined;
      const course = { fate, lowestHealthBps, atSeconds, healthBps, feeSat } as const;
      this.courses.set(address, { ...course, ...(windowSeconds === undefined ? {} : { windowSeconds }) });
    }
  }
}

/** One per row. */
function baseFees(rows: readonly EthBtcRow[], rng: Rng): readonly bigint[] {
  let gwei = CALM_GWEI;
  return rows.map(({ btcPerEthWad }, index) => {
    gwei = Math.min(BUSY_GWEI, Math.max(CALM_GWEI, gwei + rng.below(2 * STEP_GWEI + 1) - STEP_GWEI));
    const before = rows[index - 1]?.btcPerEthWad ?? btcPerEthWad;
    const move = btcPerEthWad > before ? btcPerEthWad - before : before - btcPerEthWad;
    return BigInt(gwei + (move * RUSH_DIVISOR > before ? RUSH_GWEI : 0)) * GWEI;
  });
}
