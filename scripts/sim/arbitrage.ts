/**
 * The arbitrage keeper inside the simulation: its own decision on both chains' states, and its own bytes for the legs on the real pools. Only
 * books (arbitrageBooks.ts) and sending are ours. A leg sent for a block runs after the block's other trades and price rounds, so that its least output can refuse it.
 */
import { id } from "ethers";

import { IXAUOracle__factory } from "../../protocol/generated/contracts/index.js";
import { mulDivUp } from "../../protocol/math.js";
import { findRevertData } from "../../protocol/revert.js";
import { parseWad, WAD } from "../../protocol/units.js";
import { decide } from "../../keepers/cross-chain-arbitrage/decide.js";
import { arbitrageEncoder, legAction } from "../../keepers/cross-chain-arbitrage/encode.js";
import { bytesOf } from "../../keepers/kit/policy/action.js";
import type {
  ChainSnapshot,
  DecideConfig,
  Leg,
  LegIntent,
  LegRecord,
  Observation,
  OpenTrade,
  SkipReason,
  TransferIntent,
} from "../../keepers/cross-chain-arbitrage/types.js";
import { ArbitrageBooks } from "./arbitrageBooks.js";
import { GAS_PRICE_WEI, type SimReceipt, type SimTransaction } from "./chain.js";
import { bridgeFeeUnits, type SimBridge } from "./bridge.js";
import type { ChainActor, SimChainRun } from "./engine.js";
import type { SimWorld } from "./setup.js";
import type { LedgerToken } from "./stabilizer-ledger.js";

const oracleAbi = IXAUOracle__factory.createInterface();
const TRANSFER = id("Transfer(address,address,uint256)");
const LEG_GAS = 1_000_000;
const DEADLINE = 2n ** 40n;
/** Oracle values of whole tokens are asked for this often, in blocks: they measure gains and limits, not prices. */
const VALUED_EVERY = 150;

/** One side as the keeper's simulation needs it. */
export interface ArbitrageSide {
  readonly name: string;
  readonly world: SimWorld;
  readonly run: SimChainRun;
  readonly queue: LegQueue;
}

interface Queued {
  readonly transaction: SimTransaction;
  readonly settle: (receipt: SimReceipt) => void;
}

/** What the keeper and the bridge send on one chain in its next block. */
export class LegQueue implements ChainActor {
  #queued: Queued[] = [];
  #sent: Queued[] = [];

  push(queued: Queued): void {
    this.#queued.push(queued);
  }

  transactions(): readonly SimTransaction[] {
    this.#sent = this.#queued;
    this.#queued = [];
    return this.#sent.map(({ transaction }) => transaction);
  }

  settle(receipts: readonly SimReceipt[]): void {
    const sent = this.#sent;
    this.#sent = [];
    sent.forEach(({ settle }, index) => {
      const receipt = receipts[index];
      if (receipt === undefined) throw new Error("a transaction of the arbitrage keeper has no receipt");
      settle(receipt);
    });
  }
}

interface MutableLeg extends Leg {
  status: LegRecord["status"];
  receivedUnits: bigint;
}

interface MutableTrade extends Omit<OpenTrade, "buy" | "sell" | "repairs"> {
  readonly buy: MutableLeg;
  readonly sell: MutableLeg;
  readonly repairs: MutableLeg[];
}

/** Counts for the figures. */
export interface ArbitrageCounts {
  trades: number;
  defences: number;
  legsFailed: number;
  completed: number;
  unwound: number;
  void: number;
}

export class SimArbitrage {
  readonly skips: Partial<Record<SkipReason, number>> = {};
  readonly counts: ArbitrageCounts = { trades: 0, defences: 0, legsFailed: 0, completed: 0, unwound: 0, void: 0 };
  readonly gasUsed: number[] = [];
  readonly books: ArbitrageBooks;
  maxGapRounds = 0n;
  maxGapSeconds = 0n;
  readonly #begun = new Map<string, bigint>();
  readonly #transfersBegun = new Map<string, bigint>();
  readonly #lastTradeAt = new Map<string, bigint>();
  #planned: { intent: TransferIntent; feeUnits: bigint }[] = [];
  #open: MutableTrade[] = [];
  #isChanged = true;
  /** Timestamp of the block after which the simulation begins. */
  #startedAt = 0;

  constructor(
    private readonly sides: readonly [ArbitrageSide, ArbitrageSide],
    private readonly tokens: readonly LedgerToken[],
    private readonly bridge: SimBridge,
    private readonly account: string,
    private readonly config: DecideConfig,
    microUsd: (token: LedgerToken, units: bigint) => bigint,
  ) {
    const [first, second] = sides;
    this.books = new ArbitrageBooks([first.name, second.name], tokens, () => bridge.transfers, microUsd);
  }

  /** Reads what the keeper starts with. */
  async prepare(): Promise<void> {
    for (const side of this.sides)
      for (const token of this.tokens) {
        const units = await side.world.contracts.token(token.name).balanceOf(this.account);
        this.books.open(side.name, token.name, units);
      }
    this.#startedAt = this.sides[0].run.timestamp;
    await this.#value();
  }

  /** At the end of block `index` of both chains, `atSeconds` from the start. */
  async observe(index: number, atSeconds: number, hasChanged: boolean): Promise<void> {
    if (index % VALUED_EVERY === VALUED_EVERY - 1) await this.#value();
    for (const side of this.sides) this.#deliver(side, atSeconds);
    const mustLook = hasChanged || this.#isChanged || this.#open.length > 0 || this.#planned.length > 0;
    if (!mustLook && this.bridge.transfers.length === 0) return;
    this.#isChanged = false;
    const decision = decide(this.#observation(atSeconds), this.config);
    if (decision.gap.rounds > this.maxGapRounds) this.maxGapRounds = decision.gap.rounds;
    if (decision.gap.seconds > this.maxGapSeconds) this.maxGapSeconds = decision.gap.seconds;
    for (const { reason } of decision.skips) this.skips[reason] = (this.skips[reason] ?? 0) + 1;
    if (decision.kind === "skip") return;
    for (const intent of decision.intents) {
      if (intent.kind === "trade") {
        const [buy, sell] = [planned(intent.buy), planned(intent.sell)];
        const { pair, ordinal } = intent;
        const open: MutableTrade = { ordinal, pair, buy, sell, repairs: [], beganAt: BigInt(atSeconds) };
        this.#open.push(open);
        this.#begun.set(pair, ordinal);
        this.#lastTradeAt.set(pair, BigInt(atSeconds));
        this.counts.trades += 1;
        if (intent.purpose === "defence") this.counts.defences += 1;
        this.#send(buy, open);
        this.#send(sell, open);
      } else if (intent.kind === "repair") {
        const open = this.#open.find(({ pair, ordinal }) => pair === intent.pair && ordinal === intent.ordinal);
        if (open === undefined) throw new Error(`there is no open trade ${intent.leg.key}`);
        const leg = planned(intent.leg);
        open.repairs.push(leg);
        this.#send(leg, open, intent.way);
      } else this.#transfer(intent, atSeconds);
    }
  }

  /** Compares the books with both chains, to the unit. @throws Error when they differ. */
  async reconcile(): Promise<void> {
    for (const side of this.sides)
      for (const token of this.tokens) {
        const booked = this.books.balanceUnits(side.name, token.name);
        const there = await side.world.contracts.token(token.name).balanceOf(this.account);
        if (booked !== there)
          throw new Error(`${side.name}:${token.name}: ${String(booked)} by the books, ${String(there)} on the chain`);
      }
  }

  #observation(atSeconds: number): Observation {
    return {
      chains: [this.#snapshot(this.sides[0], atSeconds), this.#snapshot(this.sides[1], atSeconds)],
      books: {
        readable: true,
        trades: this.#open,
        transfers: [
          ...this.bridge.transfers,
          ...this.#planned.map(({ intent, feeUnits }) => ({
            id: intent.key,
            token: intent.token,
            from: intent.from,
            to: intent.to,
            amountUnits: intent.amountUnits,
            feeUnits,
            status: "planned" as const,
          })),
        ],
        tradesBegun: this.#begun,
        transfersBegun: this.#transfersBegun,
        lastTradeAt: this.#lastTradeAt,
        bookedTodayXauWei: this.books.bookedTodayXauWei(atSeconds),
      },
      reservedUnits: new Map(),
    };
  }

  #snapshot(side: ArbitrageSide, atSeconds: number): ChainSnapshot {
    return {
      chain: side.name,
      blockNumber: BigInt(side.run.blockNumber),
      blockHash: "",
      timestamp: BigInt(atSeconds),
      readable: true,
      bridgeHeld: false,
      gasPriceWei: GAS_PRICE_WEI,
      nativePriceXauWei: nativePriceXauWei(side),
      pools: side.run.states.map(({ pool, state, curve }) => ({
        pair: pool.spec.name,
        address: pool.spec.address,
        state: {
          anchorNew: state.ratioWad === 0n ? 0n : state.anchorNew,
          anchorPrevious: state.anchorPrevious,
          k: curve.k,
          lpFeeRate: curve.lpFeeRate,
          mtFeeRate: curve.mtFeeRate,
          base: state.baseReserve,
          quote: state.quoteReserve,
          baseTarget: state.baseTarget,
          quoteTarget: state.quoteTarget,
          r: state.rState === 1 ? 1 : state.rState === 2 ? 2 : 0,
        },
      })),
      tokens: this.tokens.map(({ name, decimals }) => ({
        token: name,
        decimals,
        balanceUnits: this.books.balanceUnits(side.name, name),
        paused: false,
        pegHalted: side.run.isHalted(name),
        priceXauWad: this.books.valueXauWad(side.name, name),
        lane: this.bridge.lane(name, side.name, atSeconds),
      })),
      feeds: side.run.rounds.map(({ feedId, token, roundId, answer, reportedAt }) => ({
        feedId,
        token,
        roundId,
        answer,
        observedAt: BigInt(reportedAt),
      })),
    };
  }

  #send(leg: MutableLeg, open: MutableTrade, way?: "complete" | "unwind"): void {
    const side = this.#sideOf(leg.chain);
    const encode = arbitrageEncoder({ pools: { [open.pair]: leg.pool }, adapter: "", bridge: "", tokens: {} });
    const { to, data } = bytesOf(encode, legAction(open.pair, leg, this.account, DEADLINE));
    leg.status = "sent";
    side.queue.push({
      transaction: { from: this.account, to, data, gas: LEG_GAS },
      settle: (receipt) => {
        this.#settleLeg(leg, receipt);
        if (leg.status === "done" && way !== undefined) this.counts[way === "complete" ? "completed" : "unwound"] += 1;
        this.#close(open);
      },
    });
  }

  #settleLeg(leg: MutableLeg, receipt: SimReceipt): void {
    this.#isChanged = true;
    this.#payGas(leg.chain, receipt);
    this.gasUsed.push(receipt.gasUsed);
    if (!receipt.ok) {
      leg.status = "failed";
      this.counts.legsFailed += 1;
      return;
    }
    leg.receivedUnits = this.#received(receipt, this.books.token(leg.tokenOut).address);
    leg.status = "done";
    this.books.add(leg.chain, leg.tokenIn, -leg.amountIn);
    this.books.add(leg.chain, leg.tokenOut, leg.receivedUnits);
  }

  #close(open: MutableTrade): void {
    const { buy, sell, repairs } = open;
    if ([buy, sell, ...repairs].some(({ status }) => status === "sent" || status === "planned")) return;
    const done = [buy, sell].filter(({ status }) => status === "done").length;
    if (done === 1 && !repairs.some(({ status }) => status === "done")) return;
    if (done === 0) this.counts.void += 1;
    const { books } = this;
    let resultXauWei = 0n;
    for (const leg of [buy, sell, ...repairs]) {
      if (leg.status !== "done") continue;
      resultXauWei += books.worth(leg.tokenOut, leg.receivedUnits) - books.worth(leg.tokenIn, leg.amountIn);
    }
    books.bookTrade(resultXauWei, this.#seconds);
    this.#open = this.#open.filter((other) => other !== open);
  }

  #transfer(intent: TransferIntent, atSeconds: number): void {
    const lane = this.bridge.lane(intent.token, intent.from, atSeconds);
    const feeUnits = bridgeFeeUnits(intent.amountUnits, lane?.feeRate ?? 0n);
    const plannedTransfer = { intent, feeUnits };
    this.#planned.push(plannedTransfer);
    const about = `${intent.token}:${intent.from}:${intent.to}`;
    this.#transfersBegun.set(about, (this.#transfersBegun.get(about) ?? 0n) + 1n);
    this.#sideOf(intent.from).queue.push({
      transaction: this.bridge.handOver(intent.token, intent.amountUnits + feeUnits),
      settle: (receipt) => {
        this.#isChanged = true;
        if (!receipt.ok) throw new Error(`a transfer to the bridge failed: ${intent.key}`);
        this.#payGas(intent.from, receipt);
        this.#planned = this.#planned.filter((other) => other !== plannedTransfer);
        this.books.add(intent.from, intent.token, -(intent.amountUnits + feeUnits));
        const { key, token, from, to, amountUnits } = intent;
        this.bridge.accept({ id: key, token, from, to, amountUnits, feeUnits }, atSeconds);
        this.books.bookBridgeFee(this.books.worth(token, feeUnits), this.#seconds);
        this.books.notePeaks();
      },
    });
  }

  #deliver(side: ArbitrageSide, atSeconds: number): void {
    for (const { transfer, transaction } of this.bridge.due(side.name, atSeconds)) {
      side.queue.push({
        transaction,
        settle: (receipt) => {
          this.#isChanged = true;
          if (!receipt.ok) throw new Error(`the bridge could not pay ${transfer.id}`);
          this.bridge.settle(transfer);
          this.books.add(transfer.to, transfer.token, transfer.amountUnits);
        },
      });
    }
  }

  /** Rounded up. */
  #payGas(chain: string, { gasUsed }: SimReceipt): void {
    const costWei = BigInt(gasUsed) * GAS_PRICE_WEI;
    this.books.bookGas(mulDivUp(costWei, nativePriceXauWei(this.#sideOf(chain)), WAD), this.#seconds);
  }

  /** Since the start, at the newest block. */
  get #seconds(): number {
    return this.sides[0].run.timestamp - this.#startedAt;
  }

  #received(receipt: SimReceipt, token: string): bigint {
    const to = this.account.slice(2).toLowerCase();
    return receipt.logs
      .filter(
        ({ address, topics }) =>
          address.toLowerCase() === token.toLowerCase() &&
          topics[0] === TRANSFER &&
          topics[2]?.toLowerCase().endsWith(to) === true,
      )
      .reduce((sum, { data }) => sum + BigInt(data), 0n);
  }

  #sideOf(chain: string): ArbitrageSide {
    const side = this.sides.find(({ name }) => name === chain);
    if (side === undefined) throw new Error(`there is no chain ${chain}`);
    return side;
  }

  async #value(): Promise<void> {
    for (const { name, world } of this.sides)
      for (const token of this.tokens) {
        const data = oracleAbi.encodeFunctionData("priceInXau", [world.deployment.token(token.name)]);
        const asked = world.chain.call(world.deployment.address("XAUOracle"), data);
        this.books.setValue(name, token.name, BigInt(await asked.catch(noValue)));
      }
  }
}

function planned({ chain, pool, sellBase, tokenIn, tokenOut, amountIn, minOut }: LegIntent): MutableLeg {
  return { chain, pool, sellBase, tokenIn, tokenOut, amountIn, minOut, status: "planned", receivedUnits: 0n };
}

/** Of a whole coin of the chain. */
function nativePriceXauWei({ world }: ArbitrageSide): bigint {
  return parseWad(world.loaded.params.stabilizer.nativePriceXau);
}

/** While the oracle has doubts it reverts: then there is no value, and decide() says "anchor-unknown". @throws what is no revert. */
function noValue(error: unknown): string {
  if (findRevertData(error) === undefined) throw error;
  return "0x0";
}
