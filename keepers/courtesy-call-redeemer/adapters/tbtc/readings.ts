/** Deposits as one block shows them. Nothing that can change is remembered. */
import type { Result } from "ethers";

import { AUCTION_STATES, DepositState, knownState, SETTLING_STATES } from "../../../../protocol/tbtc/states.js";
import { COURTESY_PERIOD_SECONDS } from "../../../../protocol/tbtc/constants.js";
import { depositSlots, wordAddress, wordValue } from "../../../../protocol/tbtc/storage.js";
import { collateralDown } from "../../../../protocol/tbtc/units.js";
import type { ChainClient } from "../../../kit/provider.js";
import { readPinned } from "../../../kit/providers/pinned.js";
import type { RpcAnswer } from "../../../kit/providers/transport.js";
import type { BlockRef, LossModel, Position, PriceTime, Reading, Stage } from "../../types.js";
import { FactsCache, type DepositFacts } from "./facts.js";
import { answered, meant, numberOf, slotRead, view, type View } from "./views.js";

const ALL_BPS = 10_000n;
const BPS_PER_PERCENT = 100n;
const PERCENT_SQUARED = 10_000n;
/** Of what the auction leaves, half goes to whoever started the liquidation. */
const REST_LOST_BPS = 5_000n;
const MAX_UINT32 = 2n ** 32n - 1n;
const NEVER = { callBelowBps: 0n, liquidateBelowBps: 0n } as const;

export interface ReadingsParts {
  readonly client: Pick<ChainClient, "ask">;
  readonly system: string;
  readonly priceFeed: string;
  /** A price that was written longer ago is stale; one whose medianizer does not tell is not. */
  readonly maxPriceAgeSeconds: bigint;
  /** What buying a bond costs its buyer beside the lot. */
  readonly takerCostWei: bigint;
}

export class Readings {
  private readonly facts: FactsCache;

  constructor(private readonly parts: ReadingsParts) {
    this.facts = new FactsCache(parts.client);
  }

  /** @throws RetryableError when no node can say. */
  async read(positions: readonly Position[], block: BlockRef): Promise<readonly Reading[]> {
    const facts = await this.facts.of(positions, block);
    const present = positions.flatMap((position) => {
      const known = facts.get(position.id);
      return known === undefined ? [] : [{ position, facts: known }];
    });
    const [asker, ...others] = present.map(({ position: { id } }) =>
      view("system", this.parts.system, "fetchBitcoinPrice", [], id),
    );
    if (asker === undefined) return positions.map(gone);
    const views = present.flatMap(({ position, facts: { keep } }) => [
      view("deposit", position.id, "currentState"),
      view("keep", keep, "checkBondAmount"),
    ]);
    const feed = view("priceFeed", this.parts.priceFeed, "getWorkingEthBtcFeed");
    const [priceAnswer, feedAnswer, ...answers] = await readPinned(
      this.parts.client,
      block,
      [asker, feed, ...views].map(({ read }) => read),
    );
    const priced = await this.pricedAt(feedAnswer, block);
    // A price that the system refuses to give is none, and neither is one that is too old.
    const told = meant(asker, priceAnswer) ?? (await this.firstOf(others, block));
    const weiPerSat = told === undefined || priced.isStale ? 0n : numberOf(told);
    const seen = present.flatMap(({ position, facts: known }, index) => {
      const [state, bond] = views
        .slice(2 * index, 2 * index + 2)
        .map((one, part) => meant(one, answers[2 * index + part]));
      // Whatever is at that address now, it is no deposit, and must not keep the others from being seen.
      const named = state === undefined ? undefined : knownState(numberOf(state));
      if (named === undefined || bond === undefined) return [];
      return [{ position, facts: known, state: named, bondWei: numberOf(bond) }];
    });
    const called = seen.filter(({ state }) => state === DepositState.COURTESY_CALL);
    const calledAt = await this.calledAt(called, block);
    const readings = new Map<string, Reading>();
    for (const { position, facts: known, state, bondWei } of seen) {
      const reading = readingOf(position, known, state, bondWei, weiPerSat, this.parts.takerCostWei);
      const since = calledAt.get(position.id);
      const graceEndsAt = since === undefined ? undefined : since + COURTESY_PERIOD_SECONDS;
      readings.set(position.id, { ...reading, graceEndsAt, priced });
    }
    return positions.map((position) => readings.get(position.id) ?? gone(position));
  }

  /** The system tells its price to genuine deposits alone, and one that asks may be none. */
  private async firstOf(views: readonly View[], block: BlockRef): Promise<Result | undefined> {
    const reads = views.map(({ read }) => read);
    const answers = await readPinned(this.parts.client, block, reads);
    return views.map((one, index) => meant(one, answers[index])).find((told) => told !== undefined);
  }

  /** When the price was written, as far as its source tells: tBTC v1 asks for none but the price itself. */
  private async pricedAt(feedAnswer: RpcAnswer | undefined, block: BlockRef): Promise<PriceTime> {
    const medianizer = wordAddress(answered(feedAnswer));
    if (medianizer === undefined) return { at: undefined, isStale: false };
    const { read } = view("medianizer", medianizer, "age");
    const [answer] = await readPinned(this.parts.client, block, [read]);
    const at = wordValue(answered(answer));
    // Other medianizers may answer something else to a question they do not know.
    if (at === undefined || at > MAX_UINT32) return { at: undefined, isStale: false };
    return { at, isStale: block.timestamp - at > this.parts.maxPriceAgeSeconds };
  }

  /** The branch that was read is gone: nothing that was remembered of it holds. */
  forget(): void {
    this.facts.clear();
  }

  /**
   * When the courtesy of each was called, unix seconds: no getter tells, and an event that a node leaves out would pass for another one.
   * Missing where the deposit's storage is not laid out as that of tBTC v1; a call whose end is unknown is most urgent.
   */
  private async calledAt(
    called: readonly { readonly position: Position; readonly facts: DepositFacts }[],
    block: BlockRef,
  ): Promise<ReadonlyMap<string, bigint>> {
    const reads = called.flatMap(({ position: { id } }) => [
      slotRead(id, depositSlots.keepAddress, block),
      slotRead(id, depositSlots.courtesyCallInitiated, block),
    ]);
    const answers = await readPinned(this.parts.client, block, reads);
    return new Map(
      called.flatMap(({ position: { id }, facts: { keep } }, index): [string, bigint][] => {
        const [named, initiated] = answers.slice(2 * index, 2 * index + 2).map(answered);
        const seconds = wordValue(initiated);
        return wordAddress(named) !== keep || seconds === undefined || seconds === 0n ? [] : [[id, seconds]];
      }),
    );
  }
}

/** In the words of the core. */
export function stageOf(state: DepositState): Stage {
  if (state === DepositState.ACTIVE) return "open";
  if (state === DepositState.COURTESY_CALL) return "called";
  if (SETTLING_STATES.has(state)) return "rescuing";
  if (AUCTION_STATES.has(state)) return "liquidating";
  const isSetup =
    state === DepositState.START ||
    state === DepositState.AWAITING_SIGNER_SETUP ||
    state === DepositState.AWAITING_BTC_FUNDING_PROOF;
  return isSetup ? "setup" : "closed";
}

/** @param weiPerSat 0: the system has no price */
function readingOf(
  position: Position,
  { lotSat, thresholds, initialPercent }: DepositFacts,
  state: DepositState,
  bondWei: bigint,
  weiPerSat: bigint,
  takerCostWei: bigint,
): Omit<Reading, "graceEndsAt"> {
  const stage = stageOf(state);
  const isAlive = stage === "open" || stage === "called";
  // Elsewhere the bond is not there yet, or not any more: a health of 0 would be an alarm about nothing.
  const healthBps = isAlive && weiPerSat > 0n ? collateralDown(bondWei, lotSat, weiPerSat, ALL_BPS) : undefined;
  const loss: LossModel = {
    kind: "auction",
    collateralWei: bondWei,
    // Without a price nothing is claimed: the bond is then lost from where its auction starts.
    debtWei: lotSat * weiPerSat,
    takerCostWei,
    startBps: (PERCENT_SQUARED / initialPercent) * BPS_PER_PERCENT,
    restLostBps: REST_LOST_BPS,
  };
  const wasLost = state === DepositState.LIQUIDATED;
  return { position, stage, healthBps, thresholds, loss, bountyWei: 0n, ...(wasLost ? { wasLost } : {}) };
}

/** Nothing of the system is there. */
function gone(position: Position): Reading {
  const loss: LossModel = {
    kind: "auction",
    collateralWei: 0n,
    debtWei: 0n,
    takerCostWei: 0n,
    startBps: 0n,
    restLostBps: 0n,
  };
  return {
    position,
    stage: "closed",
    healthBps: undefined,
    thresholds: NEVER,
    graceEndsAt: undefined,
    loss,
    bountyWei: 0n,
  };
}
