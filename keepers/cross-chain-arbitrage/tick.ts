/**
 * One look at both chains and what follows from it. Pin both heads → care for what is in flight → read books, chains and everything that is
 * on its way as of these heads → end what has ended, send what was written down and not sent → decide (pure) → write down → send. Every edge
 * is handed in. Nothing here remembers anything that matters: a process that dies anywhere is followed by one that reads the same.
 */
import type { LegRow, TransferRow } from "../../db/queries/arbitrage/rows.js";
import type { BridgeMessage } from "../../protocol/bridgeMessage.js";
import { RetryableError } from "../../protocol/errors.js";
import { maxBigint } from "../../protocol/math.js";
import type { Counters } from "../kit/counters.js";
import type { Stored } from "../kit/fenced.js";
import type { Freshness } from "../kit/health.js";
import { describeError, type Facts, type KeeperLog } from "../kit/logger.js";
import type { Head } from "../kit/provider.js";
import type { RecordSink } from "../kit/record.js";
import type { Intent as Call } from "../kit/submitter.js";
import { wantedAllowances, type AllowanceConfig } from "./allowances.js";
import { firstExpiry } from "./deadlines.js";
import { decide } from "./decide.js";
import { approvalAction, BRIDGE, cancelAction, legAction, transferAction } from "./encode.js";
import { explain, explainAct } from "./explain.js";
import type { HeadPair } from "./heads.js";
import {
  allowancesAt,
  blockBelow,
  messageIn,
  messagesAt,
  observeChain,
  seePending,
  type Allowance,
  type ChainPlace,
} from "./observe.js";
import { finishedTrades, legDuties, transferDuties } from "./open.js";
import { booksOf, endOf, messageOf, type SeenPending } from "./pending.js";
import type { Prices } from "./prices.js";
import type { Sender } from "./send.js";
import type { ArbitrageStore, StoredBooks } from "./store.js";
import { positionOf, tradeKey } from "./strategies/brokenLeg.js";
import type {
  ActReason,
  Books,
  ChainKey,
  ChainSnapshot,
  DecideConfig,
  Decision,
  Intent,
  Leg,
  Observation,
  RepairIntent,
  Skip,
  TradeIntent,
  TransferIntent,
} from "./types.js";

/** One of the two chains at work. */
export interface Side {
  readonly place: ChainPlace;
  readonly sender: Sender;
  readonly prices: Prices;
  readonly health: Freshness;
  /** Blocks under which nothing of any value is unwound any more. */
  readonly depth: number;
}

export interface TickConfig extends AllowanceConfig {
  readonly deadlineSeconds: number;
  readonly cancelExpired: boolean;
}

export interface TickParts {
  readonly sides: readonly [Side, Side];
  readonly account: string;
  readonly decide: DecideConfig;
  readonly config: TickConfig;
  /** undefined: a dry run, in which nothing was ever begun. */
  readonly store: ArbitrageStore | undefined;
  readonly reservedUnits: ReadonlyMap<string, bigint>;
  readonly counters: Counters;
  readonly record: RecordSink;
  readonly log: KeeperLog;
}

const NOTHING_BEGUN: Books = {
  ...{ readable: true, trades: [], transfers: [], bookedTodayXauWei: 0n },
  ...{ tradesBegun: new Map(), transfersBegun: new Map(), lastTradeAt: new Map() },
};

/** What is on its way cannot be told. */
const UNREADABLE: Books = { ...NOTHING_BEGUN, readable: false };

type Heads = HeadPair["heads"];

export class ArbitrageTick {
  private shownSkips = "";
  private readonly messages = new Map<string, BridgeMessage>();
  private stuck = new Set<string>();

  constructor(private readonly parts: TickParts) {}

  /** Looks after what is in flight on both chains; one that does not answer does not keep the other waiting. @throws what the first throws. */
  async upkeep({ heads }: HeadPair): Promise<void> {
    await this.prime(heads);
    const results = await Promise.allSettled(
      this.parts.sides.map(({ sender }, at) => sender.upkeep(headOf(heads, at))),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** @param acts false: nothing new is signed, books are kept all the same. @throws RetryableError; nothing was begun then. */
  async run({ heads }: HeadPair, acts: boolean): Promise<void> {
    const { sides, account, store, decide: config } = this.parts;
    const pairs = config.pairs.map(({ pair }) => pair);
    const stored = await store?.load();
    const [first, second, seen] = await Promise.all([
      observeChain(sides[0].place, account, pairs, heads[0]),
      observeChain(sides[1].place, account, pairs, heads[1]),
      stored === undefined ? undefined : this.see(heads, stored),
    ]);
    const chains = [first, second] as const;
    for (const [at, chain] of chains.entries()) this.note(at, chain, heads);
    if (stored !== undefined && seen !== undefined && (await this.tend(stored, seen, chains, heads, acts))) return;
    if (!acts) return;
    const { reservedUnits } = this.parts;
    const books = stored === undefined ? NOTHING_BEGUN : this.books(stored, seen);
    const observation: Observation = { chains, books, reservedUnits };
    const decision = decide(observation, config);
    this.show(decision, observation);
    this.alarm(decision.skips);
    const allowances = chains.every(({ readable }) => readable) ? await this.allow(chains, heads) : undefined;
    if (decision.kind === "skip" || allowances === undefined) return;
    for (const intent of decision.intents) await this.act(intent, stored, heads, chains, allowances);
  }

  /** Books that are written before the first look need prices too. */
  private async prime(heads: Heads): Promise<void> {
    const { sides, account, decide: config } = this.parts;
    const pairs = config.pairs.map(({ pair }) => pair);
    for (const [at, { place, prices }] of sides.entries()) {
      if (!prices.complete) prices.see(await observeChain(place, account, pairs, headOf(heads, at)));
    }
  }

  private note(at: number, chain: ChainSnapshot, heads: Heads): void {
    const side = this.parts.sides[at];
    side?.prices.see(chain);
    if (chain.readable) side?.health.succeeded(headOf(heads, at).number);
    else side?.health.failed("CHAIN_UNREADABLE");
  }

  /** undefined: a chain does not tell, or not alike. */
  private async see(heads: Heads, stored: StoredBooks): Promise<SeenPending | undefined> {
    const { sides, account, log } = this.parts;
    try {
      return await seePending([sides[0].place, sides[1].place], heads, account, stored);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      log.warn("pending.unreadable", describeError(error));
      return undefined;
    }
  }

  private books(stored: StoredBooks, seen: SeenPending | undefined): Books {
    if (seen === undefined) return UNREADABLE;
    const { resultXauWei, unpriced } = stored.booked;
    // What nobody could value may have lost everything that a day may lose.
    const { dailyLossLimitXauWei } = this.parts.decide;
    return booksOf(stored, seen, unpriced > 0n ? -dailyLossLimitXauWei : resultXauWei);
  }

  // --- What was begun ---

  /** Ends, names, drops and sends what was written down. @returns whether inventory has changed by it: then nothing is decided at this head. */
  private async tend(
    stored: StoredBooks,
    seen: SeenPending,
    chains: readonly [ChainSnapshot, ChainSnapshot],
    heads: Heads,
    acts: boolean,
  ): Promise<boolean> {
    await this.closeTrades(stored, seen);
    await this.followTransfers(stored, seen, heads);
    if (acts && this.parts.config.cancelExpired) await this.cancelExpired(stored, seen, heads);
    const timeOf = (chain: ChainKey): bigint => chains.find((known) => known.chain === chain)?.timestamp ?? 0n;
    const { trades } = booksOf(stored, seen, 0n);
    const duties = [
      ...legDuties(stored.legs, trades, timeOf).map((duty) => ({ ...duty, kind: "leg" as const })),
      ...transferDuties(stored.transfers, timeOf).map((duty) => ({ ...duty, kind: "transfer" as const })),
    ];
    let moved = false;
    for (const duty of duties) {
      if (duty.what === "send" && !acts) continue;
      const call = duty.kind === "leg" ? this.legCall(duty.row, heads) : this.transferCall(duty.row, heads);
      const why = duty.what === "drop" ? "too late, or alone" : await call.sender.trial(call.intent, call.head);
      if (why !== undefined) {
        await this.drop(duty.kind, duty.row.effectKey, why);
        moved = true;
        continue;
      }
      const refused = await call.sender.submit(call.intent, call.head);
      if (refused === undefined) moved = true;
      else this.refuse(duty.row.effectKey, "not-submitted", refused);
    }
    return moved;
  }

  private async drop(kind: "leg" | "transfer", key: string, why: string): Promise<void> {
    const { store } = this.parts;
    const stored = await (kind === "leg" ? store?.dropLeg(key) : store?.dropTransfer(key));
    this.wrote(`${kind}.dropped`, stored, { key, why });
  }

  private async closeTrades(stored: StoredBooks, seen: SeenPending): Promise<void> {
    const { store, log } = this.parts;
    const { trades } = booksOf(stored, seen, 0n);
    for (const trade of finishedTrades(stored.legs, trades)) {
      const { pair, ordinal, repairs } = trade;
      const { base: baseUnits, quote: quoteUnits } = positionOf(trade);
      const closed = await store?.closeTrade(pair, ordinal);
      const { resultXauWei, unpriced } = (await store?.resultOf(pair, ordinal)) ?? { resultXauWei: 0n, unpriced: 0n };
      const facts = { pair, ordinal, repairs: repairs.length, baseUnits, quoteUnits, resultXauWei, unpriced };
      this.wrote("trade.closed", closed, facts);
      if (closed?.ok !== true || resultXauWei >= 0n) continue;
      log.warn("pnl.unprofitable", { key: tradeKey(pair, ordinal), resultXauWei });
    }
  }

  private async followTransfers(stored: StoredBooks, seen: SeenPending, heads: Heads): Promise<void> {
    const { store } = this.parts;
    for (const row of stored.transfers) {
      const messageId = messageOf(row, seen);
      if (row.state !== "final" || row.messageId !== null || messageId === undefined) continue;
      const { effectKey: key } = row;
      this.wrote("transfer.named", await store?.nameTransfer(key, messageId), { key, messageId });
    }
    const named = stored.transfers.flatMap(({ messageId: id, fromChain: from }) => (id === null ? [] : [{ id, from }]));
    const settled = named.length === 0 ? new Map() : await this.deepMessages(named, heads);
    for (const row of stored.transfers) {
      const end = endOf(row, seen, settled);
      if (end === undefined) continue;
      const { effectKey: key, messageId, amountUnits } = row;
      const closed = await store?.closeTransfer(key, end);
      this.wrote(`transfer.${end}`, closed, { key, messageId: messageId ?? undefined, amountUnits });
    }
  }

  /** As blocks say that stay. */
  private async deepMessages(ids: readonly { readonly id: string; readonly from: ChainKey }[], heads: Heads) {
    const [a, b] = this.parts.sides;
    const blocks = await Promise.all([blockBelow(a.place, heads[0], a.depth), blockBelow(b.place, heads[1], b.depth)]);
    return messagesAt([a.place, b.place], blocks, ids);
  }

  /** On its destination, what expired there and was never attested; what is accepted waits there for its limits, and arrives. */
  private async cancelExpired(stored: StoredBooks, seen: SeenPending, heads: Heads): Promise<void> {
    for (const row of stored.transfers) {
      const [source, destination] = [this.sideOf(row.fromChain), this.sideOf(row.toChain)];
      const [from, to] = [this.headAt(row.fromChain, heads), this.headAt(row.toChain, heads)];
      const now = BigInt(to.timestamp);
      if (row.messageId === null || row.minedHash === null) continue;
      if (now < firstExpiry(row.deadline)) continue;
      const state = seen.messages.get(row.messageId);
      const key = `cancel:${row.messageId}`;
      if (state?.source !== "sent" || state.destination !== "none" || destination.sender.isPending(key)) continue;
      const known = this.messages.get(row.messageId);
      const message = known ?? (await messageIn(source.place, from, row.minedHash));
      if (message === undefined) continue;
      this.messages.set(row.messageId, message);
      if (now <= message.expiresAt) continue;
      const intent = destination.sender.intent(key, cancelAction(message), to);
      if ((await destination.sender.trial(intent, to)) === undefined) await destination.sender.submit(intent, to);
    }
  }

  // --- What is new ---

  private async allow(
    chains: readonly [ChainSnapshot, ChainSnapshot],
    heads: Heads,
  ): Promise<ReadonlyMap<ChainKey, readonly Allowance[]>> {
    const { account, decide: config } = this.parts;
    const pairs = config.pairs.map(({ pair }) => pair);
    const found = new Map<ChainKey, readonly Allowance[]>();
    for (const [at, { place, sender }] of this.parts.sides.entries()) {
      const head = headOf(heads, at);
      const allowances = await allowancesAt(place, account, pairs, head);
      found.set(place.chain, allowances);
      const chain = chains[at];
      if (chain?.gasPriceWei === undefined) continue;
      const bridge = place.deployment.address(BRIDGE);
      for (const { token, spender, value } of wantedAllowances(chain, allowances, bridge, this.parts.config)) {
        const name = `approve:${token}:${spender}:`;
        if (sender.isPending(name)) continue;
        const intent = sender.intent(`${name}${String(head.number)}`, approvalAction(token, spender, value), head);
        if ((await sender.trial(intent, head)) === undefined) await sender.submit(intent, head);
      }
    }
    return found;
  }

  private async act(
    intent: Intent,
    stored: StoredBooks | undefined,
    heads: Heads,
    chains: readonly [ChainSnapshot, ChainSnapshot],
    allowances: ReadonlyMap<ChainKey, readonly Allowance[]>,
  ): Promise<void> {
    switch (intent.kind) {
      case "trade":
        return this.trade(intent, heads, chains, allowances);
      case "repair":
        return this.repair(intent, stored, heads, allowances);
      case "transfer":
        return this.transfer(intent, stored, heads, allowances);
    }
  }

  private async trade(
    intent: TradeIntent,
    heads: Heads,
    chains: readonly [ChainSnapshot, ChainSnapshot],
    allowances: ReadonlyMap<ChainKey, readonly Allowance[]>,
  ): Promise<void> {
    const { store, counters, log } = this.parts;
    const legs = [intent.buy, intent.sell];
    if (legs.some((leg) => this.lacks(intent.key, leg.chain, leg.tokenIn, leg.pool, leg.amountIn, allowances))) return;
    const calls = legs.map((leg) => this.call(leg.chain, leg.key, this.legOf(intent.pair, leg, heads), heads));
    const trials = await Promise.all(calls.map(({ sender, intent: call, head }) => sender.trial(call, head)));
    const failed = trials.findIndex((why) => why !== undefined);
    if (failed >= 0) {
      this.refuse(intent.key, "simulate-revert", `${legs[failed]?.chain ?? ""}: ${trials[failed] ?? ""}`);
      return;
    }
    const beganAt = maxBigint(chains[0].timestamp, chains[1].timestamp);
    if (!this.isStored(intent.key, await store?.begin(intent, beganAt, this.deadlineOf(heads)))) return;
    const { key, pair, purpose, expectedXauWei, spreadRate } = intent;
    counters.add(`trades.${purpose}`);
    log.info("trade", { key, pair, purpose, expectedXauWei, spreadRate, ...legFacts(legs) });
    const refused = await Promise.all(calls.map(({ sender, intent: call, head }) => sender.submit(call, head)));
    for (const [at, why] of refused.entries())
      if (why !== undefined) this.refuse(legs[at]?.key ?? key, "not-submitted", why);
  }

  private async repair(
    intent: RepairIntent,
    stored: StoredBooks | undefined,
    heads: Heads,
    allowances: ReadonlyMap<ChainKey, readonly Allowance[]>,
  ): Promise<void> {
    const { leg, pair, ordinal, way, resultUnits } = intent;
    if (this.lacks(leg.key, leg.chain, leg.tokenIn, leg.pool, leg.amountIn, allowances)) return;
    const position = stored?.legs.filter((row) => row.pair === pair && row.ordinal === ordinal).length ?? 0;
    const call = this.call(leg.chain, leg.key, this.legOf(pair, leg, heads), heads);
    const written = () => this.parts.store?.repair(intent, position, this.deadlineOf(heads));
    if (!(await this.sendOne(leg.key, call, written))) return;
    this.parts.counters.add(`repairs.${way}`);
    this.parts.log.warn("trade.repair", { key: leg.key, pair, ordinal, way, resultUnits, ...legFacts([leg]) });
  }

  private async transfer(
    intent: TransferIntent,
    stored: StoredBooks | undefined,
    heads: Heads,
    allowances: ReadonlyMap<ChainKey, readonly Allowance[]>,
  ): Promise<void> {
    const { key, token, from, to, amountUnits, maxFeeUnits } = intent;
    const bridge = this.sideOf(from).place.deployment.address(BRIDGE);
    if (this.lacks(key, from, token, bridge, amountUnits + maxFeeUnits, allowances)) return;
    const ordinal = (stored?.transfersBegun.get(`${token}:${from}:${to}`) ?? 0n) + 1n;
    const call = this.transferCall(
      {
        effectKey: key,
        token,
        fromChain: from,
        toChain: to,
        amountUnits,
        maxFeeUnits,
        deadline: this.deadlineOf(heads)(from),
      },
      heads,
    );
    const written = () => this.parts.store?.transfer(intent, ordinal, this.deadlineOf(heads));
    if (!(await this.sendOne(key, call, written))) return;
    this.parts.counters.add("transfers");
    this.parts.log.info("transfer", { key, token, from, to, amountUnits, maxFeeUnits });
  }

  /** Tried, written down, sent. @returns whether it is written down. */
  private async sendOne(
    key: string,
    { sender, intent, head }: PlannedCall,
    write: () => Promise<Stored> | undefined,
  ): Promise<boolean> {
    const why = await sender.trial(intent, head);
    if (why !== undefined) {
      this.refuse(key, "simulate-revert", why);
      return false;
    }
    if (!this.isStored(key, await write())) return false;
    const refused = await sender.submit(intent, head);
    if (refused !== undefined) this.refuse(key, "not-submitted", refused);
    return true;
  }

  /** Says so when a spender may not take as much as an intent needs. */
  private lacks(
    key: string,
    chain: ChainKey,
    token: string,
    spender: string,
    units: bigint,
    allowances: ReadonlyMap<ChainKey, readonly Allowance[]>,
  ): boolean {
    const given = allowances
      .get(chain)
      ?.find((known) => known.token === token && known.spender.toLowerCase() === spender.toLowerCase());
    if (given !== undefined && given.units >= units) return false;
    this.refuse(key, "allowance-missing", `${chain}: ${token} for ${spender}`);
    return true;
  }

  private refuse(about: string, reason: ActReason, detail: string): void {
    const { counters, log, record } = this.parts;
    counters.add(`skip.${reason}`);
    log.info(`skip.${reason}`, { about, why: explainAct({ about, reason, detail }) });
    record.write({ kind: "refused", block: 0, facts: { about, reason, detail } });
  }

  /** A dry run writes nothing and goes on. */
  private isStored(key: string, stored: Stored | undefined): boolean {
    if (stored === undefined || stored.ok) return true;
    this.refuse(key, "not-stored", stored.refusal);
    return false;
  }

  private wrote(event: string, stored: Stored | undefined, facts: Facts): void {
    const { counters, log, record } = this.parts;
    if (stored?.ok !== true) {
      counters.add(`books.${stored?.refusal ?? "none"}`);
      log.debug("books.refused", { event, refusal: stored?.refusal, ...facts });
      return;
    }
    counters.add(event);
    log.info(event, facts);
    record.write({ kind: event, block: 0, facts });
  }

  // --- Bytes ---

  private legOf(pair: string, leg: Leg, heads: Heads) {
    return legAction(pair, leg, this.parts.account, this.deadlineOf(heads)(leg.chain));
  }

  /** A leg as it was written down, deadline included. */
  private legCall(row: LegRow, heads: Heads): PlannedCall {
    const leg = { ...row, chain: row.chainId };
    return this.call(row.chainId, row.effectKey, legAction(row.pair, leg, this.parts.account, row.deadline), heads);
  }

  private transferCall(
    row: Pick<
      TransferRow,
      "effectKey" | "token" | "fromChain" | "toChain" | "amountUnits" | "maxFeeUnits" | "deadline"
    >,
    heads: Heads,
  ): PlannedCall {
    const { effectKey, token, fromChain, toChain: to, amountUnits, maxFeeUnits, deadline } = row;
    const chain = this.parts.sides.find(({ place }) => place.chain === fromChain);
    const address = chain?.place.deployment.address(token) ?? token;
    const action = transferAction({ amountUnits, maxFeeUnits, to }, address, this.parts.account, deadline);
    return this.call(fromChain, effectKey, action, heads);
  }

  private call(chain: ChainKey, key: string, action: Parameters<Sender["intent"]>[1], heads: Heads): PlannedCall {
    const { sender } = this.sideOf(chain);
    const head = this.headAt(chain, heads);
    return { sender, head, intent: sender.intent(key, action, head) };
  }

  private deadlineOf(heads: Heads): (chain: ChainKey) => bigint {
    return (chain) => BigInt(this.headAt(chain, heads).timestamp + this.parts.config.deadlineSeconds);
  }

  private sideOf(chain: ChainKey): Side {
    const [first, second] = this.parts.sides;
    return first.place.chain === chain ? first : second;
  }

  private headAt(chain: ChainKey, heads: Heads): Head {
    return heads[this.parts.sides[0].place.chain === chain ? 0 : 1];
  }

  // --- What people see ---

  /** Counts every skip of every look; logs and records them when they differ from the look before, and every plan. */
  private show(decision: Decision, { chains, books }: Observation): void {
    const { counters, log, record } = this.parts;
    for (const skip of decision.skips) {
      counters.add(`skip.${skip.reason}`);
      log.debug(`skip.${skip.reason}`, { about: skip.about, why: explain(skip) });
    }
    const shown = decision.skips.map(({ about, reason }) => `${about} ${reason}`).join(", ");
    if (decision.kind === "skip" && shown === this.shownSkips) return;
    this.shownSkips = decision.kind === "skip" ? shown : "";
    const spreads = Object.fromEntries(decision.spreadRates);
    const blocks = chains.map(({ chain, blockNumber, blockHash, timestamp }) => {
      return { chain, blockNumber, blockHash, timestamp };
    });
    const open = { trades: books.trades.length, transfers: books.transfers.length };
    if (decision.kind === "skip") {
      const skips = Object.fromEntries(decision.skips.map((skip) => [skip.about, explain(skip)]));
      log.info("skips", { ...skips });
    }
    const facts = {
      ...{ blocks, spreads, gapRounds: decision.gap.rounds, gapSeconds: decision.gap.seconds, ...open },
      skips: decision.skips.map((skip) => ({ ...skip })),
      intents: decision.kind === "plan" ? decision.intents.map((intent) => ({ ...intent })) : [],
      bookedTodayXauWei: books.bookedTodayXauWei,
    };
    record.write({ kind: "decision", block: Number(chains[0].blockNumber), facts: facts as unknown as Facts });
  }

  /** What only a person can end is told once, and again when it is over. */
  private alarm(skips: readonly Skip[]): void {
    const { log } = this.parts;
    const now = new Set(skips.filter(({ reason }) => reason === "broken-leg-stuck").map(({ about }) => about));
    for (const skip of skips.filter(({ about }) => now.has(about) && !this.stuck.has(about)))
      log.error("trade.stuck", { pair: skip.about, why: explain(skip) });
    for (const pair of this.stuck) if (!now.has(pair)) log.info("trade.unstuck", { pair });
    this.stuck = now;
  }
}

interface PlannedCall {
  readonly sender: Sender;
  readonly head: Head;
  readonly intent: Call;
}

function headOf(heads: Heads, at: number): Head {
  return at === 0 ? heads[0] : heads[1];
}

function legFacts(legs: readonly Leg[]): Facts {
  return Object.fromEntries(
    legs.map(({ chain, tokenIn, amountIn, tokenOut, minOut }) => [
      chain,
      `${String(amountIn)} ${tokenIn} for at least ${String(minOut)} ${tokenOut}`,
    ]),
  );
}
