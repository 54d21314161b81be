/** One block of work: observe → decide → encode → simulate the same bytes → submit → record. Every edge is handed in. */
import { keccak256 } from "ethers";

import { RetryableError } from "../../protocol/errors.js";
import type { DecodedRevert } from "../../protocol/revert.js";
import type { Counters } from "../kit/counters.js";
import { effectivePriceWei, firstFees, withCeiling, type FeePolicy } from "../kit/fees.js";
import type { Facts, KeeperLog } from "../kit/logger.js";
import type { NextBlock } from "../kit/nextBlock.js";
import { bytesOf, type EncodeAction } from "../kit/policy/action.js";
import type { Head } from "../kit/provider.js";
import type { Confirm } from "../kit/providers/confirm.js";
import type { RecordSink } from "../kit/record.js";
import { DECISION_KIND } from "../kit/replay.js";
import { simulate } from "../kit/simulate.js";
import type { Intent, Settled, Submission, Submitter } from "../kit/submitter.js";
import { decide } from "./decide.js";
import { encode, executedCount, executionAction, stabilizerAbi } from "./encode.js";
import { explain } from "./explain.js";
import { observe } from "./observe.js";
import { decisionFacts } from "./recorded.js";
import {
  CHAIN_REASONS,
  type DecideConfig,
  type Decision,
  type Observation,
  type Order,
  type PoolSkip,
} from "./types.js";

export interface TickConfig extends DecideConfig {
  readonly validBlocks: number;
  readonly backoffBlocks: number;
}

export interface TickParts {
  readonly config: TickConfig;
  readonly fees: FeePolicy;
  readonly chainId: number;
  readonly lensAddress: string;
  readonly stabilizerAddress: string;
  /** Simulations without a key are made from here. */
  readonly defaultSender: string;
  /** Name of a pool for people, `base/quote`. */
  readonly poolName: (address: string) => string;
  /** The keeper's own; the signer has the same. */
  readonly encode: EncodeAction;
  readonly nextBlock: NextBlock;
  /** Asks the other nodes, once there is something to do. */
  readonly confirm: Confirm;
  readonly submitter: Submitter;
  /** Told of a simulation that reverted. */
  readonly onRevert?: ((revert: DecodedRevert) => void) | undefined;
  /** Told what a whole coin of the chain is worth, XAU wei, in every block. */
  readonly onNativePrice?: (priceXauWei: bigint) => void;
  readonly record: RecordSink;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

/** Block ends of each pool that are read: enough to explain N ≤ 8 and to draw what led to a decision. */
export const BLOCK_ENDS = 8;
const MAX_BACKOFF_DOUBLINGS = 4;
/** Names under which one plan is offered; more empty batches in a row are a matter for people. */
const MAX_REPEATS = 8;
const STABILIZED = stabilizerAbi.getEvent("Stabilized").topicHash;
const SKIPPED = stabilizerAbi.getEvent("Skipped").topicHash;

interface Backoff {
  readonly untilBlock: bigint;
  readonly failures: number;
}

type Plan = Extract<Decision, { kind: "plan" }>;

export class StabilizerTick {
  private readonly backoffs = new Map<string, Backoff>();
  /** Pools of each intent in flight, to leave them alone for a while when it reverts. */
  private readonly poolsOf = new Map<string, readonly string[]>();
  private shownSkips = "";
  /** Of the last decision that was kept; undefined after a plan. */
  private keptSkips: string | undefined;
  /** Gas of each execution, for the summary. */
  readonly gasPerExecution: number[] = [];
  /** Milliseconds from the start of a block's work to its transaction's broadcast (or, as a dry run, signature). */
  readonly decisionMs: number[] = [];

  constructor(private readonly parts: TickParts) {}

  /** Looks after what is in flight and writes down how it ended. @throws RetryableError when the chain cannot be asked. */
  async upkeep(head: Head): Promise<void> {
    for (const settled of await this.parts.submitter.upkeep(head)) this.onSettled(settled, head);
  }

  /** Does one block's work. @throws RetryableError when the chain cannot be asked; nothing was sent then. */
  async run(head: Head): Promise<void> {
    const startedMs = performance.now();
    const observation = await this.observe(head);
    if (observation.blockNumber > BigInt(head.number) + 1n) {
      // A block has arrived since the head was read: fees and deadlines would be those of the past. The runner asks for it at once.
      this.parts.log.debug("head.moved", { head: head.number, snapshot: observation.blockNumber });
      return;
    }
    const decision = decide(observation, this.parts.config);
    this.keep(decision, observation);
    if (decision.kind === "plan") await this.act(decision, observation, head, startedMs);
    else this.showSkips(decision.skips, head);
  }

  /** Writes down a plan, and other decisions when they differ from the one before: all that is needed to decide again. */
  private keep(decision: Decision, observation: Observation): void {
    const shown = decision.skips.map((skip) => `${skip.pool} ${skip.reason}`).join(" ");
    if (decision.kind === "skip" && shown === this.keptSkips) return;
    this.keptSkips = decision.kind === "skip" ? shown : undefined;
    const data = decision.kind === "plan" ? encode(decision.orders) : null;
    const facts = decisionFacts(observation, this.parts.config, decision, data);
    this.parts.record.write({ kind: DECISION_KIND, block: Number(decision.blockNumber), facts });
  }

  private async observe(head: Head): Promise<Observation> {
    const { parts } = this;
    const look = () => observe((request) => parts.nextBlock.call(request, head), parts.lensAddress, BLOCK_ENDS);
    let chain = await look();
    if (chain.blockNumber <= BigInt(head.number) && parts.nextBlock.mode === "pending") {
      // The next block of a moment ago: by it the keeper would act a block late.
      parts.nextBlock.forget();
      chain = await look();
    }
    if (chain.blockNumber < BigInt(head.number)) {
      throw new RetryableError(
        "NODE_BEHIND",
        `the node answered for block ${String(chain.blockNumber)} although its head is ${String(head.number)}`,
        "check that all nodes behind the RPC address are in step",
      );
    }
    parts.onNativePrice?.(chain.nativePriceXauWei);
    const offered = firstFees(withCeiling(parts.fees, chain.maxGasPriceWei), head.nextBaseFeeWei);
    const payable = offered ?? firstFees(parts.fees, head.nextBaseFeeWei);
    return {
      ...chain,
      gasPriceWei: payable === undefined ? undefined : effectivePriceWei(payable, head.nextBaseFeeWei),
      inFlight: parts.submitter.pending().length,
      backoffUntilBlock: new Map([...this.backoffs].map(([pool, backoff]) => [pool, backoff.untilBlock])),
    };
  }

  private async act(plan: Plan, observation: Observation, head: Head, startedMs: number): Promise<void> {
    const { parts } = this;
    const action = executionAction(plan.orders);
    const { to, data } = bytesOf(parts.encode, action);
    const gasLimit = BigInt(parts.config.gasBase) + BigInt(parts.config.gasPerOrder) * BigInt(plan.orders.length);
    const call = { to, data, valueWei: 0n, gasLimit };
    const from = parts.submitter.sender ?? parts.defaultSender;
    const simulation = await simulate(parts.nextBlock, { ...call, from }, head, stabilizerAbi);
    if (!simulation.ok) parts.onRevert?.(simulation.revert);
    const failure = simulation.ok
      ? executedCount(plan.orders, simulation.returnData) === 0
        ? "the batch would execute nothing"
        : undefined
      : describeRevert(simulation.revert.name, simulation.revert.args);
    if (failure !== undefined) {
      for (const order of plan.orders) this.leaveAlone(order.pool, plan.blockNumber);
      this.showSkips([...plan.skips, ...skipAll(plan.orders, "simulate-revert", failure)], head);
      return;
    }
    await parts.confirm({ ...call, from }, head);
    const limits = {
      maxFeePerGasWei: observation.maxGasPriceWei,
      validUntilBlock: head.number + parts.config.validBlocks,
    };
    const { intent, submission } = await this.submit({ action, ...call, ...limits }, plan, head);
    const calldataHash = keccak256(data);
    const facts = {
      parentHash: observation.parentHash,
      orders: plan.orders.map((order) => this.orderFacts(order)),
      calldataHash,
    };
    if (!submission.accepted) {
      this.showSkips([...plan.skips, ...skipAll(plan.orders, "not-submitted", submission.refusal)], head);
      parts.record.write({
        kind: "plan.refused",
        block: head.number + 1,
        facts: { ...facts, refusal: submission.refusal },
      });
      return;
    }
    this.poolsOf.set(
      intent.key,
      plan.orders.map((order) => order.pool),
    );
    const decisionMs = Math.round(performance.now() - startedMs);
    this.decisionMs.push(decisionMs);
    this.showSkips(plan.skips, head);
    parts.counters.add(submission.broadcast ? "plans.sent" : "plans.dry-run");
    parts.log.info("plan", { block: head.number + 1, ...facts, hash: submission.hash, decisionMs });
    parts.record.write({
      kind: "plan",
      block: head.number + 1,
      facts: { ...facts, data, hash: submission.hash, decisionMs },
    });
  }

  /**
   * A batch in which every pool was skipped is mined and has done nothing: its key is used up, and the chain still asks for the effect. So
   * the plan is offered again under the next name; two names never lead to two effects, because an execution moves `readyAtBlock` on.
   */
  private async submit(
    call: Omit<Intent, "key">,
    plan: Plan,
    head: Head,
  ): Promise<{ readonly intent: Intent; readonly submission: Submission }> {
    const name = intentKey(this.parts.chainId, plan.orders);
    for (let repeat = 0; ; repeat += 1) {
      const intent: Intent = { ...call, key: repeat === 0 ? name : `${name}/${String(repeat)}` };
      const submission = await this.parts.submitter.submit(intent, head);
      if (submission.accepted || submission.refusal !== "done" || repeat === MAX_REPEATS) return { intent, submission };
    }
  }

  private onSettled(settled: Settled, head: Head): void {
    const { parts } = this;
    const pools = this.poolsOf.get(settled.key) ?? [];
    this.poolsOf.delete(settled.key);
    parts.counters.add(`settled.${settled.kind}`);
    parts.record.write({
      kind: `tx.${settled.kind}`,
      block: settled.block ?? head.number,
      facts: { key: settled.key, hash: settled.hash, nonce: settled.nonce },
    });
    // Somebody was quicker: the next block is tried at once, and only a pool that goes on reverting rests.
    if (settled.kind === "reverted") for (const pool of pools) this.leaveAlone(pool, BigInt(head.number));
    const ours = settled.logs.filter((log) => log.address.toLowerCase() === parts.stabilizerAddress.toLowerCase());
    const executions = ours.filter((log) => log.topics[0] === STABILIZED);
    for (const log of executions) {
      const event = stabilizerAbi.parseLog({ topics: [...log.topics], data: log.data });
      if (event === null) continue;
      const pool = String(event.args.getValue("pool"));
      this.backoffs.delete(pool);
      parts.counters.add("executions");
      if (settled.gasUsed !== undefined) this.gasPerExecution.push(Math.round(settled.gasUsed / executions.length));
      parts.log.info("stabilized", {
        block: settled.block,
        pool: parts.poolName(pool),
        sellBase: Boolean(event.args.getValue("sellBase")),
        ...amounts(event.args, [
          "amountIn",
          "amountOut",
          "ratioBeforeWad",
          "boughtBack",
          "inventoryChangeXauWei",
          "rewardXauWei",
        ]),
        gasUsed: settled.gasUsed,
      });
    }
    for (const log of ours.filter((entry) => entry.topics[0] === SKIPPED)) {
      const event = stabilizerAbi.parseLog({ topics: [...log.topics], data: log.data });
      if (event === null) continue;
      const reason = CHAIN_REASONS[Number(event.args.getValue("reason"))] ?? "unknown-reason";
      parts.log.info("batch.skipped", { pool: parts.poolName(String(event.args.getValue("pool"))), reason });
    }
  }

  /** Backs off a pool whose simulation or transaction failed in `block`: next attempt 1, 2, 4 … 16 times the configured blocks later. */
  private leaveAlone(pool: string, block: bigint): void {
    const failures = (this.backoffs.get(pool)?.failures ?? 0) + 1;
    const blocks = this.parts.config.backoffBlocks * 2 ** Math.min(failures - 1, MAX_BACKOFF_DOUBLINGS);
    this.backoffs.set(pool, { failures, untilBlock: block + BigInt(blocks) });
  }

  /** Counts every skip of every block; logs and records them when they differ from the block before. */
  private showSkips(skips: readonly PoolSkip[], head: Head): void {
    const { counters, log, record, poolName } = this.parts;
    for (const skip of skips) {
      counters.add(`skip.${skip.reason}`);
      log.debug(`skip.${skip.reason}`, { block: head.number + 1, pool: poolName(skip.pool), why: explain(skip) });
    }
    const shown = skips.map((skip) => `${skip.pool} ${skip.reason}`).join(" ");
    if (shown === this.shownSkips) return;
    this.shownSkips = shown;
    const pools = Object.fromEntries(skips.map((skip) => [poolName(skip.pool), explain(skip)]));
    if (skips.length > 0) log.info("skips", { block: head.number + 1, ...pools });
    record.write({ kind: "skips", block: head.number + 1, facts: { skips: skips.map(skipFacts) } });
  }

  private orderFacts(order: Order): Facts {
    return {
      name: this.parts.poolName(order.pool),
      pool: order.pool,
      tokenIn: order.tokenIn,
      tokenOut: order.tokenOut,
      sellBase: order.sellBase,
      allowedAmountIn: order.allowedAmountIn,
      maxAmountIn: order.maxAmountIn,
      deviationWad: order.deviationWad,
      expectedGainXauWei: order.expectedGainXauWei,
    };
  }
}

/** Names the effect: the execution of these pools that follows their last one. The same effect always has the same name. */
export function intentKey(chainId: number, orders: readonly Order[]): string {
  return `stabilize:${String(chainId)}:${orders.map((order) => `${order.pool}@${String(order.readyAtBlock)}`).join("+")}`;
}

/** `NoAction(pool, reason)` in words; other reverts by their name. */
function describeRevert(name: string, args: readonly string[]): string {
  if (name !== "NoAction" && name !== "NotAllowedNow") return name;
  return `${name}: ${CHAIN_REASONS[Number(args[1])] ?? "unknown-reason"}`;
}

function skipAll(orders: readonly Order[], reason: "simulate-revert" | "not-submitted", detail: string): PoolSkip[] {
  return orders.map((order) => ({ pool: order.pool, reason, detail }));
}

function skipFacts(skip: PoolSkip): Facts {
  const { pool, reason, now, needed, unit, detail } = skip;
  return { pool, reason, now, needed, unit, detail };
}

function amounts(args: { getValue(name: string): unknown }, names: readonly string[]): Facts {
  return Object.fromEntries(names.map((name) => [name, String(args.getValue(name))]));
}
