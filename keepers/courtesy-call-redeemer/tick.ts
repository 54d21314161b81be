/**
 * One look at all positions and what follows from it. Care for what is in flight → find → read at one block → end what has ended, withdraw
 * what is not needed any more → decide (pure) → try the same calls → write down → send as one batch → go on with what is being settled
 * (settling.ts). Every edge is handed in. Nothing here remembers anything that matters: a process that dies anywhere is followed by one that
 * reads the same.
 */
import { formatUnits } from "ethers";

import type { RescueEnd } from "../../db/queries/rescue/rows.js";
import { RetryableError } from "../../protocol/errors.js";
import type { Counters } from "../kit/counters.js";
import { effectivePriceWei, firstFees, type FeePolicy } from "../kit/fees.js";
import { describeError, type Fact, type Facts, type KeeperLog } from "../kit/logger.js";
import type { Action as TypedAction, EncodeAction } from "../kit/policy/action.js";
import type { ChainClient, Head } from "../kit/provider.js";
import { pinnedCall } from "../kit/providers/confirm.js";
import type { RecordSink } from "../kit/record.js";
import type { Intent, Refusal, Settled, Submission, Submitter } from "../kit/submitter.js";
import { Allowances } from "./allowances.js";
import { resetsOf } from "./approvals.js";
import { Aside } from "./aside.js";
import { buildBatch, type Batch } from "./batch.js";
import { decide, type DecideConfig, type Decision, type Observation } from "./decide.js";
import type { EarningDesk } from "./earningDesk.js";
import { tokenAbi } from "./encode.js";
import { explain } from "./explain.js";
import { dutyOf, onItsWayOf, rescuedOf, unsettledOf } from "./inFlight.js";
import { listedOf } from "./listed.js";
import { needsOf, type Needs } from "./needs.js";
import type { Notices } from "./notices.js";
import { Settling, type SettlingConfig } from "./settling.js";
import type { RescueSite } from "./site.js";
import { keysOf, type OpenRescue, type RescueStore, type StoredRescues } from "./store.js";
import { allowedEffects } from "./strategies/modes.js";
import type { Choice } from "./strategies/planner.js";
import { urgencyOf } from "./strategies/urgency.js";
import type { BlockRef, Call, Reading } from "./types.js";
import type { Watchlist } from "./watchlist.js";
import { waysOf } from "./ways.js";

export interface TickConfig extends SettlingConfig {
  /** Between two looks at all positions while none is in danger. */
  readonly cooldownMs: number;
}

export interface TickParts {
  readonly site: RescueSite;
  readonly account: string;
  readonly decide: DecideConfig;
  readonly config: TickConfig;
  readonly fees: FeePolicy;
  readonly watchlist: Watchlist;
  readonly notices: Notices;
  /** Of the token: sent away for something else, and not mined yet. */
  readonly heldUnits?: () => Promise<bigint>;
  /** Absent: rescues are not paid for. */
  readonly desk?: Pick<EarningDesk, "run">;
  /** undefined: a dry run, in which nothing was ever begun. */
  readonly store: RescueStore | undefined;
  /** Transactions that the outbox holds at a time. */
  readonly window: number;
  readonly client: Pick<ChainClient, "agreed" | "agreedEach">;
  readonly encode: EncodeAction;
  /** The typed form of a call that may be signed. */
  readonly typed: (call: Call) => TypedAction | undefined;
  readonly submitter: Submitter;
  readonly counters: Counters;
  readonly record: RecordSink;
  readonly log: KeeperLog;
  readonly nowMs?: () => number;
}

const NOTHING_BEGUN: StoredRescues = { open: [], begun: new Map(), done: new Map() };

export class RescueTick {
  private sweptMs: number | undefined;
  /** Somebody is in danger, or something is on its way: every block counts. */
  private isAlert = false;
  private shown = "";
  /** Rescues that ended just now, of which the positions' readings are still to be told. */
  private ended = new Set<string>();
  private readonly aside = new Aside();
  /** Most rescues of the next batch. */
  private most = Number.POSITIVE_INFINITY;
  private readonly settling: Settling;
  private readonly allowances: Allowances;
  private needsNow: Needs | undefined;

  constructor(private readonly parts: TickParts) {
    this.settling = new Settling(parts);
    this.allowances = new Allowances(parts.client);
  }

  /** What rescues may need, after the newest decision; undefined where it could not be made. */
  get needs(): Needs | undefined {
    return this.needsNow;
  }

  /** Looks after what is in flight and writes down how it ended. @throws RetryableError when the chain cannot be asked. */
  async upkeep(head: Head): Promise<void> {
    const { submitter, counters, record } = this.parts;
    for (const settled of await submitter.upkeep(head)) {
      counters.add(`settled.${settled.kind}`);
      record.write({ kind: `tx.${settled.kind}`, block: settled.block ?? head.number, facts: settledFacts(settled) });
    }
  }

  /** Another process leads: it finds more, and what was seen before says nothing about now. */
  forget(): void {
    this.parts.watchlist.forget();
    this.sweptMs = undefined;
  }

  /** @param acts false: nothing new is signed, books are kept all the same. @throws RetryableError; nothing was begun then. */
  async run(head: Head, acts: boolean): Promise<void> {
    const { site, watchlist, store, counters, notices } = this.parts;
    if (this.rests()) {
      counters.add("cooldown");
      return;
    }
    this.needsNow = undefined;
    await this.discover();
    const block: BlockRef = { number: head.number, hash: head.hash, timestamp: BigInt(head.timestamp) };
    const before = (await store?.load()) ?? NOTHING_BEGUN;
    const ours = new Set(before.open.map(({ position }) => position));
    const { operators } = this.parts.decide;
    const looked = await listedOf(site.protocol, operators, watchlist.watched(), ours, this.parts.account, block);
    const readings = await site.protocol.read(looked, block);
    await watchlist.see(readings, BigInt(head.number));
    const byPosition = new Map(readings.map((reading) => [reading.position.id, reading]));
    await this.tend(before.open, byPosition, head);
    const books = (await store?.load()) ?? NOTHING_BEGUN;
    const busy = new Set(books.open.map(({ position }) => position));
    notices.look(readings, new Set([...busy, ...this.ended]), head.number);
    this.ended = new Set();
    try {
      await this.rescue(readings, books, byPosition, block, head, acts);
    } finally {
      // Whatever keeps rescues from being decided, those that were made go on.
      if (store !== undefined) await this.settling.run(readings, books, block, head, acts);
      await this.parts.desk?.run(rescuedOf(readings, books, this.parts.account), block, head, acts);
    }
  }

  private async rescue(
    readings: readonly Reading[],
    books: StoredRescues,
    byPosition: ReadonlyMap<string, Reading>,
    block: BlockRef,
    head: Head,
    acts: boolean,
  ): Promise<void> {
    const { site, decide: config, notices, heldUnits } = this.parts;
    const observation = await this.observe(readings, books, block, head);
    const { reserve } = config;
    const kept = { ...reserve, tokenUnits: reserve.tokenUnits + ((await heldUnits?.()) ?? 0n) };
    const decision = decide(observation, { ...config, reserve: kept });
    this.needsNow = needsOf(observation, decision, config);
    this.sweptMs = this.nowMs();
    this.isAlert = decision.endangered.length > 0 || books.open.length > 0;
    notices.means(decision, head.number, (units) => formatUnits(units, site.token.decimals));
    this.show(decision, observation, byPosition);
    if (acts && decision.plan.chosen.length > 0) await this.act(decision, books, byPosition, block, head);
  }

  private rests(): boolean {
    if (this.sweptMs === undefined || this.isAlert) return false;
    const { cooldownMs, settleEveryMs } = this.parts.config;
    const restMs = this.settling.open > 0 ? Math.min(cooldownMs, settleEveryMs) : cooldownMs;
    return this.nowMs() - this.sweptMs < restMs;
  }

  private nowMs(): number {
    return this.parts.nowMs?.() ?? performance.now();
  }

  /** Nodes that cannot say what is new keep nobody from looking after what is known. */
  private async discover(): Promise<void> {
    const { watchlist, counters, log } = this.parts;
    try {
      await watchlist.discover();
    } catch (error) {
      if (!(error instanceof RetryableError) || watchlist.size === 0) throw error;
      counters.add("discovery.failed");
      log.warn("discovery.failed", describeError(error));
    }
  }

  private async observe(
    readings: readonly Reading[],
    books: StoredRescues,
    block: BlockRef,
    head: Head,
  ): Promise<Observation> {
    const { account, fees, decide: config } = this.parts;
    const busy = new Set(books.open.map(({ position }) => position));
    const positions = await Promise.all(
      readings.map(async (reading): Promise<Observation["positions"][number]> => {
        const { id } = reading.position;
        if (busy.has(id) || !mayAct(reading, block.timestamp, config)) return { reading, options: [] };
        if (this.aside.has(id, block.number)) return { reading, options: [], without: "put-aside" };
        return waysOf(this.parts.site.protocol, reading, account, block, this.parts.log);
      }),
    );
    const needsMeans = positions.some(({ options }) => options.length > 0);
    const payable = firstFees(fees, head.nextBaseFeeWei);
    return {
      block,
      positions,
      balance: needsMeans ? await this.balance(head) : { tokenUnits: 0n, nativeWei: 0n },
      onItsWay: [...books.open.map(onItsWayOf), ...unsettledOf(readings, books)],
      gasPriceWei: payable === undefined ? fees.maxFeePerGasWei : effectivePriceWei(payable, head.nextBaseFeeWei),
    };
  }

  /** What enough nodes say alike. */
  private async balance(head: Head): Promise<Observation["balance"]> {
    const { client, account, site } = this.parts;
    const data = tokenAbi.encodeFunctionData("balanceOf", [account]);
    const [native, token] = await client.agreed(head, [
      { method: "eth_getBalance", params: (at) => [account, at] },
      pinnedCall({ to: site.token.address, data }),
    ]);
    return { nativeWei: BigInt(String(native)), tokenUnits: BigInt(String(token)) };
  }

  // --- What was begun ---

  private async tend(open: readonly OpenRescue[], readings: ReadonlyMap<string, Reading>, head: Head): Promise<void> {
    const { store, submitter, log, record, account } = this.parts;
    for (const rescue of open) {
      const reading = readings.get(rescue.position);
      const duty = dutyOf(rescue, reading, account.toLowerCase());
      const { position, ordinal } = rescue;
      const why = "why" in duty ? { why: duty.why } : {};
      const rescuer = reading?.rescuer === undefined ? {} : { rescuer: reading.rescuer };
      const facts = { position, ordinal, stage: reading?.stage, block: head.number, ...rescuer, ...why };
      switch (duty.what) {
        case "drop":
          this.wrote("dropped", (await store?.drop(rescue))?.ok === true, facts, head);
          break;
        case "end":
          this.ended.add(rescue.position);
          this.wrote(duty.as, (await store?.end(rescue, duty.as))?.ok === true, facts, head);
          break;
        case "withdraw":
          submitter.withdraw?.(keysOf(rescue));
          log.warn("rescue.withdrawn", facts);
          record.write({ kind: "rescue.withdrawn", block: head.number, facts });
          break;
        case "wait":
          break;
      }
    }
  }

  private wrote(end: RescueEnd, isWritten: boolean, facts: Facts, head: Head): void {
    const { counters, log, record } = this.parts;
    if (!isWritten) {
      counters.add("books.stale");
      return;
    }
    counters.add(`rescues.${end}`);
    // A lost race is no failure: the operators are safe.
    log[end === "failed" || end === "lost" ? "error" : "info"](`rescue.${end}`, facts);
    record.write({ kind: `rescue.${end}`, block: head.number, facts });
  }

  // --- Acting ---

  private async act(
    { plan, endangered }: Decision,
    books: StoredRescues,
    readings: ReadonlyMap<string, Reading>,
    block: BlockRef,
    head: Head,
  ): Promise<void> {
    const { site, account, config, decide: rules, store, submitter, window, encode, typed, counters, log } = this.parts;
    const tried = await Promise.all(
      plan.chosen.map(async (choice) => ({
        choice,
        simulation: await site.protocol.simulate(choice.action, account, block),
      })),
    );
    for (const { choice, simulation } of tried) {
      if (!simulation.ok) this.leave(choice.candidate.position, `simulate-${simulation.error}`, simulation.name, head);
    }
    const dangers = new Map(endangered.map((one) => [one.position, one]));
    const batch = buildBatch(
      tried.filter(({ simulation }) => simulation.ok).map(({ choice }) => choice),
      config,
      {
        head,
        room: window - submitter.pending().length,
        most: this.most,
        endangered: dangers,
        stageOf: (position) => (readings.get(position)?.stage === "called" ? "called" : "open"),
        begun: books.begun,
        encode,
        typed,
        resets: await this.resets(
          tried.map(({ choice }) => choice),
          head,
        ),
        stakeWei: ({ candidate }) =>
          rules.operators.kind === "service"
            ? candidate.atStakeWei
            : (dangers.get(candidate.position)?.lossWei ?? candidate.atStakeWei),
      },
    );
    for (const { about, reason } of batch.left) this.leave(about, reason, "", head);
    if (batch.rescues.length === 0) return;
    const stored = await store?.begin(batch.rescues);
    if (stored?.ok === false) {
      counters.add(`books.${stored.refusal}`);
      for (const { position } of batch.rescues) this.leave(position, "not-stored", stored.refusal, head);
      return;
    }
    const startedMs = performance.now();
    const refused = await this.submit(batch.intents, head);
    const submitMs = Math.round(performance.now() - startedMs);
    this.learn(batch, refused, head);
    const facts = { block: head.number + 1, ...batchFacts(batch), refused, submitMs };
    if (refused === undefined) log.info("rescue.batch", facts);
    else for (const { position } of batch.rescues) this.leave(position, "not-submitted", refused, head);
    this.parts.record.write({ kind: "batch", block: head.number + 1, facts });
  }

  /** What is too much for the limits of a day is tried by halves, the most urgent first; what is too much alone makes way. */
  private learn({ rescues }: Batch, refused: string | undefined, head: Head): void {
    const half = refused === ("policy" satisfies Refusal) ? Math.floor(rescues.length / 2) : 0;
    this.most = half > 0 ? half : Number.POSITIVE_INFINITY;
    for (const { position } of rescues) {
      if (refused === undefined) this.aside.forget(position);
      else if (refused === ("policy" satisfies Refusal) && half === 0) this.aside.put(position, head.number);
    }
  }

  /** Spenders to whom the token gives no new allowance over the one that an earlier batch left. */
  private resets(chosen: readonly Choice[], head: Head): Promise<ReadonlySet<string>> {
    const { client, account, site, submitter } = this.parts;
    const units = new Map<string, bigint>();
    for (const { action } of chosen) {
      if (action.allowance === undefined) continue;
      const { spender } = action.allowance;
      units.set(spender, (units.get(spender) ?? 0n) + action.allowance.units);
    }
    const parts = { client, allowances: this.allowances, token: site.token.address, account };
    return resetsOf(parts, units, submitter.pending().length > 0, head);
  }

  /** What the outbox throws is an answer too: nobody knows then whether it is written, and the books will say. @returns why not. */
  private async submit(intents: readonly Intent[], head: Head): Promise<string | undefined> {
    const { submitter, counters, log } = this.parts;
    try {
      if (submitter.submitBatch !== undefined) return this.said(await submitter.submitBatch(intents, head), intents);
      for (const intent of intents) {
        const refused = this.said(await submitter.submit(intent, head), [intent]);
        if (refused !== undefined) return refused;
      }
      return undefined;
    } catch (error) {
      counters.add("sent.unknown");
      log.warn("send.unknown", describeError(error));
      return describeError(error).code;
    }
  }

  private said(submission: Submission, intents: readonly Intent[]): string | undefined {
    const { counters } = this.parts;
    if (submission.accepted) {
      for (const { action } of intents) counters.add(`${submission.broadcast ? "sent" : "dry-run"}.${action.name}`);
      return undefined;
    }
    counters.add(`sent.refused.${submission.refusal}`);
    return submission.refusal;
  }

  /** Chosen, and not done at this block. */
  private leave(about: string, reason: string, detail: string, head: Head): void {
    const { counters, log, record } = this.parts;
    counters.add(`left.${reason}`);
    log.info("rescue.left", { about, reason, detail });
    record.write({ kind: "left", block: head.number, facts: { about, reason, detail } });
  }

  // --- What people see ---

  /** Counts every skip of every look; logs and records decisions when they differ from the one before, and every plan. */
  private show(decision: Decision, observation: Observation, readings: ReadonlyMap<string, Reading>): void {
    const { counters, log, record } = this.parts;
    const { plan, skips, endangered } = decision;
    for (const skip of skips) {
      counters.add(`skip.${skip.reason}`);
      log.debug(`skip.${skip.reason}`, { about: skip.about, why: explain(skip) });
    }
    const shown = [
      ...plan.chosen.map(({ candidate }) => candidate.position),
      ...skips.map(({ about, reason }) => `${about} ${reason}`),
    ].join(", ");
    if (plan.chosen.length === 0 && shown === this.shown) return;
    this.shown = plan.chosen.length > 0 ? "" : shown;
    // Whoever is well is counted; whoever is in danger is written down with all that was known.
    const told = skips.filter(({ reason }) => reason !== "healthy" && reason !== "not-redeemable");
    if (told.length > 0) log.info("skips", Object.fromEntries(told.map((skip) => [skip.about, explain(skip)])));
    const { block, balance, onItsWay, gasPriceWei } = observation;
    const facts = {
      block: { ...block },
      balance,
      gasPriceWei,
      onItsWay,
      endangered: endangered.map((one) => ({ ...one, ...readingFacts(readings.get(one.position)) })),
      chosen: plan.chosen.map(({ candidate, action, worthWei, nativeWei }) => ({
        position: candidate.position,
        urgency: candidate.urgency,
        deadline: candidate.deadline,
        atStakeWei: candidate.atStakeWei,
        ...{ effect: action.effect, costUnits: action.costUnits, expenseWei: action.expenseWei },
        ...{ gasLimit: action.gasLimit, worthWei, nativeWei },
      })),
      rejected: skips.map((skip) => ({ ...skip })),
      uncovered: plan.uncovered.map((one) => ({ ...one })),
      shortfall: plan.shortfall,
      classes: plan.classes.map((one) => ({ ...one })),
    };
    record.write({ kind: "decision", block: block.number, facts: facts as unknown as Facts });
  }
}

/** Whether the ways of a position are worth asking for. */
function mayAct(reading: Reading, now: bigint, { mode, operators, urgency }: DecideConfig): boolean {
  const allowed = allowedEffects(reading, mode, operators, urgency.preemptBelowBps);
  return "effects" in allowed && urgencyOf(reading, now, urgency) !== undefined;
}

function batchFacts({ rescues, intents }: Batch): Facts {
  return {
    rescues: rescues.map(({ position, ordinal, effect, costUnits, stakeWei, deadline }): Fact => {
      return { position, ordinal, effect, costUnits, stakeWei, deadline };
    }),
    intents: intents.map(({ key, action, gasLimit, maxFeePerGasWei }): Fact => {
      return { key, action: action.name, gasLimit, maxFeePerGasWei };
    }),
  };
}

function readingFacts(reading: Reading | undefined): Facts {
  if (reading === undefined) return {};
  const { stage, thresholds, graceEndsAt, priced, loss, bountyWei, openBountyWei } = reading;
  const pricedAt = priced?.at;
  return { stage, thresholds: { ...thresholds }, graceEndsAt, pricedAt, loss: { ...loss }, bountyWei, openBountyWei };
}

function settledFacts({ key, hash, nonce, gasUsed, gasPriceWei }: Settled): Facts {
  return { key, hash, nonce, gasUsed, gasPriceWei };
}
